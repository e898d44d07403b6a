"""The lists of an officer are read from both ends, by signed cursors that hold for one list only."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.appeals.legal_sweep import sweep
from domain.applications.applications import Application
from domain.kernel import Bilingual, Officer, OfficerLevel, PersonKind, Posting, Role, Subject, TypeCode
from schema.kernel import node_id
from store.applications import applications
from store.catalogue import catalogue
from store.identity import people
from tests.support.graph import CITIZEN, OFFICER, World

PAGE = """pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""
GIVEN = "($first: Int, $after: String, $last: Int, $before: String)"
SLICE = "first: $first, after: $after, last: $last, before: $before"
LISTS = {
    "queue": "number",
    "appeals": "application { number }",
    "clearances": "question",
    "overdue": "number",
    "proposals": "number",
    "grievances": "text",
    "suggestions": "text",
    "ownSuggestions": "text",
    "feedback": "text",
}
CODES = ("ES09", "ES90", "ES03")
_OTHER = {"revenue-department": "social-welfare", "social-welfare": "revenue-department"}
EVERYTHING = (
    Posting(Role.OFFICER, None, "49", None, OfficerLevel.DESIGNATED),
    Posting(Role.APPELLATE, None, "49", None, OfficerLevel.FIRST_APPELLATE),
    Posting(Role.COMMISSION),
    Posting(Role.DEPARTMENT_ADMIN),
)
KEY = "01930000-0000-7000-8000-000000000077"
READER = Subject(frozenset(one.role for one in EVERYTHING), PersonKind.OFFICER, KEY, EVERYTHING)


async def done(world: World, name: str, subject: Subject, **given: Any) -> None:
    """A mutation that is carried out, once for its input."""
    key = f"{name}-{sorted(map(str, given.values()))}"
    kind = f"{name[0].upper()}{name[1:]}Input"
    document = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
    answer = await world.ask(document, subject, input={**given, "idempotencyKey": key})
    assert answer["errors"] == []
    assert answer["data"][name]["userErrors"] == []


async def opened(world: World, code: str, key: str) -> Application:
    """An application of the citizen, with its fee where it has one."""
    application = await world.submit(code, key=key)
    if application.fee_paise is None:
        return application
    fee = {"amount": application.fee_paise, "receipt": "R1"}
    await done(world, "recordFee", OFFICER, applicationId=opaque(application), **fee)
    async with world.environment.store.read_transaction() as tx:
        return (await applications.by_ids(tx, [application.id]))[application.id]


@pytest.fixture
async def office(world: World, store_clock) -> World:
    """Three of everything: overdue cases, each with an appeal, a clearance that is owed, a proposal and a grievance;
    three ratings of decided cases, and suggestions of the officer herself.
    """
    name = Bilingual(None, "Reader")
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, Officer(KEY, name, name, "reader@officer.example", EVERYTHING))
    for code in CODES:
        case = opaque(await opened(world, code, f"first-{code}"))
        why = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "No."}
        await done(world, "decideApplication", OFFICER, applicationId=case, **why)
        await done(world, "giveFeedback", CITIZEN, applicationId=case, rating=2, text=f"Rating of {code}.")
        await done(world, "makeSuggestion", READER, serviceCode=code, text=f"Of an officer on {code}.")
        store_clock.advance(timedelta(minutes=1))
    async with world.environment.store.write_transaction() as tx:
        services = (await catalogue.services_by_codes(tx, CODES)).values()
        await catalogue.upsert_services(tx, [replace(service, needs_second_pair=True) for service in services])
    cases = []
    for code in CODES:
        cases.append(await opened(world, code, f"again-{code}"))
        store_clock.advance(timedelta(minutes=1))
    for case in cases:
        given = {"applicationId": opaque(case), "departments": [_OTHER[case.department]]}
        await done(world, "askClearance", OFFICER, **given, question=case.number)
        await done(world, "raiseGrievance", CITIZEN, applicationId=opaque(case), category="DELAY", text=case.number)
        why = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "No."}
        await done(world, "decideApplication", OFFICER, applicationId=opaque(case), **why)
        store_clock.advance(timedelta(minutes=1))
    store_clock.set(max(case.due_at for case in cases if case.due_at) + timedelta(seconds=1))
    await sweep(world.environment)
    return world


def opaque(application: Application) -> str:
    return node_id(TypeCode.APPLICATION, application.id)


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
