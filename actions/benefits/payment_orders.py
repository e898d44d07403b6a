"""A finance officer's orders about payments: reissues, recoveries, challans and second approvals."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from actions.benefits.orders import body_of, refuse_step, resume, take_up
from actions.benefits.payment_status import apply_status
from actions.benefits.plans import upcoming_periods
from actions.benefits.recovery_orders import note_part, order, tell_of_recovery
from actions.benefits.sanction import add_instalment, issue_instalment, rail_of
from actions.benefits.sanction_budgets import NOTHING_ASKED, balances_before_approval, check_at_sanction
from actions.benefits.sanction_stops import about_sanction, add_stop, note, stops_of
from actions.benefits.second_approvals import ask, decide, needs_second
from actions.feedback.notices import tell
from actions.kernel import (
    Environment,
    UnitOfWork,
    may_read_all,
    not_open,
    of_sanction,
    permitted_postings,
    run_request,
    verb,
)
from domain.benefits.benefits import Instalment, InstalmentKind, PaymentNews, PaymentStatus, Sanction, SanctionState
from domain.benefits.bills import bill_number, end_to_end_id
from domain.benefits.recoveries import Recovery, RecoveryGround, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import Approval, ApprovalKind, StopGround, StopKind
from domain.feedback.notices import NoticeKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import (
    ErrorCode,
    Problem,
    Problems,
    Remedy,
    Subject,
    holds_aadhaar,
    ist_date,
    not_found,
    require_found,
)
from store.benefits import benefits, recoveries, sanction_course

LONGEST_CHALLAN = 40
MOST_WAITING = 200
_BENEFIT, _INSTALMENT = ("input", "benefitId"), ("input", "sequence")
_RECOVERY, _APPROVAL = ("input", "recovery"), ("input", "number")
_AMOUNT = ("input", "amount")
_FORBIDDING: Mapping[ApprovalKind, frozenset[StopKind]] = {
    ApprovalKind.SANCTION: frozenset(StopKind),
    ApprovalKind.RESUMPTION: frozenset({StopKind.CESSATION}),
}
"""Under which stops, put since it was asked for, a step cannot be approved any more; a reissue looks at its period."""


@dataclass(frozen=True, slots=True)
class ReissuePayment:
    """That the money of a payment that finally came back is paid again, by a new order."""

    sanction_id: str
    sequence: int
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class OrderRecovery:
    """That an amount comes back."""

    sanction_id: str
    amount_paise: int
    ground: RecoveryGround
    way: RecoveryWay
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class NoteChallan:
    """That a part was paid into the treasury, by the number of its challan."""

    sanction_id: str
    recovery: int
    challan: str
    amount_paise: int
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class CancelRecovery:
    """That nothing more comes back."""

    sanction_id: str
    recovery: int
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class DecideApproval:
    """The second person's word."""

    sanction_id: str
    number: int
    approve: bool
    idempotency_key: str


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def reissue_payment(acting: UnitOfWork, request: ReissuePayment) -> Sanction:
    """Pay again what came back, once, by an order with its own id that names the first; True where it is a replay.

    Above the set amount it waits for another person. Raises Problems: NOT_FOUND outside of one's jurisdiction,
    STEP_NOT_ALLOWED unless the first order is finally returned and nothing stops the sanction for that period,
    PROPOSAL_WAITS where the approval is asked for already.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.PAY_BENEFIT, *_BENEFIT)
    made = (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
    found = require_found(next((one for one in made if one.sequence == request.sequence), None), *_INSTALMENT)
    await _refuse_reissue(acting, sanction, found)
    if needs_second(acting, found.amount_paise):
        await ask(acting, sanction, ApprovalKind.REISSUE, found.id, found.amount_paise)
    else:
        await reissue(acting, sanction, found)
    return sanction


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def order_recovery(acting: UnitOfWork, request: OrderRecovery) -> Sanction:
    """Order an amount back; True where it is a replay.

    Raises Problems: NOT_FOUND, BAD_INPUT for more than was paid, STEP_NOT_ALLOWED for a deduction where no later
    instalment comes.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.PAY_BENEFIT, *_BENEFIT)
    made = (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
    before = (await recoveries.of_sanctions(acting.tx, [sanction.id])).get(sanction.id, [])
    paid = sum(one.amount_paise for one in made if one.status is PaymentStatus.CREDITED)
    asked = sum(one.claimed_paise for one in before)
    if not 0 < request.amount_paise <= paid - asked:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _AMOUNT))
    stops = await stops_of(acting, sanction.id)
    if request.way is RecoveryWay.DEDUCTION and not upcoming_periods(sanction, made, stops, 1):
        raise refuse_step("input", "way", state=sanction.state.value)
    await order(acting, sanction, request.amount_paise, request.ground, request.way)
    return sanction


@verb(benefits.SANCTIONS.get, operation="noteRecoveryChallan", body=body_of, for_ever=True)
async def note_challan(acting: UnitOfWork, request: NoteChallan) -> Sanction:
    """Note that a part was paid in; True where it is a replay.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED unless the recovery is open, BAD_INPUT for more than is outstanding
    or for a number that is none, CONFLICT for a challan that was noted before.
    """
    sanction, recovery = await _recovery(acting, request.sanction_id, request.recovery)
    challan = request.challan.strip()
    if not 1 <= len(challan) <= LONGEST_CHALLAN or not challan.isprintable() or holds_aadhaar(challan):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "challan"), params={"longest": str(LONGEST_CHALLAN)}))
    if recovery.state is not RecoveryState.OPEN:
        raise refuse_step(*_RECOVERY, state=recovery.state.value)
    if not 0 < request.amount_paise <= recovery.outstanding_paise:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _AMOUNT))
    if not await note_part(acting, sanction, recovery, challan, request.amount_paise):
        params = {"version": str(recovery.number), "status": recovery.state.value}
        raise Problems(Problem(ErrorCode.CONFLICT, ("input", "challan"), Remedy.CORRECT_INPUT, params))
    return sanction


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def cancel_recovery(acting: UnitOfWork, request: CancelRecovery) -> Sanction:
    """Let what is outstanding be. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where it is no longer open."""
    sanction, recovery = await _recovery(acting, request.sanction_id, request.recovery)
    if recovery.state is not RecoveryState.OPEN:
        raise refuse_step(*_RECOVERY, state=recovery.state.value)
    await recoveries.set_state(acting.tx, recovery.id, RecoveryState.CANCELLED)
    return sanction


async def decide_approval(env: Environment, subject: Subject, request: DecideApproval) -> tuple[Sanction, bool]:
    """Approve or refuse what waits for a second person, and carry it out; a sanction's budget is asked for before.

    Raises Problems: NOT_FOUND outside of one's jurisdiction, SECOND_OFFICER_NEEDED for who asked or confirmed the
    decision behind it, PROPOSAL_MISSING where it is decided, STEP_NOT_ALLOWED where it is no longer possible.
    """

    async def work(acting: UnitOfWork) -> Sanction:
        sanction = await take_up(acting, request.sanction_id, Purpose.PAY_BENEFIT, *_BENEFIT)
        asked = (await sanction_course.approvals(acting.tx, [sanction.id])).get(sanction.id, [])
        if not 1 <= request.number <= len(asked):
            raise not_found(*_APPROVAL)
        approval = asked[request.number - 1]
        await decide(acting, approval, approved=request.approve)
        await (_carry_out if request.approve else _refuse)(acting, sanction, approval)
        return sanction

    asked = (env, subject, request.sanction_id, request.number)
    balances = await balances_before_approval(*asked) if request.approve else NOTHING_ASKED
    return await run_request(
        env,
        subject,
        "decidePaymentApproval",
        request,
        lambda acting, _: work(replace(acting, balances=balances)),
        read=benefits.SANCTIONS.get,
        body=body_of(env, request),
        for_ever=True,
    )


async def waiting_approvals(env: Environment, subject: Subject) -> list[tuple[Sanction, int, Approval]]:
    """What waits for the subject's second approval: each with its sanction and its place among its approvals.

    At most 200, the longest first; each leaves a receipt. Raises NotSignedIn, NOT_FOUND for those who pay nothing.
    """
    subject.require_signed_in()
    postings = permitted_postings(subject, ObjectKind.BENEFIT, Purpose.PAY_BENEFIT)
    if not postings:
        raise not_open(subject, ObjectKind.BENEFIT, Purpose.PAY_BENEFIT)
    async with env.store.read_transaction() as tx:
        mine = subject.person_id or ""
        by_others = await sanction_course.waiting_approvals(tx, postings, mine, MOST_WAITING)
        asked = [one for one in by_others if not one.is_from(mine)]
        sanctions = await benefits.sanctions(tx, {one.sanction_id for one in asked})
        all_of = await sanction_course.approvals(tx, sanctions)
    seen = await may_read_all(env, subject, [of_sanction(sanctions[one.sanction_id]) for one in asked])
    return [
        (sanctions[one.sanction_id], all_of[one.sanction_id].index(one) + 1, one)
        for one, purpose in zip(asked, seen, strict=True)
        if purpose is not None
    ]


async def _carry_out(acting: UnitOfWork, sanction: Sanction, approval: Approval) -> None:
    await _refuse_stopped(acting, sanction, approval)
    match approval.kind:
        case ApprovalKind.SANCTION:
            await benefits.change_sanction(acting.tx, sanction.id, state=SanctionState.ACTIVE)
            made = await add_instalment(acting, replace(sanction, state=SanctionState.ACTIVE))
            await check_at_sanction(acting, sanction, made)
        case ApprovalKind.RESUMPTION:
            stop = next((one for one in await stops_of(acting, sanction.id) if one.id == approval.subject_id), None)
            if stop is None or not stop.open:
                raise refuse_step(*_APPROVAL, state=sanction.state.value)
            await resume(acting, sanction, stop, approval.wanted["ground"], arrears=True)
        case ApprovalKind.REISSUE:
            found = require_found(await benefits.instalment(acting.tx, approval.subject_id), *_APPROVAL)
            await _refuse_reissue(acting, sanction, found)
            await reissue(acting, sanction, found)
        case ApprovalKind.RECOVERY:
            recovery = await _decide_recovery(acting, approval, RecoveryState.OPEN)
            if recovery is not None:
                await tell_of_recovery(acting, sanction, recovery)


async def _refuse_stopped(acting: UnitOfWork, sanction: Sanction, approval: Approval) -> None:
    open_kinds = {one.kind for one in await stops_of(acting, sanction.id) if one.open}
    if open_kinds & _FORBIDDING.get(approval.kind, frozenset()):
        raise refuse_step(*_APPROVAL, state=sanction.state.value)


async def _refuse(acting: UnitOfWork, sanction: Sanction, approval: Approval) -> None:
    """A refused sanction ends before it began; a refused recovery is cancelled; the others stay as they were."""
    if approval.kind is ApprovalKind.SANCTION:
        begins = ist_date(sanction.sanctioned_at)
        if await add_stop(acting, sanction, StopKind.CESSATION, StopGround.APPROVAL_REFUSED, begins) is not None:
            await benefits.change_sanction(acting.tx, sanction.id, ended_on=begins - timedelta(days=1))
    elif approval.kind is ApprovalKind.RECOVERY:
        await _decide_recovery(acting, approval, RecoveryState.CANCELLED)


async def _decide_recovery(acting: UnitOfWork, approval: Approval, state: RecoveryState) -> Recovery | None:
    """Give a recovery that waited its state; None where all of it came back by itself meanwhile."""
    recovery = await recoveries.get(acting.tx, approval.subject_id)
    if recovery is None or recovery.state is not RecoveryState.AWAITING_APPROVAL:
        return None
    await recoveries.set_state(acting.tx, recovery.id, state)
    return recovery


async def _refuse_reissue(acting: UnitOfWork, sanction: Sanction, found: Instalment) -> None:
    stopped = any(one.open and one.from_on <= found.period_from for one in await stops_of(acting, sanction.id))
    if found.status is not PaymentStatus.RETURNED or stopped:
        raise refuse_step(*_INSTALMENT, state=found.status.value)


async def _recovery(acting: UnitOfWork, sanction_id: str, number: int) -> tuple[Sanction, Recovery]:
    sanction = await take_up(acting, sanction_id, Purpose.PAY_BENEFIT, *_BENEFIT)
    known = (await recoveries.of_sanctions(acting.tx, [sanction.id])).get(sanction.id, [])
    found = require_found(next((one for one in known if one.number == number), None), *_RECOVERY)
    return sanction, found


async def reissue(acting: UnitOfWork, sanction: Sanction, returned: Instalment) -> Instalment:
    """Make the order that follows one that came back, in the caller's transaction; each order has one at most.

    The first is shown as REISSUED with the id of the second (docs/contracts/dbt_finance.md section 10). Raises
    STEP_NOT_ALLOWED where the first has not come back.
    """
    sequence = len((await benefits.instalments(acting.tx, [sanction.id]))[sanction.id]) + 1
    following = Instalment(
        id=acting.env.ids.key(),
        sanction_id=sanction.id,
        citizen_id=sanction.citizen_id,
        sequence=sequence,
        period_from=returned.period_from,
        period_to=returned.period_to,
        amount_paise=returned.amount_paise,
        bill_number=bill_number(sanction.number, sequence),
        end_to_end_id=end_to_end_id(sanction.number, sequence),
        status=PaymentStatus.SANCTIONED,
        status_at=acting.now,
        rail=await rail_of(acting, sanction),
        kind=InstalmentKind.REISSUE,
        reissue_of=returned.id,
        deducted_paise=returned.deducted_paise,
    )
    news = PaymentNews(PaymentStatus.REISSUED, acting.now, source_ref=following.end_to_end_id, rail=returned.rail)
    if not await apply_status(acting, returned.id, news):
        raise refuse_step("input", "sequence", state=returned.status.value)
    await issue_instalment(acting, sanction, following)
    await note(acting, sanction, "instalment.reissue_ordered", sequence=str(sequence))
    params = {"number": sanction.number, "on": returned.period_from.isoformat()}
    await tell(acting, NoticeKind.PAYMENT_REISSUED, about_sanction(sanction, following.id), **params)
    return following
