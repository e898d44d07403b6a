"""Processors and servers in virtual time, for which what runs there must wait.

The loop jumps to the next timer where nothing is ready, so an hour takes as long as its events. Admission, breakers and
retries of the product run in it as they are, by a clock that reads it.
"""

import asyncio
import heapq
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.support.interleaving import VirtualLoop

T = TypeVar("T")

BEGINS = datetime(2026, 11, 30, 4, 30, tzinfo=UTC)
"""Where the wall clock of a simulation stands at first."""

TICK = 0.000_02
"""Seconds of a processor that a timer takes, an estimate; what matters is that it waits for what came before it."""


class Servers:
    """Some equal servers with one queue, first come first served; `busy` is the seconds that they worked in all."""

    def __init__(self, many: int) -> None:
        self._free_at = [0.0] * many
        self.busy = 0.0

    @property
    def backlog(self) -> float:
        """Seconds until the first of them is free."""
        return max(0.0, self._free_at[0] - asyncio.get_running_loop().time())

    async def use(self, seconds: float) -> None:
        """Wait for one of them, and for its work."""
        now = asyncio.get_running_loop().time()
        ends_at = max(now, self._free_at[0]) + seconds
        heapq.heapreplace(self._free_at, ends_at)
        self.busy += seconds
        await asyncio.sleep(ends_at - now)


class ProcessClock:
    """The clock of one process: who slept goes on only when the processor comes to it, as late as the loop is then."""

    def __init__(self, processor: Servers) -> None:
        self._processor = processor

    def now(self) -> datetime:
        return BEGINS + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._processor.use(TICK)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
