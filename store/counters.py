"""Counters by department, service, district, channel, day and kind: appended deltas, folded by the worker.

Appending never waits for another transaction; what is read is the folded totals and the deltas since.
"""

from collections import Counter as Tally
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Integer,
    Table,
    delete,
    func,
    insert,
    select,
    union_all,
)

from store.engine import Transaction
from store.metadata import metadata
from store.sql import insert_into
from store.types import Key, Serial

_DIMENSIONS = ("day", "kind", "department", "service_code", "district", "channel")
FOLD_BATCH = 5_000

counters_table = Table(
    "counters",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("department", Key, primary_key=True),
    Column("service_code", Key, primary_key=True),
    Column("district", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("total", BigInteger, nullable=False),
)

deltas_table = Table(
    "counter_deltas",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("day", Date, nullable=False),
    Column("kind", Key, nullable=False),
    Column("department", Key, nullable=False),
    Column("service_code", Key, nullable=False),
    Column("district", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("delta", Integer, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class CounterFilter:
    """Which counters to add up; None lets every value through. The days count with both ends."""

    kinds: Collection[str]
    first_day: date
    last_day: date
    department: str | None = None
    service_code: str | None = None
    district: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A sum, and the values of the dimensions that it was grouped by; an unknown department is ``""``."""

    by: Mapping[str, str | date]
    total: int


async def add_delta(
    tx: Transaction,
    department: str | None,
    service_code: str,
    district: str,
    channel: str,
    day: date,
    kind: str,
    delta: int,
) -> None:
    """Append a change of one counter in the transaction that causes it; `day` is the IST day of the event."""
    await add_deltas(tx, {(day, kind, department or "", service_code, district, channel): delta})


Cell = tuple[date, str, str, str, str, str]
"""Day, kind, department (empty where there is none), service, district and channel."""


async def add_deltas(tx: Transaction, changed: Mapping[Cell, int]) -> None:
    """Append changes of many counters in the transaction that causes them."""
    rows = [dict(zip(_DIMENSIONS, cell, strict=True)) | {"delta": delta} for cell, delta in changed.items()]
    if rows:
        await tx.connection.execute(insert(deltas_table), rows)


async def fold(tx: Transaction) -> int:
    """Add the oldest deltas, at most 5 000, to the totals; tells how many. Several workers may fold at once."""
    oldest = select(deltas_table.c.id).order_by(deltas_table.c.id).limit(FOLD_BATCH).with_for_update(skip_locked=True)
    rows = (
        await tx.connection.execute(delete(deltas_table).where(deltas_table.c.id.in_(oldest)).returning(deltas_table))
    ).all()
    sums: Tally[tuple[Any, ...]] = Tally()
    for row in rows:
        sums[tuple(getattr(row, name) for name in _DIMENSIONS)] += row.delta
    statement = insert_into(tx, counters_table)
    adding = statement.on_conflict_do_update(
        index_elements=_DIMENSIONS, set_={"total": counters_table.c.total + statement.excluded.total}
    )
    # In one order everywhere, so that two folds never wait for each other in a circle.
    values = [dict(zip(_DIMENSIONS, place, strict=True)) | {"total": total} for place, total in sorted(sums.items())]
    if values:
        await tx.connection.execute(adding, values)
    return len(rows)


async def totals(tx: Transaction, wanted: CounterFilter, group_by: Sequence[str] = ()) -> list[Total]:
    """Sums by some of day, kind, department, service_code, district and channel, in their order.

    One statement reads totals and deltas, so that a fold in between is not counted twice or left out.
    Raises ValueError for an unknown dimension.
    """
    if unknown := set(group_by) - set(_DIMENSIONS):
        raise ValueError(f"there is no dimension {sorted(unknown)[0]}")
    folded = select(*(counters_table.c[name] for name in _DIMENSIONS), counters_table.c.total)
    fresh = select(*(deltas_table.c[name] for name in _DIMENSIONS), deltas_table.c.delta)
    every = union_all(
        folded.where(*_matches(counters_table, wanted)), fresh.where(*_matches(deltas_table, wanted))
    ).subquery()
    groups = [every.c[name] for name in group_by]
    statement = select(*groups, func.sum(every.c.total).label("sum")).group_by(*groups).order_by(*groups)
    rows = (await tx.connection.execute(statement)).all()
    return [Total({name: getattr(row, name) for name in group_by}, int(row.sum)) for row in rows if row.sum is not None]


def _matches(table: Table, wanted: CounterFilter) -> list[ColumnElement[bool]]:
    exact = {
        "department": wanted.department,
        "service_code": wanted.service_code,
        "district": wanted.district,
        "channel": wanted.channel,
    }
    return [
        table.c.day.between(wanted.first_day, wanted.last_day),
        table.c.kind.in_(sorted(wanted.kinds)),
        *(table.c[name] == value for name, value in exact.items() if value is not None),
    ]
