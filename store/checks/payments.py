"""Checks payment files: each payment is sent once, batches match their lines, and sealed files are destroyed."""

from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from domain.benefits.benefits import PaymentStatus, Rail
from domain.payments.files import AWAITED_REGISTRATIONS, LEAVING_STATES, LIVING_LINES, BatchKind, BatchState, LineState
from store.benefits.benefits import instalments_table
from store.checks.finding import Finding, findings, in_turn
from store.database import Transaction
from store.payments.payment_tables import (
    batches_table,
    beneficiaries_table,
    lines_table,
    registration_lines_table,
    sealed_files_table,
)

_T, _L, _I, _R = batches_table.c, lines_table.c, instalments_table.c, registration_lines_table.c
_P = beneficiaries_table.c
_LIVING = [state.value for state in LIVING_LINES]
_OVER = [state.value for state in (BatchState.CLOSED, BatchState.REJECTED, BatchState.ABANDONED)]
_GONE = (LineState.RELEASED.value, LineState.SET_ASIDE.value)
_STANDS = {
    PaymentStatus.INSTRUCTED: (LineState.ACCEPTED,),
    PaymentStatus.AT_BANK: (LineState.DEBITED,),
    PaymentStatus.CREDITED: (LineState.CREDITED,),
    PaymentStatus.RETURNED: (LineState.RETURNED, LineState.REJECTED),
}
"""The states of the line of a payment that was sent to PFMS."""


def payments(tx: Transaction) -> AsyncIterator[Finding]:
    """One order for each payment, sums that add up, states that agree, files that are destroyed."""
    return in_turn(_batches(tx), _instalments(tx))


def _batches(tx: Transaction) -> AsyncIterator[Finding]:
    awaited = exists().where(_R.batch_id == _T.id, _R.state.in_([state.value for state in AWAITED_REGISTRATIONS]))
    living = or_(exists().where(_L.batch_id == _T.id, _L.state.in_(_LIVING)), awaited)
    sealed = exists().where(sealed_files_table.c.batch_id == _T.id)
    wrong: dict[str, ColumnElement[bool]] = {
        "BATCH_TOTAL_DIFFERS": and_(_T.kind == BatchKind.PAYMENT.value, _differs()),
        "FILE_AFTER_FINAL_STATUS": and_(sealed, _T.state.in_(_OVER)),
        "CLOSED_WITH_PAYMENTS_ON_THEIR_WAY": and_(_T.state == BatchState.CLOSED.value, living),
        "OPEN_WITHOUT_PAYMENTS_ON_THEIR_WAY": and_(_T.state.not_in(_OVER), not_(living)),
        "SENT_WITHOUT_HASH": and_(_T.sent_at.is_not(None), _T.digest.is_(None)),
        "SENT_BEFORE_IT_WAS_TRIED": and_(_T.sent_at.is_not(None), _T.started_at.is_(None)),
    }
    statements = {code: select(_T.id, _T.message_id).where(condition) for code, condition in wrong.items()}
    return findings(tx, statements, _T.id, "batch", named="message_id")


def _differs() -> ColumnElement[bool]:
    """The lines of the file; those that were removed before it was signed have positions below zero."""
    mine = (_L.batch_id == _T.id, _L.position > 0)
    many = select(func.count()).select_from(lines_table).where(*mine).correlate(batches_table).scalar_subquery()
    total = select(func.coalesce(func.sum(_L.amount_paise), 0)).where(*mine).correlate(batches_table).scalar_subquery()
    return or_(_T.lines != many, _T.total_paise != total)


def _instalments(tx: Transaction) -> AsyncIterator[Finding]:
    line = exists().where(_L.instalment_id == _I.id, _L.state.not_in(_GONE))
    by_file = _I.rail == Rail.PFMS.value
    told = [status.value for status in (*_STANDS, PaymentStatus.REISSUED)]
    joined = select(_I.id).join(lines_table, and_(_L.instalment_id == _I.id, _L.state != LineState.RELEASED.value))
    stands = or_(
        *(
            and_(_I.status == status.value, _L.state.not_in([state.value for state in states]))
            for status, states in _STANDS.items()
        )
    )
    wrong = {
        "TOLD_WITHOUT_ORDER": select(_I.id).where(by_file, _I.status.in_(told), not_(line)),
        "ORDER_STANDS_OTHERWISE": joined.where(by_file, stands),
        "ORDER_OF_ANOTHER_RAIL": joined.where(or_(_I.rail.is_(None), not_(by_file))),
        "ON_ITS_WAY_TO_WHO_LEFT": joined.join(beneficiaries_table, _P.sanction_id == _I.sanction_id).where(
            _P.state.in_([state.value for state in LEAVING_STATES]), _L.state.in_(_LIVING)
        ),
        "ORDER_OF_ANOTHER_AMOUNT": joined.where(
            or_(_L.amount_paise != _I.amount_paise, _L.end_to_end_id != _I.end_to_end_id)
        ),
    }
    twice = select(_L.instalment_id).where(_L.state != LineState.RELEASED.value).group_by(_L.instalment_id)
    ordered_twice = {"TWO_ORDERS_FOR_ONE_PAYMENT": twice.having(func.count() > 1)}
    return in_turn(
        findings(tx, wrong, _I.id, "instalment"), findings(tx, ordered_twice, _L.instalment_id, "instalment")
    )
