"""The world that tests of the graph ask."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.kernel import Source
from integrations.calling.monitor import SourceMonitor
from tests.support.built import built
from tests.support.graph import Down, World, environment, seed
from tests.support.held import Held, held_world, keys_of_sandboxes, neighbours
from tests.support.served import Gate


@pytest.fixture(scope="session")
def graph():
    """The schema, built once."""
    return built()


@pytest.fixture
async def world(graph, sqlite_store, store_keyrings, store_clock, tmp_path) -> World:
    """A seeded world on SQLite."""
    return await seeded(graph, sqlite_store, store_keyrings, store_clock, tmp_path)


@pytest.fixture
async def each_world(graph, store, store_keyrings, store_clock, tmp_path) -> World:
    """A seeded world on each database."""
    return await seeded(graph, store, store_keyrings, store_clock, tmp_path)


async def seeded(graph, store, keyrings, clock, folder) -> World:
    down = Down()
    env = environment(store, keyrings, clock, folder / "objects", down)
    await seed(env)
    return World(graph, env, SourceMonitor([Source.DIGILOCKER]), down)


@pytest.fixture(scope="session")
def sandbox_keys(tmp_path_factory) -> Path:
    """The keys of DigiLocker's and API Setu's sandboxes, made once: they take time."""
    return keys_of_sandboxes(tmp_path_factory.mktemp("sandbox-keys"))


@pytest.fixture
async def held(graph, sqlite_store, store_keyrings, store_clock, tmp_path, sandbox_keys) -> AsyncIterator[Held]:
    """Asha's documents at sandboxes of their own; her locker is linked."""
    keys = tmp_path / "sandboxes"
    shutil.copytree(sandbox_keys, keys)
    async with held_world(graph, sqlite_store, store_keyrings, store_clock, tmp_path, keys) as world:
        await world.link()
        yield world


@pytest.fixture
def gate() -> Gate:
    """Stands before DigiLocker where everything speaks over real sockets."""
    return Gate()


@pytest.fixture
async def wired(graph, sqlite_store, store_keyrings, store_clock, tmp_path, sandbox_keys, gate) -> AsyncIterator[Held]:
    """The same over real sockets, with both citizens linked."""
    keys = tmp_path / "sandboxes"
    shutil.copytree(sandbox_keys, keys)
    async with held_world(graph, sqlite_store, store_keyrings, store_clock, tmp_path, keys, gate) as world:
        for key, _ in neighbours():
            await world.link(key)
        yield world
