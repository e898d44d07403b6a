"""Reads of cases outside an officer's own queue, and the hours with unusually many of them."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, func, insert, select

from domain.officers.desk import UnusualReads
from store.database import Instant, Key, Serial, Transaction
from store.database.metadata import metadata

outside_reads_table = Table(
    "outside_reads",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("application_id", Key, ForeignKey("applications.id"), nullable=False),
    Column("officer_id", Key, nullable=False),
    Column("purpose", Key, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "officer_id", "at"),
    sqlite_autoincrement=True,
)

unusual_reads_table = Table(
    "unusual_reads",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("officer_id", Key, nullable=False),
    Column("reads", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "officer_id", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

_R, _U = outside_reads_table.c, unusual_reads_table.c


async def note_read(tx: Transaction, officer_id: str, application_id: str, citizen_id: str, purpose: str) -> None:
    """Write down one read outside the officer's own queue, at the present instant."""
    values = {
        "citizen_id": citizen_id,
        "application_id": application_id,
        "officer_id": officer_id,
        "purpose": purpose,
        "at": tx.clock.now(),
    }
    await tx.connection.execute(insert(outside_reads_table).values(values))


async def reads_since(tx: Transaction, officer_id: str, since: datetime) -> int:
    """How many cases the officer read outside the own queue after an instant."""
    counting = select(func.count()).select_from(outside_reads_table)
    found = await tx.connection.execute(counting.where(_R.officer_id == officer_id, _R.at > since))
    return int(found.scalar_one())


async def record_unusual(tx: Transaction, officer_id: str, count: int) -> None:
    """Write down that the officer's reads are unusually many now."""
    values = {"officer_id": officer_id, "reads": count, "at": tx.clock.now()}
    await tx.connection.execute(insert(unusual_reads_table).values(values))


async def unusual_since(tx: Transaction, officer_id: str, since: datetime) -> bool:
    """Whether it was written down already after an instant."""
    statement = select(_U.id).where(_U.officer_id == officer_id, _U.at > since).limit(1)
    return (await tx.connection.execute(statement)).first() is not None


async def unusual_reads(tx: Transaction, since: datetime) -> list[UnusualReads]:
    """Officers with unusually many reads after an instant, once each with the latest count, the latest first.

    The count is that of the hour up to `at`, as it stood when the alarm was raised.
    """
    statement = select(unusual_reads_table).where(_U.at > since).order_by(_U.at.desc(), _U.id.desc())
    found: dict[str, UnusualReads] = {}
    for row in (await tx.connection.execute(statement)).all():
        found.setdefault(row.officer_id, UnusualReads(row.officer_id, row.reads, row.at))
    return list(found.values())
