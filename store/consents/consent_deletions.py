"""Positions and hashes of consents that were deleted after their retention period.

With them the citizen's chain stays intact: the next record is linked to the hash, which the audit log has too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, UniqueConstraint, select

from store.database import Instant, Records, Transaction, rows_of
from store.database.metadata import table_of

DELETED = "consent.deleted"
"""The action of the audit line for a deletion; its `records` are the ids of what was deleted."""


@dataclass(frozen=True, slots=True)
class DeletedRecord:
    """Where a record that was deleted stood: its id, its place in its citizen's chain, and its link."""

    id: str
    citizen_id: str
    sequence: int
    link: str


consent_deletions_table = table_of(
    DeletedRecord,
    "consent_deletions",
    Column("at", Instant, nullable=False),
    UniqueConstraint("citizen_id", "sequence"),
)
_T = consent_deletions_table.c


_DELETED = Records(DeletedRecord, consent_deletions_table, "the deleted record")


async def keep(tx: Transaction, deleted: Sequence[DeletedRecord], at: datetime) -> None:
    """Keep the places of records that are being deleted."""
    await _DELETED.add_all(tx, deleted, at=at)


async def last_of(tx: Transaction, citizen_id: str) -> DeletedRecord | None:
    """The last deleted place of a citizen's chain."""
    statement = select(consent_deletions_table).where(_T.citizen_id == citizen_id)
    return await _DELETED.select_first(tx, statement.order_by(_T.sequence.desc()).limit(1))


async def of_citizens(tx: Transaction, citizen_ids: Iterable[str]) -> list[DeletedRecord]:
    """What was deleted of these citizens, each chain in its order."""
    statement = select(consent_deletions_table).order_by(_T.citizen_id, _T.sequence)
    rows = await rows_of(tx, statement, _T.citizen_id, citizen_ids)
    return [_DELETED.read(tx, row) for row in rows]
