"""A citizen with a telephone."""

from dataclasses import replace

import pytest

from domain.kernel import Language
from store.identity import people
from tests.support.actions import World
from tests.support.messages import DAY, MOBILE
from tests.support.phones import Phones, with_phones


@pytest.fixture
def world(peopled: World) -> World:
    """On each database: what is claimed and in which order is said in SQL."""
    return peopled


@pytest.fixture
async def phones(world: World) -> Phones:
    """Asha has a telephone, SMS is connected, and it is day."""
    found = Phones()
    world.env = with_phones(world.env, found)
    world.clock.set(DAY)
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
        await people.update_citizen(tx, replace(asha, mobile=MOBILE, language=Language.HI))
    return found
