"""The last days of the citizen's own periods of appeal, and of offices with a five-day week."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.appeals.appeals import AppealVerdict
from actions.appeals.legal_sweep import sweep
from domain.appeals.appeals import AppealLevel
from domain.applications.deadline import end_of_day
from domain.feedback.notices import NoticeKind
from domain.kernel import ErrorCode, ist_date
from store.feedback import notices
from tests.support.actions import World
from tests.support.holidays import take_over
from tests.support.law import (
    DEPARTMENT,
    MONDAY,
    appealed,
    appeals_of,
    at,
    authorities,
    ordered,
    overdue,
    refused,
    submitted,
)
from tests.support.refusals import refusal


async def told_on(world: World, kind: NoticeKind) -> str:
    """The day that the latest message of a kind names."""
    async with world.env.store.read_transaction() as tx:
        found = await notices.of_citizen(world.asha.person_id or "").page(tx, limit=50)
    return next(one for one in found if one.kind is kind).params["on"]


async def test_a_first_appeal_whose_thirtieth_day_is_shut_is_in_time_on_the_next_open_day(peopled: World):
    peopled.clock.set(at(MONDAY) - timedelta(days=3))  # thirty days later is a Sunday
    case = await refused(peopled)
    peopled.clock.advance(timedelta(days=31))
    assert (await appealed(peopled, case)).late_reason is None


async def test_a_first_appeal_after_that_day_is_late(peopled: World):
    peopled.clock.set(at(MONDAY) - timedelta(days=3))
    case = await refused(peopled)
    peopled.clock.advance(timedelta(days=32))
    assert await refusal(appealed(peopled, case)) is ErrorCode.APPEAL_TOO_LATE


async def test_a_second_appeal_whose_sixtieth_day_is_a_holiday_is_in_time_on_the_next_open_day(peopled: World):
    courts = await authorities(peopled)
    peopled.clock.set(at(MONDAY))
    dismissed = await ordered(
        peopled, courts.bdo, await appealed(peopled, case := await refused(peopled)), AppealVerdict.DISMISS
    )
    await take_over(peopled.env, MONDAY + timedelta(days=60))
    peopled.clock.advance(timedelta(days=61))
    second = await appealed(peopled, case, "second")
    assert (second.level, second.previous_id, second.late_reason) == (AppealLevel.SECOND, dismissed.id, None)


async def test_the_message_about_a_breach_names_the_day_to_which_her_period_is_rolled(peopled: World):
    await overdue(peopled)
    due = ist_date(peopled.clock.now()) - timedelta(days=1)
    await take_over(peopled.env, due + timedelta(days=30))
    await sweep(peopled.env)
    rolled = due + timedelta(days=31)
    while rolled.weekday() == 6:
        rolled += timedelta(days=1)
    assert await told_on(peopled, NoticeKind.DUE_DATE_PASSED) == rolled.isoformat()


async def test_the_message_about_a_dismissal_names_the_day_to_which_her_period_is_rolled(peopled: World):
    courts = await authorities(peopled)
    peopled.clock.set(at(MONDAY))
    await take_over(peopled.env, date(2027, 1, 29))  # the sixtieth day, a Friday
    await ordered(peopled, courts.bdo, await appealed(peopled, await refused(peopled)), AppealVerdict.DISMISS)
    assert await told_on(peopled, NoticeKind.APPEAL_DISMISSED) == "2027-01-30"


def of_five_days(world: World, *offices: str) -> World:
    """The same world, in which these offices have a five-day week."""
    return replace(world, env=replace(world.env, rules=replace(world.env.rules, five_day_offices=frozenset(offices))))


@pytest.mark.parametrize(
    ("offices", "due"),
    [
        ((), date(2026, 12, 5)),
        ((DEPARTMENT,), date(2026, 12, 7)),
        ((f"{DEPARTMENT}/49",), date(2026, 12, 7)),
        ((f"{DEPARTMENT}/51", "revenue"), date(2026, 12, 5)),
    ],
)
async def test_a_limit_of_five_working_days_ends_by_the_week_of_the_office(peopled: World, offices, due):
    application = await submitted(of_five_days(peopled, *offices), 5)
    assert application.due_at == end_of_day(due)


async def test_the_time_of_an_authority_ends_by_the_week_of_its_own_office(peopled: World):
    world = of_five_days(peopled, DEPARTMENT)
    await authorities(world)
    case = await overdue(world)
    await sweep(world.env)
    (appeal,) = await appeals_of(world.env, case.id)
    week = world.env.rules.calendar.for_week(world.env.rules.week_of(DEPARTMENT, "49"))
    assert appeal.decide_by == end_of_day(week.add_working_days(ist_date(appeal.received_at), 30, "49"))
