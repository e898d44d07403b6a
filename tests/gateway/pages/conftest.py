"""The pages over a seeded world, and browsers of its people."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette

import schema
from actions.identity.sessions import subject_for_token
from domain.kernel import (
    ANONYMOUS,
    Language,
    OfficerLevel,
    PersonKind,
    Posting,
    Role,
    Source,
    Subject,
)
from gateway.graphql.pipeline import Pipeline
from gateway.http.calls import RequestFacts
from gateway.http.edge import Edge
from gateway.operations.published import PublishedOperations
from gateway.pages.addresses import PAGES
from gateway.pages.rendering import Pages
from gateway.pages.site import APP, Site
from gateway.settings.portal import Portal
from integrations.calling.monitor import SourceMonitor
from schema.kernel import Context
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, Down, World, environment, seed

URL = "http://gateway.test"
_HEARS = Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE)
AUTHORITY = Subject(frozenset({Role.APPELLATE}), PersonKind.OFFICER, "01930000-0000-7000-8000-000000000109", (_HEARS,))
PEOPLE = {"asha": CITIZEN, "ravi": NEIGHBOUR, "anita": OFFICER, "meera": AUTHORITY}

Browse = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def graph():
    """The schema, built once."""
    return schema.build()


@pytest.fixture
async def world(graph, sqlite_store, store_keyrings, store_clock, tmp_path) -> World:
    """A seeded world on SQLite."""
    down = Down()
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", down)
    await seed(env)
    return World(graph, env, SourceMonitor([Source.DIGILOCKER]), down)


@pytest.fixture
def edge(world: World) -> Edge:
    """The edge that the operations of pages go through; without rates, and nobody observes it."""
    return Edge(world.environment.clock, world.environment.ids, origins=(URL,))


@pytest.fixture
def browse(world: World, edge: Edge) -> Browse:
    """Opens the browser of a person by her name or by the token of a session; of a stranger without one."""
    env = world.environment

    async def context(facts: RequestFacts) -> Context:
        known = PEOPLE.get(facts.token) if facts.token else ANONYMOUS
        subject = known or await subject_for_token(env, facts.token or "")
        language = Language(facts.accept_language or "hi")
        return Context("request-1", subject, language, env, world.monitor, facts.idempotency_key)

    pipeline = Pipeline(world.graph, context, edge)
    pages = Pages(Portal(), env.clock, env.ids)
    app = Starlette(routes=Site(PublishedOperations(pipeline, APP), pages).routes(PAGES))
    app.state.pages = pages

    @asynccontextmanager
    async def opened(person: str | None = None, language: str = "en") -> AsyncIterator[httpx.AsyncClient]:
        headers = {"accept": "text/html", "accept-language": language, "sec-fetch-site": "same-origin"}
        cookies = {"apuni_session": person} if person else {}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=URL, headers=headers, cookies=cookies) as client:
            yield client

    return opened
