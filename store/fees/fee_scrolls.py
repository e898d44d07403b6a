"""The treasury's daily scrolls of fees, each stored atomically, and whether they were compared."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, Table, select, update

from domain.fees.fees import ScrollLine
from store.database import AlreadyThere, Instant, Key, Transaction, first_row, insert_new
from store.database.metadata import metadata, table_of

scrolls_table = Table(
    "fee_scrolls",
    metadata,
    Column("scrolled_on", Date, primary_key=True),
    Column("name", Key, nullable=False),
    Column("sha256", Key, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("total_paise", BigInteger, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("compared_at", Instant),
)

lines_table = table_of(
    ScrollLine,
    "fee_scroll_lines",
    Column("scrolled_on", Date, ForeignKey("fee_scrolls.scrolled_on"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Index(None, "reference"),
)

_C, _L = scrolls_table.c, lines_table.c


async def add_scroll(
    tx: Transaction, name: str, scrolled_on: date, content: bytes, lines: Sequence[ScrollLine]
) -> bool:
    """Keep the scroll of a day with all its lines; False where the same is there. Raises AlreadyThere for another."""
    digest = hashlib.sha256(content).hexdigest()
    values = {
        "scrolled_on": scrolled_on,
        "name": name,
        "sha256": digest,
        "lines": len(lines),
        "total_paise": sum(line.amount_paise for line in lines),
        "taken_at": tx.clock.now(),
        "compared_at": None,
    }
    if not await insert_new(tx, scrolls_table, values):
        kept = await first_row(tx, select(_C.sha256).where(_C.scrolled_on == scrolled_on))
        if kept is not None and kept.sha256 != digest:
            raise AlreadyThere("another scroll of the day")
        return False
    rows = [_line_values(number, line) for number, line in enumerate(lines, start=1)]
    if rows:
        await tx.connection.execute(lines_table.insert(), rows)
    return True


async def scroll_lines(tx: Transaction, scrolled_on: date) -> list[ScrollLine]:
    """The lines of the scroll of a day, in its order."""
    statement = select(lines_table).where(_L.scrolled_on == scrolled_on).order_by(_L.line)
    return [
        ScrollLine(row.grn, row.cin, row.reference, row.head, row.amount_paise, row.scrolled_on, row.status)
        for row in (await tx.connection.execute(statement)).all()
    ]


async def mark_compared(tx: Transaction, scrolled_on: date) -> bool:
    """Note that every line of a scroll was compared; False where that was noted before."""
    wanted = _C.scrolled_on == scrolled_on, _C.compared_at.is_(None)
    written = update(scrolls_table).where(*wanted).values(compared_at=tx.clock.now()).returning(_C.scrolled_on)
    return (await tx.connection.execute(written)).first() is not None


def _line_values(number: int, line: ScrollLine) -> dict[str, Any]:
    names = ("scrolled_on", "grn", "cin", "reference", "head", "amount_paise", "status")
    return {**{name: getattr(line, name) for name in names}, "line": number}
