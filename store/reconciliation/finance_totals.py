"""Totals of public money: stored sums for the finance officer, and movements of a month read in constant memory.

Both are added up over ranges of sanctions, each with one short statement, so that a state's whole book can be read
without a long query and without many rows in memory.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import Posting
from domain.reconciliation.finance_totals import MonthMovement, PaymentTotal
from domain.reconciliation.reconciliation import CAME_BACK, IN_FLIGHT, SENT, values_of
from store.benefits.benefits import instalments_table, payment_events_table, sanctions_table
from store.database import AnyRow, Instant, Key, Transaction, equals_given, insert_new, wide_posting_covers
from store.database.metadata import metadata

_SUMS = ("waiting", "in_flight", "credited", "returned")

totals_table = sa.Table(
    "finance_totals",
    metadata,
    sa.Column("month", Key, nullable=False),
    sa.Column("rail", Key, nullable=False),
    sa.Column("scheme_code", Key, nullable=False),
    sa.Column("department", Key, nullable=False),
    sa.Column("district", Key, nullable=False),
    *(sa.Column(f"{name}_count", sa.Integer, nullable=False) for name in _SUMS),
    *(sa.Column(f"{name}_paise", sa.BigInteger, nullable=False) for name in _SUMS),
    sa.Column("as_of", Instant, nullable=False),
    sa.PrimaryKeyConstraint("month", "rail", "scheme_code", "department", "district"),
    sa.Index(None, "scheme_code", "month"),
    sa.Index(None, "district", "month"),
)
"""The totals by state, by the month whose period is paid for. A sanction without a department has an empty one."""

MOVES = ("opening", "instructed", "credited", "returned", "taken_back", "closing")

statements_table = sa.Table(
    "finance_statements",
    metadata,
    sa.Column("month", Key, nullable=False),
    sa.Column("scheme_code", Key, nullable=False),
    sa.Column("department", Key, nullable=False),
    sa.Column("district", Key, nullable=False),
    *(sa.Column(f"{name}_count", sa.Integer, nullable=False) for name in MOVES),
    *(sa.Column(f"{name}_paise", sa.BigInteger, nullable=False) for name in MOVES),
    sa.Column("made_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("month", "scheme_code", "department", "district"),
)
"""What moved in months that are over. A line without a scheme says that the month was made, also where it is empty."""

_M = statements_table.c
_I, _S, _E, _T = instalments_table.c, sanctions_table.c, payment_events_table.c, totals_table.c


@dataclass(frozen=True, slots=True)
class Range:
    """Sanctions after one id up to another."""

    after: str
    last: str


async def next_range(tx: Transaction, after: str, size: int) -> Range | None:
    """The next so many sanctions in the order of their ids, or None where there are no more."""
    some = sa.select(_S.id).where(_S.id > after).order_by(_S.id).limit(size).subquery()
    last = (await tx.connection.execute(sa.select(sa.func.max(some.c.id)))).scalar_one()
    return Range(after, last) if last is not None else None


async def totals_by_status(tx: Transaction, within: Range) -> list[AnyRow]:
    """How many instalments of a range stand at each status, and their paise, by month, rail, scheme and place."""
    month = sa.func.substr(sa.cast(_I.period_from, sa.Text), 1, 7)
    rail = sa.func.coalesce(_I.rail, Rail.IFMS.value)
    keys = (month, rail, _S.scheme_code, sa.func.coalesce(_S.department, ""), _S.district, _I.status)
    names = ("month", "rail", "scheme_code", "department", "district", "status")
    statement: sa.Select[Any] = (
        sa.select(
            *(key.label(name) for key, name in zip(keys, names, strict=True)),
            sa.func.count().label("many"),
            sa.func.sum(_I.amount_paise).label("paise"),
        )
        .join_from(sanctions_table, instalments_table, _I.sanction_id == _S.id)
        .where(_in_range(within))
        .group_by(*keys)
    )
    return list((await tx.connection.execute(statement)).all())


async def replace(tx: Transaction, totals: Collection[PaymentTotal], now: datetime) -> None:
    """Put these totals in the place of those that were kept."""
    await tx.connection.execute(sa.delete(totals_table))
    values = [
        {
            "month": one.month,
            "rail": one.rail.value,
            "scheme_code": one.scheme_code,
            "department": one.department or "",
            "district": one.district,
            "as_of": now,
            **{f"{name}_count": getattr(one, name)[0] for name in _SUMS},
            **{f"{name}_paise": getattr(one, name)[1] for name in _SUMS},
        }
        for one in totals
    ]
    if values:
        await tx.connection.execute(sa.insert(totals_table), values)


async def stored_totals(
    tx: Transaction,
    postings: Sequence[Posting] | None,
    *,
    months: tuple[str | None, str | None] = (None, None),
    scheme_code: str | None = None,
    district: str | None = None,
    limit: int,
) -> list[PaymentTotal]:
    """The kept totals that the postings cover, by month, scheme, district and rail. No postings (None): every place."""
    first, last = months
    wanted: list[sa.ColumnElement[bool]] = [wide_posting_covers(totals_table, postings)] if postings is not None else []
    wanted += [_T.month >= first] if first is not None else []
    wanted += [_T.month <= last] if last is not None else []
    wanted += equals_given({_T.scheme_code: scheme_code, _T.district: district})
    order = (_T.month.desc(), _T.scheme_code, _T.district, _T.rail, _T.department)
    rows = (await tx.connection.execute(sa.select(totals_table).where(*wanted).order_by(*order).limit(limit))).all()
    return [_total(row) for row in rows]


async def sum_movements(
    tx: Transaction, within: Range, begins: datetime, ends: datetime, *, scheme_code: str | None = None
) -> list[MonthMovement]:
    """What moved in the payments of a range from `begins` up to before `ends`, by scheme and district.

    Read from the history of each payment alone: where it stood at both ends, and whether it was sent between.
    """
    flight, back = values_of(IN_FLIGHT), values_of(CAME_BACK)
    credited = PaymentStatus.CREDITED.value
    history = _history(within, begins, ends, scheme_code)
    before, after, paise = history.c.stood, history.c.stands, history.c.paise
    on_its_way = sa.or_(before.is_(None), before.in_(flight))
    marks: Mapping[str, sa.ColumnElement[bool]] = {
        "opening": before.in_(flight),
        "instructed": sa.and_(after.is_not(None), before.is_(None)),
        "credited": sa.and_(after == credited, on_its_way),
        "returned": sa.and_(after.in_(back), on_its_way),
        "taken_back": sa.and_(after.in_(back), before == credited),
        "closing": after.in_(flight),
    }
    columns = [
        column
        for name, mark in marks.items()
        for column in (
            sa.func.sum(sa.case((mark, 1), else_=0)).label(f"{name}_count"),
            sa.func.sum(sa.case((mark, paise), else_=0)).label(f"{name}_paise"),
        )
    ]
    keys = (history.c.scheme_code, history.c.department, history.c.district)
    rows = (await tx.connection.execute(sa.select(*keys, *columns).group_by(*keys))).all()
    return [
        MonthMovement(row.scheme_code, row.department, row.district, **{name: _sum(row, name) for name in marks})
        for row in rows
    ]


async def last_statement(tx: Transaction) -> str | None:
    """The last month (`2026-10`) whose statement was made, or None."""
    last: str | None = (await tx.connection.execute(sa.select(sa.func.max(_M.month)))).scalar_one()
    return last


async def keep_statement(tx: Transaction, month: str, lines: Sequence[MonthMovement]) -> bool:
    """Keep the statement of a month that is over; False where it was made before."""
    now = tx.clock.now()
    zero = dict.fromkeys((f"{name}_{kind}" for name in MOVES for kind in ("count", "paise")), 0)
    mark = {"month": month, "scheme_code": "", "department": "", "district": "", "made_at": now, **zero}
    if not await insert_new(tx, statements_table, mark):
        return False
    values = [
        {
            "month": month,
            "scheme_code": line.scheme_code,
            "department": line.department or "",
            "district": line.district,
            "made_at": now,
            **{f"{name}_count": getattr(line, name)[0] for name in MOVES},
            **{f"{name}_paise": getattr(line, name)[1] for name in MOVES},
        }
        for line in lines
    ]
    if values:
        await tx.connection.execute(sa.insert(statements_table), values)
    return True


async def statement(
    tx: Transaction,
    month: str,
    postings: Sequence[Posting] | None,
    *,
    scheme_code: str | None = None,
    district: str | None = None,
    after: tuple[str, str, str] = ("", "", ""),
    limit: int,
) -> list[MonthMovement]:
    """Lines of a kept statement that the postings cover, by scheme, department and district, behind a line."""
    wanted: list[sa.ColumnElement[bool]] = [_M.month == month, _M.scheme_code != ""]
    wanted += [wide_posting_covers(statements_table, postings)] if postings is not None else []
    wanted += equals_given({_M.scheme_code: scheme_code, _M.district: district})
    order = (_M.scheme_code, _M.department, _M.district)
    wanted.append(sa.tuple_(*order) > sa.tuple_(*(sa.literal(value, _M.scheme_code.type) for value in after)))
    rows = (await tx.connection.execute(sa.select(statements_table).where(*wanted).order_by(*order).limit(limit))).all()
    return [
        MonthMovement(
            row.scheme_code, row.department or None, row.district, **{name: _sum(row, name) for name in MOVES}
        )
        for row in rows
    ]


def _history(within: Range, begins: datetime, ends: datetime, scheme_code: str | None) -> sa.Subquery:
    """Each payment of a range with its last state that we knew of at both moments; null where it was not sent yet."""
    known = sa.func.coalesce(_E.heard_at, _E.at)
    before = sa.func.max(sa.case((known < begins, _E.id)))
    after = sa.func.max(sa.case((known < ends, _E.id)))
    wanted = [_in_range(within), _E.status.in_(values_of(SENT)), *equals_given({_S.scheme_code: scheme_code})]
    spans = (
        sa.select(_E.instalment_id, before.label("before"), after.label("after"))
        .join_from(sanctions_table, instalments_table, _I.sanction_id == _S.id)
        .join(payment_events_table, _E.instalment_id == _I.id)
        .where(*wanted)
        .group_by(_E.instalment_id)
        .subquery()
    )
    then, now = payment_events_table.alias("stood"), payment_events_table.alias("stands")
    return (
        sa.select(
            _S.scheme_code,
            _S.department,
            _S.district,
            _I.amount_paise.label("paise"),
            then.c.status.label("stood"),
            now.c.status.label("stands"),
        )
        .join_from(spans, instalments_table, _I.id == spans.c.instalment_id)
        .join(sanctions_table, _S.id == _I.sanction_id)
        .outerjoin(then, then.c.id == spans.c.before)
        .outerjoin(now, now.c.id == spans.c.after)
        .subquery()
    )


def _in_range(within: Range) -> sa.ColumnElement[bool]:
    return sa.and_(_S.id > within.after, _S.id <= within.last)


def _sum(row: AnyRow, name: str) -> tuple[int, int]:
    return int(getattr(row, f"{name}_count")), int(getattr(row, f"{name}_paise"))


def _total(row: AnyRow) -> PaymentTotal:
    return PaymentTotal(
        row.month,
        Rail(row.rail),
        row.scheme_code,
        row.department or None,
        row.district,
        waiting=_sum(row, "waiting"),
        in_flight=_sum(row, "in_flight"),
        credited=_sum(row, "credited"),
        returned=_sum(row, "returned"),
        as_of=row.as_of,
    )
