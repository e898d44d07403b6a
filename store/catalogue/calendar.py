"""Work calendars by version, with their holidays."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, SmallInteger, Table, Text, delete, insert, select

from domain.applications.deadline import WorkCalendar
from domain.applications.holidays import Holiday, HolidayKind, calendar_of
from domain.kernel import Bilingual
from store.database import Board, Instant, Key, Transaction, fetch_rows, first_row, raise_version, read_kept, upsert
from store.database.metadata import metadata

calendars_table = Table(
    "calendars", metadata, Column("version", Key, primary_key=True), Column("saved_at", Instant, nullable=False)
)

holidays_table = Table(
    "holidays",
    metadata,
    Column("version", Key, ForeignKey("calendars.version", ondelete="CASCADE"), primary_key=True),
    Column("sequence", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Text, nullable=False),
    Column("district", Key),
    Column("verified", Boolean, nullable=False),
    Column("kind", Key),
    Column("source", Text),
)

NO_CALENDAR = WorkCalendar("NONE")
"""Stands in until a calendar is imported: Sundays and second Saturdays only, and its name says so."""


_LATEST = select(calendars_table).order_by(calendars_table.c.saved_at.desc(), calendars_table.c.version.desc()).limit(1)


async def latest_version(tx: Transaction) -> str | None:
    """The version of the calendar that was saved last, or None where there is none."""
    latest = await read_kept(tx, latest_version, partial(fetch_rows, tx, _LATEST))
    return latest[0].version if latest else None


async def is_there(tx: Transaction, version: str) -> bool:
    """Whether a calendar with a version is kept."""
    return (
        await first_row(tx, select(calendars_table.c.version).where(calendars_table.c.version == version)) is not None
    )


async def work_calendar(tx: Transaction, version: str | None = None) -> WorkCalendar:
    """The calendar that was saved last, or the one with a version; NO_CALENDAR where there is none."""
    row = await first_row(tx, _LATEST if version is None else _LATEST.where(calendars_table.c.version == version))
    if row is None:
        return NO_CALENDAR
    return calendar_of(await holidays(tx, row.version), row.version)


async def save_calendar(tx: Transaction, version: str, rows: Sequence[Holiday]) -> None:
    """Keep a calendar with its holidays, in place of one with the same version."""
    await raise_version(tx, Board.CALENDAR)
    await raise_version(tx, Board.CATALOGUE)  # with which processes keep what the last one is
    head = {"version": version, "saved_at": tx.clock.now()}
    await upsert(tx, calendars_table, [head], keys=("version",))
    await tx.connection.execute(delete(holidays_table).where(holidays_table.c.version == version))
    values = [
        {
            "version": version,
            "sequence": sequence,
            "day": row.day,
            "name_hi": row.name.hi,
            "name_en": row.name.en,
            "district": row.district,
            "verified": row.verified,
            "kind": row.kind.value,
            "source": row.source,
        }
        for sequence, row in enumerate(rows)
    ]
    if values:
        await tx.connection.execute(insert(holidays_table), values)


async def holidays(tx: Transaction, version: str) -> list[Holiday]:
    """The named holidays of a calendar, by day."""
    table = holidays_table
    statement = select(table).where(table.c.version == version).order_by(table.c.day, table.c.sequence)
    rows = (await tx.connection.execute(statement)).all()
    return [_holiday(row) for row in rows]


def _holiday(row: Any) -> Holiday:
    """A row as a holiday; what an earlier release wrote bears no kind."""
    kind = HolidayKind.GENERAL if row.district is None else HolidayKind.DISTRICT
    name = Bilingual(row.name_hi, row.name_en)
    return Holiday(row.day, name, HolidayKind(row.kind) if row.kind else kind, row.district, row.source, row.verified)
