"""The aiocache backend of cached answers in Redis or Valkey."""

from typing import Any

from aiocache.backends.redis import RedisCache
from aiocache.serializers import NullSerializer

from integrations.calling.cache_backends import namespaced_key, subject_of
from integrations.calling.policies import LONGEST_KEPT
from integrations.calling.valkey.connections import CACHE_FAULTS, CACHE_SECONDS, client_of

INDEX_SECONDS = int(LONGEST_KEPT) + 3600
"""The index and the epoch of a subject outlive every entry."""


def _epoch(subject: str) -> str:
    return f"apuni:epoch:{subject}"


def _index(subject: str) -> str:
    return f"apuni:index:{subject}"


class ValkeyCache(RedisCache):  # type: ignore[misc]
    """The Redis backend for redis-py 8: no deprecated commands, and no FLUSHDB."""

    waits = True
    faults = CACHE_FAULTS

    def __init__(self, url: str) -> None:
        super().__init__(serializer=NullSerializer(encoding=None), timeout=CACHE_SECONDS, key_builder=namespaced_key)
        self.client = client_of(url)

    async def read(self, name: str) -> tuple[bytes | None, int]:
        raw, epoch = await self.multi_get([name, _epoch(subject_of(name))])
        return raw, int(epoch or 0)

    async def write(self, name: str, raw: bytes, seconds: float) -> None:
        index = _index(subject_of(name))
        async with self.client.pipeline(transaction=True) as pipe:
            pipe.set(name, raw, px=int(seconds * 1000))
            pipe.sadd(index, name)
            pipe.expire(index, INDEX_SECONDS)
            await pipe.execute()

    async def remove(self, name: str) -> None:
        await self.delete(name)

    async def remove_subject(self, subject: str) -> None:
        epoch, index = _epoch(subject), _index(subject)
        async with self.client.pipeline(transaction=True) as pipe:
            pipe.incr(epoch)
            pipe.expire(epoch, INDEX_SECONDS)
            pipe.smembers(index)
            *_, names = await pipe.execute()
        await self.client.unlink(index, *names)

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> Any:
        return await self.client.set(key, value, px=int(ttl * 1000) if ttl else None)

    async def _close(self, *_args: Any, _conn: Any = None, **_options: Any) -> None:
        await self.client.aclose()

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        if not namespace:
            raise ValueError("a namespace is needed: the whole database is never emptied")
        async for key in self.client.scan_iter(match=namespaced_key("*", namespace)):
            await self.client.unlink(key)
        return True
