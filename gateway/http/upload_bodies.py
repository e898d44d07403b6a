"""The bodies of pieces on their way: read so that one may stop waiting, and ended where a later request takes over.

A link that dies without FIN or RST leaves a request that waits for ever. Whoever asks about the file, or goes on with
it, ends that request of this process, once what came by it is written. What lies in hand is also written whenever
nothing came for a second, so that another process finds it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

SILENCE_SECONDS = 1.0
"""After so long without a byte, what came is written."""

_LONGEST_END = 5.0
"""Seconds that a request is given to write what it has in hand."""


class TakenOver(Exception):
    """A later request of the same sender goes on with the file."""


@dataclass(frozen=True, slots=True)
class _Holder:
    """A request that writes a file on its way."""

    taken_over: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Holders:
    """The requests of this process that write files on their way, at most one for each."""

    def __init__(self) -> None:
        self._held: dict[str, _Holder] = {}

    async def end(self, partial_id: str) -> None:
        """End the request that writes the file, if there is one, and wait until what it has in hand is written."""
        while (holder := self._held.get(partial_id)) is not None:
            holder.taken_over.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_END):
                    await holder.gone.wait()
            if self._held.get(partial_id) is holder:  # it is stuck: what is written decides between the two
                del self._held[partial_id]

    @asynccontextmanager
    async def hold(self, partial_id: str, request: Request) -> AsyncIterator["Body"]:
        """The body of the request that now writes the file; another one that did is ended first."""
        await self.end(partial_id)
        holder = self._held[partial_id] = _Holder()
        body = Body(request, holder.taken_over)
        try:
            yield body
        finally:
            body.close()
            holder.gone.set()
            if self._held.get(partial_id) is holder:
                del self._held[partial_id]


class Body:
    """The chunks of a request's body."""

    def __init__(self, request: Request, taken_over: asyncio.Event) -> None:
        self._stream = aiter(request.stream())
        self._ended: asyncio.Future[Any] = asyncio.ensure_future(taken_over.wait())
        self._coming: asyncio.Future[Any] | None = None
        self._is_last = False

    async def read(self) -> bytes | None:
        """What came next: empty where nothing came for a second, None at the end of the body.

        Raises TakenOver after what had come by then, ClientDisconnect.
        """
        if self._is_last:
            raise TakenOver
        if self._coming is None:
            self._coming = asyncio.ensure_future(anext(self._stream, None))
        await asyncio.wait({self._coming, self._ended}, timeout=SILENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if self._ended.done():
            self._is_last = True
            await asyncio.sleep(0)  # what lies in the server's buffer already is taken too
        if self._coming.done():
            coming, self._coming = self._coming, None
            chunk: bytes | None = coming.result()
            return chunk
        if self._is_last:
            raise TakenOver
        return b""

    def close(self) -> None:
        """Stop waiting."""
        for waiting in (self._coming, self._ended):
            if waiting is not None:
                waiting.cancel()
