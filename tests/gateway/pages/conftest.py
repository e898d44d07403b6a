"""The pages over a seeded world, and browsers of its people."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import httpx
import pytest

from domain.kernel import OfficerLevel, PersonKind, Posting, Role, Source, Subject
from gateway.http.edge import Edge
from integrations.calling.monitor import SourceMonitor
from tests.support.built import built
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, Down, World, environment, seed
from tests.support.pages import URL, browser_of, pages_app

_HEARS = Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE)
AUTHORITY = Subject(frozenset({Role.APPELLATE}), PersonKind.OFFICER, "01930000-0000-7000-8000-000000000109", (_HEARS,))
_ANSWERS = Posting(Role.HELPLINE)
HELPLINE = Subject(frozenset({Role.HELPLINE}), PersonKind.OFFICER, "01930000-0000-7000-8000-000000000110", (_ANSWERS,))
PEOPLE = {"asha": CITIZEN, "ravi": NEIGHBOUR, "anita": OFFICER, "meera": AUTHORITY, "kavita": HELPLINE}

Browse = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def graph():
    """The schema, built once."""
    return built()


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
    return partial(browser_of, pages_app(world.graph, world.environment, PEOPLE, monitor=world.monitor, edge=edge))
