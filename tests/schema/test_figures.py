"""Statistics, dashboards, lists of cases and reasons of delays in the graph."""

from datetime import timedelta
from typing import Any

import pytest

from actions.alarms import evaluate
from actions.decide import Decide, Verdict, decide_application
from actions.figure_upkeep import COUNTED, count_once, rebuild
from actions.issue import issue_certificate
from domain.alarms import AlarmCode, AlarmState
from domain.applications import Channel, RejectionGround
from domain.figures import SMALLEST, counted, marks_of
from domain.global_ids import TypeCode, to_global_id
from domain.lifecycle import Status
from domain.people import ANONYMOUS, Officer, OfficerLevel, PersonKind, Posting, Role, Subject
from domain.text import Bilingual, Language
from store import alarms, applications, audit, figures, people, seeds
from store.leases import acquire
from tests.store.builders import application
from tests.support.actions import FakeRenderer
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, NOW, OFFICER, STRANGE_OFFICER, World

DAY = timedelta(days=1)
STATISTICS = """query ($filter: StatisticsFilter, $by: [StatisticsDimension!]) {
  deliveryStatistics(filter: $filter, groupBy: $by) {
    fromMonth toMonth withheldRows smallestCell coarse definitionsVersion
    total { received disposed delivered pending onTimeRateHundredths processingRateHundredths medianDays }
    rows { departmentSlug serviceCode districtCode tehsilCode channel channelLabel month withheld
      department { slug } service { code } district { code } tehsil { name }
      figures { received disposed pending onTimeRateHundredths averageDaysTenths ninetiethPercentileDays } } } }"""
BOARDS = """{ viewer { ... on Officer { dashboards { role title jurisdictions { role }
  tiles { key title definition value unit direction cases link } } } } }"""
TRENDS = "{ viewer { ... on Officer { dashboards { tiles { key trend { month value } } } } } }"
CASES = """query ($list: CaseList!, $purpose: ReadPurpose!, $filter: CaseFilter, $first: Int, $after: String) {
  figureCases(list: $list, purpose: $purpose, filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { number status serviceCode districtCode channel
      receivedOn dueOn daysLate service { code } district { code } tehsil { code } officer { designation }
      delayReason { cause causeLabel text recordedBy { designation } } } } }"""
RECORD = """mutation ($input: RecordDelayReasonInput!) { recordDelayReason(input: $input) {
  delayReason { applicationId month departmentSlug districtCode cause text } userErrors { code path }
  submission { replayed } } }"""
REASONS = """query ($filter: DelayReasonFilter) { delayReasons(filter: $filter, first: 10) {
  totalCount nodes { cause month applicationId districtCode } } }"""
OWN_CASE = "{ viewer { ... on Citizen { applications(first: 1) { nodes { id } } } } }"


async def enter(world: World, name: str, *postings: Posting) -> Subject:
    key = world.environment.ids.key()
    async with world.environment.store.writing() as tx:
        title = Bilingual("अधिकारी", "Officer")
        await people.add_officer(tx, Officer(key, Bilingual(None, name), title, f"{name}@officer.example", postings))
    roles = frozenset(posting.role for posting in postings)
    return Subject(roles, PersonKind.OFFICER, key, postings)


async def kept(world: World, many: int, **changes: Any) -> None:
    """So many applications that ended, with their figures, as an import of old cases keeps them."""
    async with world.environment.store.writing() as tx:
        for _ in range(many):
            key = world.environment.ids.key()
            values = {
                "citizen_id": ASHA,
                "number": key,
                "acknowledgement": key,
                "district": "49",
                "status": Status.DELIVERED,
                "submitted_at": NOW - 9 * DAY,
                "delivered_at": NOW,
                "due_at": NOW + DAY,
            }
            case = application(key, **(values | changes))
            await applications.add(tx, case)
            await figures.add(tx, marks_of(counted(case)), case.id)


async def asked(world: World, subject: Subject, by: list[str] | None = None, **filters: Any) -> Any:
    answer = await world.ask(STATISTICS, subject, filter=filters, by=by)
    assert answer["errors"] == []
    return answer["data"]["deliveryStatistics"]


async def test_statistics_follow_every_step(world: World) -> None:
    delivered = await world.submit()
    await world.approve(delivered)
    await issue_certificate(world.environment, delivered.id, FakeRenderer())
    refused = await world.submit(key="second")
    no = Decide(refused.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
    await decide_application(world.environment, OFFICER, no)
    await world.submit(subject=NEIGHBOUR, code="ES90")

    found = await asked(world, OFFICER, ["DISTRICT", "SERVICE", "MONTH"])

    assert found["total"] == {
        "received": 3,
        "disposed": 2,
        "delivered": 1,
        "pending": 1,
        "onTimeRateHundredths": 10_000,
        "processingRateHundredths": 6667,
        "medianDays": 0,
    }
    assert [(row["serviceCode"], row["month"], row["figures"]["disposed"]) for row in found["rows"]] == [
        ("ES09", "2026-11-01", 2),
        ("ES90", "2026-11-01", 0),
    ]
    assert found["rows"][0]["service"] == {"code": "ES09"}
    assert found["rows"][0]["district"] == {"code": "49"}
    assert (found["fromMonth"], found["toMonth"], found["coarse"]) == ("2025-12-01", "2026-11-01", False)


async def test_statistics_read_no_application(world: World) -> None:
    await world.submit()
    with world.statements() as seen:
        await asked(world, OFFICER, ["DISTRICT"])
    assert not [one for one in seen if "applications" in one.lower()]


async def test_pendency_is_that_at_the_end_of_each_month(world: World) -> None:
    await kept(world, 2, submitted_at=NOW - 60 * DAY)
    await kept(world, 1, submitted_at=NOW - 60 * DAY, status=Status.IN_SCRUTINY, delivered_at=None)

    found = await asked(world, OFFICER, ["MONTH"])
    earlier = await asked(world, OFFICER, toMonth="2026-10-15")

    assert [(row["month"], row["figures"]["pending"]) for row in found["rows"]] == [
        ("2026-09-01", 3),
        ("2026-11-01", 1),
    ]
    assert found["total"]["pending"] == 1
    assert earlier["total"]["pending"] == 3


async def test_a_tehsil_and_a_channel_at_once_are_told_by_wider_classes(world: World) -> None:
    await kept(world, 1, channel=Channel.CSC, tehsil="304", submitted_at=NOW - 12 * DAY)

    found = await asked(world, OFFICER, ["DISTRICT", "TEHSIL", "CHANNEL"])

    assert found["coarse"]
    (row,) = found["rows"]
    assert (row["channel"], row["channelLabel"]) == ("CSC", "Common Service Centre")
    assert row["tehsil"] == {"name": "Dehradun Sadar"}
    assert row["figures"]["ninetiethPercentileDays"] == 13
    assert row["figures"]["averageDaysTenths"] == 120


async def test_strangers_see_no_small_cells_and_officers_do(world: World) -> None:
    await kept(world, SMALLEST + 5)
    await kept(world, SMALLEST + 20, district="50")
    await kept(world, SMALLEST - 1, district="45")

    for subject in (ANONYMOUS, CITIZEN):
        found = await asked(world, subject, ["DISTRICT"])
        shown = {row["districtCode"]: (row["withheld"], row["figures"]) for row in found["rows"]}
        # The smallest of the others goes with it, else it would follow from the total.
        assert shown["45"] == shown["49"] == (True, None)
        assert shown["50"][1]["disposed"] == SMALLEST + 20
        assert (found["withheldRows"], found["smallestCell"]) == (2, SMALLEST)
        assert (await asked(world, subject, district="45"))["total"] is None
    assert (await asked(world, OFFICER, ["DISTRICT"]))["withheldRows"] == 0


@pytest.mark.parametrize(
    ("subject", "by", "filters"),
    [
        (ANONYMOUS, ["DISTRICT", "SERVICE", "CHANNEL"], {}),
        (ANONYMOUS, ["TEHSIL", "CHANNEL"], {"serviceCode": "ES09"}),
        (OFFICER, ["DISTRICT", "DISTRICT"], {}),
        (OFFICER, [], {"fromMonth": "2026-11-01", "toMonth": "2026-10-01"}),
        (OFFICER, [], {"fromMonth": "2016-11-01"}),
    ],
)
async def test_questions_that_are_not_answered(
    world: World, subject: Subject, by: list[str], filters: dict[str, Any]
) -> None:
    answer = await world.ask(STATISTICS, subject, filter=filters, by=by)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]


async def test_each_role_has_its_dashboard(world: World) -> None:
    posts = {
        "VERIFIER": (Posting(Role.OFFICER, "revenue-department", "49", "304"),),
        "FIRST_AUTHORITY": (Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE),),
        "HEAD_OF_DEPARTMENT": (Posting(Role.DEPARTMENT_ADMIN, "revenue-department"),),
        "COMMISSION": (Posting(Role.COMMISSION),),
        "CHIEF_MINISTERS_OFFICE": (Posting(Role.AUDITOR),),
    }
    for role, postings in posts.items():
        subject = await enter(world, role.lower(), *postings)
        boards = (await world.ask(BOARDS, subject))["data"]["viewer"]["dashboards"]
        assert [board["role"] for board in boards] == [role]
        assert all(tile["title"] and tile["definition"] for tile in boards[0]["tiles"])
    second = [
        Posting(Role.APPELLATE, slug, "49", None, OfficerLevel.SECOND_APPELLATE)
        for slug in ("revenue-department", "social-welfare")
    ]
    magistrate = await enter(world, "dm", *second)
    boards = (await world.ask(BOARDS, magistrate, Language.HI))["data"]["viewer"]["dashboards"]
    assert [board["role"] for board in boards] == ["SECOND_AUTHORITY", "DISTRICT_MAGISTRATE"]
    assert boards[1]["title"] == "जिलाधिकारी"
    assert boards[1]["tiles"][0]["link"] == "/dashboard?district=49"


async def test_tiles_are_the_figures_of_the_jurisdiction(world: World) -> None:
    await kept(world, 2)
    await kept(world, 1, due_at=NOW - 3 * DAY)
    await kept(world, 1, district="45", due_at=NOW - 3 * DAY)
    await kept(world, 1, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW - DAY)
    await kept(world, 1, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW + DAY)
    await kept(world, 1, status=Status.QUERY_RAISED, delivered_at=None, due_at=NOW - DAY, paused_since=NOW)

    boards = (await world.ask(BOARDS, OFFICER))["data"]["viewer"]["dashboards"]

    (board,) = boards
    values = {tile["key"]: tile["value"] for tile in board["tiles"]}
    assert values == {
        "PENDING": 3,
        "DUE_SOON": 1,
        "OVERDUE": 1,
        "RECEIVED_THIS_MONTH": 6,
        "DISPOSED_THIS_MONTH": 3,
        "DISPOSED_LATE": 1,
        "ON_TIME_RATE": 6667,
        "MEDIAN_DAYS": 9,
        "GRIEVANCE_REPLY_RATE": None,
    }
    for key in ("PENDING", "DUE_SOON", "OVERDUE", "DISPOSED_LATE"):
        told = await world.ask(CASES, OFFICER, list=key, purpose="SUPERVISE", first=10)
        assert told["errors"] == []
        assert told["data"]["figureCases"]["totalCount"] == values[key]
        assert len(told["data"]["figureCases"]["nodes"]) == values[key]
    assert [node["daysLate"] for node in told["data"]["figureCases"]["nodes"]] == [3]


async def test_tiles_that_are_counted_by_month_tell_the_last_six_and_the_others_none(world: World) -> None:
    await kept(world, 2)
    long_ago = {"submitted_at": NOW - 70 * DAY, "delivered_at": NOW - 62 * DAY, "due_at": NOW - 60 * DAY}
    await kept(world, 3, **long_ago)
    await kept(world, 1, status=Status.IN_SCRUTINY, submitted_at=NOW - 70 * DAY, delivered_at=None, due_at=NOW - DAY)

    boards = (await world.ask(TRENDS, OFFICER))["data"]["viewer"]["dashboards"]

    trends = {tile["key"]: {one["month"][:7]: one["value"] for one in tile["trend"]} for tile in boards[0]["tiles"]}
    months = ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    assert trends["RECEIVED_THIS_MONTH"] == dict(zip(months, [0, 0, 0, 4, 0, 2], strict=True))
    assert trends["DISPOSED_THIS_MONTH"] == dict(zip(months, [0, 0, 0, 3, 0, 2], strict=True))
    assert trends["PENDING"] == dict(zip(months, [None, None, None, 1, 1, 1], strict=True))
    assert trends["ON_TIME_RATE"] == dict(zip(months, [None, None, None, 10_000, None, 10_000], strict=True))
    assert trends["MEDIAN_DAYS"]["2026-09"] == 8
    assert trends["OVERDUE"] == trends["DUE_SOON"] == {}


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
    async with world.environment.store.reading() as tx:
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


async def test_a_silent_tehsil_raises_one_alarm_until_it_is_heard_again(world: World) -> None:
    env, clock = world.environment, world.environment.clock
    for days in range(40, 20, -1):
        await kept(world, 1, tehsil="304", submitted_at=NOW - days * DAY, delivered_at=NOW - days * DAY)
    for days in (30, 20, 10):
        await kept(world, 1, tehsil="999", submitted_at=NOW - days * DAY, delivered_at=NOW - days * DAY)

    lease = await env.store.carry_out(lambda tx: acquire(tx, "alarms", "test", 90.0))

    async def look() -> list[tuple[str, AlarmState]]:
        assert lease is not None
        changes = await evaluate(env, lease, session_key_made_at=clock.now(), notify=False)
        return [(one.about, one.state) for one in changes if one.code is AlarmCode.SILENT_OFFICE]

    assert await look() == [("49:304", AlarmState.RAISED)]
    assert await look() == []
    magistrate = await enter(
        world,
        "dm",
        Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.SECOND_APPELLATE),
        Posting(Role.APPELLATE, "social-welfare", "49", None, OfficerLevel.SECOND_APPELLATE),
    )
    board = (await world.ask(BOARDS, magistrate))["data"]["viewer"]["dashboards"][1]
    assert {tile["key"]: tile["value"] for tile in board["tiles"]}["SILENT_OFFICES"] == 1
    await kept(world, 1, tehsil="304", submitted_at=NOW, delivered_at=NOW)
    assert await look() == [("49:304", AlarmState.CLEARED)]
    async with env.store.reading() as tx:
        assert (await alarms.everything(tx))[AlarmCode.SILENT_OFFICE, "49:304"].changes == 2


async def test_a_store_that_is_older_than_its_counters_is_counted_once(world: World) -> None:
    store = world.environment.store
    await world.submit()
    async with store.writing() as tx:
        await tx.connection.execute(figures.figure_deltas_table.delete())
    assert await count_once(store)
    assert await count_once(store) is None
    assert (await asked(world, OFFICER))["total"]["received"] == 1
    assert await rebuild(store)
    async with store.reading() as tx:
        assert await seeds.seeded(tx, COUNTED)
        lines = (await tx.connection.execute(audit.audit_lines_table.select())).all()
    assert sum(line.action == "figures.rebuild" for line in lines) == 2


async def test_a_grievance_counts_as_replied_from_the_first_reply_on(world: World) -> None:
    case = (await world.submit()).id
    raised = """mutation ($input: RaiseGrievanceInput!) { raiseGrievance(input: $input) { grievance { id } } }"""
    reply = """mutation ($input: ReplyToGrievanceInput!) { replyToGrievance(input: $input) { userErrors { code } } }"""
    given = {"applicationId": to_global_id(TypeCode.APPLICATION, case), "category": "DELAY", "text": "Slow."}
    made = (await world.ask(raised, CITIZEN, input=given | {"idempotencyKey": "g1"}))["data"]["raiseGrievance"]
    read = "{ deliveryStatistics { total { grievances grievanceReplyRateHundredths } } }"
    before = (await world.ask(read, OFFICER))["data"]["deliveryStatistics"]["total"]
    answer = {"grievanceId": made["grievance"]["id"], "text": "Tomorrow.", "idempotencyKey": "g2"}
    assert (await world.ask(reply, OFFICER, input=answer))["data"]["replyToGrievance"]["userErrors"] == []
    after = (await world.ask(read, OFFICER))["data"]["deliveryStatistics"]["total"]
    assert before == {"grievances": 1, "grievanceReplyRateHundredths": 0}
    assert after == {"grievances": 1, "grievanceReplyRateHundredths": 10_000}
