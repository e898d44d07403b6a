"""The course of a benefit: stops, arrears paid once, death and recovery, reissue, second approvals, a new account."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest

from actions.benefits.instalments import release_due
from actions.benefits.life_certificates import remind_of_certificates
from actions.benefits.orders import (
    CompleteReview,
    EndBenefit,
    ResumeBenefit,
    SuspendBenefit,
    TakeLifeCertificate,
    complete_review,
    end_benefit,
    resume_benefit,
    suspend_benefit,
    take_life_certificate,
)
from actions.benefits.payment_orders import (
    CancelRecovery,
    DecideApproval,
    NoteChallan,
    OrderRecovery,
    ReissuePayment,
    cancel_recovery,
    decide_approval,
    note_challan,
    order_recovery,
    reissue_payment,
    waiting_approvals,
)
from actions.benefits.sanction import send_instruction
from domain.benefits.benefits import Hold, InstalmentKind, PaymentStatus, Sanction, SanctionState
from domain.benefits.recoveries import RecoveryGround, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import LifeProof, ResumeGround, StopGround
from domain.feedback.notices import NoticeKind
from domain.kernel import ErrorCode, Problems, ist_date
from domain.reconciliation.finance_cases import DifferenceKind
from store.benefits import benefits, recoveries, sanction_course
from store.feedback import notices
from store.reconciliation import finance_cases
from tests.support.actions import PENSION, World, papers
from tests.support.pensions import FIRST, SECOND, code_of, made, news
from tests.support.state import LAW
from tests.support.worlds import PENSION_PAPERS, link_and_offer, wrong

CREDITED, RETURNED = PaymentStatus.CREDITED, PaymentStatus.RETURNED
_LOW: Mapping[str, int] = MappingProxyType({"second_approval_paise": 100_000})


async def now_of(world: World, sanction: Sanction) -> Sanction:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanctions(tx, [sanction.id]))[sanction.id]


async def told(world: World, sanction: Sanction) -> list[NoticeKind]:
    async with world.env.store.read_transaction() as tx:
        page = await notices.of_citizen(sanction.citizen_id).page(tx, limit=100)
    return [one.kind for one in page if one.topic_id == sanction.id]


def on(world: World, day: date) -> None:
    world.clock.advance(timedelta(days=(day - ist_date(world.clock.now())).days))


async def test_a_suspension_holds_what_was_not_sent_and_its_arrears_are_paid_once_each(world: World, pension: Sanction):
    request = SuspendBenefit(pension.id, StopGround.ENQUIRY_PENDING, "s1")
    after, replayed = await suspend_benefit(world.env, world.welfare, request)
    assert (after.state, replayed) == (SanctionState.SUSPENDED, False)
    assert (await suspend_benefit(world.env, world.welfare, request))[1] is True
    (first,) = await made(world, pension)
    assert first.hold is Hold.STOPPED
    await send_instruction(world.env, first.id)
    assert world.dbt.instructed == []
    world.clock.advance(timedelta(days=100))
    assert await release_due(world.env) == 0
    resumed = ResumeBenefit(pension.id, ResumeGround.ENQUIRY_CLEARED, arrears=True, idempotency_key="r1")
    assert (await resume_benefit(world.env, world.welfare, resumed))[0].state is SanctionState.ACTIVE
    assert await release_due(world.env) == 3
    assert await release_due(world.env) == 0
    payments = await made(world, pension)
    assert [one.period_from for one in payments] == [
        date(2026, 11, 24),
        date(2026, 12, 24),
        date(2027, 1, 24),
        date(2027, 2, 24),
    ]
    kinds = [one.kind for one in payments]
    assert kinds == [InstalmentKind.REGULAR, InstalmentKind.ARREARS, InstalmentKind.ARREARS, InstalmentKind.REGULAR]
    await send_instruction(world.env, first.id)
    assert [one.bill_number for one in world.dbt.instructed] == [first.bill_number]
    expected = [NoticeKind.PAYMENT_SENT, NoticeKind.BENEFIT_RESUMED, NoticeKind.BENEFIT_STOPPED]
    assert await told(world, pension) == expected
    assert await wrong(world.env) == []


async def test_without_arrears_the_missed_periods_stay_unpaid(world: World, pension: Sanction):
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.OWN_REQUEST, "s"))
    world.clock.advance(timedelta(days=100))
    request = ResumeBenefit(pension.id, ResumeGround.OWN_REQUEST, arrears=False, idempotency_key="r")
    await resume_benefit(world.env, world.welfare, request)
    assert await release_due(world.env) == 0
    assert (await now_of(world, pension)).next_due_on == date(2027, 3, 24)


async def test_without_a_life_certificate_nothing_is_paid_after_its_month_and_with_it_all_that_was_missed(
    world: World, pension: Sanction
):
    on(world, date(2027, 11, 5))
    await release_due(world.env)
    assert await remind_of_certificates(world.env) == 1
    assert await remind_of_certificates(world.env) == 0
    on(world, date(2027, 11, 22))
    assert await remind_of_certificates(world.env) == 1
    on(world, date(2028, 2, 1))
    await release_due(world.env)
    stopped = await now_of(world, pension)
    assert stopped.state is SanctionState.LIFE_CERTIFICATE_DUE
    assert (await made(world, pension))[-1].period_from == date(2027, 11, 24)
    given = TakeLifeCertificate(pension.id, date(2028, 1, 30), LifeProof.JEEVAN_PRAMAAN, "l1")
    after, _ = await take_life_certificate(world.env, world.welfare, given)
    assert (after.state, after.certified_on) == (SanctionState.ACTIVE, date(2028, 1, 30))
    await release_due(world.env)
    begun = [one.period_from for one in await made(world, pension)]
    assert begun[-3:] == [date(2027, 11, 24), date(2027, 12, 24), date(2028, 1, 24)]
    assert len(begun) == len(set(begun)) == 15
    kinds = await told(world, pension)
    assert kinds.count(NoticeKind.LIFE_CERTIFICATE_WANTED) == 2
    assert kinds[0] is NoticeKind.BENEFIT_RESUMED


async def test_a_certificate_of_an_earlier_year_does_not_lift_the_stop(world: World, pension: Sanction):
    on(world, date(2027, 12, 28))
    await release_due(world.env)
    given = TakeLifeCertificate(pension.id, date(2027, 10, 30), LifeProof.IN_PERSON, "l")
    assert (await take_life_certificate(world.env, world.welfare, given))[0].state is SanctionState.LIFE_CERTIFICATE_DUE


async def test_a_review_that_is_not_done_stops_it_until_it_is(world: World, pension: Sanction):
    async with world.env.store.write_transaction() as tx:
        await benefits.change_sanction(tx, pension.id, certified_on=date(2028, 11, 1))
    on(world, date(2028, 3, 30))
    await release_due(world.env)
    assert (await now_of(world, pension)).state is SanctionState.REVIEW_DUE
    # The review of November 2027 had 90 days: the last period paid began before 22 February 2028.
    assert (await made(world, pension))[-1].period_from == date(2028, 1, 24)
    after, _ = await complete_review(world.env, world.welfare, CompleteReview(pension.id, "v"))
    assert after.state is SanctionState.ACTIVE
    assert await release_due(world.env) == 2


async def test_on_death_what_began_by_then_is_paid_and_what_was_paid_after_is_ordered_back(
    world: World, pension: Sanction
):
    world.clock.advance(timedelta(days=70))
    await release_due(world.env)
    first, second, third = await made(world, pension)
    for one in (first, second):
        await news(world, one, CREDITED)
    request = EndBenefit(pension.id, StopGround.DEATH, date(2026, 12, 10), "e")
    after, _ = await end_benefit(world.env, world.welfare, request)
    assert (after.state, after.ended_on) == (SanctionState.ENDED, date(2026, 12, 10))
    assert (await made(world, pension))[2].hold is Hold.STOPPED
    async with world.env.store.read_transaction() as tx:
        (recovery,) = (await recoveries.of_sanctions(tx, [pension.id]))[pension.id]
    assert (recovery.amount_paise, recovery.ground, recovery.way) == (
        second.amount_paise,
        RecoveryGround.PAID_AFTER_DEATH,
        RecoveryWay.CHALLAN,
    )
    world.clock.advance(timedelta(days=200))
    assert await release_due(world.env) == 0
    await send_instruction(world.env, third.id)
    assert world.dbt.instructed == []
    with pytest.raises(Problems) as refused:
        await end_benefit(world.env, world.welfare, replace(request, idempotency_key="again"))
    assert code_of(refused) is ErrorCode.STEP_NOT_ALLOWED


async def test_what_comes_back_by_itself_after_the_end_is_part_of_the_recovery(world: World, pension: Sanction):
    world.clock.advance(timedelta(days=40))
    await release_due(world.env)
    _, second = await made(world, pension)
    await news(world, second, CREDITED)
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, date(2026, 12, 1), "e"))
    assert await news(world, second, RETURNED, return_code="60")
    async with world.env.store.read_transaction() as tx:
        (recovery,) = (await recoveries.of_sanctions(tx, [pension.id]))[pension.id]
    assert (recovery.state, recovery.outstanding_paise) == (RecoveryState.RECOVERED, 0)


async def test_a_recovery_is_kept_back_from_later_payments_half_at_most_until_all_is_back(
    world: World, pension: Sanction
):
    (first,) = await made(world, pension)
    await news(world, first, CREDITED)
    request = OrderRecovery(pension.id, 100_000, RecoveryGround.WRONG_AMOUNT, RecoveryWay.DEDUCTION, "o")
    await order_recovery(world.env, FIRST, request)
    world.clock.advance(timedelta(days=100))
    await release_due(world.env)
    paid = [(one.amount_paise, one.deducted_paise) for one in (await made(world, pension))[1:]]
    assert paid == [(75_000, 75_000), (125_000, 25_000), (150_000, 0)]
    async with world.env.store.read_transaction() as tx:
        (recovery,) = (await recoveries.of_sanctions(tx, [pension.id]))[pension.id]
    assert recovery.state is RecoveryState.RECOVERED


async def test_a_recovery_by_challan_takes_each_challan_once_and_no_more_than_is_outstanding(
    world: World, pension: Sanction
):
    (first,) = await made(world, pension)
    await news(world, first, CREDITED)
    with pytest.raises(Problems) as refused:
        await order_recovery(
            world.env, FIRST, OrderRecovery(pension.id, 150_001, RecoveryGround.PAID_TWICE, RecoveryWay.CHALLAN, "o0")
        )
    assert code_of(refused) is ErrorCode.BAD_INPUT
    await order_recovery(
        world.env, FIRST, OrderRecovery(pension.id, 150_000, RecoveryGround.PAID_TWICE, RecoveryWay.CHALLAN, "o")
    )
    await note_challan(world.env, FIRST, NoteChallan(pension.id, 1, "CH-1", 50_000, "c1"))
    with pytest.raises(Problems) as twice:
        await note_challan(world.env, FIRST, NoteChallan(pension.id, 1, "CH-1", 50_000, "c2"))
    assert code_of(twice) is ErrorCode.CONFLICT
    with pytest.raises(Problems) as much:
        await note_challan(world.env, FIRST, NoteChallan(pension.id, 1, "CH-2", 100_001, "c3"))
    assert code_of(much) is ErrorCode.BAD_INPUT
    await cancel_recovery(world.env, FIRST, CancelRecovery(pension.id, 1, "x"))
    async with world.env.store.read_transaction() as tx:
        (recovery,) = (await recoveries.of_sanctions(tx, [pension.id]))[pension.id]
    assert (recovery.state, recovery.recovered_paise) == (RecoveryState.CANCELLED, 50_000)


async def test_only_what_finally_came_back_is_paid_again_once_by_an_order_that_names_the_first(
    world: World, pension: Sanction
):
    (first,) = await made(world, pension)
    await send_instruction(world.env, first.id)
    with pytest.raises(Problems) as early:
        await reissue_payment(world.env, FIRST, ReissuePayment(pension.id, 1, "early"))
    assert code_of(early) is ErrorCode.STEP_NOT_ALLOWED
    await news(world, first, RETURNED, return_code="53")
    await reissue_payment(world.env, FIRST, ReissuePayment(pension.id, 1, "k"))
    assert (await reissue_payment(world.env, FIRST, ReissuePayment(pension.id, 1, "k")))[1] is True
    with pytest.raises(Problems) as twice:
        await reissue_payment(world.env, FIRST, ReissuePayment(pension.id, 1, "other"))
    assert code_of(twice) is ErrorCode.STEP_NOT_ALLOWED
    old, new = await made(world, pension)
    assert (old.status, new.reissue_of, new.kind) == (PaymentStatus.REISSUED, old.id, InstalmentKind.REISSUE)
    assert (new.period_from, new.amount_paise) == (old.period_from, old.amount_paise)
    assert new.end_to_end_id != old.end_to_end_id
    async with world.env.store.read_transaction() as tx:
        events = (await benefits.payment_events(tx, [old.id]))[old.id]
    assert [one.status for one in events][-2:] == [RETURNED, PaymentStatus.REISSUED]
    assert (events[-1].source_ref, events[-2].return_code) == (new.end_to_end_id, "53")
    assert not await news(world, old, CREDITED)
    world.clock.advance(timedelta(days=35))
    assert await release_due(world.env) == 1
    assert await wrong(world.env) == []


async def test_above_the_set_amount_another_person_must_approve_a_reissue(world: World, pension: Sanction):
    world.env = replace(world.env, rules=replace(world.env.rules, law=LAW.with_values(_LOW)))
    (first,) = await made(world, pension)
    await news(world, first, RETURNED)
    await reissue_payment(world.env, FIRST, ReissuePayment(pension.id, 1, "k"))
    assert len(await made(world, pension)) == 1
    assert await waiting_approvals(world.env, FIRST) == []
    ((waiting, number, _),) = await waiting_approvals(world.env, SECOND)
    assert (waiting.id, number) == (pension.id, 1)
    with pytest.raises(Problems) as nothing:
        await waiting_approvals(world.env, world.welfare)
    assert code_of(nothing) is ErrorCode.NOT_FOUND
    with pytest.raises(Problems) as same:
        await decide_approval(world.env, FIRST, DecideApproval(pension.id, 1, approve=True, idempotency_key="d1"))
    assert code_of(same) is ErrorCode.SECOND_OFFICER_NEEDED
    await decide_approval(world.env, SECOND, DecideApproval(pension.id, 1, approve=True, idempotency_key="d2"))
    assert len(await made(world, pension)) == 2
    with pytest.raises(Problems) as again:
        await decide_approval(world.env, SECOND, DecideApproval(pension.id, 1, approve=False, idempotency_key="d3"))
    assert code_of(again) is ErrorCode.PROPOSAL_MISSING


@pytest.mark.parametrize("approve", [True, False])
async def test_a_sanction_above_the_set_amount_pays_nothing_before_it_is_approved(world: World, approve: bool):
    world.env = replace(world.env, rules=replace(world.env.rules, law=LAW.with_values(_LOW)))
    await link_and_offer(world, world.sunil, PENSION_PAPERS)
    case = await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    async with world.env.store.read_transaction() as tx:
        sanction = (await benefits.sanction_of_applications(tx, [case.id]))[case.id]
        assert await benefits.instalments(tx, [sanction.id]) == {}
    assert sanction.state is SanctionState.AWAITING_APPROVAL
    decision = DecideApproval(sanction.id, 1, approve=approve, idempotency_key="d")
    after, _ = await decide_approval(world.env, FIRST, decision)
    async with world.env.store.read_transaction() as tx:
        payments = (await benefits.instalments(tx, [sanction.id])).get(sanction.id, [])
    assert (after.state, len(payments)) == ((SanctionState.ACTIVE, 1) if approve else (SanctionState.ENDED, 0))


async def test_arrears_above_the_set_amount_wait_for_another_person(world: World, pension: Sanction):
    world.env = replace(
        world.env, rules=replace(world.env.rules, law=LAW.with_values({"second_approval_paise": 400_000}))
    )
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.COURT_ORDER, "s"))
    world.clock.advance(timedelta(days=100))
    request = ResumeBenefit(pension.id, ResumeGround.COURT_ORDER, arrears=True, idempotency_key="r")
    after, _ = await resume_benefit(world.env, world.welfare, request)
    assert after.state is SanctionState.SUSPENDED
    async with world.env.store.read_transaction() as tx:
        (asked,) = (await sanction_course.approvals(tx, [pension.id]))[pension.id]
    assert asked.amount_paise == 3 * 150_000
    decision = DecideApproval(pension.id, 1, approve=True, idempotency_key="d")
    assert (await decide_approval(world.env, FIRST, decision))[0].state is SanctionState.ACTIVE
    assert await release_due(world.env) == 3


async def test_money_is_for_finance_officers_and_the_course_for_the_department(world: World, pension: Sanction):
    with pytest.raises(Problems) as wrong_role:
        await reissue_payment(world.env, world.welfare, ReissuePayment(pension.id, 1, "k"))
    assert code_of(wrong_role) is ErrorCode.NOT_FOUND
    for subject in (world.employment, world.elsewhere, world.sunil, FIRST):
        with pytest.raises(Problems) as refused:
            await suspend_benefit(world.env, subject, SuspendBenefit(pension.id, StopGround.COURT_ORDER, "k"))
        assert code_of(refused) is ErrorCode.NOT_FOUND


async def test_a_return_by_pfms_after_ten_days_is_not_applied_and_opens_a_case(world: World, pension: Sanction):
    async with world.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql("UPDATE instalments SET rail = 'PFMS'")
    (first,) = await made(world, pension)
    await news(world, first, CREDITED)
    world.clock.advance(timedelta(days=11))
    assert not await news(world, first, RETURNED)
    assert (await made(world, pension))[0].status is CREDITED
    async with world.env.store.read_transaction() as tx:
        (case,) = (await finance_cases.of_instalments(tx, [first.id]))[first.id]
    assert case.kind is DifferenceKind.RETURNED_TOO_LATE
