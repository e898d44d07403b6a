"""Stops that meet a second approval, and an end that meets a payment on its way: nobody is paid for nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.benefits.budget import reserve_budget
from actions.benefits.instalments import release_due
from actions.benefits.orders import (
    EndBenefit,
    ResumeBenefit,
    SuspendBenefit,
    end_benefit,
    resume_benefit,
    suspend_benefit,
)
from actions.benefits.payment_orders import (
    CancelRecovery,
    DecideApproval,
    NoteChallan,
    OrderRecovery,
    cancel_recovery,
    decide_approval,
    note_challan,
    order_recovery,
    waiting_approvals,
)
from actions.benefits.sanction import send_instruction
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from domain.benefits.benefits import Hold, Instalment, PaymentStatus, Sanction, SanctionState
from domain.benefits.recoveries import Recovery, RecoveryGround, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import ResumeGround, StopGround
from domain.kernel import ErrorCode, Problems, ist_date
from integrations.dbt_finance import HeadBalance
from store.benefits import benefits, recoveries, sanction_course
from store.catalogue import catalogue
from tests.support.actions import PENSION, FakeDbt, World, papers
from tests.support.desk import colleagues_of
from tests.support.pensions import FIRST, SECOND, code_of, granted_pension, made, news
from tests.support.state import LAW
from tests.support.worlds import PENSION_PAPERS, link_and_offer, wrong

_LOW: Mapping[str, int] = MappingProxyType({"second_approval_paise": 100_000})
_DIED_ON = date(2026, 12, 1)


@pytest.fixture
async def waiting(world: World) -> Sanction:
    """A pension that waits for another person's approval."""
    world.env = replace(world.env, rules=replace(world.env.rules, law=LAW.with_values(_LOW)))
    return await granted_pension(world)


async def as_it_is(world: World, sanction: Sanction) -> tuple[Sanction, list[Instalment]]:
    async with world.env.store.read_transaction() as tx:
        made = (await benefits.instalments(tx, [sanction.id])).get(sanction.id, [])
        return (await benefits.sanctions(tx, [sanction.id]))[sanction.id], made


async def recoveries_of(world: World, sanction: Sanction) -> list[Recovery]:
    async with world.env.store.read_transaction() as tx:
        return (await recoveries.of_sanctions(tx, [sanction.id])).get(sanction.id, [])


def approve(sanction: Sanction, key: str, *, agreed: bool = True) -> DecideApproval:
    return DecideApproval(sanction.id, 1, approve=agreed, idempotency_key=key)


async def test_who_confirmed_the_verdict_is_not_the_other_person_of_its_payment(peopled: World):
    world = peopled
    world.env = replace(world.env, rules=replace(world.env.rules, law=LAW.with_values(_LOW)))
    async with world.env.store.write_transaction() as tx:
        service = (await catalogue.services_by_codes(tx, [PENSION]))[PENSION]
        await catalogue.upsert_services(tx, [replace(service, needs_second_pair=True)])
    proposer = (await colleagues_of(world)).welfare
    confirmer = replace(
        world.welfare,
        roles=world.welfare.roles | FIRST.roles,
        postings=(*world.welfare.postings, *FIRST.postings),
    )
    await link_and_offer(world, world.sunil, PENSION_PAPERS)
    case = await world.in_scrutiny(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    await decide_application(world.env, proposer, Decide(case.id, Verdict.APPROVE, "p"))
    await confirm_decision(world.env, confirmer, ConfirmDecision(case.id, "c"))
    async with world.env.store.read_transaction() as tx:
        sanction = (await benefits.sanction_of_applications(tx, [case.id]))[case.id]
    assert sanction.granted_by == proposer.person_id
    assert await waiting_approvals(world.env, confirmer) == []
    assert [one.id for one, _, _ in await waiting_approvals(world.env, FIRST)] == [sanction.id]
    for word in (True, False):
        with pytest.raises(Problems) as refused:
            await decide_approval(world.env, confirmer, approve(sanction, f"own-{word}", agreed=word))
        assert code_of(refused) is ErrorCode.SECOND_OFFICER_NEEDED
    approved, _ = await decide_approval(world.env, FIRST, approve(sanction, "d"))
    assert approved.state is SanctionState.ACTIVE


async def test_a_suspension_that_is_lifted_does_not_stand_for_the_approval(world: World, waiting: Sanction):
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(waiting.id, StopGround.ENQUIRY_PENDING, "s"))
    with pytest.raises(Problems) as refused:
        await decide_approval(world.env, FIRST, approve(waiting, "d1"))
    assert code_of(refused) is ErrorCode.STEP_NOT_ALLOWED
    resumed = ResumeBenefit(waiting.id, ResumeGround.ENQUIRY_CLEARED, arrears=True, idempotency_key="r")
    after, _ = await resume_benefit(world.env, world.welfare, resumed)
    assert after.state is SanctionState.AWAITING_APPROVAL
    approved, _ = await decide_approval(world.env, FIRST, approve(waiting, "d2"))
    assert approved.state is SanctionState.ACTIVE
    assert len((await as_it_is(world, waiting))[1]) == 1
    assert await wrong(world.env) == []


async def test_who_died_before_the_approval_is_paid_nothing(world: World, waiting: Sanction):
    ended = EndBenefit(waiting.id, StopGround.DEATH, date(2026, 11, 24), "e")
    await end_benefit(world.env, world.welfare, ended)
    world.clock.advance(timedelta(days=5))
    with pytest.raises(Problems) as refused:
        await decide_approval(world.env, FIRST, approve(waiting, "d1"))
    assert code_of(refused) is ErrorCode.STEP_NOT_ALLOWED
    await decide_approval(world.env, FIRST, approve(waiting, "d2", agreed=False))
    after, payments = await as_it_is(world, waiting)
    assert (after.state, after.ended_on, payments) == (SanctionState.ENDED, date(2026, 11, 24), [])


async def test_arrears_are_not_approved_after_the_end(world: World, pension: Sanction):
    world.env = replace(
        world.env, rules=replace(world.env.rules, law=LAW.with_values({"second_approval_paise": 400_000}))
    )
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.COURT_ORDER, "s"))
    world.clock.advance(timedelta(days=100))
    resumed = ResumeBenefit(pension.id, ResumeGround.COURT_ORDER, arrears=True, idempotency_key="r")
    await resume_benefit(world.env, world.welfare, resumed)
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, date(2027, 1, 1), "e"))
    with pytest.raises(Problems) as refused:
        await decide_approval(world.env, FIRST, approve(pension, "d"))
    assert code_of(refused) is ErrorCode.STEP_NOT_ALLOWED
    assert await release_due(world.env) == 0


async def test_the_period_in_which_she_died_is_paid_though_a_certificate_or_review_was_wanting(
    world: World, pension: Sanction
):
    day_of_death = date(2027, 12, 24)
    world.clock.advance(timedelta(days=(day_of_death - ist_date(world.clock.now())).days - 10))
    await release_due(world.env)
    world.clock.advance(timedelta(days=10))
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, day_of_death, "e"))
    assert await release_due(world.env) == 1
    assert await release_due(world.env) == 0
    after, payments = await as_it_is(world, pension)
    assert (after.state, payments[-1].period_from) == (SanctionState.ENDED, day_of_death)
    assert await recoveries_of(world, pension) == []


async def test_what_is_heard_to_have_left_only_after_the_death_is_ordered_back_once(world: World, pension: Sanction):
    world.clock.advance(timedelta(days=40))
    await release_due(world.env)
    _, second = await made(world, pension)
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, _DIED_ON, "e"))
    assert await recoveries_of(world, pension) == []
    await news(world, second, PaymentStatus.INSTRUCTED)
    await news(world, second, PaymentStatus.CREDITED)
    (recovery,) = await recoveries_of(world, pension)
    assert (recovery.amount_paise, recovery.ground) == (second.amount_paise, RecoveryGround.PAID_AFTER_DEATH)
    await news(world, second, PaymentStatus.RETURNED, return_code="60")
    (back,) = await recoveries_of(world, pension)
    assert (back.state, back.outstanding_paise) == (RecoveryState.RECOVERED, 0)
    assert await wrong(world.env) == []


async def test_what_left_for_a_period_before_the_death_is_hers(world: World, pension: Sanction):
    (first,) = await made(world, pension)
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, date(2026, 11, 24), "e"))
    await news(world, first, PaymentStatus.INSTRUCTED)
    await news(world, first, PaymentStatus.CREDITED)
    assert await recoveries_of(world, pension) == []


async def test_without_arrears_what_was_kept_back_for_a_missed_period_stays_so(world: World, pension: Sanction):
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.OWN_REQUEST, "s"))
    world.clock.advance(timedelta(days=100))
    resumed = ResumeBenefit(pension.id, ResumeGround.OWN_REQUEST, arrears=False, idempotency_key="r")
    await resume_benefit(world.env, world.welfare, resumed)
    assert [one.hold for one in await made(world, pension)] == [Hold.STOPPED]
    # A later suspension that is lifted with arrears does not bring it back: that one began after it.
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.COURT_ORDER, "s2"))
    again = ResumeBenefit(pension.id, ResumeGround.COURT_ORDER, arrears=True, idempotency_key="r2")
    await resume_benefit(world.env, world.welfare, again)
    assert [one.hold for one in await made(world, pension)] == [Hold.STOPPED]


async def test_on_the_day_of_the_suspension_nothing_is_missed_yet(world: World, pension: Sanction):
    await suspend_benefit(world.env, world.welfare, SuspendBenefit(pension.id, StopGround.OWN_REQUEST, "s"))
    resumed = ResumeBenefit(pension.id, ResumeGround.MADE_IN_ERROR, arrears=False, idempotency_key="r")
    await resume_benefit(world.env, world.welfare, resumed)
    assert [one.hold for one in await made(world, pension)] == [None]


async def test_what_came_back_before_a_recovery_was_cancelled_is_not_ordered_back_again(
    world: World, pension: Sanction
):
    (first,) = await made(world, pension)
    await news(world, first, PaymentStatus.CREDITED)
    asked = OrderRecovery(pension.id, 150_000, RecoveryGround.PAID_TWICE, RecoveryWay.CHALLAN, "o")
    await order_recovery(world.env, FIRST, asked)
    await note_challan(world.env, FIRST, NoteChallan(pension.id, 1, "CH-1", 50_000, "c"))
    await cancel_recovery(world.env, FIRST, CancelRecovery(pension.id, 1, "x"))
    with pytest.raises(Problems) as refused:
        await order_recovery(world.env, FIRST, replace(asked, amount_paise=100_001, idempotency_key="o2"))
    assert code_of(refused) is ErrorCode.BAD_INPUT
    await order_recovery(world.env, FIRST, replace(asked, amount_paise=100_000, idempotency_key="o3"))


@pytest.mark.parametrize(("last_day", "allowed"), [(date(2027, 11, 23), True), (date(2026, 12, 23), False)])
async def test_a_deduction_needs_a_later_instalment_that_is_covered(
    world: World, pension: Sanction, last_day: date, allowed: bool
):
    (first,) = await made(world, pension)
    await news(world, first, PaymentStatus.CREDITED)
    async with world.env.store.write_transaction() as tx:  # as a scholarship, which is granted for a year
        await benefits.change_sanction(tx, pension.id, ended_on=last_day)
    asked = OrderRecovery(pension.id, 50_000, RecoveryGround.WRONG_AMOUNT, RecoveryWay.DEDUCTION, "o")
    if allowed:
        await order_recovery(world.env, FIRST, asked)
        assert len(await recoveries_of(world, pension)) == 1
    else:
        with pytest.raises(Problems) as refused:
            await order_recovery(world.env, FIRST, asked)
        assert code_of(refused) is ErrorCode.STEP_NOT_ALLOWED


@pytest.mark.parametrize("agreed", [True, False])
async def test_a_recovery_whose_money_came_back_by_itself_stays_recovered(
    world: World, pension: Sanction, agreed: bool
):
    world.clock.advance(timedelta(days=40))
    await release_due(world.env)
    _, second = await made(world, pension)
    await news(world, second, PaymentStatus.CREDITED)
    world.env = replace(world.env, rules=replace(world.env.rules, law=LAW.with_values(_LOW)))
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, _DIED_ON, "e"))
    await news(world, second, PaymentStatus.RETURNED, return_code="60")
    await decide_approval(world.env, SECOND, approve(pension, "d", agreed=agreed))
    (recovery,) = await recoveries_of(world, pension)
    assert recovery.state is RecoveryState.RECOVERED


class StoppedMeanwhile(FakeDbt):
    """A treasury that is asked for a balance while an officer ends the benefit."""

    def __init__(self, world: World, sanction: Sanction, paise: int) -> None:
        super().__init__()
        self.budget_paise = paise
        self._world, self._sanction = world, sanction

    async def head_balance(self, head_of_account: str | None, day: date) -> HeadBalance:
        ended = EndBenefit(self._sanction.id, StopGround.DEATH, day - timedelta(days=1), "meanwhile")
        await end_benefit(self._world.env, self._world.welfare, ended)
        return await super().head_balance(head_of_account, day)


@pytest.mark.parametrize("paise", [0, 100_000_000])
async def test_what_is_stopped_while_the_treasury_is_asked_stays_stopped_and_takes_no_budget(
    world: World, pension: Sanction, paise: int
):
    world.clock.advance(timedelta(days=40))
    await release_due(world.env)
    _, second = await made(world, pension)
    asked = StoppedMeanwhile(world, pension, paise)
    world.env = replace(world.env, partners=replace(world.env.partners, dbt=asked))
    await send_instruction(world.env, second.id)
    assert asked.instructed == []
    assert (await made(world, pension))[1].hold is Hold.STOPPED
    async with world.env.store.read_transaction() as tx:
        assert await sanction_course.open_holds(tx, [second.id]) == set()


async def test_a_balance_that_waited_for_an_order_that_left_sets_nothing_aside(world: World, pension: Sanction):
    (first,) = await made(world, pension)
    await send_instruction(world.env, first.id)
    async with world.env.store.read_transaction() as tx:
        assert await sanction_course.open_holds(tx, [first.id]) == set()
    assert not await reserve_budget(world.env, first, pension)
    async with world.env.store.read_transaction() as tx:
        assert await sanction_course.open_holds(tx, [first.id]) == set()


async def test_an_order_whose_answer_was_lost_before_the_death_is_heard_of_and_ordered_back(
    world: World, pension: Sanction
):
    world.clock.advance(timedelta(days=40))
    await release_due(world.env)
    _, second = await made(world, pension)
    world.dbt.known.add(second.bill_number)
    await end_benefit(world.env, world.welfare, EndBenefit(pension.id, StopGround.DEATH, _DIED_ON, "e"))
    await send_instruction(world.env, second.id)
    assert (await made(world, pension))[1].status is PaymentStatus.INSTRUCTED
    assert [one.amount_paise for one in await recoveries_of(world, pension)] == [second.amount_paise]
    assert world.dbt.instructed == []
