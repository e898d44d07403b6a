"""UMANG's door over a seeded world, and the one who calls it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.kernel import Source, SystemClock
from integrations.calling.monitor import SourceMonitor
from tests.support.built import built
from tests.support.graph import Down, World, environment, seed
from tests.support.umang import Portal, a_portal, make_keys


@pytest.fixture(scope="session")
def graph():
    """The schema, built once."""
    return built()


@pytest.fixture(scope="session")
def umang_keys(tmp_path_factory) -> Path:
    """Keys of UMANG's stand-in, made once."""
    return make_keys(tmp_path_factory.mktemp("umang-keys"), SystemClock())


@pytest.fixture
async def world(graph, sqlite_store, store_keyrings, store_clock, tmp_path) -> World:
    """A seeded world on SQLite."""
    down = Down()
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", down)
    await seed(env)
    return World(graph, env, SourceMonitor([Source.DIGILOCKER]), down)


@pytest.fixture
async def portal(world: World, umang_keys: Path, tmp_path: Path) -> AsyncIterator[Portal]:
    """The door, with Asha's account linked and Ravi's not."""
    async with a_portal(world, umang_keys, tmp_path, burst=1000) as opened:
        await opened.link()
        yield opened
