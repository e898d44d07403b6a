"""Clients of streams that speak ASGI, so that a test needs no port and no time."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp

from gateway.streams.messages import SUBPROTOCOL

PATIENCE = 10.0
"""Seconds after which a test gives up; nothing waits so long where all is well."""


class Peer:
    """One socket from its client's side."""

    def __init__(
        self, app: ASGIApp, *, subprotocols: Sequence[str], headers: Mapping[str, str], address: str = "127.0.0.1"
    ) -> None:
        self._app = app
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.accepted: str | None = None
        self.code: int | None = None
        self.reason = ""
        self.over = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": list(subprotocols),
            "client": (address, 1),
            "server": ("gateway.test", 80),
        }

    async def run(self) -> None:
        """Let the server serve this socket to its end."""
        self._to_server.put_nowait({"type": "websocket.connect"})
        try:
            await self._app(self._scope, self._to_server.get, self._take)
        finally:
            self.over.set()

    async def _take(self, message: Any) -> None:
        await self.reading.wait()
        match message["type"]:
            case "websocket.accept":
                self.accepted = message.get("subprotocol") or ""
            case "websocket.send":
                self._heard.put_nowait(json.loads(message["text"]))
            case "websocket.close":
                self.code, self.reason = message.get("code", 1000), message.get("reason", "")

    def say(self, message: Any) -> None:
        """Send a message; text goes as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    def say_octets(self, octets: bytes) -> None:
        """Send a binary frame."""
        self._to_server.put_nowait({"type": "websocket.receive", "bytes": octets})

    def leave(self) -> None:
        """Close the socket from this side."""
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def hear(self) -> dict[str, Any]:
        """The next message of the server."""
        async with asyncio.timeout(PATIENCE):
            return await self._heard.get()

    def nothing_heard(self) -> bool:
        """Whether no message waits."""
        return self._heard.empty()

    async def closed(self) -> tuple[int | None, str]:
        """How the server closed it."""
        async with asyncio.timeout(PATIENCE):
            await self.over.wait()
        return self.code, self.reason

    async def begin(self, **payload: Any) -> dict[str, Any]:
        """Introduce oneself and give the answer."""
        self.say({"type": "connection_init", "payload": payload})
        return await self.hear()

    def subscribe(self, name: str, query: str, /, **variables: Any) -> None:
        """Ask for an operation."""
        self.say({"id": name, "type": "subscribe", "payload": {"query": query, "variables": variables}})


@asynccontextmanager
async def a_peer(
    app: ASGIApp,
    *,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
    headers: Mapping[str, str] | None = None,
    address: str = "127.0.0.1",
) -> AsyncIterator[Peer]:
    """A socket that is open until the end of the context."""
    peer = Peer(app, subprotocols=subprotocols, headers=headers or {}, address=address)
    task = asyncio.create_task(peer.run())
    await asyncio.sleep(0)
    try:
        yield peer
    finally:
        peer.reading.set()
        peer.leave()
        async with asyncio.timeout(PATIENCE):
            await task


class Reader:
    """A client of a stream over HTTP."""

    def __init__(self, app: ASGIApp, body: Any, accept: str, headers: Mapping[str, str]) -> None:
        self._app = app
        self._body = json.dumps(body).encode()
        self._left = asyncio.Event()
        self._asked = False
        self._parts: asyncio.Queue[bytes] = asyncio.Queue()
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.over = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        sent = {"accept": accept, "content-type": "application/json", **headers}
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("gateway.test", 80),
        }

    async def run(self) -> None:
        """Let the server answer to the end."""
        try:
            await self._app(self._scope, self._give, self._take)
        finally:
            self.over.set()

    async def _give(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _take(self, message: Any) -> None:
        await self.reading.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self._parts.put_nowait(message.get("body", b""))

    def leave(self) -> None:
        """Close the connection."""
        self._left.set()

    async def part(self) -> str:
        """What the server wrote next."""
        async with asyncio.timeout(PATIENCE):
            return (await self._parts.get()).decode()

    async def rest(self) -> str:
        """Everything that is still written, to the end."""
        async with asyncio.timeout(PATIENCE):
            await self.over.wait()
        text = b""
        while not self._parts.empty():
            text += self._parts.get_nowait()
        return text.decode()


@asynccontextmanager
async def a_reader(
    app: ASGIApp, query: str, accept: str, /, *, headers: Mapping[str, str] | None = None, **variables: Any
) -> AsyncIterator[Reader]:
    """A stream over HTTP that is open until the end of the context."""
    reader = Reader(app, {"query": query, "variables": variables}, accept, headers or {})
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        reader.reading.set()
        reader.leave()
        async with asyncio.timeout(PATIENCE):
            await task
