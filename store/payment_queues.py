"""Payments by where they wait, and the batches that carry them, as finance officers see them: without the citizen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, select

from domain.benefits import PaymentStatus, Rail
from domain.finance_cases import DifferenceKind
from domain.people import Posting
from domain.reconciliation import CAME_BACK, IN_FLIGHT, SENT, values_of
from store.benefits import instalments_table, payment_events_table, sanctions_table
from store.engine import Transaction
from store.finance_cases import cases_table, covered
from store.payment_tables import batches_table, lines_table
from store.sql import AnyRow, count, keyset_window, rows_of

_I, _S, _E, _B, _L = (
    instalments_table.c,
    sanctions_table.c,
    payment_events_table.c,
    batches_table.c,
    lines_table.c,
)


class PaymentQueue(StrEnum):
    """Where payments wait for somebody."""

    WAITING = "WAITING"
    IN_FLIGHT = "IN_FLIGHT"
    RETURNED = "RETURNED"
    TOO_LONG = "TOO_LONG"


_STATES = MappingProxyType(
    {
        PaymentQueue.WAITING: frozenset(PaymentStatus) - SENT,
        PaymentQueue.IN_FLIGHT: IN_FLIGHT,
        PaymentQueue.RETURNED: CAME_BACK - {PaymentStatus.REISSUED},
        PaymentQueue.TOO_LONG: IN_FLIGHT,
    }
)


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
    tx: Transaction,
    postings: Sequence[Posting] | None,
    asked: QueueFilter,
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[QueuedPayment]:
    """Payments of a queue that the postings cover, the longest waiting first. No postings (None): every place."""
    columns = (_I.status_at, _I.id)
    listed = _listed(postings, asked)
    rows = await keyset_window(tx, listed, columns, place=place, backward=backward, limit=limit)
    codes = await _return_codes(tx, [row.id for row in rows]) if asked.queue is PaymentQueue.RETURNED else {}
    return [_queued(row, codes.get(row.id)) for row in rows]


async def count_of(tx: Transaction, postings: Sequence[Posting] | None, asked: QueueFilter) -> int:
    """How many such payments there are."""
    return await count(tx, _listed(postings, asked))


async def page_of_batches(
    tx: Transaction,
    states: Collection[str],
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[AnyRow]:
    """Batches for PFMS, the newest first, of some states or of all."""
    statement = _batches(states)
    columns = (_B.created_at, _B.id)
    return await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)


async def count_batches(tx: Transaction, states: Collection[str]) -> int:
    """How many such batches there are."""
    return await count(tx, _batches(states))


@dataclass(frozen=True, slots=True)
class BatchSum:
    """A batch whose lines, or whose payments, do not add up to what was ordered. Amounts are paise."""

    message_id: str
    scheme_code: str
    ordered_paise: int
    lines_paise: int


async def unequal_batches(tx: Transaction, after: str, limit: int) -> tuple[str | None, list[BatchSum]]:
    """Of the next so many batches of payments those that do not add up, and where to go on; None at the end.

    What was ordered must be the sum of the batch's lines and of the payments that they name.
    """
    chosen = select(_B.id).where(_B.kind == "PAYMENT", _B.id > after).order_by(_B.id).limit(limit).subquery()
    last = (await tx.connection.execute(select(func.max(chosen.c.id)))).scalar_one()
    if last is None:
        return None, []
    lines, payments = func.sum(_L.amount_paise), func.sum(_I.amount_paise)
    statement = (
        select(_B.message_id, _B.scheme_code, _B.total_paise, lines.label("lines"))
        .join_from(batches_table, lines_table, _L.batch_id == _B.id)
        .join(instalments_table, _I.id == _L.instalment_id)
        .where(_B.kind == "PAYMENT", _B.id > after, _B.id <= last)
        .group_by(_B.message_id, _B.scheme_code, _B.total_paise)
        .having((lines != _B.total_paise) | (payments != lines))
    )
    rows = (await tx.connection.execute(statement)).all()
    sums = [BatchSum(row.message_id, row.scheme_code, row.total_paise, int(row.lines)) for row in rows]
    return last, sums


async def _return_codes(tx: Transaction, instalment_ids: Sequence[str]) -> dict[str, str]:
    statement = select(_E.instalment_id, _E.return_code).where(_E.return_code.is_not(None)).order_by(_E.id)
    return {
        row.instalment_id: row.return_code for row in await rows_of(tx, statement, _E.instalment_id, instalment_ids)
    }


def _batches(states: Collection[str]) -> Select[tuple[str]]:
    columns = (
        _B.id, _B.kind, _B.message_id, _B.scheme_code, _B.agency_name, _B.method, _B.lines, _B.total_paise, _B.state,
        _B.created_at, _B.sent_at, _B.answered_at, _B.closed_at,
    )  # fmt: skip
    statement: Select[tuple[str]] = select(*columns)
    return statement.where(_B.state.in_(sorted(states))) if states else statement


def _listed(postings: Sequence[Posting] | None, asked: QueueFilter) -> Select[tuple[str]]:
    wanted: list[ColumnElement[bool]] = [_I.status.in_(values_of(_STATES[asked.queue]))]
    if postings is not None:
        wanted.append(covered(sanctions_table, postings))
    if asked.scheme_code is not None:
        wanted.append(_S.scheme_code == asked.scheme_code)
    if asked.district is not None:
        wanted.append(_S.district == asked.district)
    if asked.rail is not None:
        wanted.append(func.coalesce(_I.rail, Rail.IFMS.value) == asked.rail.value)
    if asked.queue is PaymentQueue.TOO_LONG:
        kind = f"{DifferenceKind.TOO_LONG_IN_FLIGHT.value}|instalment:"
        wanted.append(exists().where(cases_table.c.open_key == literal(kind).concat(_I.id)))
    columns = (
        _I.id, _I.citizen_id, _I.sanction_id, _I.sequence, _I.amount_paise, _I.end_to_end_id, _I.status, _I.status_at,
        func.coalesce(_I.rail, Rail.IFMS.value).label("rail"),
        _S.number, _S.scheme_code, _S.department, _S.district,
    )  # fmt: skip
    statement: Select[tuple[str]] = select(*columns)
    return statement.join_from(instalments_table, sanctions_table, _S.id == _I.sanction_id).where(and_(*wanted))


def _queued(row: AnyRow, return_code: str | None) -> QueuedPayment:
    return QueuedPayment(
        id=row.id,
        citizen_id=row.citizen_id,
        sanction_id=row.sanction_id,
        number=row.number,
        scheme_code=row.scheme_code,
        department=row.department,
        district=row.district,
        sequence=row.sequence,
        amount_paise=row.amount_paise,
        end_to_end_id=row.end_to_end_id,
        status=PaymentStatus(row.status),
        since=row.status_at,
        rail=Rail(row.rail),
        return_code=return_code,
    )
