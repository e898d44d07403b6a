"""Connections: page sizes, cursors, counts."""

from datetime import timedelta

import pytest

from store.database import StoreUnavailable
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER

SERVICES = """
query ($first: Int, $after: String, $last: Int, $before: String, $search: String) {
  services(first: $first, after: $after, last: $last, before: $before, filter: {search: $search}) {
    totalCount nodes { code } edges { cursor node { code } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
APPLICATIONS = """
query ($first: Int, $after: String, $last: Int, $before: String) { viewer { ... on Citizen {
  applications(first: $first, after: $after, last: $last, before: $before) {
    nodes { service { code } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }
"""
IN_ORDER = ["ES03", "ES01", "ES09", "ES90"]


def codes(page):
    return [node["code"] for node in page["nodes"]]


async def services(world, **variables):
    return (await world.ask(SERVICES, CITIZEN, **variables))["data"]["services"]


async def test_pages_walk_a_list_forwards_and_backwards(world):
    first = await services(world, first=3)
    second = await services(world, first=3, after=first["pageInfo"]["endCursor"])
    last = await services(world, last=1)
    before = await services(world, last=2, before=last["pageInfo"]["startCursor"])

    assert codes(first) + codes(second) == IN_ORDER
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert codes(before) + codes(last) == IN_ORDER[1:]
    assert (before["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasNextPage"]) == (True, True)
    assert [edge["node"]["code"] for edge in first["edges"]] == codes(first)


async def test_own_applications_can_be_walked_from_both_ends(world, store_clock):
    for code in ("ES09", "ES90", "ES03"):
        await world.submit(code)
        store_clock.advance(timedelta(minutes=1))

    async def page(**variables):
        data = (await world.ask(APPLICATIONS, CITIZEN, **variables))["data"]
        found = data["viewer"]["applications"]
        return [node["service"]["code"] for node in found["nodes"]], found["pageInfo"]

    newest, info = await page(first=1)
    rest, _ = await page(first=5, after=info["endCursor"])
    oldest, info = await page(last=1)
    others, _ = await page(last=5, before=info["startCursor"])

    assert newest + rest == others + oldest
    assert oldest == ["ES09"]


async def test_an_empty_page_has_no_cursors(world):
    page = await services(world, first=1, search="nothing like it")

    assert page["nodes"] == []
    assert page["totalCount"] == 0
    assert page["pageInfo"]["startCursor"] is None


@pytest.mark.parametrize(
    "paging",
    [{}, {"first": 0}, {"first": 101}, {"last": -1}, {"first": 1, "last": 1}, {"last": 2, "after": "x"}],
)
async def test_a_page_size_within_1_and_100_is_required(world, paging):
    answer = await world.ask(SERVICES, CITIZEN, **paging)

    assert answer["data"] == {"services": None}
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_cursor_of_another_list_or_a_made_up_one_is_bad_input(world):
    cursor = (await services(world, first=1, search="certificate"))["pageInfo"]["endCursor"]

    for wrong in (cursor, cursor[:-4] + "AAAA", "Incorrect padding!", "", "A" * 5000, "अ"):
        answer = await world.ask(SERVICES, CITIZEN, first=1, after=wrong)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert (await world.ask(SERVICES, CITIZEN, first=1, search="certificate", after=cursor))["errors"] == []


async def test_a_cursor_of_another_citizen_is_bad_input(world):
    await world.submit()
    query = APPLICATIONS
    cursor = (await world.ask(query, CITIZEN, first=1))["data"]["viewer"]["applications"]["pageInfo"]["endCursor"]

    answer = await world.ask(query, NEIGHBOUR, first=1, after=cursor)

    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_count_that_fails_does_not_fail_the_page(world, monkeypatch):
    async def down(*_given, **_named):
        raise StoreUnavailable

    monkeypatch.setattr("store.catalogue.catalogue.count_services", down)
    page = await services(world, first=1)

    assert page["totalCount"] is None
    assert codes(page) == ["ES03"]


async def test_a_queue_is_read_from_its_end_too(world):
    await world.submit("ES09")
    await world.submit("ES90")
    query = (
        "query ($last: Int!, $before: String) { viewer { ... on Officer { queue(last: $last, before: $before) "
        "{ nodes { number } pageInfo { startCursor hasNextPage hasPreviousPage } } } } }"
    )

    whole = (await world.ask(query, OFFICER, last=2))["data"]["viewer"]["queue"]
    last = (await world.ask(query, OFFICER, last=1))["data"]["viewer"]["queue"]
    first = (await world.ask(query, OFFICER, last=1, before=last["pageInfo"]["startCursor"]))["data"]["viewer"]["queue"]

    assert first["nodes"] + last["nodes"] == whole["nodes"]
    assert [(one["pageInfo"]["hasPreviousPage"], one["pageInfo"]["hasNextPage"]) for one in (first, last, whole)] == [
        (False, True),
        (True, False),
        (False, False),
    ]


async def test_a_queue_goes_on_where_its_page_ended(world):
    await world.submit("ES09")
    await world.submit("ES90")
    query = (
        "query ($after: String) { viewer { ... on Officer { queue(first: 1, after: $after, "
        "filter: {statuses: [IN_SCRUTINY]}) { totalCount nodes { number } pageInfo { endCursor hasNextPage } } } } }"
    )

    one = (await world.ask(query, OFFICER))["data"]["viewer"]["queue"]
    two = (await world.ask(query, OFFICER, after=one["pageInfo"]["endCursor"]))["data"]["viewer"]["queue"]

    assert (one["totalCount"], one["pageInfo"]["hasNextPage"], two["pageInfo"]["hasNextPage"]) == (2, True, False)
    assert one["nodes"] != two["nodes"]
