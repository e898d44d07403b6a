"""Checks fees: each was paid once and in full, each refund has a finance case, and no order is forgotten."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, and_, exists, func, literal, not_, or_, select

from domain.applications.lifecycle import Move, Status
from domain.fees.fees import FOLLOWED, LATE_ENQUIRIES, OPEN, PAID, FeeRoute, FeeState
from domain.reconciliation.finance_cases import DifferenceKind
from store.applications.application_rows import applications_table
from store.applications.timeline import timeline_table
from store.checks.finding import Finding, findings, in_turn
from store.database import Transaction
from store.fees.fee_orders import orders_table
from store.identity.people import citizens_table
from store.platform.outbox import outbox_table
from store.reconciliation.finance_cases import cases_table

ABOUT, REFUND = "fee:", "fee.refund"
"""How cases name an order, and the topic that asks for a refund; a test compares them with those of the actions."""

UNASKED_FOR = 4 * LATE_ENQUIRIES
"""An order that is not settled after its days is asked about every six hours: a day of silence means nobody asks."""

_T, _A, _E, _C, _O = orders_table.c, applications_table.c, timeline_table.c, cases_table.c, outbox_table.c
_RECEIVED = [Move.RECEIVE_FEE.value, Move.RECEIVE_FINAL_FEE.value]
_PAID = [state.value for state in PAID]


def fees(tx: Transaction) -> AsyncIterator[Finding]:
    """Orders against their applications, receipts, cases and messages."""
    taken = {"FEE_RECEIVED_WITHOUT_RECEIPT": _taken_for_nothing()}
    wrong = _of_orders(tx.clock.now()) | _of_receipts()
    return in_turn(findings(tx, wrong, _T.id, "fee"), findings(tx, taken, _A.id, "application"))


def _of_orders(now: datetime) -> dict[str, Select[tuple[str]]]:
    joined = select(_T.id).join(applications_table, _A.id == _T.application_id)
    success = _T.state == FeeState.SUCCESS.value
    # The receipt goes from the application when its citizen's data are deleted.
    other = and_(_A.fee_receipt.is_not(None), _A.fee_receipt != _T.grn)
    old = and_(_T.state.in_([state.value for state in OPEN]), _T.created_at < now - FOLLOWED - UNASKED_FOR)
    unasked = or_(_T.asked_at.is_(None), _T.asked_at < now - UNASKED_FOR)
    return {
        "PAID_AND_STILL_ASKED_FOR": joined.where(success, _A.status == Status.FEE_PENDING.value),
        "PAID_ANOTHER_FEE": joined.where(success, func.coalesce(_A.fee_paise, 0) != _T.fee_paise),
        "PAID_FOR_ANOTHER_RECEIPT": joined.where(success, other),
        "PAID_WITHOUT_RECEIPT": select(_T.id).where(_T.state.in_(_PAID), or_(_T.grn.is_(None), _T.paid_at.is_(None))),
        "PAID_TWICE": select(_T.id).where(success, _has_other_order(_T.application_id, FeeState.SUCCESS.value)),
        "REFUND_OF_NOBODY": select(_T.id).where(_T.state == FeeState.REFUND_REQUESTED.value, not_(_refund_has_case())),
        "OTHER_AMOUNT_OF_NOBODY": select(_T.id).where(
            _T.taken_paise.is_not(None), _T.state.not_in(_PAID), not_(_amount_has_case())
        ),
        "OPEN_WITHOUT_ENQUIRY": select(_T.id).where(old, unasked),
    }


def _of_receipts() -> dict[str, Select[tuple[str]]]:
    twice = select(_T.grn).where(_T.grn.is_not(None)).group_by(_T.grn).having(func.count() > 1)
    unpaid = and_(_A.fee_receipt == _T.grn, _T.state.not_in(_PAID))
    return {
        "RECEIPT_USED_TWICE": select(_T.id).where(_T.grn.in_(twice)),
        "RECEIPT_OF_NO_PAYMENT": select(_T.id).join(applications_table, _A.id == _T.application_id).where(unpaid),
    }


def _has_other_order(application: ColumnElement[str], state: str) -> ColumnElement[bool]:
    other = orders_table.alias("other")
    return exists().where(other.c.application_id == application, other.c.state == state, other.c.id != _T.id)


def _refund_has_case() -> ColumnElement[bool]:
    """A refund has its case; what the wallet gives back has its message too, or the wallet's number for it."""
    kinds = [DifferenceKind.SECOND_PAYMENT.value, DifferenceKind.REFUND_DUE.value]
    case = exists().where(_C.kind.in_(kinds), _C.about == literal(ABOUT, String).concat(_T.id))
    asked = exists().where(_O.topic == REFUND, _O.key == _T.number)
    by_paper = _T.route != FeeRoute.CSC_WALLET.value
    return and_(case, or_(by_paper, _T.refund_reference.is_not(None), asked))


def _amount_has_case() -> ColumnElement[bool]:
    """Money that came with another amount has a case that an officer has not settled yet."""
    key = literal(f"{DifferenceKind.AMOUNT_DIFFERS.value}|{ABOUT}", String).concat(_T.id)
    return exists().where(_C.open_key == key)


def _taken_for_nothing() -> Select[tuple[str]]:
    """Applications whose fee was noted as received, with no payment online and no receipt of a counter."""
    received = exists().where(_E.application_id == _A.id, _E.move.in_(_RECEIVED))
    online = exists().where(_T.application_id == _A.id, _T.state.in_(_PAID))
    # Whose data were deleted has no district any more, and the receipt went with them.
    known = exists().where(citizens_table.c.citizen_id == _A.citizen_id, citizens_table.c.district.is_not(None))
    return select(_A.id).where(_A.fee_receipt.is_(None), received, not_(online), known)
