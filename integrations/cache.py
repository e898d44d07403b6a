"""Kept answers on aiocache: bounded memory or Redis, fresh, stale and one fill for each key.

The stock decorators and lock of aiocache 0.12.3 are not used: eleven defects of theirs are listed in
docs/adr/0004-cache.md, and each is designed out here.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import redis.exceptions
import structlog
from aiocache import RedisCache, SimpleMemoryCache
from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer

from domain.clock import Clock
from domain.sources import Sourced, SourceState
from integrations.errors import IntegrityFailure, Refused, Unavailable
from integrations.policies import CallPolicy

T = TypeVar("T")
log = structlog.get_logger(__name__)

MEMORY_ENTRIES = 10_000
CACHE_SECONDS = 0.25
"""A cache that answers later than this is treated as a miss."""


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How a value is kept: to something JSON can hold, and back."""

    encode: Callable[[T], Any]
    decode: Callable[[Any], T]


class BoundedMemoryCache(SimpleMemoryCache):  # type: ignore[misc]
    """The memory backend with a bound: the entry unused for longest goes first, with its timer."""

    def __init__(self, *, entries: int = MEMORY_ENTRIES, **options: Any) -> None:
        super().__init__(serializer=NullSerializer(), timeout=CACHE_SECONDS, **options)
        self._entries = entries

    async def _get(self, key: str, encoding: str = "utf-8", _conn: Any = None) -> Any:
        value = await super()._get(key, encoding=encoding)
        if value is not None:
            self._cache[key] = self._cache.pop(key)  # the youngest entry is the last
        return value

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> Any:
        self._cache.pop(key, None)
        while len(self._cache) >= self._entries:
            await self._delete(next(iter(self._cache)))
        return await super()._set(key, value, ttl=ttl, _cas_token=_cas_token)

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._cache if namespace is None or key.startswith(namespace)]:
            await self._delete(key)
        return True


class ValkeyCache(RedisCache):  # type: ignore[misc]
    """The Redis backend for redis-py 8: no deprecated commands, and no FLUSHDB."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        super().__init__(
            serializer=NullSerializer(encoding=None),
            timeout=CACHE_SECONDS,
            endpoint=parts.hostname or "127.0.0.1",
            port=parts.port or 6379,
            db=int(parts.path.strip("/") or 0),
            password=parts.password,
        )

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> Any:
        return await self.client.set(key, value, px=int(ttl * 1000) if ttl else None)

    async def _close(self, *_args: Any, _conn: Any = None, **_options: Any) -> None:
        await self.client.aclose()

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        if not namespace:
            raise ValueError("a namespace is needed: the whole database is never emptied")
        async for key in self.client.scan_iter(match=f"{namespace}*"):
            await self.client.unlink(key)
        return True


def open_cache(url: str | None) -> BaseCache:
    """A cache by its address: None for this process's memory, `redis://host:port/db` for a shared one."""
    return ValkeyCache(url) if url else BoundedMemoryCache()


class KeptAnswers:
    """Serves answers fresh, fills each key once, and falls back on an old copy when a system is silent."""

    def __init__(self, cache: BaseCache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self._flights: dict[str, asyncio.Task[Any]] = {}

    async def get(
        self, policy: CallPolicy, key: tuple[str, ...], load: Callable[[], Awaitable[T]], codec: Codec[T]
    ) -> Sourced[T]:
        """The kept or loaded answer; raises what `load` raises where there is no copy young enough."""
        name = cache_key(policy, key)
        kept = await self._read(name, codec) if _keeps(policy) else None
        now = self._clock.now()
        if kept is not None and now < kept[1] + timedelta(seconds=policy.fresh):
            return Sourced(kept[0], policy.source, SourceState.CACHED, kept[1])
        try:
            value, at = await asyncio.shield(self._flight(name, policy, load, codec))
        except Unavailable:
            if kept is None or now >= kept[1] + timedelta(seconds=policy.fresh + policy.stale):
                raise
            return Sourced(kept[0], policy.source, SourceState.STALE, kept[1])
        except (Refused, IntegrityFailure):
            await self._remove(name)
            raise
        return Sourced(value, policy.source, SourceState.LIVE, at)

    async def forget(self, policy: CallPolicy, key: tuple[str, ...]) -> None:
        """Drop a kept answer, after a write or when consent is withdrawn."""
        await self._remove(cache_key(policy, key))

    async def close(self) -> None:
        """Let go of the cache's connections."""
        await self._cache.close()

    def _flight(
        self, name: str, policy: CallPolicy, load: Callable[[], Awaitable[T]], codec: Codec[T]
    ) -> "asyncio.Task[tuple[T, datetime]]":
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.create_task(self._fill(name, policy, load, codec))
            self._flights[name] = flight
            flight.add_done_callback(lambda task: self._landed(name, task))
        return flight

    def _landed(self, name: str, task: "asyncio.Task[Any]") -> None:
        self._flights.pop(name, None)
        if not task.cancelled():
            task.exception()  # read, so that a flight whose callers all left does not warn

    async def _fill(
        self, name: str, policy: CallPolicy, load: Callable[[], Awaitable[T]], codec: Codec[T]
    ) -> tuple[T, datetime]:
        value = await load()
        at = self._clock.now()
        if _keeps(policy):
            await self._write(name, json.dumps([at.isoformat(), codec.encode(value)]).encode(), policy)
        return value, at

    async def _read(self, name: str, codec: Codec[T]) -> tuple[T, datetime] | None:
        try:
            raw = await self._cache.get(name)
            if raw is None:
                return None
            at, value = json.loads(raw)
            return codec.decode(value), datetime.fromisoformat(at)
        except (redis.exceptions.RedisError, TimeoutError, OSError) as error:
            log.warning("cache_unavailable", kind=type(error).__name__)
        except (ValueError, KeyError, TypeError):
            log.warning("cache_entry_unreadable")
        return None

    async def _write(self, name: str, raw: bytes, policy: CallPolicy) -> None:
        try:
            await self._cache.set(name, raw, ttl=policy.fresh + policy.stale)
        except (redis.exceptions.RedisError, TimeoutError, OSError) as error:
            log.warning("cache_unavailable", kind=type(error).__name__)

    async def _remove(self, name: str) -> None:
        try:
            await self._cache.delete(name)
        except (redis.exceptions.RedisError, TimeoutError, OSError) as error:
            log.warning("cache_unavailable", kind=type(error).__name__)


def cache_key(policy: CallPolicy, key: tuple[str, ...]) -> str:
    """A name that cannot collide and tells nothing: the parts are joined as JSON and hashed."""
    text = json.dumps([policy.name, policy.schema_version, policy.scope.value, *key], ensure_ascii=False)
    return f"apuni:{policy.name}:{hashlib.sha256(text.encode()).hexdigest()}"


def _keeps(policy: CallPolicy) -> bool:
    return policy.fresh > 0 or policy.stale > 0
