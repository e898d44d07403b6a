"""Resolves the case of a fee that arrived with another amount; the resolution REFUNDED refunds all of it.

It is never taken for the fee, nor a part of it. The source is asked once more before anything is ordered: where it has
put its book right the case has closed itself by then (actions/fees/fee_enquiries.py), and nothing goes back.
"""

from dataclasses import replace
from datetime import timedelta

from actions.fees.fee_cases import order_id_of, tell_of_payment
from actions.fees.fee_enquiries import enquire
from actions.fees.fee_refunds import request_refund
from actions.kernel import Environment, UnitOfWork
from domain.applications.lifecycle import Status
from domain.feedback.notices import fee_due_kind
from domain.fees.fees import PAID, FeeOrder, FeeRoute, RefundCause
from domain.kernel import ErrorCode, Problem, Problems, Source
from domain.reconciliation.finance_cases import ACCEPTED_AS_IT_IS, CaseOutcome, DifferenceKind, FinanceCase
from store.applications import applications
from store.database import Transaction
from store.fees import fee_orders

JUST_NOW = timedelta(seconds=30)
"""How old the source's word may be on which money is ordered back.

Ten seconds in which nobody may ask again, and twenty that an enquiry may take
(docs/contracts/other_systems.md section 7).
"""
_CASE = ("input", "caseId")


async def ask_source_again(env: Environment, case: FinanceCase) -> None:
    """Ask the source once more about the money that a case is about, for whoever may settle it.

    What it says is noted; its silence changes nothing. Also where nobody knows of other money there: an older release
    did not keep the amount, and what was accepted as gone might have come again.
    """
    order = await env.store.read(lambda tx: _order_of(tx, case))
    if order is not None and order.state not in PAID:
        await enquire(env, order)


async def at_stake(tx: Transaction, case: FinanceCase, outcome: CaseOutcome) -> int | None:
    """What is at stake, in paise: at least what the source holds by now.

    Raises STEP_NOT_ALLOWED for an outcome that would leave her money lying there: nobody would look at it again.
    """
    order = await _order_of(tx, case)
    _check_outcome(order, outcome)
    if order is None or case.amount_paise is None:
        return case.amount_paise
    return max(case.amount_paise, order.held_paise)


async def give_back(acting: UnitOfWork, case: FinanceCase) -> None:
    """Order back what a case is about, as a whole, in the transaction that settled it; nothing for every other case.

    The case is written before its payment, as where a source answers: of the two at once one waits. The fee may be
    begun anew then. Raises as `at_stake` for the case's outcome, and SOURCE_UNAVAILABLE where the
    source has not confirmed just now what it holds.
    """
    order = await _order_of(acting.tx, case)
    _check_outcome(order, case.outcome)
    if order is None or not order.holds_other_amount:
        return
    if order.confirmed_at is None or acting.now - order.confirmed_at > JUST_NOW:
        source = Source.TREASURY if order.route is FeeRoute.TREASURY else Source.CSC
        raise Problems(Problem(ErrorCode.SOURCE_UNAVAILABLE, _CASE, params={"source": source.value}))
    ordered = replace(order, problem=None, settled_at=acting.now)
    saved = await request_refund(acting, ordered, RefundCause.OTHER_AMOUNT)
    application = await applications.get(acting.tx, order.application_id)
    if application is not None and application.status is Status.FEE_PENDING:
        await tell_of_payment(acting, saved, fee_due_kind(application))


async def _order_of(tx: Transaction, case: FinanceCase) -> FeeOrder | None:
    """The order that a case is about where it says that another amount came; None for every other case."""
    order_id = order_id_of(case.about)
    if case.kind is not DifferenceKind.AMOUNT_DIFFERS or order_id is None:
        return None
    return await fee_orders.get(tx, order_id)


def _check_outcome(order: FeeOrder | None, outcome: CaseOutcome | None) -> None:
    if order is None:
        return
    if order.holds_other_amount:
        allowed = outcome is CaseOutcome.REFUNDED
    else:
        allowed = not order.open or outcome not in ACCEPTED_AS_IT_IS
    if not allowed:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _CASE, params={"state": order.state.value}))
