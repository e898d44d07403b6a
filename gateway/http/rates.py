"""Rate limits: operations of one caller in a minute (docs/reliability.md section 4).

The counters are those of all processes where a shared cache is set, else this process's own. A shared cache that is
away locks nobody out: the request goes on by the counters of this process, and the fault is counted.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import floor
from typing import Any, Protocol

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.errors import StorageError

from domain.kernel import Clock, ErrorCode, Problem
from gateway.http.callers import Caller, CallerKind
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Rates
from integrations.calling.request_counters import SharedOrOwn

MOST_CALLERS = 50_000
"""Callers that are counted in memory; those not seen for longest are forgotten first."""

STORE_FAULTS = (StorageError, TimeoutError, OSError)


class RateClass(StrEnum):
    """What is counted of a caller, each apart from the others."""

    OPERATIONS = ""
    """Operations of the graph."""
    REQUESTS = "requests"
    """Requests of pages, files and forms."""
    SIGN_INS = "sign-ins"
    """Beginnings of a sign-in."""
    PARTNERS = "partners"
    """Requests at the doors of outside systems, by their address."""


class Windows(Protocol):
    """Sliding windows of the library `limits`, in memory or shared."""

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count so many in the window of a key, or False where they are more than the limit."""

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The count of the window before and the seconds for which it counts; that of this one, and its seconds."""


class MemoryWindows:
    """Sliding windows in memory.

    The library's own looks through the counts of all callers at every request, keeps them without a bound, and
    counts by the wall clock, which may be set back; this one does neither.
    """

    def __init__(self, clock: Clock, most: int = MOST_CALLERS) -> None:
        self._clock = clock
        self._most = most
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        previous, _, current, window = self._read(key, expiry)
        if floor(self.count(key, expiry)) + amount > limit:
            return False
        self._counts[key] = (window, previous, current + amount)
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return True

    def count(self, key: str, expiry: int) -> float:
        """What counts now of a key."""
        previous, weight, current, _ = self._read(key, expiry)
        return previous * weight + current

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        previous, weight, current, _ = self._read(key, expiry)
        left = weight * expiry
        return previous, left if previous else 0.0, current, left + expiry

    def _read(self, key: str, expiry: int) -> tuple[int, float, int, int]:
        """The count of the window before, how much of it still counts, that of this window, and its number."""
        position = self._clock.monotonic() / expiry
        window = floor(position)
        kept, previous, current = self._counts.get(key, (window, 0, 0))
        if kept < window:
            previous, current = (current if kept == window - 1 else 0), 0
        return previous, 1 - (position - window), current, window


class SharedWindows:
    """Sliding windows in Redis or Valkey, for all processes together."""

    def __init__(self, url: str, seconds: float) -> None:
        from integrations.calling.valkey.connections import pool_of

        self._pool = pool_of(url, seconds, seconds)
        # The address is in the pool: the library would take `unix://` for Valkey's own client.
        self.storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="apuni:rate",
            wrap_exceptions=True,
            connection_pool=self._pool,  # type: ignore[arg-type]
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.aclose()


@dataclass(frozen=True, slots=True)
class RateStatus:
    """The remaining rate of a caller in the present minute."""

    limit: int
    left: int

    def throttle_status(self) -> dict[str, Any]:
        """The same as `throttleStatus` of `extensions.cost`. The unit is operations; `restoreRate` is for a second."""
        return {
            "maximumAvailable": self.limit,
            "currentlyAvailable": self.left,
            "restoreRate": round(self.limit / 60, 3),
        }

    def headers(self) -> dict[str, str]:
        """The same as headers (draft-ietf-httpapi-ratelimit-headers)."""
        return {"RateLimit-Policy": f'"operations";q={self.limit};w=60', "RateLimit": f'"operations";r={self.left}'}


class RateLimits:
    """The rates of one gateway. `faults` is called for every fault of the shared store."""

    def __init__(
        self, rates: Rates, clock: Clock, *, shared_url: str | None = None, faults: Callable[[], None] = lambda: None
    ) -> None:
        own = {CallerKind.ANONYMOUS: rates.anonymous_per_minute, CallerKind.ROUTER: rates.router_per_minute}
        beside = {
            RateClass.REQUESTS: rates.requests_per_minute,
            RateClass.SIGN_INS: rates.sign_ins_per_minute,
            RateClass.PARTNERS: rates.partner_requests_per_minute,
        }
        self._items = {
            (counted, kind): RateLimitItemPerMinute(
                beside.get(counted) or own.get(kind, rates.signed_in_per_minute), namespace=counted.value + kind.value
            )
            for counted in RateClass
            for kind in CallerKind
        }
        self._shared = SharedWindows(shared_url, rates.store_seconds) if shared_url else None
        self._windows = SharedOrOwn[Windows](
            clock,
            MemoryWindows(clock),
            self._shared.storage if self._shared else None,
            seconds=rates.store_seconds,
            errors=STORE_FAULTS,
            fault="rate_store_away",
            faults=faults,
        )

    async def spend(self, caller: Caller, counted: RateClass = RateClass.OPERATIONS) -> RateStatus:
        """Count one operation or request. Raises RequestProblem with 429 where the caller has none left."""
        item = self._items[counted, caller.kind]
        return await self._windows.ask(lambda storage: _spend(storage, item, caller.key))

    async def close(self) -> None:
        """Let go of the shared store."""
        if self._shared is not None:
            await self._shared.close()


async def _spend(storage: Windows, item: RateLimitItem, key: str) -> RateStatus:
    name, length = item.key_for(key), item.get_expiry()
    allowed = await storage.acquire_sliding_window_entry(name, item.amount, length)
    window = await storage.get_sliding_window(name, length)
    if allowed:
        return RateStatus(item.amount, _remaining_operations(item, window))
    raise too_many(_wait(item, window))


def _remaining_operations(item: RateLimitItem, window: tuple[int, float, int, float]) -> int:
    previous, previous_left, current, _ = window
    return max(0, item.amount - math.floor(previous * previous_left / item.get_expiry() + current))


def _wait(item: RateLimitItem, window: tuple[int, float, int, float]) -> float:
    """Seconds until one more operation fits: what counts of the window before shrinks evenly, then this one's does."""
    previous, previous_left, current, current_left = window
    length, free = item.get_expiry(), item.amount - 1
    if current <= free and previous:
        return max(0.0, previous_left - (free + 1 - current) * length / previous)
    rest = max(0.0, current_left - length)
    return rest + max(0.0, length * (1 - (free + 1) / current)) if current else rest


def too_many(seconds: float) -> RequestProblem:
    """429 that says when to come back."""
    wait = max(1, math.ceil(seconds + 0.01))  # at the very edge of a window nothing is free yet
    problem = Problem(ErrorCode.RATE_LIMITED, retry_after=wait)
    return RequestProblem(429, problem, headers={"Retry-After": str(wait)})
