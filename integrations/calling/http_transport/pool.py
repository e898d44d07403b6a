"""The pool of persistent connections to one origin."""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from integrations.calling.http_transport.connection import Connection
from integrations.calling.http_transport.handshakes import is_not_trusted, refuses_our_certificate


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections to one origin, how many of them are kept idle, and for how many seconds."""

    connections: int = 100
    idle: int = 20
    idle_seconds: float = 20.0


Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses that a host may be connected at; raises OSError where there is none."""


class CannotConnect(Exception):
    """No address of the host took the connection."""


class NotTrusted(CannotConnect):
    """The peer's certificate is none that we trust, or not one of its name."""


class CertificateNotTaken(CannotConnect):
    """The peer does not take our certificate, or wants one that we do not show."""


class OriginPool:
    """Opens, keeps and closes the connections to one scheme, host and port."""

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None, limits: Limits, resolver: Resolver | None
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._limits = limits
        self._resolver = resolver
        self._idle: deque[Connection] = deque()
        self._places = asyncio.Semaphore(limits.connections)
        self._open: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def acquire(self, *, pool_seconds: float | None) -> None:
        """Wait for a place; raises TimeoutError."""
        if not self._places.locked():
            await self._places.acquire()
            return
        async with asyncio.timeout(pool_seconds):
            await self._places.acquire()

    def take_idle(self) -> Connection | None:
        """The connection used last of those that are idle, if the peer has not closed it."""
        oldest = asyncio.get_running_loop().time() - self._limits.idle_seconds
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.idle_since > oldest:
                return connection
            self._drop(connection)
        return None

    async def open_connection(self, *, connect_seconds: float | None) -> Connection:
        """A new connection; raises CannotConnect and TimeoutError."""
        async with asyncio.timeout(connect_seconds):
            connection = await self._connect_to_host()
        self._open.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection if it may be used again, else close it; and free the place."""
        self._places.release()
        if not connection.release() or len(self._idle) >= self._limits.idle:
            self._drop(connection)
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweep_later()

    def free(self) -> None:
        """Give up a place that no connection was made for."""
        self._places.release()

    def discard(self, connection: Connection) -> None:
        """Close a connection at once, without freeing a place."""
        connection.abort()
        self._open.discard(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for connection in list(self._open):
            connection.abort()
        self._open.clear()
        self._idle.clear()
        await asyncio.sleep(0)  # let the loop close the sockets

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._open.discard(connection)

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(self._limits.idle_seconds, self._sweep)

    def _sweep(self) -> None:
        oldest = asyncio.get_running_loop().time() - self._limits.idle_seconds
        while self._idle and (not self._idle[0].usable or self._idle[0].idle_since <= oldest):
            self._drop(self._idle.popleft())
        self._sweeping = None
        if self._idle:
            self._sweep_later()

    async def _connect_to_host(self) -> Connection:
        addresses = [self._host] if self._resolver is None else await self._resolve_host()
        for address in addresses:
            try:
                return await self._connect_at(address)
            except ssl.SSLError as error:
                raise _tls_trouble(error) from error
            except OSError:
                continue
        raise CannotConnect("refused")

    async def _resolve_host(self) -> Sequence[str]:
        if self._resolver is None:
            return [self._host]
        try:
            return await self._resolver(self._host, self._port)
        except OSError as error:
            raise CannotConnect("no_address") from error

    async def _connect_at(self, address: str) -> Connection:
        name = self._host if self._tls is not None else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            Connection, address, self._port, ssl=self._tls, server_hostname=name
        )
        return connection


def _tls_trouble(error: ssl.SSLError) -> CannotConnect:
    if is_not_trusted(error):
        return NotTrusted("tls")
    return CertificateNotTaken("tls") if refuses_our_certificate(error) else CannotConnect("tls")
