"""Raw servers on loopback that answer as a script says, and our own transport in front of them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from integrations.calling.http_transport import OwnTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n5;x=y\r\n and \r\n2\r\nno\r\n0\r\nT: 1\r\n\r\n"
)


class Server:
    """A server that answers as its script says and counts connections and requests."""

    def __init__(self, *answers: bytes | None, each: Callable[[bytes], bytes] | None = None, hold: float = 0.0) -> None:
        self.answers = list(answers)
        self.each = each
        self.hold = hold
        self.connections = self.ended = 0
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.bodies.append(await _body(reader, head))
                await asyncio.sleep(self.hold)
                answer = self.each(head) if self.each else self.answers.pop(0) if self.answers else OK
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer or answer.endswith(b"<EOF>"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended += 1
            writer.close()

    def url(self, path: str = "/") -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}{path}"


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return await reader.readexactly(int(value))
        if name.lower() == b"transfer-encoding":
            return await reader.readuntil(b"0\r\n\r\n")
    return b""


@asynccontextmanager
async def serving(handler: Any, tls: ssl.SSLContext | None = None) -> AsyncIterator[Any]:
    """Serve on a free port, which the handler is told as its `port`."""
    tasks: set[asyncio.Task[None]] = set()

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        tasks.add(task)
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(handled, "127.0.0.1", 0, ssl=tls)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # the loop closes the sockets


def client(**options: Any) -> httpx.AsyncClient:
    """httpx over our own transport."""
    return httpx.AsyncClient(transport=OwnTransport(**options), timeout=5)


def closing(body: bytes) -> bytes:
    """An answer whose body ends with the connection."""
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
