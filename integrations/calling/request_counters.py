"""Counts a partner's requests per credential and address, and our calls to a system by day.

They are counted in one process, or across all where these share a cache.

An unavailable shared store locks nobody out: the endpoint uses the counts of this process, and the fault is counted,
as at the edge (gateway/http/rates.py).
"""

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from domain.kernel import Clock, Source, ist_date, ist_midnight
from integrations.calling.errors import NotAsked

S = TypeVar("S")
T = TypeVar("T")

REST_SECONDS = 1.0
"""A shared store that failed is not asked for so long, so that its time-out is not paid by every request."""

MOST_KEYS = 10_000
"""Keys that are counted in memory; those not counted for longest are forgotten first."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RequestCount:
    """How many there were in the present window of a key, and the seconds until the window ends."""

    number: int
    seconds_left: float


class RequestCounters(Protocol):
    """Counts by key. A window begins with the first that is counted in it."""

    async def look(self, key: str, seconds: float) -> RequestCount:
        """What was counted; an empty window of so many seconds where nothing was."""

    async def add(self, key: str, seconds: float) -> RequestCount:
        """Count one in a window of so many seconds."""

    async def take(self, key: str, per_second: float, burst: float) -> float:
        """Take a token of a bucket: 0 where there was one, else the seconds until there is one, and none is taken."""


class LocalRequestCounters:
    """The counts of this process, on the injected clock."""

    def __init__(self, clock: Clock, most: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most = most
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._due: OrderedDict[str, float] = OrderedDict()

    async def look(self, key: str, seconds: float) -> RequestCount:
        now = self._clock.monotonic()
        ends_at, number = self._windows.get(key, (now, 0))
        return RequestCount(number, ends_at - now) if ends_at > now else RequestCount(0, seconds)

    async def add(self, key: str, seconds: float) -> RequestCount:
        before = await self.look(key, seconds)
        now = RequestCount(before.number + 1, before.seconds_left)
        self._keep(self._windows, key, (self._clock.monotonic() + now.seconds_left, now.number))
        return now

    async def take(self, key: str, per_second: float, burst: float) -> float:
        now = self._clock.monotonic()
        due = max(self._due.get(key, now), now) + 1 / per_second
        wait = due - now - burst / per_second
        if wait > 1e-9:
            return wait
        self._keep(self._due, key, due)
        return 0.0

    def _keep(self, kept: OrderedDict[str, T], key: str, value: T) -> None:
        kept[key] = value
        kept.move_to_end(key)
        if len(kept) > self._most:
            kept.popitem(last=False)


_LOOK = "return {tonumber(redis.call('GET', KEYS[1]) or '0'), redis.call('PTTL', KEYS[1])}"
_ADD = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {number, redis.call('PTTL', KEYS[1])}
"""
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + ARGV[1]
local wait = due - now - ARGV[1] * ARGV[2]
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
return 0
"""
"""The generic cell rate algorithm (ITU-T I.371), in microseconds by the server's clock: a bucket is one number, the
moment at which it is full again, so that one round trip reads and takes."""


class SharedRequestCounters:
    """The counts of all processes, in Redis or Valkey. Every call may raise one of `faults`."""

    def __init__(self, url: str) -> None:
        from integrations.calling.valkey.connections import CACHE_FAULTS, CACHE_SECONDS, client_of

        self.faults, self.seconds = CACHE_FAULTS, CACHE_SECONDS
        self._client = client_of(url)
        self._look, self._add, self._take = map(self._client.register_script, (_LOOK, _ADD, _TAKE))

    async def look(self, key: str, seconds: float) -> RequestCount:
        return _tally(await self._look(keys=[_name(key)]), seconds)

    async def add(self, key: str, seconds: float) -> RequestCount:
        return _tally(await self._add(keys=[_name(key)], args=[math.ceil(seconds * 1000)]), seconds)

    async def take(self, key: str, per_second: float, burst: float) -> float:
        interval = max(1, round(1_000_000 / per_second))
        return int(await self._take(keys=[_name(f"{key}/bucket")], args=[interval, burst])) / 1_000_000

    async def close(self) -> None:
        await self._client.aclose()


def _tally(found: list[int], seconds: float) -> RequestCount:
    number, milliseconds = found
    return RequestCount(number, milliseconds / 1000 if milliseconds >= 0 else seconds)


def _name(key: str) -> str:
    """Keys hold addresses; a digest is of one length and tells none."""
    return f"apuni:door:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


class SharedOrOwn(Generic[S]):
    """Asks the shared store where there is one that answers within `seconds`, else that of this process.

    One that failed with one of `errors` is not asked for a while; the fault is logged by its name and told to `faults`.
    """

    def __init__(
        self,
        clock: Clock,
        own: S,
        shared: S | None,
        *,
        seconds: float,
        errors: tuple[type[BaseException], ...],
        fault: str,
        faults: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._own, self._shared = own, shared
        self._seconds, self._errors = seconds, errors
        self._fault, self._faults = fault, faults
        self._asked_again_at = clock.monotonic()

    async def ask(self, ask: Callable[[S], Awaitable[T]]) -> T:
        """The answer of one of them."""
        if self._shared is not None and self._clock.monotonic() >= self._asked_again_at:
            try:
                async with asyncio.timeout(self._seconds):
                    return await ask(self._shared)
            except self._errors as error:
                self._asked_again_at = self._clock.monotonic() + REST_SECONDS
                self._faults()
                _log.warning(self._fault, kind=type(error).__name__)
        return await ask(self._own)


class FallbackRequestCounters:
    """The shared counts where there is a shared store that answers, else those of this process."""

    def __init__(
        self, clock: Clock, shared_url: str | None = None, *, faults: Callable[[], None] = lambda: None
    ) -> None:
        self._shared = SharedRequestCounters(shared_url) if shared_url else None
        self._counts = SharedOrOwn[RequestCounters](
            clock,
            LocalRequestCounters(clock),
            self._shared,
            seconds=self._shared.seconds if self._shared else 0,
            errors=self._shared.faults if self._shared else (),
            fault="door_tallies_away",
            faults=faults,
        )

    async def look(self, key: str, seconds: float) -> RequestCount:
        return await self._counts.ask(lambda counts: counts.look(key, seconds))

    async def add(self, key: str, seconds: float) -> RequestCount:
        return await self._counts.ask(lambda counts: counts.add(key, seconds))

    async def take(self, key: str, per_second: float, burst: float) -> float:
        return await self._counts.ask(lambda counts: counts.take(key, per_second, burst))

    async def close(self) -> None:
        """Close the connections to the shared store."""
        if self._shared is not None:
            await self._shared.close()


class QuotaUsedUp(NotAsked):
    """The calls that one day has for the system are made; nothing was sent. `retry_after` leads to the next day."""


class Quota(Protocol):
    """What one day has for one system."""

    @property
    def paise_a_call(self) -> int:
        """What one call costs."""

    @property
    def most(self) -> int | None:
        """The calls that a day has; None for no bound."""


class SourceQuotas:
    """The quotas of all systems, and what of them is left today."""

    def __init__(self, clock: Clock, quotas: Mapping[Source, Quota], counters: RequestCounters | None) -> None:
        self._clock = clock
        self._quotas = quotas
        self._counters = counters
        self._used_up: dict[Source, str] = {}

    def paise_of(self, source: Source) -> int:
        """What one call costs."""
        quota = self._quotas.get(source)
        return quota.paise_a_call if quota is not None else 0

    async def take(self, source: Source) -> int | None:
        """Count one call that is about to be sent; gives how many are left today, None where there is no bound.

        Raises QuotaUsedUp. That is logged once a day and process.
        """
        quota = self._quotas.get(source)
        most = quota.most if quota is not None else None
        if most is None or self._counters is None:
            return None
        now = self._clock.now()
        day = ist_date(now).isoformat()
        seconds = (ist_midnight(ist_date(now) + timedelta(days=1)) - now).total_seconds()
        made = (await self._counters.add(f"quota/{source.value}/{day}", seconds)).number
        if made <= most:
            return most - made
        if self._used_up.get(source) != day:
            self._used_up[source] = day
            _log.error("source_quota_used_up", source=source.value, calls=most)
        raise QuotaUsedUp(source, "daily_quota", retry_after=seconds)
