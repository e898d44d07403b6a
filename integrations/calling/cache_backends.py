"""What cached answers need of a cache, the aiocache backend in bounded memory of this process, and sealing.

The other backend is that of Valkey (integrations/calling/valkey/cache.py). Both know the entries of each subject, so
that everything cached of one citizen can be dropped. An entry's name begins with its subject (`entry_name`).

Cached answers outside this process are encrypted: who reads the cache's memory or its network sees nothing. The
associated data is the entry's name, so that an entry that was moved to another name, such as another citizen's, does
not open. What does not open, for whatever reason, is a miss.
"""

import asyncio
from typing import Any, Protocol

import structlog
from aiocache import SimpleMemoryCache
from aiocache.serializers import NullSerializer

MEMORY_ENTRIES = 10_000
_PREFIX = "apuni:kept"
log = structlog.get_logger(__name__)


class Backend(Protocol):
    """What cached answers need of a cache. Every call may raise one of `faults`, when the cache is not there.

    `waits` is whether reading gives way to other tasks, so that readers of one name are better joined.
    """

    waits: bool
    faults: tuple[type[Exception], ...]

    async def read(self, name: str) -> tuple[bytes | None, int]:
        """An entry, and the epoch of its subject: how often everything cached of it was dropped."""

    async def write(self, name: str, raw: bytes, seconds: float) -> None:
        """Keep an entry for so long."""

    async def remove(self, name: str) -> None:
        """Drop an entry."""

    async def remove_subject(self, subject: str) -> None:
        """Drop all entries of a subject and begin her next epoch."""

    async def close(self) -> None:
        """Close connections and timers."""


def entry_name(subject: str, policy: str, digest: str) -> str:
    """The name of an entry. The subject is a digest itself."""
    return f"{_PREFIX}:{subject}:{policy}:{digest}"


def subject_of(name: str) -> str:
    """The subject in the name of an entry."""
    return name.split(":", 3)[2]


def namespaced_key(key: str, namespace: str | None = None) -> str:
    """A namespace is set apart from the key, so that `a` + `bc` is not `ab` + `c`."""
    return f"{namespace}:{key}" if namespace else key


class BoundedMemoryCache(SimpleMemoryCache):  # type: ignore[misc]
    """The memory backend with a bound: the entry unused for longest goes first, with its timer."""

    waits = False
    faults = (TimeoutError, OSError)

    def __init__(self, *, entries: int = MEMORY_ENTRIES) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None, key_builder=namespaced_key)
        self._entries = entries
        self._of_subject: dict[str, set[str]] = {}
        self._epochs: dict[str, int] = {}

    async def read(self, name: str) -> tuple[bytes | None, int]:
        return await self.get(name), self._epochs.get(subject_of(name), 0)

    async def write(self, name: str, raw: bytes, seconds: float) -> None:
        await self.set(name, raw, ttl=seconds)

    async def remove(self, name: str) -> None:
        await self.delete(name)

    async def remove_subject(self, subject: str) -> None:
        self._epochs[subject] = self._epochs.pop(subject, 0) + 1
        while len(self._epochs) > self._entries:
            self._epochs.pop(next(iter(self._epochs)))
        for name in list(self._of_subject.get(subject, ())):
            await self._delete(name)

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
        if key.startswith(_PREFIX):
            self._of_subject.setdefault(subject_of(key), set()).add(key)
        done = await super()._set(key, value, _cas_token=_cas_token)
        if ttl:
            self._handlers[key] = asyncio.get_running_loop().call_later(ttl, self._drop_entry, key)
        return done

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return self._drop_entry(key)

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._cache if namespace is None or key.startswith(namespaced_key("", namespace))]:
            self._drop_entry(key)
        return True

    async def _close(self, *_args: Any, _conn: Any = None, **_options: Any) -> None:
        await self._clear()

    def _drop_entry(self, key: str) -> int:
        """Drop an entry with its timer and its place in the index."""
        handle = self._handlers.pop(key, None)
        if handle is not None:
            handle.cancel()
        if key.startswith(_PREFIX):
            names = self._of_subject.get(subject_of(key), set())
            names.discard(key)
            if not names:
                self._of_subject.pop(subject_of(key), None)
        return int(self._cache.pop(key, None) is not None)


class Seal(Protocol):
    """Seals bytes for one place, as the cipher of the store's fields does (AES-256-GCM with associated data)."""

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """The sealed bytes; the context is where they may be opened again."""

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """The bytes that were sealed for this context; raises where they were not."""


class SealedCache:
    """A cache whose entries only those who have the key can read."""

    def __init__(self, cache: Backend, seal: Seal) -> None:
        self._cache = cache
        self._seal = seal
        self.waits, self.faults = cache.waits, cache.faults

    async def read(self, name: str) -> tuple[bytes | None, int]:
        """An entry and the epoch of its subject; no entry where it does not open."""
        sealed, epoch = await self._cache.read(name)
        if sealed is None:
            return None, epoch
        try:
            return self._seal.decrypt(sealed, _associated_data(name)), epoch
        except Exception as error:  # noqa: BLE001 - a key that is gone, another key, a bit that flipped: all are a miss
            log.warning("cache_entry_not_opened", kind=type(error).__name__)
            return None, epoch

    async def write(self, name: str, raw: bytes, seconds: float) -> None:
        """Keep an entry, sealed for its name."""
        await self._cache.write(name, self._seal.encrypt(raw, _associated_data(name)), seconds)

    async def remove(self, name: str) -> None:
        """Drop an entry."""
        await self._cache.remove(name)

    async def remove_subject(self, subject: str) -> None:
        """Drop all entries of a subject and begin her next epoch."""
        await self._cache.remove_subject(subject)

    async def close(self) -> None:
        """Close the cache's connections."""
        await self._cache.close()


def _associated_data(name: str) -> str:
    return f"cache:{name}"
