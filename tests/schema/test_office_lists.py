"""The lists of an officer are read from both ends, by signed cursors that hold for one list only."""

from datetime import timedelta
from typing import Any

import pytest

from actions.legal_sweep import sweep
from domain.global_ids import TypeCode
from domain.people import Officer, OfficerLevel, PersonKind, Posting, Role, Subject
from domain.text import Bilingual
from schema.node import node_id
from store import people
from tests.support.graph import OFFICER, World

PAGE = """pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""
GIVEN = "($first: Int, $after: String, $last: Int, $before: String)"
SLICE = "first: $first, after: $after, last: $last, before: $before"
LISTS = {
    "queue": "number",
    "appeals": "application { number }",
    "clearances": "question",
    "overdue": "number",
}
_OTHER = {"revenue-department": "social-welfare", "social-welfare": "revenue-department"}
ASK = "mutation ($input: AskClearanceInput!) { askClearance(input: $input) { userErrors { code } } }"
EVERYTHING = (
    Posting(Role.OFFICER, None, "49", None, OfficerLevel.DESIGNATED),
    Posting(Role.APPELLATE, None, "49", None, OfficerLevel.FIRST_APPELLATE),
    Posting(Role.COMMISSION),
)
KEY = "01930000-0000-7000-8000-000000000077"
READER = Subject(frozenset(one.role for one in EVERYTHING), PersonKind.OFFICER, KEY, EVERYTHING)


@pytest.fixture
async def office(world: World, store_clock) -> World:
    """Three cases that are overdue, each with an appeal and a clearance that is owed."""
    cases = []
    for code in ("ES09", "ES90", "ES03"):
        cases.append(await world.submit(code))
        store_clock.advance(timedelta(minutes=1))
    for case in cases:
        given = {"applicationId": node_id(TypeCode.APPLICATION, case.id), "departments": [_OTHER[case.department]]}
        asked = await world.ask(
            ASK, OFFICER, input={**given, "question": case.number, "idempotencyKey": f"ask-{case.id}"}
        )
        assert asked["errors"] == []
        assert asked["data"]["askClearance"]["userErrors"] == []
        store_clock.advance(timedelta(minutes=1))
    name = Bilingual(None, "Reader")
    async with world.environment.store.writing() as tx:
        await people.add_officer(tx, Officer(KEY, name, name, "reader@officer.example", EVERYTHING))
    store_clock.set(max(case.due_at for case in cases if case.due_at) + timedelta(seconds=1))
    await sweep(world.environment)
    return world


async def page(world: World, name: str, **variables: Any) -> dict[str, Any]:
    inner = f"{name}({SLICE}) {{ totalCount nodes {{ {LISTS[name]} }} {PAGE} }}"
    document = (
        f"query {GIVEN} {{ {inner} }}"
        if name == "overdue"
        else f"query {GIVEN} {{ viewer {{ ... on Officer {{ {inner} }} }} }}"
    )
    answer = await world.ask(document, READER, **variables)
    if answer["errors"]:
        return {"code": answer["errors"][0]["extensions"]["code"]}
    found: dict[str, Any] = answer["data"][name] if name == "overdue" else answer["data"]["viewer"][name]
    return found


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_walked_from_both_ends(office: World, name: str):
    whole = await page(office, name, first=10)
    assert whole["totalCount"] == len(whole["nodes"]) == 3
    first = await page(office, name, first=2)
    rest = await page(office, name, first=2, after=first["pageInfo"]["endCursor"])
    last = await page(office, name, last=1)
    before = await page(office, name, last=2, before=last["pageInfo"]["startCursor"])
    assert first["nodes"] + rest["nodes"] == whole["nodes"]
    assert before["nodes"] + last["nodes"] == whole["nodes"]
    ends = [(one["pageInfo"]["hasPreviousPage"], one["pageInfo"]["hasNextPage"]) for one in (first, rest, before, last)]
    assert ends == [(False, True), (True, False), (False, True), (True, False)]
    assert (await page(office, name, last=1, before=whole["pageInfo"]["startCursor"]))["nodes"] == []


async def test_a_cursor_holds_for_its_own_list_and_as_it_was_signed(office: World):
    cursors = {name: (await page(office, name, first=1))["pageInfo"]["endCursor"] for name in LISTS}
    for name in LISTS:
        for other, cursor in cursors.items():
            if other != name:
                assert (await page(office, name, last=1, before=cursor))["code"] == "BAD_INPUT"
        forged = cursors[name][:-2] + ("A" if cursors[name][-2] != "A" else "B") + cursors[name][-1]
        assert (await page(office, name, last=1, before=forged))["code"] == "BAD_INPUT"
