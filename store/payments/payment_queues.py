"""Waiting payments and their batches for finance officers, without the citizen's data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import ne
from typing import Any, Unpack

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select

from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import Posting
from domain.payments.files import DELETE, BatchState, LineState
from domain.reconciliation.finance_cases import DifferenceKind
from domain.reconciliation.reconciliation import CAME_BACK, IN_FLIGHT, SENT, values_of
from store.benefits.benefits import instalments_table, payment_events_table, sanctions_table
from store.database import (
    AnyRow,
    PageByTime,
    Transaction,
    count,
    count_up_to,
    equals_given,
    keyset_window,
    rows_of,
    wide_posting_covers,
)
from store.payments.payment_tables import batches_table, lines_table, registration_lines_table
from store.reconciliation.finance_cases import cases_table

_I, _S, _E, _B, _L = (instalments_table.c, sanctions_table.c, payment_events_table.c, batches_table.c, lines_table.c)


MOST_COUNTED = 10_000
"""A longer list of payments or beneficiaries is not counted to its end."""


class PaymentQueue(StrEnum):
    """The queues in which payments wait for an officer."""

    WAITING = "WAITING"
    IN_FLIGHT = "IN_FLIGHT"
    RETURNED = "RETURNED"
    TOO_LONG = "TOO_LONG"


_SIDES = (IN_FLIGHT, frozenset({PaymentStatus.CREDITED}), CAME_BACK)
_LINES_OF_SIDES = (
    (LineState.ACCEPTED.value, LineState.DEBITED.value),
    (LineState.CREDITED.value,),
    (LineState.RETURNED.value, LineState.REJECTED.value),
)
"""Where a payment, and its line, counts as in flight, credited and returned."""
_TAKEN = [state for states in _LINES_OF_SIDES for state in states]
_TAKEN_WHOLE = (BatchState.ACCEPTED.value, BatchState.CLOSED.value)
"""Batches of which PFMS took every line that was not released."""

_STATES: Mapping[PaymentQueue, frozenset[PaymentStatus]] = {
    PaymentQueue.WAITING: frozenset(PaymentStatus) - SENT,
    PaymentQueue.IN_FLIGHT: IN_FLIGHT,
    PaymentQueue.RETURNED: CAME_BACK - {PaymentStatus.REISSUED},
    PaymentQueue.TOO_LONG: IN_FLIGHT,
}


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which payments of a queue are asked for."""

    queue: PaymentQueue
    scheme_code: str | None = None
    district: str | None = None
    rail: Rail | None = None


@dataclass(frozen=True, slots=True)
class QueuedPayment:
    """One payment in a queue. `return_code` is why it came back; amounts are paise."""

    id: str
    citizen_id: str
    sanction_id: str
    number: str
    scheme_code: str
    department: str | None
    district: str
    sequence: int
    amount_paise: int
    end_to_end_id: str
    status: PaymentStatus
    since: datetime
    rail: Rail
    return_code: str | None


async def page(
    tx: Transaction, postings: Sequence[Posting] | None, asked: QueueFilter, **part: Unpack[PageByTime]
) -> list[QueuedPayment]:
    """Payments of a queue that the postings cover, the longest waiting first. No postings (None): every place."""
    columns = (_I.status_at, _I.id)
    listed = _select_queue(postings, asked)
    rows = await keyset_window(tx, listed, columns, **part)
    codes = await _return_codes(tx, [row.id for row in rows]) if asked.queue is PaymentQueue.RETURNED else {}
    return [_queued_payment(row, codes.get(row.id)) for row in rows]


async def by_instalments(tx: Transaction, instalment_ids: Collection[str]) -> dict[str, QueuedPayment]:
    """Payments by their instalments, in whichever queue they stand; those that are not there are left out."""
    rows = await rows_of(tx, _payments(), _I.id, instalment_ids)
    came_back = [row.id for row in rows if PaymentStatus(row.status) in CAME_BACK]
    codes = await _return_codes(tx, came_back) if came_back else {}
    return {row.id: _queued_payment(row, codes.get(row.id)) for row in rows}


async def count_of(tx: Transaction, postings: Sequence[Posting] | None, asked: QueueFilter) -> int | None:
    """How many such payments there are; None where they are more than MOST_COUNTED."""
    return await count_up_to(tx, _select_queue(postings, asked), _I.id, MOST_COUNTED)


async def page_of_batches(tx: Transaction, states: Collection[str], **part: Unpack[PageByTime]) -> list[AnyRow]:
    """Batches for PFMS, the newest first, of some states or of all."""
    statement = _batches(states)
    columns = (_B.created_at, _B.id)
    return await keyset_window(tx, statement, columns, descending=True, **part)


async def count_refused(tx: Transaction, since: datetime) -> int:
    """How many batches PFMS refused whole since a moment."""
    return await count(tx, _batches([BatchState.REJECTED.value]).where(_B.answered_at >= since))


async def count_batches(tx: Transaction, states: Collection[str]) -> int:
    """How many such batches there are."""
    return await count(tx, _batches(states))


@dataclass(frozen=True, slots=True)
class BatchSum:
    """A batch that does not balance, in paise: what was ordered, and what its lines or payments say instead."""

    message_id: str
    scheme_code: str
    expected: tuple[int, ...]
    found: tuple[int, ...]


async def unequal_batches(
    tx: Transaction, after: str, limit: int, *, open_since: datetime
) -> tuple[str | None, list[BatchSum]]:
    """Of the next so many batches of payments those that do not balance, and where to go on; None at the end.

    Batches that were closed before `open_since` are passed by: the rows of all that ever were are never added up.

    Three things must hold (docs/contracts/dbt_finance.md section 10, "per batch"): what was ordered is the sum of the
    lines of the file and of the payments that they name; what PFMS took is credited, returned or in flight to the
    last paisa; and the payments stand as the lines do. Only those for which one does not hold are read.
    """
    wanted = (_B.kind == "PAYMENT", or_(_B.closed_at.is_(None), _B.closed_at >= open_since))
    chosen = select(_B.id).where(*wanted, _B.id > after).order_by(_B.id).limit(limit).subquery()
    last = (await tx.connection.execute(select(func.max(chosen.c.id)))).scalar_one()
    if last is None:
        return None, []
    lines, payments = func.sum(_L.amount_paise), func.sum(_I.amount_paise)
    by_line = [_paise_where(_L.state.in_(states)) for states in _LINES_OF_SIDES]
    by_payment = [_paise_where(and_(_L.state.in_(_TAKEN), _I.status.in_(values_of(states)))) for states in _SIDES]
    owed = case((_B.state.in_(_TAKEN_WHOLE), _paise_where(_L.state != LineState.RELEASED.value)), else_=None)
    told = sum(by_line[1:], start=by_line[0])
    wrong = or_(lines != _B.total_paise, payments != lines, owed != told, *map(ne, by_line, by_payment))
    sides = [*by_line, *by_payment]
    statement = (
        select(_B.message_id, _B.scheme_code, _B.total_paise, lines, owed, *sides)
        .join_from(batches_table, lines_table, _L.batch_id == _B.id)
        .join(instalments_table, _I.id == _L.instalment_id)
        # Lines that were removed before it was signed have positions below zero: they were never ordered.
        .where(*wanted, _B.id > after, _B.id <= last, _L.position > 0)
        .group_by(_B.message_id, _B.scheme_code, _B.total_paise, _B.state)
        .having(wrong)
    )
    return last, [_batch_sum(row) for row in (await tx.connection.execute(statement)).all()]


def _paise_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, _L.amount_paise), else_=0)), 0)


def _batch_sum(row: AnyRow) -> BatchSum:
    """The first of the three that does not hold: of the order, of the amount taken, of the state."""
    values: Sequence[Any] = row
    message, scheme, ordered, lines, owed = values[:5]
    told, stands = tuple(map(int, values[5:8])), tuple(map(int, values[8:]))
    if int(lines) != ordered:
        return BatchSum(message, scheme, (ordered,), (int(lines),))
    if owed is not None and int(owed) != sum(told):
        return BatchSum(message, scheme, (int(owed),), (sum(told),))
    return BatchSum(message, scheme, told, stands)


async def _return_codes(tx: Transaction, instalment_ids: Sequence[str]) -> dict[str, str]:
    statement = select(_E.instalment_id, _E.return_code).where(_E.return_code.is_not(None)).order_by(_E.id)
    return {
        row.instalment_id: row.return_code for row in await rows_of(tx, statement, _E.instalment_id, instalment_ids)
    }


def _batches(states: Collection[str]) -> Select[tuple[str]]:
    columns = (
        _B.id, _B.kind, _B.message_id, _B.scheme_code, _B.agency_name, _B.method, _B.lines, _B.total_paise, _B.state,
        _B.created_at, _B.sent_at, _B.answered_at, _B.closed_at, _B.signed_by,
    )  # fmt: skip
    line = registration_lines_table.c
    gone = select(func.count()).where(line.batch_id == _B.id, line.purpose == DELETE).correlate(batches_table)
    statement: Select[tuple[str]] = select(*columns, gone.scalar_subquery().label("deletions"))
    return statement.where(_B.state.in_(sorted(states))) if states else statement


def _select_queue(postings: Sequence[Posting] | None, asked: QueueFilter) -> Select[tuple[str]]:
    wanted: list[ColumnElement[bool]] = [_I.status.in_(values_of(_STATES[asked.queue]))]
    if postings is not None:
        wanted.append(wide_posting_covers(sanctions_table, postings))
    wanted += equals_given({_S.scheme_code: asked.scheme_code, _S.district: asked.district})
    if asked.rail is not None:
        wanted.append(func.coalesce(_I.rail, Rail.IFMS.value) == asked.rail.value)
    if asked.queue is PaymentQueue.TOO_LONG:
        kind = f"{DifferenceKind.TOO_LONG_IN_FLIGHT.value}|instalment:"
        wanted.append(exists().where(cases_table.c.open_key == literal(kind).concat(_I.id)))
    return _payments().where(and_(*wanted))


def _payments() -> Select[tuple[str]]:
    columns = (
        _I.id, _I.citizen_id, _I.sanction_id, _I.sequence, _I.amount_paise, _I.end_to_end_id, _I.status,
        _I.status_at.label("since"),
        func.coalesce(_I.rail, Rail.IFMS.value).label("rail"),
        _S.number, _S.scheme_code, _S.department, _S.district,
    )  # fmt: skip
    statement: Select[tuple[str]] = select(*columns)
    return statement.join_from(instalments_table, sanctions_table, _S.id == _I.sanction_id)


def _queued_payment(row: AnyRow, return_code: str | None) -> QueuedPayment:
    stated = {"status": PaymentStatus(row.status), "rail": Rail(row.rail), "return_code": return_code}
    return QueuedPayment(**row._asdict() | stated)
