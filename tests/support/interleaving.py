"""A loop that runs what is ready in an order drawn from a seed, in virtual time, on one thread: replayable races.

SQLite runs within the loop's own thread, one statement at a step. Where another connection holds the write
lock, the statement waits its turn in virtual time, so that two processes' worth of stores can race.
"""

import asyncio
import random  # noqa: TID251 - the order is drawn from a seed that the test tells
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosqlite import core

from store.database import sqlite_driver

WAIT, MOST_WAITS = 0.001, 20_000
_BUSY = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT"})


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs in virtual time: it jumps to the next timer where nothing is ready."""

    def __init__(self) -> None:
        self._moment = 0.0
        super().__init__()

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        loop: Any = self
        if not loop._ready and loop._scheduled:
            self._moment = max(self._moment, loop._scheduled[0]._when)
        elif not loop._ready and not loop._stopping:
            raise RuntimeError("everybody waits for somebody")
        super()._run_once()  # type: ignore[misc]


class SeededLoop(VirtualLoop):
    """Draws the order of what is ready."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.steps = 0
        super().__init__()

    def _run_once(self) -> None:
        loop: Any = self
        ready = list(loop._ready)
        loop._ready.clear()
        self._chance.shuffle(ready)
        loop._ready.extend(ready)
        self.steps += len(ready)
        super()._run_once()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed on, as an executor does
            future.set_exception(error)
        return future


class _Here:
    """In place of aiosqlite's queue to a thread: works through a connection's orders in the loop, one at a step."""

    def __init__(self) -> None:
        self._orders: deque[tuple[asyncio.Future[Any] | None, Callable[[], Any]]] = deque()
        self._at_work = False

    def put_nowait(self, order: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        self._orders.append(order)
        if not self._at_work:
            self._at_work = True
            asyncio.get_event_loop().call_soon(self._work, 0)

    def _work(self, waits: int) -> None:
        loop = asyncio.get_event_loop()
        future, function = self._orders[0]
        try:
            result = function()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname in _BUSY and waits < MOST_WAITS:
                loop.call_later(WAIT, self._work, waits + 1)
                return
            self._settle(future, error=error)
        except Exception as error:  # noqa: BLE001 - handed on, as the thread does
            self._settle(future, error=error)
        else:
            self._settle(future, result=result)
        self._orders.popleft()
        self._at_work = bool(self._orders)
        if self._at_work:
            loop.call_soon(self._work, 0)

    def _settle(
        self, future: asyncio.Future[Any] | None, *, result: Any = None, error: Exception | None = None
    ) -> None:
        if future is None or future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


class _NoThread:
    daemon = True

    def start(self) -> None:
        """Nothing runs beside the loop."""


@contextmanager
def within_the_loop() -> Iterator[None]:
    """While this lasts every new SQLite connection works in the loop's own thread."""
    begin = core.Connection.__init__

    def made(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        self._tx, self._thread = _Here(), _NoThread()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.Connection, "__init__", made)
        patch.setattr(sqlite_driver, "BUSY_TIMEOUT", 0)
        # What a process does in one turn of its loop, another process may still come between.
        patch.setattr(sqlite_driver.SqliteConnection, "_may_take_loop", lambda made, *_: made._in_loop)
        yield


def interleaved(seed: int, work: Callable[[], Coroutine[Any, Any, Any]]) -> int:
    """Run work to its end in the order that the seed draws; gives the number of steps."""
    loop = SeededLoop(seed)
    with within_the_loop(), asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work())
        return loop.steps
