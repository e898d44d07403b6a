"""Positions and hashes of consents that were deleted after their retention period.

With them the citizen's chain stays intact: the next record is linked to the hash, which the audit log has too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Integer, Table, UniqueConstraint, insert, select

from store.database import Instant, Key, Transaction, first_row, rows_of
from store.database.metadata import metadata

DELETED = "consent.deleted"
"""The action of the audit line for a deletion; its `records` are the ids of what was deleted."""

consent_deletions_table = Table(
    "consent_deletions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("link", Key, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("citizen_id", "sequence"),
)

_T = consent_deletions_table.c


@dataclass(frozen=True, slots=True)
class DeletedRecord:
    """Where a record that was deleted stood: its id, its place in its citizen's chain, and its link."""

    id: str
    citizen_id: str
    sequence: int
    link: str


async def keep(tx: Transaction, deleted: Sequence[DeletedRecord], at: datetime) -> None:
    """Keep the places of records that are being deleted."""
    rows = [
        {"id": one.id, "citizen_id": one.citizen_id, "sequence": one.sequence, "link": one.link, "at": at}
        for one in deleted
    ]
    if rows:
        await tx.connection.execute(insert(consent_deletions_table), rows)


async def last_of(tx: Transaction, citizen_id: str) -> DeletedRecord | None:
    """The last deleted place of a citizen's chain."""
    statement = select(consent_deletions_table).where(_T.citizen_id == citizen_id)
    row = await first_row(tx, statement.order_by(_T.sequence.desc()).limit(1))
    return None if row is None else DeletedRecord(row.id, row.citizen_id, row.sequence, row.link)


async def of_citizens(tx: Transaction, citizen_ids: Iterable[str]) -> list[DeletedRecord]:
    """What was deleted of these citizens, each chain in its order."""
    statement = select(consent_deletions_table).order_by(_T.citizen_id, _T.sequence)
    rows = await rows_of(tx, statement, _T.citizen_id, citizen_ids)
    return [DeletedRecord(row.id, row.citizen_id, row.sequence, row.link) for row in rows]
