"""The transport: httpx requests in, httpx responses out."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx

from integrations.calling.http_transport.connection import (
    CertificateFault,
    Connection,
    ConnectionFault,
    Head,
    Malformed,
)
from integrations.calling.http_transport.pool import (
    CannotConnect,
    CertificateNotTaken,
    Limits,
    NotTrusted,
    OriginPool,
    Resolver,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGNS = (b"\r", b"\n", b"\0")
"""What no line of a head may hold."""
_PORTS = {"http": 80, "https": 443}


class ServerNotTrusted(httpx.ConnectError):
    """The peer showed a certificate that we do not trust; nothing was sent."""


class CertificateRefused(httpx.ConnectError):
    """The peer does not take our certificate, or wants one that we do not show; it took nothing in."""


class OwnTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 with persistent connections. Made and used on one event loop.

    `tls` is the context for https; hostnames are checked. `resolver` says at which addresses a host may be
    connected. A persistent connection is used only for requests that may be sent twice (a safe method, or the
    extension `repeatable`), because the peer may just have closed it; such a request is then sent
    once more over a new connection. Time-outs are those of httpx's extension `timeout`.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, limits: Limits | None = None, resolver: Resolver | None = None
    ) -> None:
        self._tls = tls
        self._limits = limits or Limits()
        self._resolver = resolver
        self._pools: dict[tuple[str, str, int | None], OriginPool] = {}
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises the errors of httpx.TransportError."""
        if self._closed:
            raise httpx.LocalProtocolError("the transport is closed", request=request)
        pool = self._pool(request)
        data = await _encode_request(request)
        timeouts = request.extensions.get("timeout") or {}
        try:
            await pool.acquire(pool_seconds=timeouts.get("pool"))
        except TimeoutError as error:
            raise httpx.PoolTimeout("no free connection", request=request) from error
        exchange = _Exchange(pool, request, timeouts)
        try:
            head = await exchange.begin(data)
        except BaseException:
            exchange.abandon()
            raise
        return exchange.response(head)

    async def aclose(self) -> None:
        """Close all connections; a request that is under way ends with an error."""
        self._closed = True
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, request: httpx.Request) -> OriginPool:
        url = request.url
        key = (url.scheme, url.host, url.port)
        pool = self._pools.get(key)
        if pool is None:
            if url.scheme not in _PORTS or not url.host:
                raise httpx.UnsupportedProtocol("not http or https", request=request)
            tls = self._context() if url.scheme == "https" else None
            port = url.port or _PORTS[url.scheme]
            pool = OriginPool(url.host, port, tls=tls, limits=self._limits, resolver=self._resolver)
            self._pools[key] = pool
        return pool

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls


class _Exchange:
    """One request and its answer over a connection of the pool."""

    def __init__(self, pool: OriginPool, request: httpx.Request, timeouts: dict[str, float | None]) -> None:
        self._pool = pool
        self._request = request
        self._timeouts = timeouts
        self._connection: Connection | None = None
        self._ended = False

    async def begin(self, data: bytes) -> Head:
        """Send, and wait for the head of the answer."""
        repeatable = self._request.method in SAFE_METHODS or bool(self._request.extensions.get("repeatable"))
        kept = self._pool.take_idle() if repeatable else None
        if kept is not None:
            self._connection = kept
            try:
                return await self._send_and_read_head(kept, data)
            except ConnectionFault as fault:
                if not fault.untouched:
                    raise self._error(fault) from fault
                self._pool.discard(kept)
                self._connection = None
        connection = self._connection = await self._open_connection()
        try:
            return await self._send_and_read_head(connection, data)
        except ConnectionFault as fault:
            raise self._error(fault) from fault

    def response(self, head: Head) -> httpx.Response:
        """The response; its body is here already, or is read from the connection."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("nothing was asked")
        extensions: dict[str, Any] = {"http_version": f"HTTP/{head.version}".encode()}
        body = connection.take()
        if body is not None:
            self.end()
            return httpx.Response(head.status, headers=head.headers, stream=_WholeBody(body), extensions=extensions)
        return httpx.Response(head.status, headers=head.headers, stream=_Body(self), extensions=extensions)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in parts."""
        connection = self._connection
        while connection is not None and not self._ended:
            try:
                async with asyncio.timeout(self._timeouts.get("read")):
                    chunk = await connection.read_chunk()
            except TimeoutError as error:
                raise httpx.ReadTimeout("no more of the body came", request=self._request) from error
            except ConnectionFault as fault:
                raise self._error(fault) from fault
            if chunk is None:
                self.end()
                return
            yield chunk

    def end(self) -> None:
        """Give the connection back; one whose answer was not read to its end is closed."""
        if self._ended or self._connection is None:
            return
        self._ended = True
        self._pool.give_back(self._connection)

    def abandon(self) -> None:
        """Close the connection, since the answer is not waited for."""
        if self._ended:
            return
        self._ended = True
        if self._connection is not None:
            self._pool.discard(self._connection)
        self._pool.free()

    async def _open_connection(self) -> Connection:
        try:
            return await self._pool.open_connection(connect_seconds=self._timeouts.get("connect"))
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time", request=self._request) from error
        except NotTrusted as error:
            raise ServerNotTrusted(str(error), request=self._request) from error
        except CertificateNotTaken as error:
            raise CertificateRefused(str(error), request=self._request) from error
        except CannotConnect as error:
            raise httpx.ConnectError(str(error), request=self._request) from error

    async def _send_and_read_head(self, connection: Connection, data: bytes) -> Head:
        try:
            async with asyncio.timeout(self._timeouts.get("read")):
                await connection.send(data, head_only=self._request.method == "HEAD")
                return await connection.read_head()
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=self._request) from error

    def _error(self, fault: ConnectionFault) -> httpx.TransportError:
        if isinstance(fault, CertificateFault):
            return CertificateRefused(str(fault), request=self._request)
        if isinstance(fault, Malformed):
            return httpx.RemoteProtocolError(str(fault), request=self._request)
        return httpx.RemoteProtocolError("the connection was closed before the answer ended", request=self._request)


class _WholeBody(httpx.AsyncByteStream):
    """A body that came with the head."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._content:
            yield self._content


class _Body(httpx.AsyncByteStream):
    """A body that is read as it comes."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._exchange.chunks():
                yield chunk
        except BaseException:
            self._exchange.abandon()
            raise

    async def aclose(self) -> None:
        self._exchange.end()


async def _encode_request(request: httpx.Request) -> bytes:
    """The bytes of a request; raises LocalProtocolError where a header would break out of its line."""
    body = await request.aread()
    target = request.extensions.get("target") or request.url.raw_path
    lines = [request.method.encode("ascii"), b" ", target, b" HTTP/1.1\r\n"]
    for name, value in request.headers.raw:
        lines += (name, b": ", value, b"\r\n")
        if any(sign in name or sign in value for sign in _SIGNS):
            raise httpx.LocalProtocolError("a header holds a line break", request=request)
    if any(sign in target for sign in _SIGNS) or b" " in target or not request.method.isalpha():
        raise httpx.LocalProtocolError("not a request line", request=request)
    lines += _encode_body(request, body)
    return b"".join(lines)


def _encode_body(request: httpx.Request, body: bytes) -> list[bytes]:
    """The end of the head and the body; a body that httpx would send in chunks is sent as one chunk."""
    if "transfer-encoding" not in request.headers:
        return [b"\r\n", body]
    last = [b"%x\r\n" % len(body), body, b"\r\n"] if body else []
    return [b"\r\n", *last, b"0\r\n\r\n"]
