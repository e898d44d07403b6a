"""Expected files of partners by day: created once, then marked when requested, received and compared."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, PrimaryKeyConstraint, func, select, update

from domain.payments.expected_files import ExpectedFile, FileSource
from store.database import Records, Transaction, first_row, insert_into
from store.database.metadata import table_of

expected_table = table_of(
    ExpectedFile, "expected_files", PrimaryKeyConstraint("source", "day"), Index(None, "source", "compared_at", "day")
)

_T = expected_table.c
_FILES = Records(ExpectedFile, expected_table, "the expected file")


async def expect(tx: Transaction, days: Sequence[ExpectedFile]) -> None:
    """Enter days; one that is in the book stays as it is."""
    if not days:
        return
    values = [{"source": one.source.value, "day": one.day, "due_at": one.due_at} for one in days]
    await tx.connection.execute(insert_into(tx, expected_table).on_conflict_do_nothing(), values)


async def last_day(tx: Transaction, source: FileSource) -> date | None:
    """The last day of a source that is in the book."""
    row = await first_row(tx, select(func.max(_T.day).label("day")).where(_T.source == source.value))
    return row.day if row else None


async def not_compared(tx: Transaction, source: FileSource, since: date) -> list[ExpectedFile]:
    """The days since one whose file was not compared, the oldest first."""
    wanted = _T.source == source.value, _T.compared_at.is_(None), _T.day >= since
    return await _FILES.select_all(tx, select(expected_table).where(*wanted).order_by(_T.day))


async def note_asked(tx: Transaction, source: FileSource, day: date) -> None:
    """Note that the file of a day was asked for now."""
    await _set(tx, source, day, {"asked_at": tx.clock.now()})


async def note_came(tx: Transaction, source: FileSource, day: date) -> None:
    """Note that the file of a day is whole here; it is still to be compared."""
    await _set(tx, source, day, {"came_at": tx.clock.now()})


async def note_told(tx: Transaction, source: FileSource, day: date, at: datetime) -> None:
    """Note that its case was opened."""
    await _set(tx, source, day, {"told_at": at})


async def note_compared(tx: Transaction, source: FileSource, day: date) -> bool:
    """Note that the file of a day was compared; False where the book does not hold it, or held that before."""
    statement = update(expected_table).where(_T.source == source.value, _T.day == day, _T.compared_at.is_(None))
    written = await tx.connection.execute(statement.values(compared_at=tx.clock.now()).returning(_T.day))
    return written.first() is not None


async def _set(tx: Transaction, source: FileSource, day: date, values: dict[str, Any]) -> None:
    await tx.connection.execute(update(expected_table).where(_T.source == source.value, _T.day == day).values(values))
