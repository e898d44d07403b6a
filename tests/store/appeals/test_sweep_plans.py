"""The legal clock's round finds what is due by an index, however many cases are closed or not due yet."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from domain.appeals.appeals import Appeal, AppealGround, AppealLevel, AppealOrigin, AppealState
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.clearances import EscalationKind
from store import clearances
from store.appeals import appeals
from store.appeals.appeal_rows import APPEALS, appeals_table
from store.applications.application_rows import APPLICATIONS, applications_table
from store.database import Store, Transaction
from store.identity import people
from store.statistics.overdue import count_overdue, overdue
from tests.store.builders import NOW, application, citizen
from tests.support.plans import asked, plan_of

MANY = 3000
"""Cases; every tenth is on the clock, and of those five are past their due date."""

DAY = timedelta(days=1)


@pytest.fixture
async def full(store: Store) -> Store:
    """A store in which a round would be slow if it read all cases, with what the database knows about its rows."""
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        cases = [
            application(
                f"case-{number}",
                number=f"n{number}",
                acknowledgement=f"a{number}",
                status=Status.DELIVERED if number % 10 else Status.IN_SCRUTINY,
                district=str(45 + number % 13),
                due_at=NOW - DAY if number % 600 == 0 else NOW + (2 + number % 90) * DAY,
            )
            for number in range(MANY)
        ]
        await tx.connection.execute(insert(applications_table), [APPLICATIONS.values(tx, case) for case in cases])
        listed = [appeal_of(case, number) for number, case in enumerate(cases)]
        await tx.connection.execute(insert(appeals_table), [APPEALS.values(tx, one) for one in listed])
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("ANALYZE"))
    return store


async def breached(tx: Transaction) -> list[str]:
    return [case.id for case in await appeals.breached_applications(tx, NOW, limit=100)]


async def to_be_warned(tx: Transaction) -> list[str]:
    unless, since = {EscalationKind.OVERDUE}, NOW - 3650 * DAY
    found = await clearances.to_be_warned(tx, since=since, until=NOW, unless=unless, after=None, limit=100)
    return [case.id for case in found]


@pytest.mark.parametrize("look", [breached, to_be_warned])
async def test_cases_that_are_due_are_found_by_status_and_due_date(
    full: Store, look: Callable[[Transaction], Awaitable[list[str]]]
) -> None:
    with asked(full) as seen:
        async with full.write_transaction() as tx:
            found = await look(tx)
    assert len(found) == 5
    (statement,) = [one for one in seen if "FROM applications" in one[0]]
    async with full.write_transaction() as tx:
        plan = await plan_of(tx, statement)
    assert re.search("ix_applications_(open|status)_due_at", plan), plan
    assert "SCAN applications" not in plan, plan
    assert "Seq Scan on applications" not in plan, plan


@pytest.mark.parametrize(
    ("department", "district", "count"), [(None, None, 5), ("revenue-department", None, 5), (None, "45", 1)]
)
async def test_the_commission_s_review_of_what_is_overdue_reads_no_other_case(
    full: Store, department: str | None, district: str | None, count: int
) -> None:
    with asked(full) as seen:
        async with full.read_transaction() as tx:
            found = await overdue(NOW, department, district).page(tx, limit=100)
            await count_overdue(
                tx, NOW, department, district
            )  # by counters: tests/store/statistics/test_counted_cases.py
    assert len(found) == count
    [statement] = {text: (text, given) for text, given in seen if "FROM applications" in text}.values()
    async with full.read_transaction() as tx:
        plan = await plan_of(tx, statement)
    assert re.search("ix_applications_open_((district|department)_)?due_at", plan), plan
    assert "SCAN applications" not in plan, plan
    assert "Seq Scan on applications" not in plan, plan


async def test_appeals_that_the_clock_has_to_look_at_are_found_by_state_and_moment(full: Store) -> None:
    with asked(full) as seen:
        async with full.write_transaction() as tx:
            assert len(await appeals.due(tx, NOW, 100)) == 5
    (statement,) = [one for one in seen if "FROM appeals" in one[0]]
    async with full.write_transaction() as tx:
        plan = await plan_of(tx, statement)
    assert "ix_appeals_state_next_at" in plan, plan
    assert "Seq Scan on appeals" not in plan, plan


def appeal_of(case: Application, number: int) -> Appeal:
    """An appeal against a refusal: most are closed, and five of the open ones lapse now."""
    waits = number % 10 == 0
    return Appeal(
        id=f"appeal-{number}",
        number=f"p{number}",
        citizen_id=case.citizen_id,
        application_id=case.id,
        service_code=case.service_code,
        department=case.department,
        district=case.district,
        tehsil=case.tehsil,
        level=AppealLevel.FIRST,
        ground=AppealGround.REJECTED,
        origin=AppealOrigin.CITIZEN,
        state=AppealState.FILED if waits else AppealState.CLOSED,
        version=1,
        text=None,
        late_reason=None,
        received_at=NOW,
        due_at=case.due_at,
        breached_on=None,
        limit_days=None,
        limit_unit=None,
        paused_days=0,
        designated_id=None,
        first_id=None,
        second_id=None,
        authority_id=f"o{number % 200}",
        vacant=False,
        decide_by=None,
        next_at=None if not waits else NOW - DAY if number % 600 == 0 else NOW + (1 + number % 90) * DAY,
        order=None,
        previous_id=None,
    )
