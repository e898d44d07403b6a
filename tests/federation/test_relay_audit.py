"""Relay's behaviour, audited in seventeen points on a list of the catalogue and on things with an id."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.kernel import TypeCode
from schema.kernel import node_id
from tests.support.graph import ASHA, CITIZEN, World

LIST = """query ($first: Int, $after: String, $last: Int, $before: String, $search: String) {
  services(first: $first, after: $after, last: $last, before: $before, filter: {search: $search}) {
    edges { cursor node { id code } } nodes { id code } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

Point = Callable[[World], Awaitable[None]]
POINTS: dict[str, Point] = {}


def point(function: Point) -> Point:
    POINTS[function.__name__.replace("_", " ")] = function
    return function


async def page(world: World, **paging: Any) -> dict[str, Any]:
    answer = await world.ask(LIST, CITIZEN, **paging)
    assert answer["errors"] == []
    found: dict[str, Any] = answer["data"]["services"]
    return found


async def refused(world: World, document: str, **variables: Any) -> str:
    """The code of a refusal at the field, which is null."""
    answer = await world.ask(document, CITIZEN, **variables)
    [error] = answer["errors"]
    assert set(answer["data"].values()) == {None}
    assert len(error["path"]) == 1
    code: str = error["extensions"]["code"]
    return code


def codes(found: dict[str, Any]) -> list[str]:
    return [node["code"] for node in found["nodes"]]


async def everything(world: World) -> list[str]:
    return codes(await page(world, first=100))


@point
async def a_page_from_the_start_has_so_many_rows(world):
    whole = await everything(world)
    assert codes(await page(world, first=2)) == whole[:2]


@point
async def a_page_from_the_end_has_the_last_rows_in_the_same_order(world):
    whole = await everything(world)
    assert codes(await page(world, last=2)) == whole[-2:]


@point
async def pages_after_one_another_give_each_row_once(world):
    seen, after = [], None
    for _ in range(10):
        found = await page(world, first=1, after=after)
        seen += codes(found)
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert seen == await everything(world)


@point
async def pages_before_one_another_give_each_row_once(world):
    seen, before = [], None
    for _ in range(10):
        found = await page(world, last=1, before=before)
        seen = codes(found) + seen
        before = found["pageInfo"]["startCursor"]
        if not found["pageInfo"]["hasPreviousPage"]:
            break
    assert seen == await everything(world)


@point
async def the_first_page_says_what_is_around_it(world):
    info = (await page(world, first=1))["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)


@point
async def the_last_page_says_what_is_around_it(world):
    info = (await page(world, last=1))["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (False, True)


@point
async def edges_and_nodes_are_the_same_rows(world):
    found = await page(world, first=3)
    assert [edge["node"] for edge in found["edges"]] == found["nodes"]


@point
async def the_ends_of_a_page_are_the_cursors_of_its_rows(world):
    found = await page(world, first=3)
    cursors = [edge["cursor"] for edge in found["edges"]]
    assert (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]) == (cursors[0], cursors[-1])


@point
async def the_count_is_that_of_the_whole_list(world):
    assert (await page(world, first=1))["totalCount"] == len(await everything(world))


@point
async def an_empty_page_has_no_cursors(world):
    found = await page(world, first=1, search="nothing at all")
    assert (found["edges"], found["pageInfo"]["endCursor"]) == ([], None)


@point
async def a_page_without_a_size_or_with_an_impossible_one_is_bad_input(world):
    for paging in ({}, {"first": 0}, {"first": 101}, {"last": -1}, {"first": 1, "last": 1}):
        assert await refused(world, LIST, **paging) == "BAD_INPUT"


@point
async def a_cursor_that_was_made_up_is_bad_input(world):
    for cursor in ("Incorrect padding", "", "AAAA", "é", "A" * 5000):
        assert await refused(world, LIST, first=1, after=cursor) == "BAD_INPUT"


@point
async def a_cursor_of_another_list_or_with_one_letter_changed_is_bad_input(world):
    cursor = (await page(world, first=1, search="certificate"))["pageInfo"]["endCursor"]
    changed = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    assert await refused(world, LIST, first=1, after=cursor) == "BAD_INPUT"
    assert await refused(world, LIST, first=1, after=changed, search="certificate") == "BAD_INPUT"


@point
async def node_gives_what_has_the_id_with_its_type(world):
    own = node_id(TypeCode.CITIZEN, ASHA)
    assert (await world.ask(NODE, CITIZEN, id=own))["data"]["node"] == {"__typename": "Citizen", "id": own}


@point
async def a_malformed_id_is_bad_input(world):
    for odd in ("", "!", "Incorrect padding", "QVA6", "x" * 5000):
        assert await refused(world, NODE, id=odd) == "BAD_INPUT"


@point
async def an_id_that_leads_nowhere_is_not_found(world):
    assert await refused(world, NODE, id=node_id(TypeCode.SERVICE, ASHA)) == "NOT_FOUND"


@point
async def nodes_are_at_the_places_of_their_ids_and_a_miss_is_null_with_its_place(world):
    [first, second] = [node["id"] for node in (await page(world, first=2))["nodes"]]
    answer = await world.ask(NODES, CITIZEN, ids=[second, "!", first, second])
    assert answer["data"]["nodes"] == [{"id": second}, None, {"id": first}, {"id": second}]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [(["nodes", 1], "BAD_INPUT")]


def test_there_are_seventeen_points():
    assert len(POINTS) == 17


@pytest.mark.parametrize("name", POINTS)
async def test_relay(world, name):
    await POINTS[name](world)
