"""One HTTP/1.1 connection: writes a request, reads the response, and decides whether it can be reused."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import cast

import httptools

from integrations.calling.http_transport.handshakes import refuses_our_certificate

HEAD_LIMIT = 65_536
"""Bytes of an answer's status line and headers together."""

HEADER_COUNT = 200
HIGH_WATER = 262_144
"""Bytes of a body that may wait to be read before the peer is slowed down."""


class ConnectionFault(Exception):
    """The connection can give no answer. `untouched` is true where not one byte of an answer had come."""

    def __init__(self, text: str, *, untouched: bool = False) -> None:
        super().__init__(text)
        self.untouched = untouched


class CertificateFault(ConnectionFault):
    """The peer ended the connection because of our certificate, before it took anything in."""


class Malformed(ConnectionFault):
    """What came is not HTTP/1.1, or is larger than allowed."""


@dataclass(slots=True)
class Head:
    """The beginning of an answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    version: str


class Connection(asyncio.Protocol):
    """A connection to one server, with at most one request under way at any time."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.lost = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._can_write = True
        self._paused = False
        self._busy = False
        self._begin(head_only=False)

    def _begin(self, *, head_only: bool) -> None:
        self.head: Head | None = None
        self.complete = False
        self.keep = False
        self._head_only = head_only
        self._until_closed = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = self._head_size = 0
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._fault: ConnectionFault | None = None

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: nothing under way, and the peer has not closed."""
        return not self.lost and self._transport is not None and not self._transport.is_closing()

    @property
    def _untouched(self) -> bool:
        """Whether nothing of the answer has come."""
        return self.head is None and self._head_bytes == 0

    async def send(self, data: bytes, *, head_only: bool) -> None:
        """Send a whole request, as fast as the peer takes it; raises ConnectionFault."""
        if not self.usable or self._transport is None:
            raise self._fault or ConnectionFault("closed", untouched=True)
        self._begin(head_only=head_only)
        self._busy = True
        self._transport.write(data)
        if not self._can_write:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable

    async def read_head(self) -> Head:
        """Wait for the beginning of the answer; raises ConnectionFault."""
        while self.head is None:
            await self._news()
        return self.head

    def take(self) -> bytes | None:
        """All of the body if it is here to its end, else None."""
        if not self.complete:
            return None
        return self._drain_buffer()

    async def read_chunk(self) -> bytes | None:
        """The next part of the body, None after the last; raises ConnectionFault."""
        while not self._chunks:
            if self.complete:
                return None
            await self._news()
        return self._drain_buffer()

    def release(self) -> bool:
        """End the exchange. True where the connection may be reused for the next."""
        self._busy = False
        return self.complete and self.keep and self.usable and self._fault is None

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        self.lost = True
        if self._transport is not None:
            self._transport.close()

    def _drain_buffer(self) -> bytes:
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._paused and self._transport is not None and not self.lost:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def _news(self) -> None:
        """Wait until something came; raises what went wrong."""
        if self._fault is not None:
            raise self._fault
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, fault: ConnectionFault) -> None:
        if self._fault is None:
            self._fault = fault
        self._wake()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._busy or self.complete:  # nobody asked for this
            self.keep = False
            self.abort()
            return
        if self.head is None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse("upgrade")
        except httptools.HttpParserCallbackError as error:
            self._refuse(str(error.__context__ or error) or "malformed")
        except httptools.HttpParserError:
            if not self.complete:
                self._refuse("malformed")
            self.keep = False
        if self.head is None and self._head_bytes > HEAD_LIMIT:
            self._refuse("head_too_large")

    def eof_received(self) -> bool:
        self._handle_close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if refuses_our_certificate(exc) and self._untouched:
            self._fail(CertificateFault("certificate"))
        self._handle_close(reset=exc is not None)
        self.lost = True
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def pause_writing(self) -> None:
        self._can_write = False

    def resume_writing(self) -> None:
        self._can_write = True
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _handle_close(self, *, reset: bool = False) -> None:
        self.lost = True
        if self._until_closed and self.head is not None and not reset and self._fault is None:
            self.complete = True
            self._wake()
        elif not self.complete:
            self._fail(ConnectionFault("closed", untouched=self._untouched))

    def _refuse(self, word: str) -> None:
        self._fail(Malformed(word))
        self.keep = False
        self.abort()

    # httptools' side

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        if self.complete:
            raise ValueError("unasked")
        self._headers.append((name, value))
        self._head_size += len(name) + len(value)
        if len(self._headers) > HEADER_COUNT or self._head_size > HEAD_LIMIT:
            raise ValueError("head_too_large")

    def on_headers_complete(self) -> None:
        """The head is whole; find out how the body ends."""
        if self.complete:
            raise ValueError("unasked")
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise ValueError("upgrade")
            self._headers = []  # an interim answer; the real one follows
            return
        names = {name.lower() for name, _ in self._headers}
        framed = b"content-length" in names or b"transfer-encoding" in names
        self._until_closed = not framed and status not in {204, 304} and not self._head_only
        self.head = Head(status, self._headers, self._parser.get_http_version())
        if self._head_only:
            self.complete = True
        self._wake()

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if self._head_only:
            return
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self.head is None or self._head_only:
            return
        self.keep = self._parser.should_keep_alive() and not self._until_closed
        self.complete = True
        self._wake()
