"""A world whose appeals reach the Commission's sandbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.actions import World
from tests.support.commission import Court, a_court


@pytest.fixture
def court(world: World, tmp_path: Path) -> Iterator[Court]:
    with a_court(world.env, tmp_path) as court:
        yield court
