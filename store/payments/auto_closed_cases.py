"""Finds open finance cases whose discrepancy no longer exists in the store.

A case that waits for a second officer is left alone, and so is every kind behind which money may be gone. The cases
that are found are locked, so that nobody is asked for a second word while they are settled.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from domain.benefits.benefits import PaymentStatus
from domain.payments.files import RegistrationState
from domain.reconciliation.finance_cases import UNPROVEN_CREDIT, CaseState, DifferenceKind
from domain.reconciliation.reconciliation import CAME_BACK, IN_FLIGHT, SENT, values_of
from store.benefits.benefits import instalments_table
from store.benefits.payment_enquiries import enquiries_table
from store.database import Transaction
from store.payments.payment_reads import side_in_sql
from store.payments.payment_tables import beneficiaries_table
from store.reconciliation.finance_cases import cases_table
from store.reconciliation.reconciliation import statement_rows_table

_C, _I, _Q, _B = cases_table.c, instalments_table.c, enquiries_table.c, beneficiaries_table.c
_S = statement_rows_table.c

FILE, BENEFICIARY = "file:", "beneficiary:"
"""How a case names a file, and a beneficiary."""
_WITH_OFFICERS = [CaseState.OPEN.value, CaseState.TAKEN.value]
_REGISTERED = [RegistrationState.VALIDATED.value, RegistrationState.DELETED.value]


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case by what names it."""

    id: str
    kind: DifferenceKind
    about: str


async def of_payments(tx: Transaction, run_id: str, after: str, limit: int) -> list[OpenCase]:
    """Cases about payments that agree by now, where the statement of a run, or the treasury's last word, is one proof.

    On no scroll: the partner's book has it as ours has it. Another state: ours has come where the partner's was, but
    never that what came back was paid after all; or a credit that lacked its reference has one. Too long on its way: it
    arrived or came back. Not at the partner: it is. Declined: it was taken since.
    """
    heard = and_(_Q.instalment_id == _I.id, _Q.asked_at > _C.last_found_at, side_in_sql(_Q.heard_status) == _side())
    known = exists().where(heard, _Q.heard_status.is_not(None))
    same_sum = or_(_Q.heard_paise.is_(None), _Q.heard_paise == _I.amount_paise)
    agrees = exists().where(heard, _Q.heard_status.is_not(None), same_sum)
    met = _C.expected.in_([status.value for status in PaymentStatus])
    not_back = _C.expected.not_in(values_of(CAME_BACK))
    gone = or_(
        and_(
            _kind(DifferenceKind.NOT_IN_SCROLL), _I.status.in_(values_of(SENT)), or_(_statement_agrees(run_id), agrees)
        ),
        and_(_kind(DifferenceKind.STATUS_DIFFERS), met, not_back, _C.expected != _I.status, _C.found == _side()),
        and_(
            _kind(DifferenceKind.STATUS_DIFFERS),
            _C.found.startswith(UNPROVEN_CREDIT, autoescape=True),
            _I.status == PaymentStatus.CREDITED.value,
        ),
        and_(_kind(DifferenceKind.TOO_LONG_IN_FLIGHT), _I.status.in_(values_of(SENT - IN_FLIGHT))),
        and_(_kind(DifferenceKind.NOT_AT_PARTNER), known),
        and_(_kind(DifferenceKind.FILE_REFUSED), _I.status.in_(values_of(SENT - CAME_BACK))),
    )
    statement = _open(after).join(instalments_table, _I.id == _C.instalment_id).where(gone)
    return await _lock_cases(tx, statement, limit)


async def of_beneficiaries(tx: Transaction, after: str, limit: int) -> list[OpenCase]:
    """Cases about beneficiaries whom PFMS took, or deleted, since it declined to."""
    # Said so that each case finds its beneficiary by key, and not every beneficiary is compared with the cases.
    named = _B.id == func.substr(_C.about, len(BENEFICIARY) + 1)
    about = (_kind(DifferenceKind.FILE_REFUSED), _C.about.startswith(BENEFICIARY, autoescape=True))
    statement = _open(after).join(beneficiaries_table, named).where(*about)
    return await _lock_cases(tx, statement.where(_B.state.in_(_REGISTERED), _B.state_at > _C.last_found_at), limit)


async def of_files(tx: Transaction, after: str, limit: int) -> list[OpenCase]:
    """Cases about files that were refused, whether or not another came in their place."""
    named = _C.about.startswith(FILE, autoescape=True)
    return await _lock_cases(tx, _open(after).where(_kind(DifferenceKind.FILE_REFUSED), named), limit)


def _statement_agrees(run_id: str) -> ColumnElement[bool]:
    """Whether every row that the statement of a run has of the payment says what our book says, and there is one."""
    rows = and_(_S.run_id == run_id, _S.end_to_end_id == _I.end_to_end_id)
    same = and_(_S.amount_paise == _I.amount_paise, _S.status == _side())
    return and_(exists().where(rows, same), ~exists().where(rows, ~same))


def _side() -> ColumnElement[str]:
    return side_in_sql(_I.status)


def _kind(kind: DifferenceKind) -> ColumnElement[bool]:
    return _C.kind == kind.value


def _open(after: str) -> Select[Any]:
    statement: Select[Any] = select(_C.id, _C.kind, _C.about)
    return statement.select_from(cases_table).where(_C.state.in_(_WITH_OFFICERS), _C.id > after)


async def _lock_cases(tx: Transaction, statement: Select[Any], limit: int) -> list[OpenCase]:
    locked = statement.order_by(_C.id).limit(limit).with_for_update(of=cases_table)
    rows = (await tx.connection.execute(locked)).all()
    return [OpenCase(row.id, DifferenceKind(row.kind), row.about) for row in rows]
