"""A small graph with subscriptions behind the real edge and the real streams."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.types import ExecutionContext

from actions.platform.change_feed import TooSlow
from domain.kernel import (
    ANONYMOUS,
    ErrorCode,
    Language,
    NotSignedIn,
    PersonKind,
    Problem,
    Problems,
    Role,
    Subject,
    SystemClock,
    SystemIds,
    language_from_header,
)
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.http.callers import Callers
from gateway.http.calls import RequestFacts
from gateway.http.edge import Edge
from gateway.http.rates import RateLimits
from gateway.settings.limits import Rates
from gateway.settings.subscriptions import Streams
from gateway.streams.connection import SocketEndpoint
from gateway.streams.responses import HttpStreams
from gateway.streams.sessions import Sessions
from gateway.streams.streams import Streaming
from schema.kernel.errors import replace_errors
from tests.support.peers import PATIENCE, Peer, a_peer

ORIGIN = "http://gateway.test"
GOOD, OTHER = "good-token", "other-token"
SECOND = "second-token"
"""Another session of hers."""
ASHA = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, "asha", session_id="s1")


@dataclass
class Small:
    """What the resolvers share: how many streams are open, and whose token holds."""

    running: int = 0
    went_on: asyncio.Event = field(default_factory=asyncio.Event)
    good: set[str] = field(default_factory=lambda: {GOOD, SECOND})
    contexts: int = 0
    runs: int = 0
    """How often an event was run that asks for `run`."""
    together: int = 0
    most_together: int = 0
    loop: Any = None


@dataclass(frozen=True)
class Context:
    request_id: str
    language: Language
    subject: Subject
    small: Small
    number: int
    resume: str | None = None


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "अपुणी") -> str:
        return f"नमस्ते {name}"

    @strawberry.field
    def broken(self) -> str:
        raise RuntimeError("the password is swordfish")

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.Event().wait()
        return "never"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def write(self) -> int:
        return 1


@strawberry.type
class Tick:
    number: int
    cursor: str
    hidden: strawberry.Private[bool] = False
    change: strawberry.Private[str | None] = None

    async def seen_by(self, context: Any) -> bool:
        return not self.hidden

    @strawberry.field
    async def run(self, info: strawberry.Info) -> int:
        small: Small = info.context.small
        small.runs += 1
        small.together += 1
        small.most_together = max(small.most_together, small.together)
        await asyncio.sleep(0)
        small.together -= 1
        return small.runs

    @strawberry.field
    def context(self, info: strawberry.Info) -> int:
        return int(info.context.number)

    @strawberry.field
    def padding(self, size: int) -> str:
        return "x" * size

    @strawberry.field
    def refused(self) -> str | None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN))


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: strawberry.Info, to: int, hide: int = 0) -> AsyncGenerator[Tick | None, None]:
        start = int(info.context.resume or 0)
        for number in range(start + 1, to + 1):
            yield Tick(number=number, cursor=str(number), hidden=number == hide)

    @strawberry.subscription
    async def forever(self, info: strawberry.Info) -> AsyncGenerator[Tick | None, None]:
        small: Small = info.context.small
        small.loop = asyncio.get_running_loop()
        small.running += 1
        try:
            yield Tick(number=0, cursor="0")
            await small.went_on.wait()
            yield Tick(number=1, cursor="1")
            await asyncio.Event().wait()
        finally:
            small.running -= 1

    @strawberry.subscription
    async def changes(self, info: strawberry.Info, name: str = "") -> AsyncGenerator[Tick | None, None]:
        small: Small = info.context.small
        small.running += 1
        await small.went_on.wait()
        for number in range(3):
            yield Tick(number=number, cursor=str(number), change=f"change {number}")
        await asyncio.Event().wait()

    @strawberry.subscription
    async def too_slow(self) -> AsyncGenerator[Tick | None, None]:
        yield Tick(number=0, cursor="0")
        raise TooSlow

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[Tick | None, None]:
        yield Tick(number=0, cursor="0")
        raise RuntimeError("the password is swordfish")


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        assert execution_context is not None
        context = execution_context.context
        replace_errors(errors, context.language, context.request_id)


class NoFeed:
    """The small graph has no feed of changes."""


@dataclass
class SmallHouse:
    """The small graph, its doors, and what a test looks at."""

    app: Starlette
    socket: SocketEndpoint
    streaming: Streaming
    small: Small

    async def all_running(self, many: int) -> None:
        """Wait until so many subscriptions that wait for `went_on` run."""
        async with asyncio.timeout(PATIENCE):
            while self.small.running < many:
                await asyncio.sleep(0)

    def peer(self, **options: Any) -> Any:
        """A socket of a client."""
        return a_peer(self.socket, **options)


def small_house(
    store: Any = None, *, page: Any = None, rates: Rates | None = None, origin: str = ORIGIN, **settings: Any
) -> SmallHouse:
    """Make one whose pages lie at `origin`; `settings` are those of Streams."""
    small, clock = Small(), SystemClock()

    async def context(facts: RequestFacts) -> Context:
        if facts.token is not None and facts.token not in small.good:
            raise NotSignedIn
        small.contexts += 1
        subject = replace(ASHA, session_id="s2") if facts.token == SECOND else ASHA if facts.token else ANONYMOUS
        return Context(facts.request_id, language_from_header(facts.accept_language), subject, small, small.contexts)

    streams = Streams(**{"keep_alive_seconds": 5.0, **settings})
    streaming = Streaming(streams, Sessions(store, streams.session_seconds), NoFeed())  # type: ignore[arg-type]
    doors = HttpStreams(streaming)
    shown: Any = {"introspection": page is not None, "page": page}
    shown["callers"] = Callers(
        clock.monotonic, lambda token: (PersonKind.CITIZEN, "asha") if token in (GOOD, SECOND) else None
    )
    shown["rates"] = RateLimits(rates, clock) if rates else None
    edge = Edge(clock, SystemIds(clock), origins=(origin,), streams=doors, **shown)
    endpoint = GraphQLEndpoint(Schema(Query, Mutation, Subscription), context, edge)
    streaming.serve(endpoint.pipeline)
    socket = SocketEndpoint(streaming)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", socket)])
    return SmallHouse(app, socket, streaming, small)


__all__ = ["ASHA", "GOOD", "ORIGIN", "OTHER", "Peer", "SmallHouse", "small_house"]
