"""The legal clock of an application: what a query gives back, when it ends, and which instants appeals bear."""

from datetime import date, timedelta

import pytest

from actions.appeals.delays import RecordDelayReason, record_delay_reason
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.hand_over import HandOver, hand_over
from actions.applications.respond import AnswerQuery, answer_query
from actions.certificates.issue import issue_certificate
from actions.officers.dashboards import days_late
from domain.appeals.appeals import AppealGround, AppealLevel, AppealMove, AppealState
from domain.appeals.delays import DelayCause
from domain.applications.applications import Application, DeliveryMode, RejectionGround, clock_end_of
from domain.applications.deadline import breaches_at, end_of_day
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, ist_midnight
from domain.statistics.figures import Measure, figure_inputs, marks_of
from store.appeals import commission_figures
from tests.support.actions import FakeRenderer, World
from tests.support.law import MONDAY, appealed, appeals_of, at, authorities, events_of, present, submitted
from tests.support.refusals import refusal


async def asked(world: World, application: Application) -> Application:
    query = Decide(application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Where?")
    return (await decide_application(world.env, world.registrar, query))[0]


async def answered(world: World, application: Application) -> Application:
    return (await answer_query(world.env, world.asha, AnswerQuery(application.id, "Doon", {}, "a")))[0]


async def rejected(world: World, application: Application) -> Application:
    no = Decide(application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="Not born here.")
    return (await decide_application(world.env, world.registrar, no))[0]


async def issued(world: World, application: Application) -> Application:
    await decide_application(world.env, world.registrar, Decide(application.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, application.id, FakeRenderer())
    return await present(world.env, application.id)


async def handed_over(world: World, application: Application) -> Application:
    return (await hand_over(world.env, world.registrar, HandOver(application.id, "given")))[0]


async def test_a_query_costs_no_working_day_and_no_due_date_falls_on_a_shut_day(peopled: World):
    application = await submitted(peopled, 10)
    assert application.due_at == end_of_day(date(2026, 12, 11))
    peopled.clock.set(at(date(2026, 12, 8)))
    waiting = await asked(peopled, application)
    assert waiting.paused_left == 3
    peopled.clock.set(at(date(2026, 12, 10)))
    again = await answered(peopled, application)
    assert again.due_at == end_of_day(date(2026, 12, 15))  # Friday, Monday, Tuesday
    assert (again.paused_since, again.paused_left, again.paused_days) == (None, None, 2)


async def test_a_query_on_the_last_day_leaves_one_working_day_after_the_answer(peopled: World):
    application = await submitted(peopled, 10)
    peopled.clock.set(at(date(2026, 12, 11)))
    await asked(peopled, application)
    peopled.clock.set(at(date(2026, 12, 12)))
    assert (await answered(peopled, application)).due_at == end_of_day(date(2026, 12, 14))


async def test_an_answer_on_the_day_of_the_query_moves_nothing(peopled: World):
    application = await submitted(peopled)
    await asked(peopled, application)
    assert (await answered(peopled, application)).due_at == application.due_at


async def test_a_certificate_made_in_time_is_no_breach_when_it_is_collected_late(peopled: World):
    world = peopled
    application = await submitted(world, delivery=DeliveryMode.COUNTER)
    made = await issued(world, application)
    assert made.status is Status.CERTIFICATE_ISSUED
    world.clock.set(at(date(2026, 12, 21)))
    assert days_late(made, world.clock.now()) == 0
    given = await handed_over(world, application)
    assert given.due_at is not None
    assert given.delivered_at == world.clock.now()
    assert given.delivered_at > given.due_at
    assert clock_end_of(given) == given.clock_ended_at == at(MONDAY)
    assert days_late(given, world.clock.now()) == 0
    late = appealed(world, application, ground=AppealGround.TIME_LIMIT_BREACHED)
    assert await refusal(late) is ErrorCode.NOT_APPEALABLE


async def test_a_certificate_collected_late_counts_as_in_time_in_figures_and_for_the_commission(peopled: World):
    world = peopled
    application = await submitted(world, delivery=DeliveryMode.COUNTER)
    await issued(world, application)
    day = date(2026, 12, 21)
    world.clock.set(at(day))
    given = await handed_over(world, application)
    marks = marks_of(figure_inputs(given))
    assert sum(many for mark, many in marks.items() if (mark.measure, mark.day) == (Measure.ON_TIME, day)) == 1
    async with world.env.store.read_transaction() as tx:
        (row,) = await commission_figures.day_rows(tx, ist_midnight(day), ist_midnight(day + timedelta(days=1)))
    assert (row.delivered_in_time, row.delivered_late) == (1, 0)
    reason = RecordDelayReason(DelayCause.STAFF_SHORTAGE, None, "why", application_id=application.id)
    assert await refusal(record_delay_reason(world.env, world.registrar, reason)) is ErrorCode.BAD_INPUT


async def test_a_certificate_made_late_is_a_breach_before_and_after_it_is_collected(peopled: World):
    world = peopled
    await authorities(world)
    application = await submitted(world, delivery=DeliveryMode.COUNTER)
    assert application.due_at is not None
    world.clock.set(application.due_at + timedelta(days=2))
    made = await issued(world, application)
    world.clock.advance(timedelta(days=5))
    assert days_late(made, world.clock.now()) == 2
    appeal = await appealed(world, application, ground=AppealGround.TIME_LIMIT_BREACHED)
    assert appeal.breached_on == date(2026, 12, 10)
    assert days_late(await handed_over(world, application), world.clock.now()) == 2


async def test_a_rejection_in_time_that_is_recorded_after_the_sweep_voids_the_automatic_appeal(peopled: World):
    world = peopled
    await authorities(world)
    application = await submitted(world)
    assert application.due_at is not None
    world.clock.set(breaches_at(application.due_at))
    assert (await sweep(world.env)).filed == 1
    world.clock.set(application.due_at - timedelta(hours=1))  # the clock that was fast is put right
    await rejected(world, application)
    (appeal,) = await appeals_of(world.env, application.id)
    assert appeal.state is AppealState.CLOSED
    assert [event.move for event in await events_of(world.env, appeal.id)] == [AppealMove.FILE, AppealMove.VOID]
    assert (await appealed(world, application)).ground is AppealGround.REJECTED


async def test_a_late_rejection_leaves_the_automatic_appeal_as_it_is(peopled: World):
    world = peopled
    await authorities(world)
    application = await submitted(world)
    assert application.due_at is not None
    world.clock.set(breaches_at(application.due_at))
    await sweep(world.env)
    await rejected(world, application)
    assert [one.state for one in await appeals_of(world.env, application.id)] == [AppealState.FILED]


@pytest.mark.parametrize("outage", [timedelta(0), timedelta(hours=14, minutes=10), timedelta(days=3, hours=15)])
async def test_an_automatic_appeal_bears_the_instant_of_the_breach_whenever_the_round_runs(
    peopled: World, outage: timedelta
):
    world = peopled
    await authorities(world)
    application = await submitted(world)
    assert application.due_at is not None
    breach = breaches_at(application.due_at)
    world.clock.set(breach + outage)
    assert (await sweep(world.env)).filed == 1
    (appeal,) = await appeals_of(world.env, application.id)
    calendar = world.env.rules.calendar
    assert appeal.received_at == breach == ist_midnight(date(2026, 12, 10))
    assert appeal.decide_by == end_of_day(calendar.add_working_days(date(2026, 12, 10), 30, "49"))
    (event,) = await events_of(world.env, appeal.id)
    assert event.at == breach + outage


async def test_an_appeal_that_lapses_goes_up_at_the_instant_of_the_lapse_after_an_outage(peopled: World):
    world = peopled
    await authorities(world)
    application = await submitted(world)
    assert application.due_at is not None
    world.clock.set(breaches_at(application.due_at))
    await sweep(world.env)
    (first,) = await appeals_of(world.env, application.id)
    assert first.decide_by is not None
    world.clock.set(first.decide_by + timedelta(days=2, hours=15))
    assert (await sweep(world.env)).raised == 1
    _, second = await appeals_of(world.env, application.id)
    assert (second.level, second.received_at) == (AppealLevel.SECOND, breaches_at(first.decide_by))


async def test_no_automatic_appeal_is_filed_that_has_lapsed_already(peopled: World):
    world = peopled
    await authorities(world)
    application = await submitted(world)
    assert application.due_at is not None
    world.clock.set(application.due_at + timedelta(days=200))
    await sweep(world.env)
    (appeal,) = await appeals_of(world.env, application.id)
    assert (appeal.level, appeal.received_at) == (AppealLevel.FIRST, world.clock.now())
