"""Refunds fees: duplicates, fees no longer due, wrong amounts, and where a rule grants it.

The wallet takes a refund by its own calls (actions/fees/wallet_refunds.py); the treasury has none, so that its refunds
are asked for on paper by the drawing officer and noted here by a finance officer when they are done
(docs/contracts/other_systems.md section 4).
"""

from dataclasses import dataclass, replace

from actions.fees.fee_cases import differ, note, of_order, tell_of_payment
from actions.kernel import Transition, UnitOfWork, refuse_other_version, require_thing, verb
from domain.feedback.notices import NoticeKind
from domain.fees.fees import (
    CAUSES,
    LATE_ENQUIRIES,
    REFUND_ENQUIRIES,
    REFUND_WORKING_DAYS,
    FeeOrder,
    FeeProblem,
    FeeRoute,
    FeeState,
    RefundCause,
    ReportedState,
)
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, ist_date, latin_digits
from domain.reconciliation.finance_cases import DifferenceKind
from store.fees import fee_orders
from store.platform import outbox

REFUND = "fee.refund"
"""The topic that asks the wallet for a refund."""

LONGEST_REFERENCE = 40
_ORDER = ("input", "number")
UNSETTLED_REFUNDS = frozenset({FeeProblem.REFUND_DECLINED, FeeProblem.REFUND_UNCLEAR, FeeProblem.REFUND_OVERDUE})
"""Problems of a refund that a finance officer settles at the wallet's merchant centre, and notes here."""


@dataclass(frozen=True, slots=True)
class RecordFeeRefund:
    """That the fee of a payment went back: the number of the payment, and that of the refund order or voucher."""

    number: str
    refund_reference: str
    idempotency_key: str
    expected_version: int | None = None


@verb(fee_orders.get, for_ever=True)
async def record_fee_refund(acting: UnitOfWork, request: RecordFeeRefund) -> FeeOrder:
    """Note that a fee went back, by a finance officer of the place. True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, BAD_INPUT, STEP_NOT_ALLOWED where no refund was asked for, or where CSC
    gives the money back itself.
    """
    found = await fee_orders.by_number(acting.tx, "".join(latin_digits(request.number).split()))
    order = await require_thing(acting, found, of_order, Purpose.PAY_BENEFIT, path=_ORDER)
    refuse_other_version(request.expected_version, order.version, order.state)
    reference = request.refund_reference.strip()
    if not 1 <= len(reference) <= LONGEST_REFERENCE:
        longest = {"longest": str(LONGEST_REFERENCE)}
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "refundReference"), params=longest))
    if order.state is not FeeState.REFUND_REQUESTED or not _goes_by_hand(order):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _ORDER, params={"state": order.state.value}))
    return await mark_refunded(acting, order.id, reference) or order


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
        due_at=acting.now + LATE_ENQUIRIES if wallet else None,
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


async def note_refund_heard(acting: UnitOfWork, order_id: str, heard: ReportedState) -> FeeOrder | None:
    """Record the status of a refund at the wallet, in the caller's transaction."""
    order = await fee_orders.get(acting.tx, order_id)
    if order is None or order.state is not FeeState.REFUND_REQUESTED:
        return order
    if heard is ReportedState.REFUNDED:
        return await mark_refunded(acting, order.id, order.refund_reference)
    if _is_overdue(acting, order):
        return await note_problem(acting, order.id, FeeProblem.REFUND_OVERDUE)
    await fee_orders.note_answer(acting.tx, order, acting.now + REFUND_ENQUIRIES)
    return order


async def note_acceptance(acting: UnitOfWork, order_id: str, number: str) -> None:
    """The wallet accepted to give the money back and gave that its number; it is not paid yet."""
    order = await fee_orders.get(acting.tx, order_id)
    if order is None or order.state is not FeeState.REFUND_REQUESTED:
        return
    due_at = acting.now + REFUND_ENQUIRIES
    changed = replace(order, refund_reference=number, problem=None, due_at=due_at, confirmed_at=acting.now)
    saved = await fee_orders.save(acting.tx, changed, order.version)
    await note(acting, saved, "refund_sent")
    await tell_of_payment(acting, saved, NoticeKind.FEE_REFUND_SENT)


async def note_problem(acting: UnitOfWork, order_id: str, problem: FeeProblem) -> FeeOrder | None:
    """The wallet does not give the money back, or it is not known whether it has: a finance officer looks.

    What is not declined is asked about daily all the same, so that it ends by itself where the wallet has paid.
    """
    order = await fee_orders.get(acting.tx, order_id)
    if order is None or order.state is not FeeState.REFUND_REQUESTED:
        return order
    await differ(acting, order, DifferenceKind.REFUND_DUE, expected=FeeState.REFUNDED.value, found=problem)
    due_at = None if problem is FeeProblem.REFUND_DECLINED else acting.now + REFUND_ENQUIRIES
    changed = replace(order, problem=problem, due_at=due_at, confirmed_at=acting.now)
    return await fee_orders.save(acting.tx, changed, order.version)


async def mark_refunded(acting: UnitOfWork, order_id: str, reference: str | None) -> FeeOrder | None:
    """The money went back; in the caller's transaction."""
    order = await fee_orders.get(acting.tx, order_id)
    if order is None or order.state is not FeeState.REFUND_REQUESTED:
        return order
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


def _is_overdue(acting: UnitOfWork, order: FeeOrder) -> bool:
    """Whether the wallet accepted a refund more than ten working days ago, which is when the order was last saved."""
    if order.problem in UNSETTLED_REFUNDS or order.updated_at is None:
        return False
    calendar, accepted = acting.env.work_calendar, ist_date(order.updated_at)
    return calendar.working_days_between(accepted, acting.today) > REFUND_WORKING_DAYS


def _goes_by_hand(order: FeeOrder) -> bool:
    """Whether an officer gives the money back: the treasury's always, CSC's only where CSC does not or nobody knows."""
    return order.route is FeeRoute.TREASURY or order.problem in UNSETTLED_REFUNDS
