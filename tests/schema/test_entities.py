"""`_entities`, `node` and `nodes`: each reference stands and falls by itself."""

import pytest

from domain.kernel import TypeCode
from schema.kernel import node_id
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, add_certificate

ENTITIES = """
query ($representations: [_Any!]!) { _entities(representations: $representations) {
  __typename ... on Application { number } ... on Service { code } ... on Certificate { name }
  ... on Citizen { name } ... on District { code } ... on Department { slug } ... on Scheme { code } } }
"""


async def entities(world, *representations, subject=CITIZEN):
    return await world.ask(ENTITIES, subject, representations=list(representations))


async def test_entities_are_found_by_every_key(world):
    application = await world.submit()
    certificate = await add_certificate(world.environment, application)

    answer = await entities(
        world,
        {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, application.id)},
        {"__typename": "Application", "number": application.number},
        {"__typename": "Certificate", "number": certificate.number},
        {"__typename": "Citizen", "id": node_id(TypeCode.CITIZEN, ASHA)},
        {"__typename": "Service", "id": node_id(TypeCode.SERVICE, "01930000-0000-7000-8000-0000000000a1")},
        {"__typename": "District", "id": node_id(TypeCode.DISTRICT, "01930000-0000-7000-8000-0000000000e1")},
        {"__typename": "Scheme", "id": node_id(TypeCode.SCHEME, "01930000-0000-7000-8000-0000000000f1")},
        {"__typename": "Department", "id": node_id(TypeCode.DEPARTMENT, "01930000-0000-7000-8000-0000000000d1")},
    )

    assert answer["errors"] == []
    assert answer["data"]["_entities"] == [
        {"__typename": "Application", "number": application.number},
        {"__typename": "Application", "number": application.number},
        {"__typename": "Certificate", "name": "Income Certificate"},
        {"__typename": "Citizen", "name": "Asha Negi"},
        {"__typename": "Service", "code": "ES09"},
        {"__typename": "District", "code": "49"},
        {"__typename": "Scheme", "code": "old-age"},
        {"__typename": "Department", "slug": "revenue-department"},
    ]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"__typename": "NoSuchType", "id": "x"}, "BAD_INPUT"),
        ({"id": "x"}, "BAD_INPUT"),
        ({"__typename": ["Application"]}, "BAD_INPUT"),
        ({"__typename": "Application"}, "BAD_INPUT"),
        ({"__typename": "Application", "id": 7}, "BAD_INPUT"),
        ("text", "BAD_INPUT"),
        ({"__typename": "Application", "id": "not an id"}, "BAD_INPUT"),
        ({"__typename": "Application", "number": "12345"}, "NUMBER_MISTYPED"),
        ({"__typename": "Application", "id": node_id(TypeCode.CITIZEN, ASHA)}, "NOT_FOUND"),
        ({"__typename": "Application", "id": node_id(TypeCode.APPLICATION, ASHA)}, "NOT_FOUND"),
        ({"__typename": "Officer", "id": node_id(TypeCode.OFFICER, ASHA)}, "NOT_FOUND"),
    ],
)
async def test_one_bad_reference_is_null_with_a_code_and_the_others_stay(world, bad, code):
    application = await world.submit()
    good = {"__typename": "Application", "number": application.number}

    answer = await entities(world, good, bad, good)

    assert [one and one["number"] for one in answer["data"]["_entities"]] == [
        application.number,
        None,
        application.number,
    ]
    assert [error["path"] for error in answer["errors"]] == [["_entities", 1]]
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_a_foreign_reference_looks_like_one_that_leads_nowhere(world):
    application = await world.submit()
    reference = {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, application.id)}

    answer = await entities(world, reference, subject=NEIGHBOUR)

    assert answer["data"]["_entities"] == [None]
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_hundred_references_are_one_query(world):
    application = await world.submit()
    reference = {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, application.id)}
    absent = [
        {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, f"01930000-0000-7000-8000-0000000001{n:02}")}
        for n in range(50)
    ]

    with world.statements() as seen:
        answer = await entities(world, *[reference] * 50, *absent)

    assert len(seen) == 1
    assert len(answer["errors"]) == 50


async def test_nodes_are_at_the_places_of_their_ids(world):
    service = node_id(TypeCode.SERVICE, "01930000-0000-7000-8000-0000000000a1")
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Service { code } } }"

    answer = await world.ask(query, CITIZEN, ids=[service, "!", service])

    assert answer["data"]["nodes"] == [{"id": service, "code": "ES09"}, None, {"id": service, "code": "ES09"}]
    assert answer["errors"][0]["path"] == ["nodes", 1]
    too_many = await world.ask(query, CITIZEN, ids=[service] * 101)
    assert too_many["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_node_is_found_or_said_not_to_be(world):
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    citizen = node_id(TypeCode.CITIZEN, ASHA)

    mine = await world.ask(query, CITIZEN, id=citizen)
    foreign = await world.ask(query, NEIGHBOUR, id=citizen)

    assert mine["data"]["node"] == {"__typename": "Citizen", "id": citizen}
    assert foreign["data"]["node"] is None
    assert foreign["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_benefit_is_found_as_our_own_store_knows_it(world):
    application = await world.approve(await world.submit("ES90"))
    by_application = "query ($number: String!) { application(by: {number: $number}) { benefit { id status } } }"
    benefit = (await world.ask(by_application, CITIZEN, number=application.number))["data"]["application"]["benefit"]

    query = "query ($id: ID!) { node(id: $id) { ... on Benefit { amount scheme { code } instalments { status } } } }"
    answer = await world.ask(query, CITIZEN, id=benefit["id"])

    assert answer["data"]["node"]["amount"] == 150_000
    assert answer["data"]["node"]["scheme"] == {"code": "old-age"}


async def test_the_service_field_prints_the_graph(world):
    answer = await world.ask("{ _service { sdl } }", CITIZEN)

    assert "type Application implements Node" in answer["data"]["_service"]["sdl"]


def test_the_graph_is_printed_once_for_all_who_ask_for_it(graph):
    printed = graph._schema.type_map["_Service"].fields["sdl"].resolve

    assert printed(None, None) is printed(None, None)
