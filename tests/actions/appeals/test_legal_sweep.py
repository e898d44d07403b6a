"""The clock's round: what files itself, what goes up, what never happens twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.appeals.appeals import AppealVerdict, choose_auto_appeal
from actions.appeals.legal_sweep import Swept, sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.hand_over import HandOver, hand_over
from actions.applications.respond import AnswerQuery, Withdraw, answer_query, withdraw_application
from actions.certificates.issue import issue_certificate
from actions.kernel import UnitOfWork
from domain.appeals.appeals import AppealGround, AppealLevel, AppealMove, AppealOrigin, AppealState
from domain.applications.applications import DeliveryMode, RejectionGround
from domain.applications.deadline import breaches_at, end_of_day
from domain.applications.lifecycle import Status
from domain.clearances import EscalationKind
from domain.kernel import ist_date
from store import clearances
from store.appeals import appeals
from store.catalogue import catalogue
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.law import (
    appealed,
    appeals_of,
    authorities,
    events_of,
    heard,
    ordered,
    overdue,
    pass_days,
    present,
    refused,
)


async def test_a_breach_files_the_first_appeal_by_itself_and_once(world: World):
    courts = await authorities(world)
    application = await overdue(world)
    assert (await sweep(world.env)).filed == 1
    assert (await sweep(world.env)).filed == 0
    (appeal,) = await appeals_of(world.env, application.id)
    assert (appeal.level, appeal.ground, appeal.origin, appeal.state) == (
        AppealLevel.FIRST,
        AppealGround.TIME_LIMIT_BREACHED,
        AppealOrigin.AUTO,
        AppealState.FILED,
    )
    assert appeal.number.startswith("3")
    assert (appeal.designated_id, appeal.first_id, appeal.second_id, appeal.authority_id) == (
        world.registrar.person_id,
        courts.bdo.person_id,
        courts.dm.person_id,
        courts.bdo.person_id,
    )
    assert application.due_at is not None
    assert appeal.breached_on == ist_date(application.due_at) + timedelta(days=1)
    assert [event.move for event in await events_of(world.env, appeal.id)] == [AppealMove.FILE]


async def test_at_the_due_instant_itself_nothing_is_breached(world: World):
    application = await overdue(world)
    world.clock.advance(timedelta(microseconds=-1))
    assert (await sweep(world.env)).filed == 0
    assert await appeals_of(world.env, application.id) == []


async def test_rounds_at_once_and_a_clock_that_steps_file_nothing_twice(world: World):
    application = await overdue(world)
    await asyncio.gather(*(sweep(world.env) for _ in range(3)))
    breached = world.clock.now()
    for step in (timedelta(days=-3), timedelta(hours=2), timedelta(days=5), timedelta(days=-10), timedelta(days=1)):
        world.clock.set(breached + step)
        await sweep(world.env)
    assert len(await appeals_of(world.env, application.id)) == 1


async def test_nothing_is_filed_while_the_clock_is_paused(world: World):
    application = await world.submit(world.asha)
    query = Decide(
        application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Which hospital?"
    )
    await decide_application(world.env, world.registrar, query)
    pass_days(world, 90)
    assert (await sweep(world.env)).filed == 0
    answered, _ = await answer_query(world.env, world.asha, AnswerQuery(application.id, "Doon", {}, "a"))
    assert answered.due_at is not None
    assert (await sweep(world.env)).filed == 0
    world.clock.set(breaches_at(answered.due_at))
    assert (await sweep(world.env)).filed == 1


async def test_a_query_after_the_breach_does_not_undo_it(world: World):
    application = await overdue(world)
    query = Decide(
        application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Which hospital?"
    )
    asked, _ = await decide_application(world.env, world.registrar, query)
    assert (asked.status, asked.paused_since) == (Status.QUERY_RAISED, None)
    assert (await sweep(world.env)).filed == 1


async def test_an_unknown_limit_and_a_service_that_is_not_notified_file_nothing(world: World):
    async with world.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, FREE)
        assert service is not None
        await catalogue.upsert_services(tx, [replace(service, limit_days=None)])
    unknown = await world.submit(world.asha)
    assert unknown.due_at is None
    async with world.env.store.write_transaction() as tx:
        await catalogue.upsert_services(tx, [replace(service, rts_notified=False)])
    await world.submit(world.sunil, idempotency_key="sunil")
    pass_days(world, 200)
    assert await sweep(world.env) == Swept(0, 0, 1)


async def test_a_citizen_who_opted_out_files_for_herself(world: World):
    assert not await choose_auto_appeal(world.env, world.asha, wanted=False, key="out")
    application = await overdue(world)
    assert (await sweep(world.env)).filed == 0
    appeal = await appealed(world, application)
    assert (appeal.origin, appeal.ground) == (AppealOrigin.CITIZEN, AppealGround.TIME_LIMIT_BREACHED)
    pass_days(world, 60)
    assert (await sweep(world.env)).raised == 1
    assert [one.state for one in await appeals_of(world.env, application.id)] == [AppealState.LAPSED]
    assert await choose_auto_appeal(world.env, world.asha, wanted=True, key="in")


async def test_what_is_not_decided_goes_to_the_second_authority_and_then_to_the_commission(world: World):
    courts = await authorities(world)
    application = await overdue(world)
    await sweep(world.env)
    (first,) = await appeals_of(world.env, application.id)
    assert first.decide_by is not None
    calendar = world.env.rules.calendar
    assert calendar.working_days_between(ist_date(first.received_at), ist_date(first.decide_by), "49") == 30
    world.clock.set(first.decide_by)
    assert (await sweep(world.env)).raised == 0
    world.clock.set(breaches_at(first.decide_by))
    assert (await sweep(world.env)).raised == 1
    assert (await sweep(world.env)).raised == 0
    lapsed, second = await appeals_of(world.env, application.id)
    assert (lapsed.state, second.level, second.previous_id, second.authority_id) == (
        AppealState.LAPSED,
        AppealLevel.SECOND,
        first.id,
        courts.dm.person_id,
    )
    assert second.decide_by is not None
    world.clock.set(breaches_at(second.decide_by))
    await sweep(world.env)
    third = (await appeals_of(world.env, application.id))[-1]
    assert (third.level, third.state, third.decide_by, third.next_at) == (
        AppealLevel.COMMISSION,
        AppealState.FILED,
        None,
        None,
    )
    pass_days(world, 400)
    assert (await sweep(world.env)).raised == 0


async def test_an_order_that_is_ignored_goes_up_one_level(world: World):
    courts = await authorities(world)
    application = await overdue(world)
    await sweep(world.env)
    (appeal,) = await appeals_of(world.env, application.id)
    until = ist_date(world.clock.now()) + timedelta(days=7)
    await ordered(world, courts.bdo, appeal, AppealVerdict.DIRECT, direct_until=until)
    world.clock.set(end_of_day(until))
    assert (await sweep(world.env)).raised == 0
    world.clock.set(breaches_at(end_of_day(until)))
    assert (await sweep(world.env)).raised == 1
    ignored, above = await appeals_of(world.env, application.id)
    assert ignored.state is AppealState.LAPSED
    assert (above.level, above.ground) == (AppealLevel.SECOND, AppealGround.DO_IGNORED_ORDER)


async def issued(world: World, application_id: str) -> None:
    await decide_application(
        world.env, world.registrar, Decide(application_id, Verdict.APPROVE, f"yes-{application_id}")
    )
    await issue_certificate(world.env, application_id, FakeRenderer())


async def test_a_delivery_in_the_last_second_has_no_appeal_also_when_the_round_follows_at_once(world: World):
    application = await world.submit(world.asha)
    assert application.due_at is not None
    world.clock.set(application.due_at)
    await issued(world, application.id)
    world.clock.set(breaches_at(application.due_at))
    assert (await sweep(world.env)).filed == 0


async def test_a_delivery_in_the_minute_of_the_breach_is_late_and_the_authority_keeps_the_question(world: World):
    await authorities(world)
    application = await overdue(world)
    await sweep(world.env)
    world.clock.advance(timedelta(seconds=30))
    await issued(world, application.id)
    (appeal,) = await appeals_of(world.env, application.id)
    assert appeal.state is AppealState.SERVICE_DELIVERED_LATE
    pass_days(world, 100)
    assert (await sweep(world.env)).raised == 0


async def test_a_delivery_and_a_round_at_once_agree(world: World):
    application = await overdue(world)
    await asyncio.gather(issued(world, application.id), sweep(world.env))
    delivered = await present(world.env, application.id)
    found = await appeals_of(world.env, application.id)
    assert delivered.status is Status.DELIVERED
    assert [one.state for one in found] in ([], [AppealState.SERVICE_DELIVERED_LATE])


async def test_what_was_given_in_time_and_recorded_later_has_no_appeal(world: World):
    """A counter's record comes in after the round; the round had filed because of an error in the record."""
    from actions.appeals.legal_sweep import OF_BREACH
    from actions.appeals.steps import file
    from domain.kernel import SYSTEM

    application = await world.submit(world.asha, delivery=DeliveryMode.COUNTER)
    await issued(world, application.id)
    handed = world.clock.now()
    assert application.due_at is not None
    world.clock.set(breaches_at(application.due_at))
    assert (await sweep(world.env)).filed == 0
    async with world.env.store.write_transaction() as tx:
        await file(UnitOfWork(world.env, tx, SYSTEM), await present(world.env, application.id), OF_BREACH)
    given, _ = await hand_over(world.env, world.registrar, HandOver(application.id, "given", handed_over_at=handed))
    assert (given.status, given.delivered_at) == (Status.DELIVERED, handed)
    (appeal,) = await appeals_of(world.env, application.id)
    assert appeal.state is AppealState.CLOSED
    assert (await events_of(world.env, appeal.id))[-1].move is AppealMove.VOID


async def test_an_application_that_is_withdrawn_takes_its_appeal_with_it(world: World):
    application = await overdue(world)
    await sweep(world.env)
    await withdraw_application(world.env, world.asha, Withdraw(application.id, "back"))
    (appeal,) = await appeals_of(world.env, application.id)
    assert appeal.state is AppealState.CLOSED


async def test_officers_are_warned_before_the_date_once_for_each_step(world: World):
    courts = await authorities(world)
    application = await world.submit(world.asha)
    assert application.due_at is not None
    due = ist_date(application.due_at)
    day, told = ist_date(world.clock.now()), []
    while day <= due + timedelta(days=1):
        world.clock.set(end_of_day(day) - timedelta(hours=23, minutes=49))
        await sweep(world.env)
        await sweep(world.env)
        async with world.env.store.read_transaction() as tx:
            found = (await clearances.warnings(tx, [application.id])).get(application.id, [])
        left = world.env.rules.calendar.working_days_between(day, due, "49")
        told += [(one.kind, left) for one in found[len(told) :]]
        day += timedelta(days=1)
    assert told == [
        (EscalationKind.DUE_SOON, 3),
        (EscalationKind.DUE_TOMORROW, 1),
        (EscalationKind.OVERDUE, world.env.rules.calendar.working_days_between(due + timedelta(days=1), due, "49")),
    ]
    assert [one.above_id for one in found] == [None, courts.bdo.person_id, courts.bdo.person_id]


async def test_the_authority_is_warned_before_an_appeal_lapses(world: World):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    assert appeal.decide_by is not None
    world.clock.set(appeal.decide_by - timedelta(days=3))
    assert (await sweep(world.env)).warned == 1
    assert (await sweep(world.env)).warned == 0
    async with world.env.store.read_transaction() as tx:
        (warning,) = (await clearances.warnings(tx, [appeal.application_id]))[appeal.application_id]
    assert (warning.kind, warning.officer_id, warning.above_id) == (
        EscalationKind.APPEAL_DUE_SOON,
        courts.bdo.person_id,
        courts.dm.person_id,
    )


async def test_a_leader_that_lost_the_lead_writes_nothing(world: World):
    class Lost(Exception):
        pass

    async def fence(_tx: object) -> None:
        raise Lost

    application = await overdue(world)
    with pytest.raises(Lost):
        await sweep(world.env, fence)
    assert await appeals_of(world.env, application.id) == []


async def test_a_hearing_does_not_stop_the_lapse(world: World):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    await heard(world, courts.bdo, appeal)
    pass_days(world, 60)
    assert (await sweep(world.env)).raised == 1
    async with world.env.store.read_transaction() as tx:
        assert (await appeals.by_ids(tx, [appeal.id]))[appeal.id].state is AppealState.LAPSED
