"""A gateway process of its own over a store that a test made: the real endpoint, edge, streams and sessions.

Only the outside systems stand in, as in tests/support/graph.py. Run as
`python -m tests.support.gateway_process STORE_URL KEYS_FOLDER PORT CACHE_URL`; a CACHE_URL of `-` is none.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from gateway.settings.limits import Rates
    from gateway.streams.fanout import Fanout

START_SECONDS = 60
WAKES_ONLY = 3600.0
"""Seconds between looks of a process that is to hear of changes by the bus alone."""


@asynccontextmanager
async def a_gateway(
    store_url: str,
    keys: Path,
    port: int,
    cache_url: str | None = None,
    *,
    look_seconds: float = 0.2,
    rates: "Rates | None" = None,
) -> AsyncIterator[uvicorn.Server]:
    """The server of a gateway, not yet started; give it its own loop time by `serve`."""
    from actions.identity.sessions import person_of_token
    from domain.kernel import SystemClock
    from domain.platform.switches import Switchboard
    from gateway import sign_in
    from gateway.app import graphql_routes
    from gateway.http.callers import Callers
    from gateway.http.edge import Edge
    from gateway.http.protocol import server_options
    from gateway.http.rates import RateLimits
    from gateway.settings.limits import Server
    from gateway.settings.settings import Settings
    from gateway.settings.subscriptions import Streams
    from gateway.streams.streams import open_streams
    from integrations.calling.monitor import SourceMonitor
    from schema import build
    from store.database import FieldCipher, Keyrings, Store
    from tests.support.graph import Down, environment

    keyrings, clock = Keyrings(keys), SystemClock()
    settings = Settings(port=port, graphiql=False)
    streams = Streams(look_seconds=look_seconds, init_seconds=3.0, keep_alive_seconds=1.0, session_seconds=0.5)
    async with AsyncExitStack() as stack:
        store = await Store.open(store_url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        env = environment(store, keyrings, clock, keys / "objects", Down())
        house: Any = _House(env, SourceMonitor([]), Switchboard())
        callers = Callers(clock.monotonic, lambda token: person_of_token(env, token))
        limits = RateLimits(rates, clock) if rates else None
        edge = Edge(clock, env.ids, introspection=True, origins=(settings.url,), callers=callers, rates=limits)
        streaming = await stack.enter_async_context(
            open_streams(streams, store, cache_url, lambda: True, env.caches.sessions)
        )
        doors = graphql_routes(settings, house, edge, build(), streaming)
        ready = Route("/ready", lambda _: PlainTextResponse("yes"))
        app = Starlette(routes=[*doors, *sign_in.routes(settings), ready])
        app.state.environment = env
        app.state.feed = streaming.feed
        yield uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, lifespan="off", **server_options(Server())))


@asynccontextmanager
async def gateway_here(
    store_url: str,
    keys: Path,
    port: int,
    cache_url: str | None = None,
    *,
    look_seconds: float = 0.2,
    rates: "Rates | None" = None,
) -> "AsyncIterator[GatewayProcess]":
    """A gateway in this process, over real sockets."""
    async with a_gateway(store_url, keys, port, cache_url, look_seconds=look_seconds, rates=rates) as server:
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield GatewayProcess(port, server.config.app.state.feed)  # type: ignore[union-attr]
        finally:
            server.should_exit = True
            await task


async def serve(store_url: str, keys: Path, port: int, cache_url: str | None, look_seconds: float) -> None:
    """Serve until SIGTERM."""
    async with a_gateway(store_url, keys, port, cache_url, look_seconds=look_seconds) as server:
        await server.serve()


@dataclass(frozen=True)
class _House:
    environment: Any
    monitor: Any
    switches: Any


@dataclass(frozen=True)
class GatewayProcess:
    """A gateway that runs; `feed` is what its streams follow, where it runs in this process."""

    port: int
    feed: "Fanout | None" = None

    @property
    def url(self) -> str:
        """The graph."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        """The graph, for sockets."""
        return f"ws://127.0.0.1:{self.port}/graphql"


@contextmanager
def gateway_process(
    store_url: str, keys: Path, port: int, cache_url: str | None = None, *, look_seconds: float = 0.2
) -> Iterator[GatewayProcess]:
    """Start one and wait until it answers; stop it at the end."""
    command = [sys.executable, "-m", "tests.support.gateway_process"]
    process = subprocess.Popen([*command, store_url, str(keys), str(port), cache_url or "-", str(look_seconds)])
    try:
        _wait(process, port)
        yield GatewayProcess(port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        try:
            httpx.get(f"http://127.0.0.1:{port}/ready", timeout=1.0)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the gateway process did not start")


async def a_token(env: Any, subject: Any, *, seconds: float = 3600.0) -> str:
    """A session of a subject and its token, for tests of what needs a real one."""
    from actions.identity.sessions import mint_session_token
    from domain.kernel import Provider
    from store.identity import sessions
    from store.identity.sessions import Session

    now = env.clock.now()
    ends = now + timedelta(seconds=seconds)
    new = Session(env.ids.key(), subject.kind, subject.person_id, Provider.MERI_PEHCHAAN, "HIGH", None, now, ends)
    await env.store.carry_out(lambda tx: sessions.add_session(tx, new))
    return mint_session_token(env, new)


if __name__ == "__main__":
    address, folder, number, cache, look = sys.argv[1:6]
    asyncio.run(serve(address, Path(folder), int(number), None if cache == "-" else cache, float(look)))
