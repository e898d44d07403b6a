"""The systems that join by files, brought into force in the demo by two of its administrators."""

from actions.kernel import Environment
from demo.seed.connectors import seed_connectors
from demo.seed.people import cast_of
from demo.seed.seed import seed_people
from domain.connectors import ConnectorVersionState
from domain.kernel import ManualClock, Role
from store.connectors import versions
from tests.support.actions import DEMO
from tests.support.connectors import city_file


async def test_a_file_is_proposed_and_approved_by_two_administrators_once(catalogued: Environment):
    env = catalogued
    await seed_people(env, DEMO, ManualClock(env.clock.now()), "test")

    first = await seed_connectors(env, DEMO, [city_file()])
    again = await seed_connectors(env, DEMO, [city_file()])

    async with env.store.read_transaction() as tx:
        officers = (await cast_of(tx, DEMO)).officers.values()
        [held] = await versions.of_name(tx, "city")
    assert (first, again, held.state) == (1, 0, ConnectorVersionState.APPROVED)
    assert [held.proposed_by, held.confirmed_by] == [one.person_id for one in officers if Role.ADMIN in one.roles]


async def test_a_later_version_of_a_file_takes_the_place_of_the_one_before(catalogued: Environment):
    env = catalogued
    await seed_people(env, DEMO, ManualClock(env.clock.now()), "test")
    await seed_connectors(env, DEMO, [city_file()])

    await seed_connectors(env, DEMO, [city_file(2)])

    async with env.store.read_transaction() as tx:
        assert (await versions.in_force(tx))["city"].version == 2
