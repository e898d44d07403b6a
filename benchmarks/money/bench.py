"""Many payments by files: batched, signed, sent over SFTP, answered and reconciled, with kill -9 half-way.

    SCALE=1000000 python -m benchmarks.money.bench [sqlite|postgresql]

Everything is synthetic and lies in a folder of its own, which is deleted afterwards. How far it is stands on stderr.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.money.filled import NEXT_MORNING, PAISE, fill, move_clock, open_environment, orders
from benchmarks.money.work import PARTS
from store.checks.payments import payments
from store.database import migrate
from tests.support.databases import PostgresServer

SCALE = 1_000_000
STEPS = 6
"""Of each payment: made, sealed, sent, and three answers."""
SERVER = ("autovacuum=on", "shared_buffers=512MB", "max_wal_size=4GB")
"""As a server of production has it; the tests' server keeps no statistics and has little memory."""


def main() -> None:
    """Run it and print a table."""
    many = int(os.environ.get("SCALE", SCALE))
    kinds = sys.argv[1:] or ["sqlite", "postgresql"]
    print(f"{many:,} payments")
    print(
        "| store | filled | batch | sign | send | answer | reconcile | all | a second | memory | again after kill -9 |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="apuni-money-") as name:
            for line in _lines(kind, Path(name), many):
                print(line, flush=True)


def _lines(kind: str, folder: Path, many: int) -> Iterator[str]:
    with _database(kind, folder) as (url, used):
        with _partner(folder) as sandbox:
            asyncio.run(migrate(url))
            begun = perf_counter()
            asyncio.run(_fill(folder, url, many))
            filled, before = perf_counter() - begun, used()
            first = _until(folder, url, many, kill_at=many // 2)
            second = _until(folder, url, many, kill_at=None)
            answered = sandbox()
        move_clock(folder, NEXT_MORNING)
        with _partner(folder) as sandbox:
            third = _until(folder, url, many, "reconcile", kill_at=None)
            stated = sandbox()
        asyncio.run(_reconciled(folder, url, many, third))
        server = used() - before
    runs = (first, second, third)
    took = {part: [sum(run["took"][part][which] for run in runs) for which in (0, 1)] for part in PARTS}
    whole = sum(wall for wall, _ in took.values())
    told = " | ".join(f"{took[part][0]:,.1f} s" for part in PARTS)
    memory = max(run["mebibytes"] for run in runs)
    yield (
        f"| {kind} | {filled:,.0f} s | {told} | {whole:,.1f} s | {many / whole:,.0f} | {memory:,.0f} MiB "
        f"| {second['resumed']:,.1f} s |"
    )
    each = ", ".join(f"{part} {took[part][1] * 1000 / many:.3f}" for part in PARTS)
    yield (
        f"CPU in ms a payment: {each}; {kind} {server * 1000 / many:.3f}; PFMS {answered * 1000 / many:.3f}, its "
        f"statement {stated * 1000 / many:.3f}. Load {', '.join(f'{load:.1f}' for load in os.getloadavg())}."
    )


async def _fill(folder: Path, url: str, many: int) -> None:
    async with open_environment(folder, url) as env:
        await fill(env, folder, many, lambda done: _show(f"{done:,} of {many:,} filled"))


async def _reconciled(folder: Path, url: str, many: int, compared: dict[str, Any]) -> None:
    """Our books agree with themselves and with PFMS's: one order each, the same sum. Raises AssertionError."""
    assert (compared["rows"], compared["paise"]) == (many, many * PAISE), compared
    ((count, distinct, paise),) = orders(folder)
    assert (count, distinct, paise) == (many, many, many * PAISE), (count, distinct, paise)
    async with open_environment(folder, url) as env, env.store.read_transaction() as tx:
        assert [finding async for finding in payments(tx)] == []


def _until(folder: Path, url: str, many: int, *words: str, kill_at: int | None) -> dict[str, Any]:
    """Let a worker work to its end, or until it is killed as so many payments are final; what it told last."""
    begun = perf_counter()
    command = [sys.executable, "-m", "benchmarks.money.work", str(folder), url, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told: dict[str, Any] = {}
    resumed, first = 0.0, 0
    for line in process.stdout:
        told = json.loads(line)
        if not resumed:
            resumed, first = perf_counter() - begun, told["steps"]
        _progress(told, many, perf_counter() - begun, first)
        if kill_at is not None and kill_at <= told["closed"] < many:
            process.send_signal(signal.SIGKILL)
            break
    code = process.wait()
    assert code in {0, -signal.SIGKILL}, code
    return {**told, "resumed": resumed}


def _progress(state: dict[str, Any], many: int, seconds: float, first: int) -> None:
    done, left = state["steps"] - first, many * STEPS - state["steps"]
    about = f"about {seconds * left / done / 60:,.1f} minutes left" if done > 0 else "…"
    _show(f"{state['closed']:,} of {many:,} final, {state['steps'] / many / STEPS:.1%} of the steps, {about}")


def _show(text: str) -> None:
    print(f"\r{text:<78}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


@contextmanager
def _partner(folder: Path) -> Iterator[Callable[[], float]]:
    """PFMS; gives what tells how many seconds of the processor it used."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.money.partner", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield lambda: _used(process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """A database, and what tells how many seconds of the processor its server used."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}", lambda: 0.0
        return
    server = PostgresServer(durable=True, settings=SERVER)
    try:
        yield server.url(server.database()), lambda: _used(server.pid, family=True)
    finally:
        server.stop()


def _used(pid: int, *, family: bool = False) -> float:
    """Seconds of the processor that a process used; with `family` also those that it started, gone or not."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15] if family else fields[11:13]))
    living = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if family else []
    return ticks / os.sysconf("SC_CLK_TCK") + sum(_used(int(child)) for child in living)


if __name__ == "__main__":
    main()
