"""Keeps a claimed message claimed while its handler works, so that no other worker starts the same work.

The claim holds for some seconds only, that a dead worker's message is soon taken over. A handler that may take longer
is kept alive by its worker's beats; where a beat finds the claim lost, or cannot be kept in time, the work is broken
off before the claim ends.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.runtime.background import run_in_background
from store.database import StoreError

SHARE = 0.8
"""The part of a claim after which work is broken off that was not held longer; the rest is for noting it."""
BEATS = 3
"""How often a claim is renewed before it would end."""


class ClaimLost(Exception):
    """The claim ended or passed to another worker while the work went on."""


class Stopped(Exception):
    """The worker is to stop and the work had not ended within the time that its claim still held."""


@dataclass
class ClaimHeartbeat:
    """One claim of `seconds`; the work may take `longest` seconds in all. `renew` returns whether the claim is held."""

    seconds: float
    longest: float
    renew: Callable[[], Awaitable[bool]]
    stopping: asyncio.Event
    lost: bool = False

    async def run_work(self, work: Awaitable[None]) -> None:
        """Do the work. Raises ClaimLost, Stopped, TimeoutError after `longest`, and what the work raises."""
        begun = asyncio.get_running_loop().time()
        first = self.seconds * SHARE
        try:
            async with asyncio.timeout(min(first, self.longest)) as bound, self._beat_in_background(bound, begun):
                await work
        except TimeoutError:
            if not bound.expired():
                raise
            if self.lost:
                raise ClaimLost from None
            if self.stopping.is_set() and asyncio.get_running_loop().time() < begun + self.longest:
                raise Stopped from None
            raise

    def _beat_in_background(self, bound: asyncio.Timeout, begun: float) -> contextlib.AbstractAsyncContextManager[None]:
        if self.longest <= self.seconds * SHARE:
            return contextlib.nullcontext()
        return run_in_background(self._beat(bound, begun))

    async def _beat(self, bound: asyncio.Timeout, begun: float) -> None:
        """Renew the claim as long as the worker is not to stop. A store that is away ends the work in time."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.seconds / BEATS)  # the loop's time: a claim goes by the database's clock
            if self.stopping.is_set():
                return
            asked = loop.time()
            try:
                self.lost = not await self.renew()
            except StoreError:
                continue
            if bound.expired():
                return
            bound.reschedule(asked if self.lost else min(asked + self.seconds * SHARE, begun + self.longest))
            if self.lost:
                return
