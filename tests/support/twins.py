"""Two processes' worth of the same world: two stores with connections of their own on one database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from actions.kernel import Environment
from domain.kernel import ManualClock, SystemIds
from store.database import FieldCipher, Keyrings, Store
from tests.support.actions import World
from tests.support.catalogued import Filled, copied, inhabited


@dataclass
class Twins:
    """A world, and the environment of a second process beside it."""

    world: World
    other: Environment

    @property
    def one(self) -> Environment:
        return self.world.env

    @property
    def on_postgresql(self) -> bool:
        return self.world.env.store.dialect == "postgresql"


@pytest.fixture
async def twins(
    peopled_url: str,
    catalogue_and_people: Filled,
    store_keyrings: Keyrings,
    store_clock: ManualClock,
    store_cipher: FieldCipher,
    tmp_path: Path,
) -> AsyncIterator[Twins]:
    second = await Store.open(peopled_url, cipher=store_cipher, clock=store_clock)
    ids = SystemIds(store_clock)
    async with copied(peopled_url, catalogue_and_people, store_keyrings, store_clock, tmp_path, ids) as env:
        yield Twins(inhabited(env, catalogue_and_people.people, store_clock), replace(env, store=second))
    await second.close()
