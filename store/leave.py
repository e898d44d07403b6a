"""Leave of officers, and who stands in for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Column, Date, ForeignKey, Index, Table, insert, select

from store.engine import Transaction
from store.metadata import metadata
from store.sql import AnyRow, rows_of
from store.types import Instant, Key

leaves_table = Table(
    "leaves",
    metadata,
    Column("id", Key, primary_key=True),
    Column("officer_id", Key, ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
    Column("substitute_id", Key, ForeignKey("officers.officer_id", ondelete="CASCADE")),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("recorded_by", Key),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "officer_id", "from_on"),
    Index(None, "substitute_id", "from_on"),
)

_T = leaves_table.c


@dataclass(frozen=True, slots=True)
class Leave:
    """An officer's leave from one day to another, both included; without a substitute her post is vacant."""

    id: str
    officer_id: str
    substitute_id: str | None
    from_on: date
    until_on: date
    recorded_by: str | None
    recorded_at: datetime


async def add(tx: Transaction, leave: Leave) -> None:
    """Keep a leave."""
    names = ("id", "officer_id", "substitute_id", "from_on", "until_on", "recorded_by", "recorded_at")
    await tx.connection.execute(insert(leaves_table).values({name: getattr(leave, name) for name in names}))


async def on_leave(tx: Transaction, officer_ids: Iterable[str], day: date) -> dict[str, Leave]:
    """The leave of each of these officers on a day; the last one that was recorded holds. The others are left out."""
    statement = select(leaves_table).where(_T.from_on <= day, _T.until_on >= day)
    rows = await rows_of(tx, statement.order_by(_T.recorded_at, _T.id), _T.officer_id, officer_ids)
    return {row.officer_id: _leave(row) for row in rows}


async def stood_in_for(tx: Transaction, substitute_id: str, day: date) -> list[str]:
    """The officers for whom somebody stands in on a day."""
    covering = (_T.substitute_id == substitute_id, _T.from_on <= day, _T.until_on >= day)
    rows = (await tx.connection.execute(select(_T.officer_id).where(*covering).order_by(_T.officer_id))).all()
    return list(dict.fromkeys(row.officer_id for row in rows))


def _leave(row: AnyRow) -> Leave:
    return Leave(row.id, row.officer_id, row.substitute_id, row.from_on, row.until_on, row.recorded_by, row.recorded_at)
