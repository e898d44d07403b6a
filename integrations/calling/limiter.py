"""The bulkhead of a system's calls: concurrency, places of a breaker group, rate, and retry budget.

The rate is a token bucket of our own on the injected clock; aiolimiter reads the loop's time, so that its
waits could not be tested in virtual time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.kernel import Clock
from integrations.calling.policies import Bulkhead


class TokenBucket:
    """Lets `per_second` calls begin, and `burst` of them at once. Those who wait go in their order."""

    def __init__(self, clock: Clock, per_second: float, burst: int) -> None:
        self._clock = clock
        self._interval = 1 / per_second
        self._ahead = (burst - 1) / per_second
        self._next = clock.monotonic() - self._ahead

    async def turn(self) -> None:
        """Wait for a turn. A caller that is cancelled while it waits gives its turn up for good."""
        now = self._clock.monotonic()
        mine = max(self._next, now - self._ahead)
        self._next = mine + self._interval
        if mine > now:
            await self._clock.sleep(mine - now)


class RetryBudget:
    """Keeps repeats to a share of the calls, but allows a few at any time (docs/reliability.md section 4)."""

    def __init__(self, share: float, least: int) -> None:
        self._share = share
        self._most = max(10.0, float(least))
        self._tokens = float(least)

    def earn(self) -> None:
        """Count a call."""
        self._tokens = min(self._tokens + self._share, self._most)

    def spend(self) -> bool:
        """Whether a repeat is allowed; if so it is counted."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(slots=True)
class _Group:
    """The places of one breaker group, and how many callers hold or want one."""

    places: asyncio.Semaphore
    users: int = 0


class BulkheadState:
    """The limits of one bulkhead at run time."""

    def __init__(self, lane: Bulkhead, clock: Clock) -> None:
        self.budget = RetryBudget(lane.repeats, lane.least_repeats)
        self._places_of_group = lane.places_of_group
        self._places = asyncio.Semaphore(lane.places)
        self._groups: dict[str, _Group] = {}
        self._bucket = TokenBucket(clock, lane.per_second, lane.burst) if lane.per_second else None

    @asynccontextmanager
    async def place(self, group: str) -> AsyncIterator[None]:
        """Hold a place, first of the group, then of the bulkhead, and wait for a turn; the caller bounds the wait."""
        if self._places_of_group is None:
            async with self._places:
                await self._turn()
                yield
            return
        shared = self._groups.setdefault(group, _Group(asyncio.Semaphore(self._places_of_group)))
        shared.users += 1
        try:
            async with shared.places, self._places:
                await self._turn()
                yield
        finally:
            shared.users -= 1
            if not shared.users:  # groups may be named after data, so none is remembered for nothing
                self._groups.pop(group, None)

    async def _turn(self) -> None:
        if self._bucket is not None:
            await self._bucket.turn()
