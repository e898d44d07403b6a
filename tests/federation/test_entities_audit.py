"""`_entities` in thirteen cases: each reference stands and falls by itself (docs/graph.md section 2.13)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.kernel import ANONYMOUS, TypeCode
from schema.kernel import node_id
from store.applications import applications
from store.database import StoreUnavailable
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, World

QUERY = """query ($refs: [_Any!]!) { _entities(representations: $refs) { __typename
  ... on Application { number } ... on Service { code } ... on Citizen { name } } }"""
SERVICE = {"__typename": "Service", "id": node_id(TypeCode.SERVICE, "01930000-0000-7000-8000-0000000000a1")}
FOUND_SERVICE = {"__typename": "Service", "code": "ES09"}
ABSENT = "01930000-0000-7000-8000-0000000009"

Case = Callable[[World], Awaitable[None]]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__.replace("_", " ")] = function
    return function


async def asked(world: World, *refs: Any, subject: Any = CITIZEN) -> tuple[list[Any], list[tuple[list[Any], str]]]:
    """The entities, and the path and code of each error."""
    answer = await world.ask(QUERY, subject, refs=list(refs))
    errors = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
    return answer["data"]["_entities"], errors


async def one_bad(world: World, bad: Any, code: str, subject: Any = CITIZEN) -> None:
    """A bad reference between two good ones."""
    entities, errors = await asked(world, SERVICE, bad, SERVICE, subject=subject)
    assert entities == [FOUND_SERVICE, None, FOUND_SERVICE]
    assert errors == [(["_entities", 1], code)]


def by_id(application: Any) -> dict[str, str]:
    return {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, application.id)}


@case
async def found_by_id_and_by_number(world: World) -> None:
    application = await world.submit()
    entities, errors = await asked(
        world, by_id(application), {"__typename": "Application", "number": application.number}
    )
    assert entities == [{"__typename": "Application", "number": application.number}] * 2
    assert errors == []


@case
async def an_unknown_type_is_bad_input_at_its_place(world: World) -> None:
    await one_bad(world, {"__typename": "NoSuchType", "id": "x"}, "BAD_INPUT")


@case
async def a_reference_without_a_type_is_bad_input_at_its_place(world: World) -> None:
    await one_bad(world, {"id": SERVICE["id"]}, "BAD_INPUT")


@case
async def a_type_that_is_no_entity_is_bad_input_at_its_place(world: World) -> None:
    await one_bad(world, {"__typename": "PageInfo", "id": "x"}, "BAD_INPUT")


@case
async def a_missing_key_is_bad_input_at_its_place(world: World) -> None:
    await one_bad(world, {"__typename": "Application"}, "BAD_INPUT")


@case
async def a_key_of_the_wrong_kind_is_bad_input_at_its_place(world: World) -> None:
    await one_bad(world, {"__typename": "Application", "id": {"deep": [1]}}, "BAD_INPUT")


@case
async def a_malformed_id_is_bad_input_at_its_place(world: World) -> None:
    await one_bad(world, {"__typename": "Application", "id": "Incorrect padding"}, "BAD_INPUT")


@case
async def an_unknown_key_is_never_a_made_up_object(world: World) -> None:
    await one_bad(world, {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, ABSENT + "01")}, "NOT_FOUND")


@case
async def the_id_of_another_type_is_not_found(world: World) -> None:
    await one_bad(world, {"__typename": "Application", "id": SERVICE["id"]}, "NOT_FOUND")


@case
async def what_is_denied_looks_like_what_is_absent(world: World) -> None:
    foreign = by_id(await world.submit())
    absent = {"__typename": "Application", "id": node_id(TypeCode.APPLICATION, ABSENT + "02")}
    with world.statements() as for_foreign:
        denied = await asked(world, foreign, subject=NEIGHBOUR)
    with world.statements() as for_absent:
        missing = await asked(world, absent, subject=NEIGHBOUR)
    assert denied == missing == ([None], [(["_entities", 0], "NOT_FOUND")])
    assert len(for_foreign) == len(for_absent)


@case
async def nobody_is_asked_to_sign_in_by_the_declaration_of_the_type(world: World) -> None:
    application = await world.submit()
    with world.statements() as seen:
        await one_bad(world, by_id(application), "UNAUTHENTICATED", ANONYMOUS)
    assert len(seen) == 1  # the service; the application is not even looked for


@case
async def order_and_repeats_stay_and_each_type_is_one_query(world: World) -> None:
    application = await world.submit()
    citizen = {"__typename": "Citizen", "id": node_id(TypeCode.CITIZEN, ASHA)}
    with world.statements() as seen:
        entities, errors = await asked(world, *[SERVICE, by_id(application), citizen, by_id(application)] * 25)
    assert [one["__typename"] for one in entities] == ["Service", "Application", "Citizen", "Application"] * 25
    assert errors == []
    assert len(seen) == 3


@case
async def a_store_that_fails_for_one_type_spoils_that_type_alone(world: World) -> None:
    application = await world.submit()

    async def away(*_: object) -> None:
        raise StoreUnavailable

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applications, "by_ids", away)
        patch.setattr("schema.applications.loaders._NAMES", {"id": away})
        entities, errors = await asked(world, SERVICE, by_id(application), SERVICE)
    assert entities == [FOUND_SERVICE, None, FOUND_SERVICE]
    assert errors == [(["_entities", 1], "OVERLOADED")]


def test_there_are_thirteen_cases():
    assert len(CASES) == 13


@pytest.mark.parametrize("name", CASES)
async def test_entities(world, name):
    await CASES[name](world)
