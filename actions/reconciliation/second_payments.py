"""Detects double payments: a second credit under another bank reference, or after the payment was reissued."""

from collections.abc import Sequence

from actions.kernel import UnitOfWork
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import BatchLine, LineState
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from integrations.dbt_finance.pfms.models import LineStatus, PaymentRow
from store.benefits import benefits
from store.payments import payment_batches

_CAME_BACK = frozenset({LineState.RETURNED, LineState.REJECTED})


def paid_again(instalment_id: str) -> FinanceDifference:
    """The case of a payment that has two credits."""
    return FinanceDifference(DifferenceKind.SECOND_PAYMENT, f"{INSTALMENT}{instalment_id}", "1 credit", "2 credits")


async def credited_again(acting: UnitOfWork, rows: Sequence[tuple[PaymentRow, BatchLine]]) -> list[FinanceDifference]:
    """What rows that say nothing new of their lines prove all the same: a credit beside the one that is known.

    The same credit reported again bears the same reference. One after the payment came back must have a later value
    date, since answers come out of order; where it was paid anew by then it was paid twice.
    """
    credited = [(row, line) for row, line in rows if row.status is LineStatus.CREDITED and row.utr]
    again = [(row, line) for row, line in credited if line.state is LineState.CREDITED and line.utr_last4]
    known = await payment_batches.with_references(acting.tx, {row.utr for row, _ in again if row.utr})
    found = [paid_again(line.instalment_id) for row, line in again if not known.get(row.utr or "")]
    for row, line in credited:
        if line.state in _CAME_BACK and row.value_date and line.value_on and row.value_date > line.value_on:
            found.append(await _after_return(acting, line))
    return found


async def _after_return(acting: UnitOfWork, line: BatchLine) -> FinanceDifference:
    instalment = await benefits.instalment(acting.tx, line.instalment_id)
    if instalment is not None and instalment.status is PaymentStatus.REISSUED:
        return paid_again(line.instalment_id)
    about = f"{INSTALMENT}{line.instalment_id}"
    return FinanceDifference(DifferenceKind.STATUS_DIFFERS, about, line.state.value, LineState.CREDITED.value)
