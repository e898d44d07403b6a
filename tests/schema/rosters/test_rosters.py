"""Rosters in the graph: a principal's whole way, results by row in the asked language, and what an officer sees."""

from dataclasses import dataclass
from typing import Any

import pytest

from actions.rosters.roster_filing import FILE
from domain.kernel import Bilingual, Language, Operator, PersonKind, Role, Subject
from store.identity import people
from tests.support.camps import CAMP, SCHOOL, Camps, camps_of, deliver, signed_paper
from tests.support.graph import OFFICER, STRANGE_OFFICER

OPEN = (
    "mutation ($i: OpenRosterInput!) { openRoster(input: $i) { roster { number kind rowLimit } userErrors { code } } }"
)
ADD = """mutation ($i: AddRosterRowsInput!) { addRosterRows(input: $i) {
  results { outcome row { id state } userErrors { path code message action } } userErrors { code } } }"""
FILE_IT = "mutation ($i: FileRosterInput!) { fileRoster(input: $i) { roster { state } userErrors { code message } } }"
ROSTER = """query ($n: String!, $f: RosterRowFilter) { roster(number: $n) { state kind centreCode centreName
  service { code } district { code } tehsil { code } progress { total ready filed refused consentMissing
    awaitingHandOver handedOver }
  rows(first: 10, filter: $f) { totalCount nodes { reference name guardian relation maskedMobile state consentWay
    consentStrength applicationNumber applicationStatus problems { code } receipt { proof } } } } }"""
COUNTS = "query ($n: String!) { roster(number: $n) { number progress { total filed } } }"


@dataclass
class Desk:
    """A principal at her screen."""

    world: Any
    camps: Camps

    async def ask(self, query: str, subject: Subject | None = None, language: Language = Language.EN, **given: Any):
        return await self.world.ask(query, subject or self.camps.principal, language, **given)

    async def done(self, query: str, subject: Subject | None = None, **given: Any) -> Any:
        answer = await self.ask(query, subject, i={**given, "idempotencyKey": given.pop("key", query[:60])})
        assert answer["errors"] == []
        return next(iter(answer["data"].values()))


@pytest.fixture
async def desk(world) -> Desk:
    camps = await camps_of(world.environment)
    return Desk(world, camps)


async def a_row(desk: Desk, **changes: Any) -> dict[str, Any]:
    row = {
        "reference": "A-1",
        "name": "Nanda Rawat",
        "bornOn": "01-04-2010",
        "guardian": "Bachan Singh",
        "relation": "FATHER",
        "mobile": "98111 00001",
        "documents": [{"key": "id-proof", "uploadId": await signed_paper(desk.camps, "id")}],
        "consentPaper": await signed_paper(desk.camps),
    }
    return row | changes


async def test_a_principal_opens_fills_files_and_follows_her_roster(desk):
    roster = (await desk.done(OPEN, serviceCode="ES09"))["roster"]
    assert (roster["kind"], roster["rowLimit"], roster["number"][0]) == ("SCHOOL", 500, "7")
    number = roster["number"]
    added = await desk.done(ADD, number=number, rows=[await a_row(desk), await a_row(desk, reference="A-2", name="7")])
    assert [one["outcome"] for one in added["results"]] == ["ADDED", "REFUSED"]
    assert added["results"][1]["userErrors"] == [
        {
            "path": ["input", "rows", "1", "name"],
            "code": "ROW_INVALID",
            "message": "Name: write the whole name on one line, without numbers.",
            "action": "CORRECT_INPUT",
        }
    ]

    filing = await desk.done(FILE_IT, number=number)
    assert filing["roster"]["state"] == "FILING"
    await deliver(desk.world.environment, FILE)

    told = (await desk.ask(ROSTER, n=number, f={"states": ["FILED"]}))["data"]["roster"]
    assert (told["state"], told["centreCode"], told["centreName"]) == ("FILED", SCHOOL, "GIC Raipur")
    assert (told["service"]["code"], told["district"]["code"], told["tehsil"]["code"]) == ("ES09", "49", "304")
    assert (told["progress"]["total"], told["progress"]["filed"]) == (1, 1)
    [row] = told["rows"]["nodes"]
    assert (row["name"], row["relation"], row["maskedMobile"]) == ("Nanda Rawat", "FATHER", "98xxxxxx01")
    assert (row["consentWay"], row["consentStrength"], row["problems"]) == ("SIGNED_PAPER", "LOW", [])
    assert row["applicationNumber"][0] == "1"
    assert row["applicationStatus"] == "IN_SCRUTINY"


async def test_an_officer_of_the_place_sees_how_far_it_is_and_no_child(desk):
    number = (await desk.done(OPEN, serviceCode="ES09"))["roster"]["number"]
    await desk.done(ADD, number=number, rows=[await a_row(desk)])

    counts = await desk.ask(COUNTS, OFFICER, n=number)
    rows = await desk.ask(ROSTER, OFFICER, n=number)
    strange = await desk.ask(COUNTS, STRANGE_OFFICER, n=number)
    other = await desk.ask(COUNTS, desk.camps.other, n=number)

    assert counts["data"]["roster"]["progress"] == {"total": 1, "filed": 0}
    assert rows["data"]["roster"]["rows"] is None
    assert [error["extensions"]["code"] for error in rows["errors"]] == ["NOT_FOUND"]
    assert (strange["data"]["roster"], other["data"]["roster"]) == (None, None)


async def test_nothing_to_file_is_told_as_a_missing_consent(desk):
    number = (await desk.done(OPEN, serviceCode="ES09"))["roster"]["number"]
    await desk.done(ADD, number=number, rows=[await a_row(desk, consentPaper=None)])
    told = await desk.done(FILE_IT, number=number)
    assert [one["code"] for one in told["userErrors"]] == ["CONSENT_REQUIRED"]
    assert "A school or camp applies for you" in told["userErrors"][0]["message"]


async def test_who_works_at_a_camp_is_told_its_code_and_lists_its_rosters(desk):
    officer = desk.camps.officer
    viewer = "{ viewer { ... on Operator { rosterCentres isDoorstepAgent } } rosters(first: 5) { nodes { number } } }"
    made = (await desk.done(OPEN, officer, serviceCode="ES09"))["roster"]

    answer = await desk.ask(viewer, officer)

    assert answer["data"]["viewer"] == {"rosterCentres": [CAMP], "isDoorstepAgent": False}
    assert answer["data"]["rosters"]["nodes"] == [{"number": made["number"]}]


async def test_the_queue_is_narrowed_to_a_roster(desk):
    number = (await desk.done(OPEN, serviceCode="ES09"))["roster"]["number"]
    await desk.done(ADD, number=number, rows=[await a_row(desk)])
    await desk.done(FILE_IT, number=number)
    await deliver(desk.world.environment, FILE)
    await desk.world.submit("ES09")
    queue = "query ($f: QueueFilter) { viewer { ... on Officer { queue(first: 9, filter: $f) { totalCount } } } }"

    everything = await desk.ask(queue, OFFICER)
    narrowed = await desk.ask(queue, OFFICER, f={"roster": number})
    mistyped = await desk.ask(queue, OFFICER, f={"roster": "1"})

    assert everything["data"]["viewer"]["queue"]["totalCount"] == 2
    assert narrowed["data"]["viewer"]["queue"]["totalCount"] == 1
    assert mistyped["errors"][0]["extensions"]["code"] == "NUMBER_MISTYPED"


async def test_an_operator_of_a_centre_keeps_no_rosters(desk):
    operator = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "plain", district="49")
    async with desk.world.environment.store.write_transaction() as tx:
        await people.add_operator(tx, Operator("plain", Bilingual(None, "O"), "O-1", Bilingual(None, "C"), "49", None))
    given = {"serviceCode": "ES09", "centreCode": SCHOOL, "idempotencyKey": "plain"}
    refused = await desk.ask(OPEN, operator, i=given)
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["NOT_FOUND"]
    assert refused["data"]["openRoster"] is None
