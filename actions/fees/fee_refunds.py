"""Refunds fees: duplicates, fees no longer due, wrong amounts, and where a rule grants it.

The wallet takes a refund by its own calls; the treasury has none, so that its refunds are asked for on paper by the
drawing officer and noted here by a finance officer when they are done (docs/contracts/other_systems.md section 4).
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from actions.fees.fee_cases import differ, note, of_order, tell_of_payment
from actions.kernel import Environment, Transition, UnitOfWork, refuse_other_version, require_thing, run_request
from domain.feedback.notices import NoticeKind
from domain.fees.fees import (
    CAUSES,
    REFUND_ENQUIRIES,
    FeeOrder,
    FeeProblem,
    FeeReceipt,
    FeeRoute,
    FeeState,
    RefundCause,
    ReportedState,
)
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Subject, latin_digits
from domain.reconciliation.finance_cases import DifferenceKind
from integrations.csc import CscBridge, Refund
from store.database import crash_points
from store.fees import fee_orders
from store.platform import outbox

REFUND = "fee.refund"
"""The topic that asks the wallet for a refund."""

LONGEST_REFERENCE = 40
_ORDER = ("input", "number")
_AT_ONCE = frozenset({RefundCause.SECOND_PAYMENT, RefundCause.NOT_DUE, RefundCause.OTHER_AMOUNT})
"""Nothing was done for the money: the wallet may simply reverse it."""


@dataclass(frozen=True, slots=True)
class RecordFeeRefund:
    """That the fee of a payment went back: the number of the payment, and that of the refund order or voucher."""

    number: str
    refund_reference: str
    idempotency_key: str
    expected_version: int | None = None


async def record_fee_refund(env: Environment, subject: Subject, request: RecordFeeRefund) -> tuple[FeeOrder, bool]:
    """Note that a fee went back, by a finance officer of the place. True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, BAD_INPUT, STEP_NOT_ALLOWED where no refund was asked for, or where CSC
    gives the money back itself.
    """
    return await run_request(
        env,
        subject,
        "recordFeeRefund",
        request,
        lambda acting: _record_refund(acting, request),
        read=fee_orders.get,
        for_ever=True,
    )


async def give_back_after(acting: UnitOfWork, transition: Transition) -> None:
    """Ask that a fee goes back where a rule says so after this step of its application; in the caller's transaction."""
    step = transition.move
    if transition.before is None or step not in acting.env.rules.fees.refund_after or step not in CAUSES:
        return
    order = await fee_orders.paid_of(acting.tx, transition.after.id)
    if order is not None:
        await request_refund(acting, order, CAUSES[step])


async def request_refund(acting: UnitOfWork, order: FeeOrder, cause: RefundCause) -> FeeOrder:
    """What was paid is to go back as a whole: state, case and, for the wallet, message; in the caller's transaction."""
    wallet = order.route is FeeRoute.CSC_WALLET
    changed = replace(
        order,
        state=FeeState.REFUND_REQUESTED,
        refund_cause=cause,
        refund_requested_at=acting.now,
        due_at=acting.now + REFUND_ENQUIRIES if wallet else None,
    )
    saved = await fee_orders.save(acting.tx, changed, order.version)
    second = cause is RefundCause.SECOND_PAYMENT
    kind = DifferenceKind.SECOND_PAYMENT if second else DifferenceKind.REFUND_DUE
    await differ(acting, saved, kind, expected="0", found=str(saved.held_paise))
    await note(acting, saved, "refund_requested")
    await tell_of_payment(acting, saved, NoticeKind.FEE_REFUND_REQUESTED)
    if wallet:
        await outbox.add(acting.tx, REFUND, saved.number, {"order_id": saved.id})
    return saved


async def send_refund(env: Environment, order_id: str) -> None:
    """Ask the wallet to give a payment back. May run again: CSC takes one refund of a payment.

    Where it does not reverse the payment it is asked first whether the money went back already, since the answer to
    an earlier reversal may have been lost. Raises RemoteError; the message then stays in the outbox.
    """
    async with env.store.read_transaction() as tx:
        order = await fee_orders.get(tx, order_id)
    wallet = env.partners.wallet
    if order is None or wallet is None or order.receipt is None:
        return
    if order.state is not FeeState.REFUND_REQUESTED or order.refund_reference is not None:
        return
    own, receipt = f"R{order.number}", order.receipt
    at_once = order.refund_cause in _AT_ONCE and await _reverse_payment(wallet, order, receipt, own)
    reason = order.refund_cause.value if order.refund_cause else "OTHER"
    number = own if at_once else await wallet.refund(Refund(order.reference, receipt.grn, own, reason))
    crash_points.reach(crash_points.FEE_HEARD)
    await env.store.carry_out(lambda tx: _note_sent(UnitOfWork(env, tx, SYSTEM), order_id, number, done=at_once))


async def _reverse_payment(wallet: CscBridge, order: FeeOrder, receipt: FeeReceipt, own: str) -> bool:
    if await wallet.reverse(order.reference, receipt.paid_at, own):
        return True
    return (await wallet.verify(order.reference)).state is ReportedState.REFUNDED


async def note_refund_heard(acting: UnitOfWork, order_id: str, heard: ReportedState) -> FeeOrder | None:
    """Record the status of a refund at the wallet, in the caller's transaction."""
    order = await fee_orders.get(acting.tx, order_id)
    if order is None or order.state is not FeeState.REFUND_REQUESTED:
        return order
    if heard is ReportedState.REFUNDED:
        return await _mark_refunded(acting, order, order.refund_reference)
    if heard is ReportedState.FAILED:
        expected, found = FeeState.REFUNDED.value, FeeProblem.REFUND_DECLINED
        await differ(acting, order, DifferenceKind.REFUND_DUE, expected=expected, found=found)
        changed = replace(order, problem=FeeProblem.REFUND_DECLINED, due_at=None, confirmed_at=acting.now)
        return await fee_orders.save(acting.tx, changed, order.version)
    await fee_orders.note_answer(acting.tx, order, acting.now + REFUND_ENQUIRIES)
    return order


async def _note_sent(acting: UnitOfWork, order_id: str, number: str, *, done: bool) -> None:
    order = await fee_orders.get(acting.tx, order_id)
    if order is None or order.state is not FeeState.REFUND_REQUESTED:
        return
    if done:
        await _mark_refunded(acting, order, number)
        return
    due_at = acting.now + timedelta(hours=1)
    changed = replace(order, refund_reference=number, due_at=due_at)
    saved = await fee_orders.save(acting.tx, changed, order.version)
    await note(acting, saved, "refund_sent")
    await tell_of_payment(acting, saved, NoticeKind.FEE_REFUND_SENT)


async def _mark_refunded(acting: UnitOfWork, order: FeeOrder, reference: str | None) -> FeeOrder:
    changed = replace(
        order,
        state=FeeState.REFUNDED,
        refund_reference=reference,
        refunded_at=acting.now,
        due_at=None,
        problem=None,
        confirmed_at=acting.now,
    )
    saved = await fee_orders.save(acting.tx, changed, order.version)
    await note(acting, saved, "refunded")
    await tell_of_payment(acting, saved, NoticeKind.FEE_REFUNDED)
    return saved


async def _record_refund(acting: UnitOfWork, request: RecordFeeRefund) -> FeeOrder:
    found = await fee_orders.by_number(acting.tx, "".join(latin_digits(request.number).split()))
    order = await require_thing(acting, found, of_order, Purpose.PAY_BENEFIT, path=_ORDER)
    refuse_other_version(request.expected_version, order.version, order.state)
    reference = request.refund_reference.strip()
    if not 1 <= len(reference) <= LONGEST_REFERENCE:
        longest = {"longest": str(LONGEST_REFERENCE)}
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "refundReference"), params=longest))
    if order.state is not FeeState.REFUND_REQUESTED or not _goes_by_hand(order):
        state = {"state": order.state.value}
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _ORDER, params=state))
    return await _mark_refunded(acting, order, reference)


def _goes_by_hand(order: FeeOrder) -> bool:
    """Whether an officer gives the money back: the treasury's always, CSC's only where CSC declined to."""
    return order.route is FeeRoute.TREASURY or order.problem == FeeProblem.REFUND_DECLINED
