"""Work calendars by version, with the names of their holidays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Boolean, Column, Date, ForeignKey, SmallInteger, Table, Text, delete, insert, select

from domain.applications.deadline import WorkCalendar
from domain.kernel import Bilingual
from store.database import Instant, Key, Transaction, first_row, upsert
from store.database.metadata import metadata

calendars_table = Table(
    "calendars",
    metadata,
    Column("version", Key, primary_key=True),
    Column("saved_at", Instant, nullable=False),
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
)

NO_CALENDAR = WorkCalendar("NONE")
"""Stands in until a calendar is imported: Sundays and second Saturdays only, and its name says so."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """One holiday of one district, or of the whole state where `district` is None."""

    day: date
    name: Bilingual
    district: str | None
    verified: bool


async def latest_version(tx: Transaction) -> str | None:
    """The version of the calendar that was saved last, or None where there is none."""
    table = calendars_table
    row = await first_row(
        tx, select(table.c.version).order_by(table.c.saved_at.desc(), table.c.version.desc()).limit(1)
    )
    return None if row is None else str(row.version)


async def is_there(tx: Transaction, version: str) -> bool:
    """Whether a calendar with a version is kept."""
    return (
        await first_row(tx, select(calendars_table.c.version).where(calendars_table.c.version == version)) is not None
    )


async def work_calendar(tx: Transaction, version: str | None = None) -> WorkCalendar:
    """The calendar that was saved last, or the one with a version; NO_CALENDAR where there is none."""
    table = calendars_table
    statement = select(table).order_by(table.c.saved_at.desc(), table.c.version.desc()).limit(1)
    row = await first_row(tx, statement if version is None else statement.where(table.c.version == version))
    if row is None:
        return NO_CALENDAR
    return WorkCalendar(row.version, by_day(await holidays(tx, row.version)))


async def save_calendar(tx: Transaction, calendar: WorkCalendar, rows: Sequence[Holiday]) -> None:
    """Keep a calendar with its named holidays, in place of one with the same version.

    Raises ValueError where the rows do not give exactly the calendar's holidays.
    """
    if by_day(rows) != {day: frozenset(districts) for day, districts in calendar.holidays.items()}:
        raise ValueError("the rows and the calendar name different holidays")
    head = {"version": calendar.version, "saved_at": tx.clock.now()}
    await upsert(tx, calendars_table, [head], keys=("version",))
    await tx.connection.execute(delete(holidays_table).where(holidays_table.c.version == calendar.version))
    values = [
        {
            "version": calendar.version,
            "sequence": sequence,
            "day": row.day,
            "name_hi": row.name.hi,
            "name_en": row.name.en,
            "district": row.district,
            "verified": row.verified,
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
    return [Holiday(row.day, Bilingual(row.name_hi, row.name_en), row.district, row.verified) for row in rows]


def by_day(rows: Sequence[Holiday]) -> dict[date, frozenset[str]]:
    """Districts by holiday; a holiday of the whole state outweighs one of a district."""
    found: dict[date, frozenset[str]] = {}
    for row in rows:
        districts = found.get(row.day)
        if row.district is None or districts == frozenset():
            found[row.day] = frozenset()
        else:
            found[row.day] = (districts or frozenset()) | {row.district}
    return found
