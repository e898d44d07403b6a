"""`apuni serve` with a part of it observed or left out: `python -m benchmarks.gateway.served WAYS FILE`.

`count` keeps in FILE how many statements, writes, transactions and outside calls there were; it is not timed.
`live` finds no kept answer of an outside system. `profile` notes from SIGUSR1 to SIGUSR2 where the processor is, and
writes it to FILE. Several are joined by `-`.
"""

import functools
import json
import mmap
import signal
import sqlite3
import struct
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from gateway.installation.running import serve
from integrations.calling.cache import AnswerCache
from integrations.calling.transport import Client

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_SECONDS = 0.002
"""Of the processor's time between two samples."""

FIELDS = ("statements", "writes", "transactions", "calls")
_LAYOUT = struct.Struct(f"{len(FIELDS)}Q")
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_READS = ("SELECT", "WITH")


class Counts:
    """Numbers in a file that another process reads while this one counts."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(_LAYOUT.size))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _LAYOUT.size)

    def read(self) -> dict[str, int]:
        """The numbers so far."""
        return dict(zip(FIELDS, _LAYOUT.unpack_from(self._map), strict=True))

    def add(self, *fields: str) -> None:
        """Count one of each of these fields."""
        numbers = self.read()
        _LAYOUT.pack_into(self._map, 0, *(numbers[name] + (name in fields) for name in FIELDS))

    def statement(self, text: str) -> None:
        """Count what a driver sent."""
        word = text.lstrip()[:8].upper()
        if word.startswith(_WRITES):
            self.add("statements", "writes")
        elif word.startswith(_READS):
            self.add("statements")
        elif word.startswith("BEGIN"):
            self.add("transactions")


def count_statements(counts: Counts) -> None:
    """Listen to both drivers themselves, so that nothing is missed that goes past SQLAlchemy."""
    connect = sqlite3.connect

    def listened(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(counts.statement)
        return connection

    sqlite3.connect = listened  # type: ignore[assignment]  # aiosqlite calls it by this name

    def noting(method: Callable[..., Any], text_of: Callable[[Any, Any], str]) -> Callable[..., Any]:
        @functools.wraps(method)
        async def noted(self: Any, first: Any, *arguments: Any, **options: Any) -> Any:
            counts.statement(text_of(self, first))
            return await method(self, first, *arguments, **options)

        return noted

    made: Any = PreparedStatement
    executed = "_PreparedStatement__do_execute"
    setattr(made, executed, noting(getattr(made, executed), lambda prepared, _: prepared._query))  # noqa: SLF001
    line: Any = asyncpg.Connection
    line.execute = noting(line.execute, lambda _, query: query)
    line._execute = noting(line._execute, lambda _, query: query)  # noqa: SLF001 - what fetch and its like go through


def count_calls(counts: Counts) -> None:
    """Listen to the client that all outside systems are asked by."""
    send = Client.send

    async def noted(self: Client, request: Any) -> Any:
        counts.add("calls")
        return await send(self, request)

    Client.send = noted  # type: ignore[method-assign]


def find_nothing_kept() -> None:
    """Let every read of an outside system ask it; readers of the same moment still share one call."""

    async def nothing(*_: Any) -> tuple[None, int]:
        return None, 0

    AnswerCache._read = nothing  # type: ignore[method-assign,assignment]  # noqa: SLF001


class Profile:
    """Samples of the main thread by the processor's time: whose code ran, and for which function of ours.

    Code of the standard library counts for who called it, in the second count that of every library. What the event
    loop runs of a library, with nothing of ours between, is named by the library.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._samples: Counter[str] = Counter()
        self._functions: Counter[str] = Counter()
        signal.signal(signal.SIGUSR1, lambda *_: self._begin())
        signal.signal(signal.SIGUSR2, lambda *_: self._end())
        signal.signal(signal.SIGPROF, lambda _, frame: self._note(frame))

    def _begin(self) -> None:
        self._samples.clear()
        self._functions.clear()
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        written = self._file.with_suffix(".part")
        counts = [self._samples.most_common(), self._functions.most_common()]
        written.write_text(json.dumps(counts), encoding="utf-8")
        written.replace(self._file)

    def _note(self, frame: FrameType | None) -> None:
        owner = function = None
        while frame is not None and function is None:
            found = owner_of(frame.f_code.co_filename)
            owner = owner or found
            if found is not None and "/" in found:
                function = f"{Path(frame.f_code.co_filename).relative_to(ROOT)}: {frame.f_code.co_qualname}"
            frame = frame.f_back
        owner = owner or "event loop"
        self._samples[owner] += 1
        if function is None or function.endswith(": serve_gateway"):  # a task of a library's, or the loop itself
            function = f"event loop: {'itself' if owner == 'uvicorn' else owner}"
        self._functions[function] += 1


def owner_of(file: str) -> str | None:
    """Whose code a file is: a package's, or of us a folder's; None for the standard library."""
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if not file.startswith(str(ROOT)):
        return None
    own = Path(file).relative_to(ROOT).parts
    return "/".join(own[:2]) if own[0] != "benchmarks" else None


def main(ways: str, file: Path) -> None:
    """Serve until SIGTERM."""
    if "count" in ways:
        counts = Counts(file)
        count_statements(counts)
        count_calls(counts)
    if "live" in ways:
        find_nothing_kept()
    if "profile" in ways:
        Profile(file)
    serve()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
