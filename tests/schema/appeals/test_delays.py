"""Lists of late cases and the reasons that officers give for them."""

from typing import Any

import pytest

from domain.applications.lifecycle import Status
from domain.kernel import Posting, Role, Subject
from store.database import audit
from tests.support.figure_cases import CASES, DAY, enter, kept
from tests.support.graph import CITIZEN, NEIGHBOUR, NOW, OFFICER, STRANGE_OFFICER, World

RECORD = """mutation ($input: RecordDelayReasonInput!) { recordDelayReason(input: $input) {
  delayReason { applicationId month departmentSlug districtCode cause text } userErrors { code path }
  submission { replayed } } }"""
REASONS = """query ($filter: DelayReasonFilter) { delayReasons(filter: $filter, first: 10) {
  totalCount nodes { cause month applicationId districtCode } } }"""
OWN_CASE = "{ viewer { ... on Citizen { applications(first: 1) { nodes { id } } } } }"


async def test_cases_are_paged_within_the_jurisdiction_and_leave_receipts_with_the_purpose(world: World) -> None:
    late = {"status": Status.IN_SCRUTINY, "delivered_at": None}
    for days in (3, 1, 2):
        await kept(world, 1, due_at=NOW - days * DAY, **late)
    await kept(world, 1, due_at=NOW - DAY, district="45", **late)

    first = (await world.ask(CASES, OFFICER, list="OVERDUE", purpose="INQUIRY", first=2))["data"]["figureCases"]
    after = first["pageInfo"]["endCursor"]
    rest = (await world.ask(CASES, OFFICER, list="OVERDUE", purpose="INQUIRY", first=2, after=after))["data"]

    assert [node["daysLate"] for node in first["nodes"]] == [3, 2]
    assert first["pageInfo"]["hasNextPage"]
    assert [node["daysLate"] for node in rest["figureCases"]["nodes"]] == [1]
    seen = "{ viewer { ... on Citizen { dataAccesses(first: 50) { objectKind purpose } } } }"
    accesses = (await world.ask(seen, CITIZEN))["data"]["viewer"]["dataAccesses"]
    assert {"objectKind": "CASE_LIST", "purpose": "INQUIRY"} in accesses
    async with world.environment.store.read_transaction() as tx:
        rows = (await tx.connection.execute(audit.audit_lines_table.select())).all()
    assert [row.purpose for row in rows if row.action == "figures.cases"] == ["INQUIRY", "INQUIRY"]


@pytest.mark.parametrize("subject", [CITIZEN, NEIGHBOUR])
async def test_citizens_list_no_cases_and_no_reasons(world: World, subject: Subject) -> None:
    for answer in (
        await world.ask(CASES, subject, list="OVERDUE", purpose="INQUIRY", first=2),
        await world.ask(REASONS, subject),
    ):
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]


async def test_an_officer_says_why_and_the_commission_reviews(world: World) -> None:
    await world.submit()
    clock: Any = world.environment.clock
    clock.advance(40 * DAY)
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    listed = (await world.ask(CASES, commission, list="OVERDUE", purpose="INQUIRY", first=5))["data"]["figureCases"]
    assert [node["delayReason"] for node in listed["nodes"]] == [None]
    case = await world.ask(OWN_CASE, CITIZEN)
    case_id = case["data"]["viewer"]["applications"]["nodes"][0]["id"]

    why = {"applicationId": case_id, "cause": "STAFF_SHORTAGE", "text": "Two of three posts are vacant."}
    told = await world.ask(RECORD, OFFICER, input=why | {"idempotencyKey": "r1"})
    again = await world.ask(RECORD, OFFICER, input=why | {"idempotencyKey": "r1"})
    elsewhere = await world.ask(RECORD, STRANGE_OFFICER, input=why | {"idempotencyKey": "r2"})
    month = {"month": "2026-12-05", "cause": "ELECTION_OR_DISASTER_DUTY", "idempotencyKey": "r3"}
    monthly = await world.ask(RECORD, OFFICER, input=month)

    assert told["data"]["recordDelayReason"]["userErrors"] == []
    assert told["data"]["recordDelayReason"]["delayReason"]["departmentSlug"] == "revenue-department"
    assert again["data"]["recordDelayReason"]["submission"]["replayed"]
    assert elsewhere["data"]["recordDelayReason"]["userErrors"][0]["code"] == "NOT_FOUND"
    assert monthly["data"]["recordDelayReason"]["delayReason"]["districtCode"] == "49"
    found = await world.ask(CASES, commission, list="OVERDUE", purpose="INQUIRY", first=5, filter={"explained": True})
    (line,) = found["data"]["figureCases"]["nodes"]
    assert line["delayReason"]["text"] == "Two of three posts are vacant."
    for wanted, many in (({"explained": False}, 0), ({"cause": "STAFF_SHORTAGE"}, 1), ({"cause": "OTHER"}, 0)):
        answer = await world.ask(CASES, commission, list="OVERDUE", purpose="INQUIRY", first=5, filter=wanted)
        assert answer["data"]["figureCases"]["totalCount"] == many
    reasons = (await world.ask(REASONS, commission))["data"]["delayReasons"]
    assert {one["cause"] for one in reasons["nodes"]} == {"STAFF_SHORTAGE", "ELECTION_OR_DISASTER_DUTY"}
    narrowed = await world.ask(REASONS, commission, filter={"cause": "STAFF_SHORTAGE", "district": "49"})
    assert narrowed["data"]["delayReasons"]["totalCount"] == 1
    assert (await world.ask(REASONS, STRANGE_OFFICER))["data"]["delayReasons"]["totalCount"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"month": "2027-06-01"},
        {"month": "2020-06-01"},
        {"month": "2026-11-01", "text": "x" * 501},
    ],
)
async def test_reasons_that_are_not_taken(world: World, wrong: dict[str, Any]) -> None:
    answer = await world.ask(RECORD, OFFICER, input={"cause": "OTHER", "idempotencyKey": "k", **wrong})
    assert answer["data"]["recordDelayReason"]["userErrors"][0]["code"] == "BAD_INPUT"


async def test_a_case_that_is_not_late_needs_no_reason(world: World) -> None:
    await world.submit()
    case = await world.ask(OWN_CASE, CITIZEN)
    given = {
        "applicationId": case["data"]["viewer"]["applications"]["nodes"][0]["id"],
        "cause": "OTHER",
        "idempotencyKey": "k",
    }
    answer = await world.ask(RECORD, OFFICER, input=given)
    assert answer["data"]["recordDelayReason"]["userErrors"][0]["path"] == ["input", "applicationId"]
