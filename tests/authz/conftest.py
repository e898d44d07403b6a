"""One world with one of each thing, for the whole matrix."""

import pytest

from tests.schema.conftest import graph, world
from tests.support.authz import Things, everything

__all__ = ["graph", "world"]


@pytest.fixture
async def things(world) -> Things:
    return await everything(world)
