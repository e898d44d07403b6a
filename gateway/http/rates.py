"""How many operations one caller may ask for in a minute (docs/reliability.md section 4).

The counters are those of all processes where a shared cache is set, else this process's own. A shared cache that is
away locks nobody out: the request goes on by the counters of this process, and the fault is counted.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from domain.clock import Clock
from domain.errors import ErrorCode
from gateway.http.callers import Caller, CallerKind
from gateway.http.rate_windows import MemoryWindows, SharedWindows
from gateway.http.refusals import Refusal
from gateway.limits import Rates
from schema.errors import Fault

REST_SECONDS = 1.0
"""A shared store that failed is not asked for so long, so that its time-out is not paid by every request."""

STORE_FAULTS = (StorageError, TimeoutError, OSError)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller has left in the present minute."""

    limit: int
    left: int

    def shown(self) -> dict[str, Any]:
        """The same as `throttleStatus` of `extensions.cost`. The unit is operations; `restoreRate` is for a second."""
        return {
            "maximumAvailable": self.limit,
            "currentlyAvailable": self.left,
            "restoreRate": round(self.limit / 60, 3),
        }

    def headers(self) -> dict[str, str]:
        """The same as headers (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"operations";q={self.limit};w=60',
            "RateLimit": f'"operations";r={self.left}',
        }


class RateLimits:
    """The rates of one gateway. `faults` is told of every fault of the shared store."""

    def __init__(
        self,
        rates: Rates,
        clock: Clock,
        *,
        shared_url: str | None = None,
        faults: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._seconds = rates.store_seconds
        own = {
            CallerKind.ANONYMOUS: rates.anonymous_per_minute,
            CallerKind.ROUTER: rates.router_per_minute,
        }
        self._items = {
            kind: RateLimitItemPerMinute(own.get(kind, rates.signed_in_per_minute), namespace=kind.value)
            for kind in CallerKind
        }
        self._own: Storage = MemoryWindows(clock)
        self._shared = SharedWindows(shared_url, rates.store_seconds) if shared_url else None
        self._asked_again_at = clock.monotonic()

    async def spend(self, caller: Caller) -> Standing:
        """Count one operation. Raises Refusal with 429 where the caller has none left."""
        item = self._items[caller.kind]
        if self._shared is not None and self._clock.monotonic() >= self._asked_again_at:
            try:
                async with asyncio.timeout(self._seconds):
                    return await _spend(self._shared.storage, item, caller.key)
            except STORE_FAULTS as error:
                self._asked_again_at = self._clock.monotonic() + REST_SECONDS
                self._faults()
                _log.warning("rate_store_away", kind=type(error).__name__)
        return await _spend(self._own, item, caller.key)

    async def close(self) -> None:
        """Let go of the shared store."""
        if self._shared is not None:
            await self._shared.close()


async def _spend(storage: Any, item: RateLimitItem, key: str) -> Standing:
    allowed = await SlidingWindowCounterRateLimiter(storage).hit(item, key)
    window = await storage.get_sliding_window(item.key_for(key), item.get_expiry())
    if allowed:
        return Standing(item.amount, _left(item, window))
    raise too_many(_wait(item, window))


def _left(item: RateLimitItem, window: tuple[int, float, int, float]) -> int:
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


def too_many(seconds: float) -> Refusal:
    """429 that says when to come back."""
    wait = max(1, math.ceil(seconds + 0.01))  # at the very edge of a window nothing is free yet
    fault = Fault(ErrorCode.RATE_LIMITED, retry_after=wait)
    return Refusal(429, fault, headers={"Retry-After": str(wait)})
