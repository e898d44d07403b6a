"""Streams response bodies, limited in size and time, holding the last chunk until the whole is verified.

Nothing is repeated once a body has begun. A body that is cut short, too large or not what its digest says ends in an
error before its last piece is given out, so that whoever reads along never has the whole of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import httpx

from domain.kernel import Clock, Source
from integrations.calling.answers import Answer
from integrations.calling.errors import Garbled, RemoteError, Unavailable

WHOLE_SECONDS = 120.0
"""How long one body may take as a whole, whoever is slow: 2 MB at 140 kbit/s, as an upload may."""


class Seal(Protocol):
    """What a body is checked with."""

    def update(self, piece: bytes, /) -> None:
        """See the next piece."""

    def verify(self) -> None:
        """Raise an RemoteError where the whole is not what was promised."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a whole body, seconds that its source may let us wait in all, and whom to name when it fails."""

    source: Source
    most: int
    seconds: float


class Body:
    """A body under way, to be closed. `head` is the answer without content.

    `ended` gets the outcome: None, or the error. Closing it frees its place in the bulkhead.
    """

    def __init__(
        self,
        head: Answer,
        response: httpx.Response,
        limits: Limits,
        held: AsyncExitStack,
        clock: Clock,
        ended: Callable[[RemoteError | None], None],
    ) -> None:
        self.head = head
        self._response = response
        self._limits = limits
        self._held = held
        self._clock = clock
        self._ended = ended

    @property
    def length(self) -> int | None:
        """The length that the head names; None where it names none."""
        given = self.head.headers.get("content-length", "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 12 else None

    async def pieces(self, seal: Seal) -> AsyncIterator[bytes]:
        """The body piece by piece; the seal sees each piece and is asked before the last one is given out.

        Raises Unavailable where it is cut short or too slow, Garbled where it is too large, and what the seal raises.
        """
        waiting, size = b"", 0
        try:
            if self.length is not None and self.length > self._limits.most:
                raise Garbled(self._limits.source, "body_too_large")
            async for piece in self._read():
                size += len(piece)
                if size > self._limits.most:
                    raise Garbled(self._limits.source, "body_too_large")
                seal.update(piece)
                if waiting:
                    yield waiting
                waiting = piece
            if self.length not in (None, size):
                raise Unavailable(self._limits.source, "connection_lost")
            seal.verify()
        except RemoteError as error:
            self._ended(error)
            raise
        self._ended(None)
        if waiting:
            yield waiting

    async def close(self) -> None:
        """Release the connection and the place."""
        try:
            await self._response.aclose()
        finally:
            await self._held.aclose()

    async def _read(self) -> AsyncIterator[bytes]:
        """The pieces that are not empty. Only the waits for the source count against it, not those for the reader."""
        ends_at, left = self._clock.monotonic() + WHOLE_SECONDS, self._limits.seconds
        pieces = aiter(self._response.aiter_raw())
        while True:
            asked_at = self._clock.monotonic()
            try:
                async with asyncio.timeout(min(left, ends_at - asked_at)):
                    piece = await anext(pieces, None)
                left -= self._clock.monotonic() - asked_at
            except TimeoutError as error:
                raise Unavailable(self._limits.source, "timed_out") from error
            except httpx.HTTPError as error:
                raise Unavailable(self._limits.source, "connection_lost") from error
            if piece is None:
                return
            if piece:
                yield piece


async def read_whole(response: httpx.Response, limits: Limits) -> bytes:
    """The body of an answer that is not passed on; raises Garbled where it is too large."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limits.most:
            raise Garbled(limits.source, "body_too_large")
    return bytes(body)
