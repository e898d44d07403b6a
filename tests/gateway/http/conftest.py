"""A small graph behind the real endpoint, without a port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from strawberry.types import ExecutionContext

from domain.kernel import (
    ErrorCode,
    Language,
    NotSignedIn,
    Problem,
    Problems,
    SystemClock,
    SystemIds,
    language_from_header,
)
from gateway.graphql.endpoint import Edge, GraphQLEndpoint, OperationRecord, RequestFacts
from integrations.calling.deadline import seconds_left
from schema.kernel.errors import replace_errors

ORIGIN = "http://gateway.test"
GOOD_TOKEN = "good-token"


@dataclass
class Signals:
    replayed: bool = False


@dataclass
class Context:
    request_id: str
    language: Language
    token: str | None
    signals: Signals = field(default_factory=Signals)


@strawberry.type
class Leaf:
    name: str = "पत्ता"

    @strawberry.field
    def leaf(self) -> "Leaf":
        return Leaf()


@strawberry.type
class Query:
    leaf: Leaf = strawberry.field(resolver=Leaf)

    @strawberry.field
    def hello(self, name: str = "अपुणी") -> str:
        return f"नमस्ते {name}"

    @strawberry.field
    def who(self, info: strawberry.Info) -> str | None:
        return info.context.token

    @strawberry.field
    def seconds(self) -> int:
        return round(seconds_left(SystemClock(), 60))

    @strawberry.field
    def broken(self) -> str:
        raise RuntimeError("the password is swordfish")

    @strawberry.field
    def refused(self) -> str | None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN))

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.Event().wait()
        return "never"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def write(self, info: strawberry.Info) -> int:
        info.context.signals.replayed = True
        return round(seconds_left(SystemClock(), 60))


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        assert execution_context is not None
        context = execution_context.context
        replace_errors(errors, context.language, context.request_id)


async def make_context(facts: RequestFacts) -> Context:
    if facts.token not in (None, GOOD_TOKEN):
        raise NotSignedIn
    if facts.idempotency_key == "store-is-away":
        raise ConnectionError("no")
    return Context(facts.request_id, language_from_header(facts.accept_language), facts.token)


@pytest.fixture
def records() -> list[OperationRecord]:
    return []


@pytest.fixture
def make_edge(records: list[OperationRecord]) -> Callable[..., Edge]:
    clock = SystemClock()

    def make(**options: Any) -> Edge:
        given = {"origins": (ORIGIN,), "introspection": True, "observe": records.append}
        return Edge(clock, SystemIds(clock), **(given | options))

    return make


@pytest.fixture
def edge(make_edge: Callable[..., Edge]) -> Edge:
    return make_edge(page=lambda request: PlainTextResponse("page"))


GRAPH = Schema(Query, Mutation)


def application(edge: Edge) -> Starlette:
    return Starlette(routes=[Route("/graphql", GraphQLEndpoint(GRAPH, make_context, edge))])


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application(edge))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as opened:
        yield opened


@pytest.fixture
def application_of() -> Callable[[Edge], httpx.AsyncClient]:
    def open_client(edge: Edge) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=application(edge)), base_url=ORIGIN)

    return open_client
