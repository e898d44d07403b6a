"""Where rates are counted: this process's bounded memory, or Redis and Valkey through the library `limits`."""

from collections import OrderedDict
from math import floor

import redis.asyncio
from limits.aio.storage import RedisStorage, SlidingWindowCounterSupport, Storage

from domain.clock import Clock

MOST_CALLERS = 50_000
"""Callers that are counted in memory; those not seen for longest are forgotten first."""


class MemoryWindows(Storage, SlidingWindowCounterSupport):
    """Sliding windows in memory.

    The library's own looks through the counts of all callers at every request, keeps them without a bound, and
    counts by the wall clock, which may be set back; this one does neither.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most: int = MOST_CALLERS) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ()

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        previous, weight, current, window = self._read(key, expiry)
        if floor(previous * weight + current) + amount > limit:
            return False
        self._counts[key] = (window, previous, current + amount)
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return True

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

    async def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - the library's shape
        self._counts.pop(key, None)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        await self.acquire_sliding_window_entry(key, 1 << 62, expiry, amount)
        return self._counts[key][2]

    async def get(self, key: str) -> int:
        return self._counts.get(key, (0, 0, 0))[2]

    async def get_expiry(self, key: str) -> float:  # noqa: ARG002 - the library's shape
        return self._clock.now().timestamp()

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        count = len(self._counts)
        self._counts.clear()
        return count

    async def clear(self, key: str) -> None:
        self._counts.pop(key, None)


class SharedWindows:
    """Sliding windows in Redis or Valkey, for all processes together."""

    def __init__(self, url: str, seconds: float) -> None:
        self._pool = redis.asyncio.ConnectionPool.from_url(url, socket_connect_timeout=seconds, socket_timeout=seconds)
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
        await self._pool.disconnect()
