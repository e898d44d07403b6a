"""ASGI applications on real sockets of this machine, within the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@asynccontextmanager
async def served(app: ASGIApp, *, keep_alive: int = 5) -> AsyncIterator[str]:
    """The address of the application while it is served; idle connections are closed after so many seconds."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, lifespan="off", log_level="critical", timeout_keep_alive=keep_alive
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class Gate:
    """Lets a partner's answers to one route wait, before their head or between the halves of their body.

    `arrived` is set once the first answer waits; it goes on when `opened` is set.
    """

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.route = ""
        self.halves = False
        self.arrived, self.opened = asyncio.Event(), asyncio.Event()

    def hold(self, route: str, *, halves: bool = False) -> None:
        """Hold the answers of paths with this part from now on."""
        self.route, self.halves = route, halves
        self.arrived, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            raise RuntimeError("nothing stands behind the gate")
        held = bool(self.route) and self.route in scope.get("path", "")
        await self.app(scope, receive, self._holding(send) if held else send)

    def _holding(self, send: Send) -> Send:
        async def holding(message: Message) -> None:
            if not self.halves and message["type"] == "http.response.start":
                await self._wait()
            body = message.get("body", b"") if self.halves and message["type"] == "http.response.body" else b""
            if len(body) > 1:
                await send({**message, "body": body[: len(body) // 2], "more_body": True})
                await self._wait()
                message = {**message, "body": body[len(body) // 2 :]}
            await send(message)

        return holding

    async def _wait(self) -> None:
        self.arrived.set()
        await self.opened.wait()
