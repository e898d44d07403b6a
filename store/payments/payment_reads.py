"""Bulk reads of payments for enquiries and comparisons, by key ranges and only where they differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select

from domain.benefits.benefits import PaymentStatus, Rail
from domain.reconciliation.reconciliation import CAME_BACK, IN_FLIGHT, SENT, OurRow, Side, TheirRow, values_of
from store.benefits.benefits import instalments_table, payment_events_table
from store.benefits.payment_enquiries import enquiries_table
from store.database import AnyRow, Transaction, rows_of
from store.reconciliation.reconciliation import statement_rows_table

_I, _E, _Q, _S = instalments_table.c, payment_events_table.c, enquiries_table.c, statement_rows_table.c
_RAIL: ColumnElement[str] = func.coalesce(_I.rail, Rail.IFMS.value)


_TOLD_BY_PARTNER = frozenset({PaymentStatus.AT_BANK, PaymentStatus.CREDITED, PaymentStatus.RETURNED})
"""States that we know from the partner alone."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What both books say of one payment; one side is None where that book does not hold it."""

    instalment_id: str | None
    end_to_end_id: str
    ours: OurRow | None
    theirs: TheirRow | None


@dataclass(frozen=True, slots=True)
class RangeComparison:
    """One range of a comparison: where it ended, how many rows it had, both sums in paise, and what may differ."""

    last: str
    rows: int
    ours_paise: int
    theirs_paise: int
    doubtful: tuple[Pair, ...]


async def present(tx: Transaction, instalment_ids: Iterable[str]) -> list[AnyRow]:
    """What an enquiry needs of instalments: bill, payment id, amount, state and since when, and what it pays again."""
    known = (_I.id, _I.sanction_id, _I.reissue_of, _I.bill_number, _I.period_from, _I.end_to_end_id)
    columns = (*known, _I.amount_paise, _I.status, _I.status_at)
    return await rows_of(tx, select(*columns, _RAIL.label("rail")), _I.id, instalment_ids)


async def long_in_flight(tx: Transaction, rail: Rail, sent_before: datetime, after: str, limit: int) -> list[str]:
    """Instalments in flight whose order left before a moment, after an id, in the order of their ids."""
    # Correlated, so that only the histories of payments in flight are read.
    ordered = select(func.min(_E.at)).where(_E.instalment_id == _I.id, _E.status == PaymentStatus.INSTRUCTED.value)
    left_at = func.coalesce(ordered.scalar_subquery(), _I.status_at)
    statement = select(_I.id).where(
        _I.status.in_(values_of(IN_FLIGHT)), _goes_by(rail), _I.id > after, left_at < sent_before
    )
    return list((await tx.connection.execute(statement.order_by(_I.id).limit(limit))).scalars().all())


async def compare_enquiries(tx: Transaction, asked_since: datetime, after: str, size: int) -> RangeComparison | None:
    """The next range of payments of the state treasury that were asked for since; None where there are no more."""
    chosen = and_(_Q.instalment_id > after, _Q.asked_at >= asked_since)
    some = select(_Q.instalment_id).where(chosen).order_by(_Q.instalment_id).limit(size).subquery()
    last = (await tx.connection.execute(select(func.max(some.c.instalment_id)))).scalar_one()
    if last is None:
        return None
    within = and_(chosen, _Q.instalment_id <= last)
    joined = select(_I.id).join_from(enquiries_table, instalments_table, _I.id == _Q.instalment_id).where(within)
    sent = _I.status.in_(values_of(SENT))
    differs = or_(
        and_(_Q.heard_status.is_(None), sent),
        _Q.heard_paise != _I.amount_paise,
        side_in_sql(_Q.heard_status) != side_in_sql(_I.status),
    )
    columns = (
        _I.end_to_end_id, _I.amount_paise, _I.status, _I.status_at,
        _Q.heard_status, _Q.heard_at, _Q.heard_paise,
    )  # fmt: skip
    rows = (await tx.connection.execute(joined.where(differs).add_columns(*columns).order_by(_I.id))).all()
    told = case((_Q.heard_status.is_(None), 0), else_=func.coalesce(_Q.heard_paise, _I.amount_paise))
    sums = await _sums(tx, joined, _I.amount_paise, told)
    return RangeComparison(last, *sums, tuple(map(_enquiry_pair, rows)))


async def compare_statement(
    tx: Transaction, run_id: str, rail: Rail, day_ends: datetime, after: str, size: int
) -> RangeComparison | None:
    """The next range of the partner's rows with the matching payments of ours; None where there are no more.

    A payment that moved with us after the day ended is no difference: the partner's row is of that day.
    """
    mine = _S.run_id == run_id
    some = (
        select(_S.end_to_end_id).where(mine, _S.end_to_end_id > after).distinct().order_by(_S.end_to_end_id).limit(size)
    ).subquery()
    last = (await tx.connection.execute(select(func.max(some.c.end_to_end_id)))).scalar_one()
    if last is None:
        return None
    within = and_(mine, _S.end_to_end_id > after, _S.end_to_end_id <= last)
    ours = and_(_I.end_to_end_id == _S.end_to_end_id, _goes_by(rail))
    joined = select(_S.end_to_end_id).select_from(statement_rows_table).outerjoin(instalments_table, ours).where(within)
    differs = or_(
        _I.id.is_(None),
        _S.amount_paise != _I.amount_paise,
        and_(_S.status != side_in_sql(_I.status), _I.status_at < day_ends),
        and_(_S.status == Side.CREDITED.value, _I.status.not_in(values_of(SENT - IN_FLIGHT))),
    )
    columns = (
        _I.id,
        _I.amount_paise,
        _I.status,
        _I.status_at,
        _S.amount_paise.label("theirs"),
        _S.status.label("side"),
    )
    rows = (await tx.connection.execute(joined.where(differs).add_columns(*columns).order_by(_S.end_to_end_id))).all()
    sums = await _sums(tx, joined, _I.amount_paise, _S.amount_paise)
    return RangeComparison(last, *sums, tuple(map(_statement_pair, rows)))


async def missing_in_statement(
    tx: Transaction, run_ids: Sequence[str], rail: Rail, window: tuple[datetime, datetime], after: str, limit: int
) -> list[AnyRow]:
    """Our payments that moved within a window by the partner's word and have no row in any of some statements."""
    begins, ends = window
    moved = _I.status.in_(values_of(_TOLD_BY_PARTNER))
    stated = exists().where(_S.run_id.in_(run_ids), _S.end_to_end_id == _I.end_to_end_id)
    statement: Select[Any] = select(_I.id, _I.amount_paise, _I.status).where(
        moved, _goes_by(rail), _I.status_at >= begins, _I.status_at < ends, _I.id > after, ~stated
    )
    return list((await tx.connection.execute(statement.order_by(_I.id).limit(limit))).all())


async def paid_twice(tx: Transaction, limit: int) -> list[str]:
    """Instalments that are credited although their money was paid anew, and that credited too."""
    anew = instalments_table.alias("anew")
    both = (_I.status == PaymentStatus.CREDITED.value, anew.c.status == PaymentStatus.CREDITED.value)
    statement = select(_I.id).join_from(anew, instalments_table, _I.id == anew.c.reissue_of).where(*both)
    return list((await tx.connection.execute(statement.order_by(_I.id).limit(limit))).scalars().all())


async def references(tx: Transaction, run_id: str, after: str, limit: int) -> list[AnyRow]:
    """The bank references of a statement by their hashes, each with a payment of it and how many it has."""
    many = func.count(_S.end_to_end_id.distinct())
    statement = (
        select(_S.utr_hash, func.min(_S.end_to_end_id).label("end_to_end_id"), many.label("many"))
        .where(_S.run_id == run_id, _S.utr_hash > after)
        .group_by(_S.utr_hash)
    )
    return list((await tx.connection.execute(statement.order_by(_S.utr_hash).limit(limit))).all())


def _goes_by(rail: Rail) -> ColumnElement[bool]:
    """Payments of before there were two rails all go by the treasury's."""
    mine: ColumnElement[bool] = _I.rail == rail.value
    return or_(_I.rail.is_(None), mine) if rail is Rail.IFMS else mine


async def _sums(
    tx: Transaction, joined: Select[Any], ours: ColumnElement[int], theirs: ColumnElement[int]
) -> tuple[int, int, int]:
    """How many rows a range has, and the sums of both books."""
    counted = joined.with_only_columns(func.count(), func.sum(ours), func.sum(theirs))
    row = (await tx.connection.execute(counted)).one()
    return int(row[0]), int(row[1] or 0), int(row[2] or 0)


def side_in_sql(status: ColumnElement[str]) -> ColumnElement[str]:
    """As domain.reconciliation.reconciliation.side_of, in SQL."""
    return case(
        (status.in_(values_of(IN_FLIGHT)), literal(Side.IN_FLIGHT.value)),
        (status == PaymentStatus.CREDITED.value, literal(Side.CREDITED.value)),
        (status.in_(values_of(CAME_BACK)), literal(Side.CAME_BACK.value)),
        else_=literal(Side.NOT_SENT.value),
    )


def _enquiry_pair(row: AnyRow) -> Pair:
    theirs = None
    if row.heard_status is not None:
        theirs = TheirRow.of(PaymentStatus(row.heard_status), row.heard_paise, row.heard_at)
    return Pair(row.id, row.end_to_end_id, OurRow(PaymentStatus(row.status), row.amount_paise, row.status_at), theirs)


def _statement_pair(row: AnyRow) -> Pair:
    ours = OurRow(PaymentStatus(row.status), row.amount_paise, row.status_at) if row.id is not None else None
    return Pair(row.id, row.end_to_end_id, ours, TheirRow(Side(row.side), row.theirs, None))
