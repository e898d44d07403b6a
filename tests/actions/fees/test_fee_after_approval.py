"""A fee that falls due with the approval: the case waits for it, and its result follows, on each store."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from actions.appeals.appeals import AppealVerdict
from actions.appeals.due_dates import recount_due_dates
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import ISSUE, Decide, Verdict, decide_application
from actions.applications.respond import RecordFee, Withdraw, record_fee, withdraw_application
from actions.certificates.issue import issue_certificate
from actions.officers.bulk import BulkDecide, Item, ItemOutcome, bulk_decide
from domain.appeals.appeals import AppealGround, AppealState
from domain.applications.applications import Application, TimelineEntry, clock_end_of, heard_late_at
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import Move, Status
from domain.catalogue.catalogue import Outcome
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeState
from domain.kernel import ErrorCode, Problems, ist_date
from store.applications import timeline
from store.feedback import notices
from store.platform import outbox
from tests.support.actions import FREE, ORDER, FakeRenderer, World
from tests.support.definitions import give_steps
from tests.support.fees import open_tills
from tests.support.holidays import take_over
from tests.support.law import (
    MONDAY,
    appealed,
    appeals_of,
    at,
    authorities,
    open_moves,
    ordered,
    overdue,
    pass_days,
    present,
    refused,
)
from tests.support.worlds import wrong

pytestmark = pytest.mark.integration
STEPS = ("SCRUTINY", "PAYMENT", "ISSUE")
FEE = 50_000


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


async def decide(world: World, case: Application, verdict: Verdict = Verdict.APPROVE) -> Application:
    return (await decide_application(world.env, world.registrar, Decide(case.id, verdict, f"{verdict.value}-1")))[0]


async def pay(world: World, case: Application, paise: int = FEE, on: date | None = None) -> Application:
    return (await record_fee(world.env, world.registrar, RecordFee(case.id, "R-1", paise, "fee-1", paid_on=on)))[0]


async def approve_unpaid(world: World, **facts) -> Application:
    """A case that is approved and whose fee is not paid."""
    await give_steps(world, *STEPS, fee_paise=FEE, **facts)
    case = await world.submit(world.asha)
    assert case.status is Status.IN_SCRUTINY
    return await decide(world, case)


async def test_an_approved_case_waits_for_its_fee_and_its_certificate_follows_the_payment(world: World):
    case = await approve_unpaid(world)
    assert (case.status, case.decision.approved) == (Status.FEE_PENDING, True)
    assert await issue_certificate(world.env, case.id, FakeRenderer()) is None

    paid = await pay(world, case)

    assert (paid.status, paid.fee_receipt) == (Status.APPROVED, "R-1")
    certificate = await issue_certificate(world.env, case.id, FakeRenderer())
    assert certificate is not None
    assert (await present(world.env, case.id)).status is Status.DELIVERED
    assert await wrong(world.env) == []


async def topics(world: World) -> set[str]:
    async with world.env.store.read_transaction() as tx:
        return {row.topic for row in (await tx.connection.execute(outbox.outbox_table.select())).all()}


async def test_nothing_is_to_be_issued_before_the_fee_is_paid(world: World):
    case = await approve_unpaid(world)
    assert ISSUE not in await topics(world)

    await pay(world, case)

    assert ISSUE in await topics(world)


async def test_an_order_is_delivered_with_the_payment(world: World):
    case = await approve_unpaid(world, outcome=Outcome.ORDER)

    await pay(world, case)

    assert (await present(world.env, case.id)).status is Status.DELIVERED


async def test_the_citizen_is_told_that_a_fee_is_due(world: World):
    await approve_unpaid(world)

    async with world.env.store.read_transaction() as tx:
        kinds = [one.kind for one in await notices.of_citizen(world.asha.person_id).page(tx, limit=20)]
    assert {NoticeKind.APPROVED, NoticeKind.FINAL_FEE_DUE} == set(kinds) - {NoticeKind.APPLICATION_ACKNOWLEDGED}


async def test_the_clock_stands_while_the_fee_is_with_the_citizen(world: World):
    case = await approve_unpaid(world)
    world.clock.advance(timedelta(days=10))

    paid = await pay(world, case)

    assert (case.paused_since is not None, clock_end_of(case)) == (True, None)
    assert (paid.paused_since, paid.paused_days) == (None, 10)
    assert paid.clock_started_at == case.clock_started_at
    assert paid.due_at - case.due_at >= timedelta(days=10)


async def test_only_the_moves_of_the_course_are_offered_while_the_fee_is_due(world: World):
    case = await approve_unpaid(world)

    assert Move.RECEIVE_FINAL_FEE in await open_moves(world.env, case)
    assert Move.RECEIVE_FEE not in await open_moves(world.env, case)


async def test_a_usual_fee_is_asked_before_scrutiny_and_never_after_the_approval(world: World):
    first = await world.submit(world.asha, ORDER)
    assert first.status is Status.FEE_PENDING
    assert Move.RECEIVE_FINAL_FEE not in await open_moves(world.env, first)
    free = await decide(world, await world.submit(world.asha, FREE))

    assert Move.ASK_FEE not in await open_moves(world.env, free)


async def test_whoever_does_not_want_to_pay_withdraws_and_gets_nothing(world: World):
    case = await approve_unpaid(world)

    await withdraw_application(world.env, world.asha, Withdraw(case.id, "gone"))

    assert (await present(world.env, case.id)).status is Status.WITHDRAWN
    with pytest.raises(Problems) as caught:
        await pay(world, case)
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED


async def test_another_amount_is_refused_and_the_case_waits_on(world: World):
    case = await approve_unpaid(world)

    with pytest.raises(Problems) as caught:
        await pay(world, case, FEE - 1)

    assert caught.value.code is ErrorCode.FEE_MISMATCH
    assert (await present(world.env, case.id)).status is Status.FEE_PENDING


async def test_the_fee_is_paid_online_as_every_fee_is(world: World, tmp_path: Path):
    case = await approve_unpaid(world)
    with open_tills(world, tmp_path / "tills") as tills:
        order = await tills.started(case)
        await tills.comes_back(order, await tills.pays(order))
        assert (await tills.order(order)).state is FeeState.SUCCESS

    assert (await present(world.env, case.id)).status is Status.APPROVED
    assert await wrong(world.env) == []


async def test_the_clock_goes_on_from_the_day_of_the_payment_also_where_it_is_entered_later(world: World):
    world.clock.set(at(MONDAY))
    case = await approve_unpaid(world, limit_days=8)
    pass_days(world, 7)

    paid = await pay(world, case, on=date(2026, 12, 2))

    assert (paid.paused_days, paid.due_at) == (2, end_of_day(date(2026, 12, 11)))


async def test_a_day_before_the_approval_is_no_day_of_this_payment(world: World):
    world.clock.set(at(MONDAY))
    await give_steps(world, *STEPS, fee_paise=FEE)
    submitted = await world.submit(world.asha)
    pass_days(world, 2)
    case = await decide(world, submitted)

    with pytest.raises(Problems) as caught:
        await pay(world, case, on=MONDAY)

    assert caught.value.code is ErrorCode.DATE_NOT_ALLOWED
    assert (await pay(world, case, on=date(2026, 12, 2))).status is Status.APPROVED


async def test_an_officer_who_approved_obeyed_the_order_while_the_citizen_has_not_paid(world: World):
    courts = await authorities(world)
    await give_steps(world, *STEPS, fee_paise=FEE)
    case = await refused(world)
    until = ist_date(world.clock.now()) + timedelta(days=10)
    await ordered(world, courts.bdo, await appealed(world, case), AppealVerdict.DIRECT, direct_until=until)
    pass_days(world, 3)

    approved = await decide(world, await present(world.env, case.id))

    assert (approved.status, approved.paused_left) == (Status.FEE_PENDING, 7)
    pass_days(world, 20)
    assert (await sweep(world.env)).raised == 0
    assert [(one.ground, one.state) for one in await appeals_of(world.env, case.id)] == [
        (AppealGround.REJECTED, AppealState.CLOSED)
    ]
    paid = await pay(world, approved)
    assert ist_date(paid.due_at) >= ist_date(world.clock.now()) + timedelta(days=7)
    assert await wrong(world.env) == []


async def test_an_appeal_that_is_not_decided_stays_when_the_fee_is_asked(world: World):
    await authorities(world)
    await give_steps(world, *STEPS, fee_paise=FEE)
    case = await overdue(world)
    await sweep(world.env)

    await decide(world, case)

    assert [one.state for one in await appeals_of(world.env, case.id)] == [AppealState.FILED]


async def test_a_newer_list_of_holidays_counts_the_days_of_the_fee_as_a_pause(world: World):
    world.clock.set(at(MONDAY))
    case = await approve_unpaid(world, limit_days=8)
    world.clock.set(at(date(2026, 12, 7)))
    paid = await pay(world, case)
    assert paid.due_at == end_of_day(date(2026, 12, 17))

    await take_over(world.env, date(2026, 12, 15))
    await recount_due_dates(world.env)

    counted = await present(world.env, case.id)
    assert (counted.due_at, counted.lawful_due_at) == (paid.due_at, end_of_day(date(2026, 12, 18)))


async def test_the_clock_of_a_case_that_was_approved_too_late_runs_on_while_the_fee_is_due(world: World):
    await authorities(world)
    await give_steps(world, *STEPS, fee_paise=FEE)

    case = await decide(world, await overdue(world))

    assert (case.status, case.paused_since, clock_end_of(case)) == (Status.FEE_PENDING, None, None)
    assert (await sweep(world.env)).filed == 1


async def test_many_approvals_at_once_are_told_as_done_where_their_fee_is_due_then(world: World):
    await give_steps(world, *STEPS, fee_paise=FEE)
    case = await world.submit(world.asha)

    (result,) = await bulk_decide(world.env, world.registrar, BulkDecide((Item(case.id),), Verdict.APPROVE, "bulk"))

    assert (result.application.status, result.outcome) == (Status.FEE_PENDING, ItemOutcome.DONE)


async def steps_of(world: World, case: Application) -> list[TimelineEntry]:
    return (await world.env.store.read(lambda tx: timeline.timelines(tx, [case.id])))[case.id]


async def test_a_newer_list_of_holidays_counts_a_fee_that_was_entered_later_until_its_payment(world: World):
    world.clock.set(at(MONDAY))
    case = await approve_unpaid(world, limit_days=8)
    pass_days(world, 7)
    await pay(world, case, on=date(2026, 12, 2))

    await take_over(world.env, date(2026, 12, 10))
    await recount_due_dates(world.env)

    assert (await present(world.env, case.id)).lawful_due_at == end_of_day(date(2026, 12, 14))


async def test_an_officer_is_measured_from_the_day_on_which_the_payment_was_heard_of(world: World):
    world.clock.set(at(MONDAY))
    case = await approve_unpaid(world, limit_days=2)
    pass_days(world, 20)

    paid = await pay(world, case, on=date(2026, 12, 2))

    assert paid.due_at < world.clock.now()
    assert heard_late_at(paid, await steps_of(world, paid)) == world.clock.now()


async def test_a_payment_that_is_entered_on_its_day_was_not_heard_of_late(world: World):
    case = await approve_unpaid(world)
    pass_days(world, 20)

    paid = await pay(world, case)

    assert heard_late_at(paid, await steps_of(world, paid)) is None


async def test_a_payment_after_a_limit_that_was_over_changes_nothing_for_the_officer(world: World):
    await give_steps(world, *STEPS, fee_paise=FEE)
    case = await decide(world, await overdue(world))
    pass_days(world, 5)

    paid = await pay(world, case)

    assert heard_late_at(paid, await steps_of(world, paid)) is None
