"""The number of store queries does not grow with the number of rows."""

import pytest

from actions.kernel import one_operation
from schema.catalogue.services import service_by_code
from schema.officers.staff import citizen_by_id
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER

WIDE = """
query ($first: Int!) { viewer { ... on Citizen { applications(first: $first) { nodes {
  number service { name department { name } scheme { name } } district { name } tehsil { name }
  timeline { label } documents { name } officer { name } operator { name } decision { officer { name } }
  certificate { name } benefit { status scheme { name } } applicant { name } } } } } }
"""
QUEUE = """
query ($first: Int!) { viewer { ... on Officer { queue(first: $first) { totalCount nodes {
  number service { name } applicant { name district { name } } timeline { sequence } documents { key } } } } } }
"""
SERVICES = "query ($first: Int!) { services(first: $first) { nodes { code department { name } scheme { code } } } }"


@pytest.mark.parametrize(("query", "subject"), [(WIDE, CITIZEN), (SERVICES, CITIZEN)], ids=["applications", "services"])
async def test_more_rows_are_not_more_queries(world, query, subject):
    for code in ("ES90", "ES03", "ES09"):
        await world.submit(code)

    with world.statements() as one:
        assert (await world.ask(query, subject, first=1))["errors"] == []
    with world.statements() as many:
        assert (await world.ask(query, subject, first=2))["errors"] == []

    assert len(many) == len(one)


async def test_a_queue_of_more_rows_is_not_more_statements_and_its_receipts_are_one(world):
    for code in ("ES09", "ES90"):
        await world.submit(code)

    with world.statements() as one:
        async with one_operation():
            await world.ask(QUEUE, OFFICER, first=1)
    with world.statements() as two:
        async with one_operation():
            await world.ask(QUEUE, OFFICER, first=2)

    # The second page is not full, so cases without a due date are looked for too; that is not the rows' cost.
    one, two = ([each for each in seen if "due_at IS NULL" not in each] for seen in (one, two))
    assert len(two) == len(one)
    assert [statement.split()[0] for statement in two].count("INSERT") == 1


async def test_equal_keys_are_loaded_once(world):
    query = '{ a: service(by: {code: "ES09"}) { name } b: service(by: {code: "ES09"}) { name } }'

    with world.statements() as seen:
        await world.ask(query, CITIZEN)

    assert len(seen) == 1


async def test_an_operation_makes_each_loader_that_it_uses_once_and_no_other(world):
    idle, busy = world.context(CITIZEN), world.context(CITIZEN)

    await world.run("{ __typename }", idle, {})
    await world.run('{ a: service(by: {code: "ES09"}) { name } b: service(by: {code: "ES90"}) { name } }', busy, {})

    assert len(idle.loaders) == 0
    assert len(busy.loaders) == 1


async def test_what_was_forgotten_is_loaded_again(world):
    context = world.context(CITIZEN)

    with world.statements() as seen:
        await context.load(service_by_code, "ES09")
        await context.load(service_by_code, "ES09")
        context.loaders.forget()
        await context.load(service_by_code, "ES09")

    assert len(seen) == 2


async def test_two_operations_share_nothing_that_they_loaded(world):
    one, other = world.context(CITIZEN), world.context(CITIZEN)

    assert one.loaders[service_by_code] is one.loaders[service_by_code]
    assert one.loaders[service_by_code] is not other.loaders[service_by_code]


async def test_a_loader_that_is_guarded_gives_nothing_to_those_who_may_not_read(world):
    await world.submit()

    assert await world.context(CITIZEN).load(citizen_by_id, CITIZEN.person_id) is not None
    assert await world.context(NEIGHBOUR).load(citizen_by_id, CITIZEN.person_id) is None
