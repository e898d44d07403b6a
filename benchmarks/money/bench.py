"""Many payments by files: batched, signed, sent over SFTP, answered and reconciled, with kill -9 half-way.

    SCALE=1000000 python -m benchmarks.money.bench [sqlite|postgresql]

Everything is synthetic and lies in a folder of its own, which is deleted afterwards.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.money.filled import PAISE, fill, opened, orders
from store.checks.payments import payments
from store.engine import migrate
from tests.support.databases import PostgresServer

SCALE = 1_000_000
PARTS = ("batch", "sign", "send", "answer")


def main() -> None:
    """Run it and print a table."""
    many = int(os.environ.get("SCALE", SCALE))
    kinds = sys.argv[1:] or ["sqlite", "postgresql"]
    print(f"{many:,} payments")
    print("| store | filled | batch | sign | send | answer | all | a second | memory | again after kill -9 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="apuni-money-") as name:
            print(_row(kind, Path(name), many), flush=True)


def _row(kind: str, folder: Path, many: int) -> str:
    with _database(kind, folder) as url, _partner(folder):
        asyncio.run(migrate(url))
        begun = perf_counter()
        asyncio.run(_fill(folder, url, many))
        filled = perf_counter() - begun
        first = _until(folder, url, kill_below=many // 2)
        second = _until(folder, url, kill_below=None)
        asyncio.run(_reconciled(folder, url, many))
    parts = {part: first[part] + second[part] for part in PARTS}
    whole = sum(parts.values())
    told = " | ".join(f"{parts[part]:,.1f} s" for part in PARTS)
    memory = max(first["mebibytes"], second["mebibytes"])
    return (
        f"| {kind} | {filled:,.0f} s | {told} | {whole:,.1f} s | {many / whole:,.0f} | {memory:,.0f} MiB "
        f"| {first['left'] and second['resumed']:,.1f} s |"
    )


async def _fill(folder: Path, url: str, many: int) -> None:
    async with opened(folder, url) as env:
        await fill(env, folder, many)


async def _reconciled(folder: Path, url: str, many: int) -> None:
    """Our books agree with themselves and with PFMS's: one order each, the same sum. Raises AssertionError."""
    ((count, distinct, paise),) = orders(folder)
    assert (count, distinct, paise) == (many, many, many * PAISE), (count, distinct, paise)
    async with opened(folder, url) as env, env.store.reading() as tx:
        assert [finding async for finding in payments(tx)] == []


def _until(folder: Path, url: str, kill_below: int | None) -> dict[str, Any]:
    """Let a worker work until all is final, or until it is killed as fewer are left; what it told last."""
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.money.work", str(folder), url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told: dict[str, Any] = dict.fromkeys((*PARTS, "left", "mebibytes"), 0.0)
    resumed = 0.0
    for line in process.stdout:
        told = json.loads(line)
        resumed = resumed or perf_counter() - begun
        if kill_below is not None and told["left"] <= kill_below and told["left"]:
            process.send_signal(signal.SIGKILL)
            break
    code = process.wait()
    assert code in {0, -signal.SIGKILL}, code
    return {**told, "resumed": resumed}


@contextmanager
def _partner(folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.money.partner", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
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
