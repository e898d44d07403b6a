"""The graph of a world at a real socket, with sessions, subscriptions and a feed, for two citizens who ask in turn."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import websockets
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from domain.kernel import Subject, SystemClock, SystemIds
from domain.platform.switches import Switchboard
from gateway.app import context_factory
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.http.edge import Edge
from gateway.settings.settings import Settings
from gateway.settings.subscriptions import Streams
from gateway.streams.connection import SocketEndpoint
from gateway.streams.fanout import Fanout
from gateway.streams.responses import HttpStreams
from gateway.streams.sessions import Sessions
from gateway.streams.streams import Streaming
from store.database import change_feed
from tests.support.gateway_process import a_token
from tests.support.graph import World
from tests.support.served import served

FOLLOW = "subscription { applicationChanged { cursor applicationId application { id number } } }"
SECONDS = 60.0
"""Far longer than anything here takes: the machine may be busy with much else."""


@dataclass
class Caller:
    """One of the two: her token, a socket that stays open, and what it was told of changes."""

    subject: Subject
    token: str
    socket: Any
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """What shows who she is."""
        return {"Authorization": f"Bearer {self.token}"}

    async def ask(self, name: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Ask on the socket on which she follows; what is told of changes meanwhile is kept."""
        payload = {"query": query, "variables": variables}
        await self.socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
        answer: dict[str, Any] = {}
        while True:
            message = await self._hear()
            if message.get("id") != name:
                continue
            if message["type"] == "complete":
                return answer
            answer = message["payload"]

    async def hear_of_change(self, after: int) -> None:
        """Wait until she was told of more changes than these."""
        while len(self.told) <= after:
            await self._hear()

    async def _hear(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message: dict[str, Any] = json.loads(await self.socket.recv())
        if message.get("id") == "follow" and message["type"] == "next":
            self.told.append(message["payload"])
        return message


@dataclass(frozen=True)
class Turns:
    """The door, one line of kept connections that both use, and the two."""

    url: str
    line: httpx.AsyncClient
    callers: tuple[Caller, ...]
    world: World

    async def ask(self, caller: Caller, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Ask over the connections that both share."""
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = (await self.line.post("/graphql", json=body, headers=caller.headers)).json()
        return answer

    async def ask_at_once(self, caller: Caller, bodies: list[dict[str, Any]]) -> httpx.Response:
        """Several operations in one request."""
        return await self.line.post("/graphql", json=bodies, headers=caller.headers)

    async def change(self) -> None:
        """Something happens to every application of both, in one transaction."""
        async with self.world.environment.store.write_transaction() as tx:
            for caller in self.callers:
                await change_feed.touch_all_of(tx, caller.subject.person_id or "")

    async def follow_once(self, caller: Caller) -> dict[str, Any]:
        """Open a stream of hers, and let something happen to both whenever it is silent, until she was told of it."""
        headers = caller.headers | {"Accept": "text/event-stream"}
        async with (
            asyncio.timeout(SECONDS),
            self.line.stream("POST", "/graphql", json={"query": FOLLOW}, headers=headers) as answer,
        ):
            async for text in answer.aiter_lines():
                if text.startswith("data: "):
                    event: dict[str, Any] = json.loads(text.removeprefix("data: "))
                    return event
                await self.change()
        raise AssertionError("the stream ended before anything was told")


@asynccontextmanager
async def turns(world: World, *subjects: Subject) -> AsyncIterator[Turns]:
    """Serve the graph at a socket; each of the subjects follows her applications on a socket of her own."""
    env, clock = world.environment, SystemClock()
    house: Any = SimpleNamespace(environment=env, monitor=world.monitor, switches=Switchboard())
    settings = Streams(messages_a_minute=100_000, keep_alive_seconds=0.2)
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Fanout(env.store, settings).run())
        streaming = Streaming(settings, Sessions(env.store, settings.session_seconds), feed)
        edge = Edge(clock, SystemIds(clock), streams=HttpStreams(streaming))
        endpoint = GraphQLEndpoint(world.graph, context_factory(house, Settings(), streaming.feed), edge)
        streaming.serve(endpoint.pipeline)
        doors = [Route("/graphql", endpoint), WebSocketRoute("/graphql", SocketEndpoint(streaming))]
        url = await stack.enter_async_context(served(Starlette(routes=doors), keep_alive=600))
        line = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=SECONDS))
        callers = [await _caller(stack, world, url, subject) for subject in subjects]
        yield Turns(url, line, tuple(callers), world)


async def _caller(stack: AsyncExitStack, world: World, url: str, subject: Subject) -> Caller:
    token = await a_token(world.environment, subject)
    address = url.replace("http://", "ws://") + "/graphql"
    connecting = websockets.connect(address, subprotocols=["graphql-transport-ws"], compression=None)  # type: ignore[list-item]
    socket = await stack.enter_async_context(connecting)
    hello = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    await socket.send(json.dumps(hello))
    assert json.loads(await socket.recv()) == {"type": "connection_ack"}
    await socket.send(json.dumps({"id": "follow", "type": "subscribe", "payload": {"query": FOLLOW}}))
    return Caller(subject, token, socket)
