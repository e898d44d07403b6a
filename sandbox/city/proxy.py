"""The fault proxy in front of one sandbox: a TCP port whose connections can be made to fail.

Without a transport fault it copies bytes both ways. While one is set, every connection carries one
exchange only (the proxy adds `Connection: close`), so that faults go by route and by number of call.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from functools import partial

from sandbox.city.connected import ConnectionSet
from sandbox.city.faults import TRANSPORT_KINDS, Fault, Faults

_CHUNK = 65_536
_LINGER_NONE = struct.pack("ii", 1, 0)

Doors = dict[int, str]
"""For each connection from a proxy to the city, the local port it comes from and the proxy's system."""


class FaultProxy:
    """One listening port on loopback for one system.

    `upstream` is the city's port. `doors` is filled with the ports that connections to it come from, so
    that the city can tell through which system's proxy a request came.
    """

    def __init__(self, system: str, faults: Faults, upstream: int, doors: Doors) -> None:
        self.port = 0
        self._faults = faults
        self._upstream = partial(_Upstream, upstream, system, doors)
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._connected = ConnectionSet(self._serve_or_reset)

    @property
    def connections(self) -> int:
        """How many callers are connected now."""
        return len(self._connected)

    async def start(self, place: socket.socket) -> None:
        """Listen on a socket that `bind_loopback` made."""
        self._held = place
        self.port = int(place.getsockname()[1])
        await self._listen()

    async def refresh(self) -> None:
        """Take up changed transport faults. Connections that are open are cut, since they know the old ones."""
        await self._connected.cut()
        if self._faults.active_faults(frozenset({"refuse"})):
            self._close_port()
        elif self._server is None:
            await self._listen()

    async def stop(self) -> None:
        """Close the port and cut every connection."""
        if self._server is not None:
            self._server.close()
        if self._held is not None:
            self._held.close()
        self._server = self._held = None
        await self._connected.end()

    async def _listen(self) -> None:
        held, self._held = self._held, None
        self._server = await asyncio.start_server(self._connected.accept_connection, sock=held)

    def _close_port(self) -> None:
        """Close the listening socket. A bound socket that does not listen keeps the port ours."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._held = bind_loopback(self.port, fallback=False)

    async def _serve_or_reset(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, asyncio.CancelledError):
            reset(writer)  # `refresh` and `stop` cancel; nobody waits for this task

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._faults.touches(TRANSPORT_KINDS):
            async with self._upstream() as (city, to_city):
                await copy_both_ways(reader, writer, city, to_city)
            return
        head = await reader.readuntil(b"\r\n\r\n")
        fault = self._fault_for(head)
        if fault is not None and fault.kind == "blackhole":
            await _drain(reader)
            return
        async with self._upstream() as (city, to_city):
            to_city.write(_with_connection_close(head))
            body = asyncio.create_task(_copy(reader, to_city))
            try:
                await _answer(fault, city, writer)
            finally:
                body.cancel()

    def _fault_for(self, head: bytes) -> Fault | None:
        target = head.split(b" ", 2)[1].decode("latin-1")
        route = "/" + target.partition("?")[0].lstrip("/").partition("/")[2]
        found = [self._faults.match(kind, route) for kind in ("blackhole", "reset", "drip")]
        return next((fault for fault in found if fault is not None), None) or self._faults.chance_fault(TRANSPORT_KINDS)


class _Upstream:
    """A connection to the city, listed in `doors` for as long as it is open."""

    def __init__(self, port: int, system: str, doors: Doors) -> None:
        self._port, self._system, self._doors = port, system, doors

    async def __aenter__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._place = int(self._writer.get_extra_info("sockname")[1])
        self._doors[self._place] = self._system
        return reader, self._writer

    async def __aexit__(self, *_exc: object) -> None:
        self._doors.pop(self._place, None)
        self._writer.close()


async def _answer(fault: Fault | None, city: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Give the city's one answer to the caller, in the way that the fault says."""
    if fault is None:
        await _copy(city, writer)
        return
    head = await city.readuntil(b"\r\n\r\n")
    body = await city.read(-1)
    writer.write(head)
    if fault.kind == "reset":
        writer.write(body[: len(body) // 2])
        await writer.drain()
        reset(writer)
        return
    for octet in body:
        writer.write(bytes((octet,)))
        await writer.drain()
        await asyncio.sleep(float(fault.params.get("seconds", 0.4)))


async def copy_both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    city: asyncio.StreamReader,
    to_city: asyncio.StreamWriter,
) -> None:
    """Copy until either side ends its sending, then end both: no caller of ours half-closes."""
    copies = [asyncio.create_task(_copy(reader, to_city)), asyncio.create_task(_copy(city, writer))]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()


def _with_connection_close(head: bytes) -> bytes:
    """The request head, asking that the connection be closed after the answer."""
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()


async def _drain(source: asyncio.StreamReader) -> None:
    """Take what comes and say nothing, until the caller goes away."""
    while await source.read(_CHUNK):
        pass


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()


def bind_loopback(port: int, *, fallback: bool = True) -> socket.socket:
    """A TCP socket bound on loopback to this port; where it is taken and `fallback` is set, to any free one.

    A bound socket that does not listen refuses connections.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        if error.errno != errno.EADDRINUSE or not port or not fallback:
            raise
        return bind_loopback(0)
    return sock
