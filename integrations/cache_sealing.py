"""Kept answers that lie outside this process are sealed: who reads the cache's memory or its network sees nothing.

The associated data is the entry's name, so that an entry that was moved to another name, such as another
citizen's, does not open. What does not open, for whatever reason, is a miss.
"""

from typing import Protocol

import structlog

from integrations.cache_backends import Backend

log = structlog.get_logger(__name__)


class Seal(Protocol):
    """Seals bytes for one place, as the cipher of the store's fields does (AES-256-GCM with associated data)."""

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """The sealed bytes; the context is where they may be opened again."""
        ...

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """The bytes that were sealed for this context; raises where they were not."""
        ...


class SealedCache:
    """A cache whose entries only those who have the key can read."""

    def __init__(self, cache: Backend, seal: Seal) -> None:
        self._cache = cache
        self._seal = seal
        self.waits = cache.waits

    async def read(self, name: str) -> tuple[bytes | None, int]:
        """An entry and the epoch of its subject; no entry where it does not open."""
        sealed, epoch = await self._cache.read(name)
        if sealed is None:
            return None, epoch
        try:
            return self._seal.decrypt(sealed, _place(name)), epoch
        except Exception as error:  # noqa: BLE001 - a key that is gone, another key, a bit that flipped: all are a miss
            log.warning("cache_entry_not_opened", kind=type(error).__name__)
            return None, epoch

    async def write(self, name: str, raw: bytes, seconds: float) -> None:
        """Keep an entry, sealed for its name."""
        await self._cache.write(name, self._seal.encrypt(raw, _place(name)), seconds)

    async def remove(self, name: str) -> None:
        """Drop an entry."""
        await self._cache.remove(name)

    async def remove_subject(self, subject: str) -> None:
        """Drop all entries of a subject and begin her next epoch."""
        await self._cache.remove_subject(subject)

    async def close(self) -> None:
        """Let go of the cache's connections."""
        await self._cache.close()


def _place(name: str) -> str:
    return f"cache:{name}"
