"""The small world that tests of verbs share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from actions.kernel import Environment
from domain.benefits.benefits import Sanction
from domain.kernel import ManualClock
from domain.payments.files import Transport
from store.database import Keyrings
from tests.support.actions import World
from tests.support.camps import Camps, camps_of
from tests.support.catalogued import Filled, a_copy
from tests.support.payments import Paying, with_pfms
from tests.support.pensions import granted_pension
from tests.support.plans import statements_of


@pytest.fixture
async def catalogued(
    catalogue_alone: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Environment]:
    """An environment whose store holds the catalogue and nobody."""
    async with a_copy(catalogue_alone, store_keyrings, store_clock, tmp_path) as env:
        yield env


@pytest.fixture
def world(sqlite_peopled: World) -> World:
    """The same with a few people, and partners that answer as told."""
    return sqlite_peopled


@pytest.fixture
def way() -> Transport:
    """By which way files go; a module that is about both names both."""
    return Transport.SFTP


@pytest.fixture
async def paying(peopled: World, tmp_path: Path, way: Transport) -> AsyncIterator[Paying]:
    """A world whose pensions go by files, on each database."""
    async with with_pfms(peopled, tmp_path, way) as made:
        yield made


@pytest.fixture
def statements() -> Callable[[Environment], AbstractContextManager[list[str]]]:
    return lambda env: statements_of(env.store)


@pytest.fixture
async def camps(world: World) -> Camps:
    """Who files rosters in that world."""
    return await camps_of(world.env)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder for old data."""
    folder = tmp_path / "old"
    folder.mkdir()
    return folder


@pytest.fixture
async def pension(world: World) -> Sanction:
    """A pension that was granted to Sunil."""
    return await granted_pension(world)
