"""Cached answers: fresh, stale while revalidating, stale on error, with one fill for each key.

aiocache only holds the entries (integrations/calling/cache_backends.py). Its stock decorators and lock are not used:
eleven defects of theirs are listed in docs/adr/0004-cache.md, and each is designed out here.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar, cast

import structlog
from pydantic import TypeAdapter

from domain.kernel import Clock, Sourced, SourceState
from domain.platform.switches import Switchboard
from integrations.calling.cache_backends import Backend, BoundedMemoryCache, entry_name, subject_of
from integrations.calling.calls import outside_call
from integrations.calling.deadline import request_is_bounded, share, without_deadline
from integrations.calling.errors import Garbled, IntegrityFailure, NotAsked, Refused, Unavailable
from integrations.calling.policies import CallPolicy, Scope

__all__ = ["AnswerCache", "Codec", "cache_key", "digest_of_citizen", "open_cache"]

T = TypeVar("T")
Epoch = int | str
"""What an entry is written in, and must be read in: it is another one once what was kept was dropped."""
log = structlog.get_logger(__name__)

REST_SECONDS = 1.0
"""A cache that failed is not asked for so long, so that its time-out is not paid by every request."""


@dataclass(frozen=True)
class Codec(Generic[T]):
    """The codec of a cached value: to JSON and back."""

    encode: Callable[[T], Any]
    decode: Callable[[Any], T]

    @classmethod
    def by_fields(cls, kind: type[T]) -> "Codec[T]":
        """The codec of a dataclass, or of a tuple of them, by the names and types of its fields."""
        adapter = TypeAdapter(kind)
        return cls(partial(adapter.dump_python, mode="json"), adapter.validate_python)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    """A cached value: till when it is fresh, till when it is served while asked for again, and on error."""

    value: T
    at: datetime
    fresh_until: datetime
    served_until: datetime
    stale_until: datetime


@dataclass(slots=True)
class _Flight(Generic[T]):
    """One call for one key, which all readers of the key wait for. A void one is not cached."""

    task: "asyncio.Task[tuple[T, datetime]] | None" = None
    void: bool = False


class AnswerCache:
    """Serves answers fresh, fills each key once, and falls back on an old copy when a system is silent.

    What was kept before its switch was EMPTIED is a miss, in each process once it knows of the switch.
    """

    def __init__(self, cache: Backend, clock: Clock, switches: Switchboard | None = None) -> None:
        self._cache = cache
        self._switches = switches or Switchboard()
        self._clock = clock
        self._flights: dict[str, _Flight[Any]] = {}
        self._readings: dict[str, asyncio.Future[tuple[bytes | None, int]]] = {}
        self._owed: set[str] = set()
        self._asked_again_at = clock.monotonic()

    async def get(
        self,
        policy: CallPolicy,
        key: tuple[str, ...],
        load: Callable[[], Awaitable[T]],
        codec: Codec[T],
        whole: Callable[[T], bool] | None = None,
        *,
        anew: bool = False,
    ) -> Sourced[T]:
        """The cached or loaded answer; raises what `load` raises where there is no copy young enough.

        An old copy covers silence and an unreadable answer, never a refusal or a forgery. A value that is not
        `whole` is returned but not cached. `anew` takes no copy: the answer is LIVE, and kept for who asks later.
        Raises NotAsked where the request has no time left.
        """
        name = cache_key(policy, key)
        kept, epoch = await self._read(name, policy, codec) if _keeps(policy) and not anew else (None, 0)
        now = self._clock.now()
        if kept is not None and now < kept.fresh_until:
            return Sourced(kept.value, policy.source, SourceState.CACHED, kept.at)

        def depart() -> "asyncio.Task[tuple[T, datetime]]":
            return self._flight(
                name, policy, lambda flight: self._fill(name, policy, load, codec, whole, epoch, flight)
            )

        if kept is not None and now < kept.served_until:
            depart()
            return Sourced(kept.value, policy.source, SourceState.STALE, kept.at)
        try:
            async with outside_call():
                again, epoch = await self._read(name, policy, codec) if _keeps(policy) else (None, 0)
                if again and not anew and self._clock.now() < again.fresh_until:  # another request asked meanwhile
                    return Sourced(again.value, policy.source, SourceState.CACHED, again.at)
                value, at = await self._wait(policy, depart)
        except (Unavailable, Garbled) as error:
            if isinstance(error, IntegrityFailure) or kept is None or now >= kept.stale_until:
                raise
            return Sourced(kept.value, policy.source, SourceState.STALE, kept.at)
        return Sourced(value, policy.source, SourceState.LIVE, at)

    async def forget(self, policy: CallPolicy, key: tuple[str, ...]) -> None:
        """Drop a cached answer, after a write. A call under way for it is not cached either."""
        await self._remove(cache_key(policy, key))

    async def forget_citizen(self, citizen_id: str) -> bool:
        """Drop everything cached of a citizen, in all processes, as when she withdraws her consent.

        Calls under way for the citizen are not cached. False where the cache could not be reached: this process then
        serves nothing cached of the citizen until it could; ask again, so that the other processes do the same.
        """
        subject = digest_of_citizen(citizen_id)
        for name in [name for name in self._flights if subject_of(name) == subject]:
            self._flights.pop(name).void = True
        return await self._settle(subject)

    async def close(self) -> None:
        """End the calls under way and close the cache's connections."""
        tasks: list[asyncio.Future[Any]] = [*self._readings.values()]
        tasks += [flight.task for flight in self._flights.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._cache.close()

    async def _wait(
        self, policy: CallPolicy, depart: Callable[[], "asyncio.Task[tuple[T, datetime]]"]
    ) -> tuple[T, datetime]:
        """Wait for the flight, as long as this request may; the flight continues for the others."""
        if not request_is_bounded():
            return await asyncio.shield(depart())
        seconds = share(self._clock, policy.total, policy.priority)
        if seconds <= 0:
            raise NotAsked(policy.source, "deadline_exceeded")
        flight = depart()
        try:
            async with asyncio.timeout(seconds) as limit:
                return await asyncio.shield(flight)
        except TimeoutError:
            if not limit.expired():
                raise
            raise NotAsked(policy.source, "deadline_exceeded") from None

    def _flight(
        self, name: str, policy: CallPolicy, fill: Callable[[_Flight[T]], Awaitable[tuple[T, datetime]]]
    ) -> "asyncio.Task[tuple[T, datetime]]":
        flight = self._flights.get(name)
        if flight is None or flight.task is None:
            flight = self._flights[name] = _Flight()
            coroutine = cast("Any", fill(flight))
            context = without_deadline() if _keeps(policy) else None
            flight.task = asyncio.get_running_loop().create_task(coroutine, context=context)
            flight.task.add_done_callback(lambda task: self._end_flight(name, task))
        return cast("asyncio.Task[tuple[T, datetime]]", flight.task)

    def _end_flight(self, name: str, task: "asyncio.Task[Any]") -> None:
        flight = self._flights.get(name)
        if flight is not None and flight.task is task:
            del self._flights[name]
        if not task.cancelled():
            task.exception()  # read, so that a flight whose callers all left does not warn

    async def _fill(
        self,
        name: str,
        policy: CallPolicy,
        load: Callable[[], Awaitable[T]],
        codec: Codec[T],
        whole: Callable[[T], bool] | None,
        epoch: Epoch,
        flight: _Flight[T],
    ) -> tuple[T, datetime]:
        try:
            value = await load()
        except (Refused, IntegrityFailure):
            if _keeps(policy):
                await self._remove(name)
            raise
        at = self._clock.now()
        if _keeps(policy) and not flight.void and (whole is None or whole(value)):
            await self._write(name, policy, at, codec.encode(value), epoch)
        return value, at

    async def _read(self, name: str, policy: CallPolicy, codec: Codec[T]) -> tuple[_Entry[T] | None, Epoch]:
        """The entry, and its epoch. One of an earlier epoch was dropped meanwhile."""
        if not await self._may_read(name):
            return None, 0
        try:
            raw, times = await self._read_once(name)
            emptied = self._switches.emptying_of(policy.source, policy.system, subject_of(name))
            epoch = f"{times} {emptied}" if emptied else times
            return (_decode_entry(raw, epoch, codec) if raw is not None else None), epoch
        except self._cache.faults as error:
            self._back_off(error)
        except (ValueError, KeyError, TypeError):
            log.warning("cache_entry_unreadable")
        return None, 0

    async def _read_once(self, name: str) -> tuple[bytes | None, int]:
        """Readers of one name share one reading, so that all of them go on to share one flight."""
        if not self._cache.waits:
            return await self._cache.read(name)
        reading = self._readings.get(name)
        if reading is None:
            reading = self._readings[name] = asyncio.ensure_future(self._cache.read(name))
            reading.add_done_callback(lambda task: self._was_read(name, task))
        return await asyncio.shield(reading)

    def _was_read(self, name: str, task: "asyncio.Future[Any]") -> None:
        self._readings.pop(name, None)
        if not task.cancelled():
            task.exception()

    async def _write(self, name: str, policy: CallPolicy, at: datetime, encoded: Any, epoch: Epoch) -> None:
        if self._is_backing_off() or name in self._owed or subject_of(name) in self._owed:
            return
        fresh = at + timedelta(seconds=policy.fresh)
        served = fresh + timedelta(seconds=policy.revalidate)
        stale = served + timedelta(seconds=policy.stale)
        times = [moment.isoformat() for moment in (at, fresh, served, stale)]
        raw = json.dumps([times, epoch, encoded], ensure_ascii=False).encode()
        try:
            await self._cache.write(name, raw, policy.kept_seconds)
        except self._cache.faults as error:
            self._back_off(error)

    async def _remove(self, name: str) -> None:
        flight = self._flights.get(name)
        if flight is not None:
            flight.void = True
            if flight.task is not asyncio.current_task():
                del self._flights[name]
        await self._settle(name)

    async def _may_read(self, name: str) -> bool:
        """Whether the entry may be read: nothing that was to be dropped is still owed, and the cache is there."""
        if self._is_backing_off():
            return False
        debts = self._owed & {name, subject_of(name)} if self._owed else ()
        return all([await self._settle(debt) for debt in debts])

    async def _settle(self, debt: str) -> bool:
        """Drop an entry by its name, or all of a subject; what cannot be dropped now is owed."""
        self._owed.add(debt)
        try:
            if ":" in debt:
                await self._cache.remove(debt)
            else:
                await self._cache.remove_subject(debt)
        except self._cache.faults as error:
            self._back_off(error)
            return False
        self._owed.discard(debt)
        return True

    def _is_backing_off(self) -> bool:
        return self._clock.monotonic() < self._asked_again_at

    def _back_off(self, error: Exception) -> None:
        self._asked_again_at = self._clock.monotonic() + REST_SECONDS
        log.warning("cache_unavailable", kind=type(error).__name__)


def cache_key(policy: CallPolicy, key: tuple[str, ...]) -> str:
    """A name that cannot collide and tells nothing: the parts are joined as JSON and hashed.

    The first part of a key is whom the answer is of: a citizen, or an officer.
    """
    kind = (policy.name, policy.schema_version, policy.scope.value, policy.purpose.value)
    text = json.dumps([*kind, *key], ensure_ascii=False)
    subject = "public" if policy.scope is Scope.PUBLIC or not key else digest_of_citizen(key[0])
    return entry_name(subject, policy.name, hashlib.sha256(text.encode()).hexdigest())


def digest_of_citizen(citizen_id: str) -> str:
    """How the names of a citizen's kept answers begin, so that they do not tell whose they are."""
    return hashlib.sha256(f"subject {citizen_id}".encode()).hexdigest()[:32]


def _decode_entry(raw: bytes, epoch: Epoch, codec: Codec[T]) -> _Entry[T] | None:
    times, written_in, value = json.loads(raw)
    if written_in != epoch:
        return None
    return _Entry(codec.decode(value), *(datetime.fromisoformat(moment) for moment in times))


def _keeps(policy: CallPolicy) -> bool:
    return policy.kept_seconds > 0


def open_cache(url: str | None) -> Backend:
    """A cache by its address: None for this process's memory, `redis://host:port/db` for a shared one."""
    if not url:
        return BoundedMemoryCache()
    from integrations.calling.valkey.cache import ValkeyCache

    return ValkeyCache(url)
