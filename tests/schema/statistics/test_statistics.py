"""deliveryStatistics: what it counts, for whom, and from nothing but counters."""

from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.issue import issue_certificate
from actions.statistics.upkeep import count_once, rebuild
from domain.applications.applications import Channel, RejectionGround
from domain.applications.lifecycle import Status
from domain.kernel import ANONYMOUS, Subject, TypeCode, to_global_id
from domain.statistics.small_cells import SMALLEST
from store.database import audit
from store.platform import seeds
from store.statistics import figures
from store.statistics.figure_state import COUNTED
from tests.support.actions import FakeRenderer
from tests.support.figure_cases import DAY, kept
from tests.support.graph import CITIZEN, NEIGHBOUR, NOW, OFFICER, World

STATISTICS = """query ($filter: StatisticsFilter, $by: [StatisticsDimension!]) {
  deliveryStatistics(filter: $filter, groupBy: $by) {
    fromMonth toMonth withheldRows smallestCell coarse definitionsVersion
    total { received disposed delivered pending onTimeRateHundredths processingRateHundredths medianDays }
    rows { departmentSlug serviceCode districtCode tehsilCode channel channelLabel month withheld
      department { slug } service { code } district { code } tehsil { name }
      figures { received disposed pending onTimeRateHundredths averageDaysTenths ninetiethPercentileDays } } } }"""


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
        ("2026-10-01", 3),  # nothing came in and nothing was disposed of, and yet they wait
        ("2026-11-01", 1),
    ]
    assert found["total"]["pending"] == 1
    assert earlier["total"]["pending"] == 3


async def test_what_waits_from_before_the_period_is_pending_in_each_of_its_months(world: World) -> None:
    await kept(world, 2, submitted_at=NOW - 400 * DAY, status=Status.IN_SCRUTINY, delivered_at=None)
    found = await asked(world, OFFICER, ["DISTRICT", "MONTH"], fromMonth="2026-09-01")
    assert [(row["month"], row["figures"]["pending"], row["figures"]["received"]) for row in found["rows"]] == [
        ("2026-09-01", 2, 0),
        ("2026-10-01", 2, 0),
        ("2026-11-01", 2, 0),
    ]


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


async def test_strangers_see_no_few_cases_that_only_wait(world: World) -> None:
    await kept(world, 1, submitted_at=NOW - 400 * DAY, status=Status.IN_SCRUTINY, delivered_at=None)
    found = await asked(world, ANONYMOUS, ["DISTRICT"])
    assert [(row["withheld"], row["figures"]) for row in found["rows"]] == [(True, None)]
    assert found["total"] is None
    assert (await asked(world, OFFICER, ["DISTRICT"]))["rows"][0]["figures"]["pending"] == 1


@pytest.mark.parametrize(
    "filters",
    [
        {"district": "dehradun"},
        {"district": ""},
        {"department": "no-such-department"},
        {"serviceCode": "NOPE"},
        {"tehsil": "999"},
        {"tehsil": "304", "district": "50"},
    ],
)
async def test_a_filter_that_names_nothing_is_refused_and_gives_no_zeros(world: World, filters: dict[str, str]) -> None:
    answer = await world.ask(STATISTICS, OFFICER, filter=filters)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]


async def test_a_filter_may_name_what_is_there_and_cases_without_a_department_or_tehsil(world: World) -> None:
    await world.submit()
    for filters in ({"district": "49", "tehsil": "304"}, {"tehsil": "304"}, {"serviceCode": "ES09"}):
        assert (await asked(world, OFFICER, **filters))["total"]["received"] == 1
    for filters in ({"department": ""}, {"district": "49", "tehsil": ""}):
        assert (await asked(world, OFFICER, **filters))["total"]["received"] == 0


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


async def test_a_store_that_is_older_than_its_counters_is_counted_once(world: World) -> None:
    store = world.environment.store
    await world.submit()
    async with store.write_transaction() as tx:
        await tx.connection.execute(figures.figure_deltas_table.delete())
    assert await count_once(store)
    assert await count_once(store) is None
    assert (await asked(world, OFFICER))["total"]["received"] == 1
    assert await rebuild(store)
    async with store.read_transaction() as tx:
        assert await seeds.is_seeded(tx, COUNTED)
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
