"""A training home over the catalogue of the default state."""

from collections.abc import AsyncIterator

import pytest

from tests.support.actions import World
from tests.support.built import built
from tests.support.training import TrainingHome, training_home


@pytest.fixture(scope="session")
def graph():
    """The schema, built once."""
    return built()


@pytest.fixture
async def home(sqlite_peopled: World, graph) -> AsyncIterator[TrainingHome]:
    """A gateway for training."""
    async with training_home(sqlite_peopled.env, graph) as opened:
        yield opened
