"""A pension day of messages: sent by SMS over sockets to the sandbox of the providers, with kill -9 half-way.

    SCALE=1000000 RATE=200 python -m benchmarks.messages.bench [sqlite|postgresql]

With BOUND set it is 20,000 on SQLite.

Everything is synthetic and lies in a folder of its own, which is deleted afterwards. How far it is stands on stderr.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from sqlalchemy import func, select

from benchmarks.messages.filled import fill, open_environment
from domain.feedback.messages import MessageState
from store.database import migrate
from store.feedback.messages import messages_table
from tests.support.databases import PostgresServer

SCALE, BOUNDED, RATE = 1_000_000, 20_000, 200
MOST_MEBIBYTES = 400
"""What a worker may need, however many messages wait."""
MIDST = 1.5
"""So many seconds after it told how far it is, the worker is killed: in the midst of the next round."""
MOST_SECONDS = 60.0
"""So long what is urgent may wait behind them, of which the round of the worker is one second."""


def main() -> None:
    """Run it and print a table. Raises AssertionError where a text came twice or not at all."""
    bound = os.environ.get("BOUND")
    many, rate = int(os.environ.get("SCALE", BOUNDED if bound else SCALE)), int(os.environ.get("RATE", RATE))
    print(f"{many:,} messages; the provider takes {rate} in a second; load {os.getloadavg()[0]:.1f}")
    columns = "store, filled, sent, a second, CPU of the worker in ms each, memory, urgent after, code after, in doubt"
    print(f"| {columns.replace(', ', ' | ')} |")
    print("| --- |" + " ---: |" * 8)
    for kind in sys.argv[1:] or (["sqlite"] if bound else ["sqlite", "postgresql"]):
        with tempfile.TemporaryDirectory(prefix="apuni-messages-") as name:
            print(_run(kind, Path(name), many, rate), flush=True)


def _run(kind: str, folder: Path, many: int, rate: int) -> str:
    with database(kind, folder) as url:
        asyncio.run(migrate(url))
        begun = perf_counter()
        asyncio.run(_fill(folder, url, many))
        filled = perf_counter() - begun
        with serving("benchmarks.messages.partner", folder):
            _allow(folder, rate)
            work = [sys.executable, "-m", "benchmarks.messages.work", str(folder), url]
            runs = [killed_at(work, "taken", many, many // 2, "urgent"), killed_at(work, "taken", many)]
        in_doubt = asyncio.run(_check(folder, url, many))
    seconds = sum(run["seconds"] for run in runs)
    memory, urgent, code = max(run["mebibytes"] for run in runs), runs[0]["urgent"], runs[0]["code"]
    assert memory <= MOST_MEBIBYTES, memory
    assert max(urgent, code) <= MOST_SECONDS, (urgent, code)
    cpu = 1000 * sum(run["cpu"] for run in runs) / many
    return (
        f"| {kind} | {filled:,.0f} s | {seconds:,.0f} s | {many / seconds:,.0f} | {cpu:.1f} | {memory:,.0f} MiB "
        f"| {urgent:.1f} s | {code:.1f} s | {in_doubt} |"
    )


async def _fill(folder: Path, url: str, many: int) -> None:
    async with open_environment(folder, url, sends=False) as env:
        await fill(env, many, lambda done: _show(f"{done:,} of {many:,} filled"))


async def _check(folder: Path, url: str, many: int) -> int:
    """How many texts are in doubt, because the worker was killed before it heard of them.

    Raises AssertionError unless the providers have each text once, but for those that were killed before they went.
    """
    async with open_environment(folder, url, sends=False) as env, env.store.read_transaction() as tx:
        counted = select(messages_table.c.state, func.count().label("many")).group_by(messages_table.c.state)
        states = {row.state: int(row.many) for row in await tx.connection.execute(counted)}
    sent, in_doubt = states.pop(MessageState.SENT.value, 0), states.pop(MessageState.SENDING.value, 0)
    with sqlite3.connect(folder / "sms" / "ledger.db") as ledger:
        ((texts, different),) = ledger.execute(
            "SELECT COUNT(*), COUNT(DISTINCT body_sha256) FROM entry WHERE effect = 'text sent'"
        ).fetchall()
    assert states == {}, states
    assert sent + in_doubt == many + 1, (sent, in_doubt)  # with the urgent one
    assert texts == different, f"{texts - different} texts came twice"
    assert sent + 1 <= texts <= sent + 1 + in_doubt, (sent, texts, in_doubt)  # with the code
    return in_doubt


def killed_at(
    command: list[str], counted: str, many: int, kill_at: int | None = None, only_after: str | None = None
) -> dict[str, Any]:
    """Let a process work to its end, or until it is killed as so many are counted; what it told last.

    It is not killed before it told a value under `only_after`.
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told: dict[str, Any] = {}
    for line in process.stdout:
        told = json.loads(line)
        _show(f"{told[counted]:,} of {many:,} {counted} in {told['seconds']:,.0f} s, {told['mebibytes']:,.0f} MiB")
        if kill_at is not None and told[counted] >= kill_at and (only_after is None or told[only_after] is not None):
            sleep(MIDST)
            process.send_signal(signal.SIGKILL)
            break
    code = process.wait()
    assert code == (0 if kill_at is None else -signal.SIGKILL), code
    return told


def _show(text: str) -> None:
    print(f"\r{text:<78}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


@contextmanager
def serving(module: str, folder: Path) -> Iterator[None]:
    """A partner in a process of its own, ready to be asked."""
    process = subprocess.Popen([sys.executable, "-m", module, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.terminate()
        process.wait()


def _allow(folder: Path, rate: int) -> None:
    """The account of the providers takes so many texts in a second."""
    handed = folder / "onboarding" / "sms.json"
    given = json.loads(handed.read_text())
    given["msdp"]["per_second"] = rate
    handed.write_text(json.dumps(given))


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty store of that kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
        return
    server = PostgresServer(durable=True)
    try:
        yield server.url(server.database())
    finally:
        server.stop()


if __name__ == "__main__":
    main()
