"""The world that tests of the graph ask."""

import pytest

import schema
from domain.sources import Source
from integrations.monitor import SourceMonitor
from tests.support.graph import Down, World, environment, seed


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
