"""A pension day by files with refusals of every kind: sent over SFTP, answered, reconciled; with kill -9 half-way.

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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import and_, select

from benchmarks.money.filled import (
    LAST_MORNING,
    NEXT_MORNING,
    NEXT_NOON,
    fill,
    move_clock,
    number_of,
    open_environment,
    plan_of,
    their_payments,
)
from benchmarks.money.officers import open_cases
from benchmarks.money.plan import paise_of
from benchmarks.money.work import PARTS
from domain.benefits.benefits import UNSENT, PaymentStatus
from domain.benefits.bills import end_to_end_id
from store.benefits.benefits import instalments_table
from store.checks.payments import payments
from store.database import migrate
from store.payments.payment_tables import NOT_RELEASED, lines_table
from tests.support.databases import PostgresServer

SCALE = 1_000_000
LEAST = 2_000
STEPS = 6
"""Of each payment: made, sealed, sent, and three answers."""
SERVER = ("autovacuum=on", "shared_buffers=512MB", "max_wal_size=4GB")
"""As a server of production has it; the tests' server keeps no statistics and has little memory."""
_LATER = ((NEXT_MORNING, "2026-11-25"), (NEXT_NOON,), (LAST_MORNING, "2026-11-26"))
"""When the work goes on after the first day, and the day whose statement is compared then."""
_I, _L = instalments_table.c, lines_table.c


def main() -> None:
    """Run it and print a table."""
    many = int(os.environ.get("SCALE", SCALE))
    if many < LEAST:
        raise SystemExit(f"SCALE is {LEAST} at least, so that each kind of refusal has a payment")
    kinds = sys.argv[1:] or ["sqlite", "postgresql"]
    print(f"{many:,} payments")
    print("| store | filled | " + " | ".join(PARTS) + " | all | a second | memory | again after kill -9 |")
    print("| --- |" + " ---: |" * (len(PARTS) + 5))
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
            runs = [_until(folder, url, many, kill_at=many // 2), _until(folder, url, many)]
            answered = sandbox()
        for at, *words in _LATER:
            move_clock(folder, at)
            with _partner(folder) as sandbox:
                runs.append(_until(folder, url, many, *words))
                answered += sandbox()
        outcomes = asyncio.run(_outcomes(folder, url, many))
        server = used() - before
    took = {part: [sum(run["took"][part][which] for run in runs) for which in (0, 1)] for part in PARTS}
    whole = sum(wall for wall, _ in took.values())
    told = " | ".join(f"{took[part][0]:,.1f} s" for part in PARTS)
    memory = max(run["mebibytes"] for run in runs)
    yield (
        f"| {kind} | {filled:,.0f} s | {told} | {whole:,.1f} s | {many / whole:,.0f} | {memory:,.0f} MiB "
        f"| {runs[1]['resumed']:,.1f} s |"
    )
    each = ", ".join(f"{part} {took[part][1] * 1000 / many:.3f}" for part in PARTS)
    yield (
        f"CPU in ms a payment: {each}; {kind} {server * 1000 / many:.3f}; PFMS {answered * 1000 / many:.3f}. "
        f"Load {', '.join(f'{load:.1f}' for load in os.getloadavg())}."
    )
    yield ""
    yield from outcomes


async def _fill(folder: Path, url: str, many: int) -> None:
    async with open_environment(folder, url) as env:
        await fill(env, folder, many, lambda done: _show(f"{done:,} of {many:,} filled"))


async def _outcomes(folder: Path, url: str, many: int) -> list[str]:
    """A table of what became of each kind of payment, after the books were held against each other.

    Raises AssertionError unless ours is theirs to the paisa, payment by payment, each payment ended as its kind says,
    and nothing but the lines that PFMS refused is left to officers.
    """
    async with open_environment(folder, url) as env:
        async with env.store.read_transaction() as tx:
            assert [finding async for finding in payments(tx)] == []
            columns = (_I.end_to_end_id, _I.status, _I.amount_paise, _L.codes)
            newest = (_L.instalment_id == _I.id, NOT_RELEASED)
            statement = select(*columns).outerjoin_from(instalments_table, lines_table, and_(*newest))
            ours = {row[0]: row[1:] for row in (await tx.connection.execute(statement)).all()}
        left = Counter(case.instalment_id for case in await open_cases(env))
    theirs, plan, ended = their_payments(folder), plan_of(folder, many), Counter[str]()
    assert len(ours) == many, len(ours)
    for number in range(1, many + 1):
        name, kind = end_to_end_id(number_of(number), 1), plan.kind_of(number)
        status, paise, codes = ours[name]
        if kind.ends is None:
            assert (name in theirs, PaymentStatus(status) in UNSENT, codes) == (False, True, [kind.code]), (kind, name)
        else:
            assert (status, paise) == theirs[name] == (kind.ends.value, paise_of(number)), (
                kind,
                name,
                status,
                theirs[name],
            )
            assert kind.code is None or codes == [kind.code], (kind, name, codes)
        ended[kind.name] += 1
    refused = sum(count for name, count in ended.items() if name.startswith("line refused"))
    assert len(theirs) == many - refused, (len(theirs), refused)
    assert None not in left, left.most_common(3)
    assert len(left) == refused, (len(left), refused)
    sums = [_sum_of(((status, paise) for status, paise, _ in ours.values())), _sum_of(theirs.values())]
    assert {**sums[0], "": 0} == {**sums[1], "": 0}, sums
    rows = [f"| {name} | {count:,} |" for name, count in sorted(ended.items())]
    told = ", ".join(f"{status} {paise / 100:,.2f}" for status, paise in sorted(sums[0].items()))
    return ["| what became of it | payments |", "| --- | ---: |", *rows, "", f"Ours = theirs in rupees: {told}."]


def _sum_of(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The paise by how payments stand, of those that PFMS has."""
    found: dict[str, int] = {}
    for status, paise in rows:
        if status not in UNSENT:
            found[status] = found.get(status, 0) + paise
    return found


def _until(folder: Path, url: str, many: int, *words: str, kill_at: int | None = None) -> dict[str, Any]:
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
    about = f"about {seconds * max(left, 0) / done / 60:,.1f} minutes left" if done > 0 else "…"
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
