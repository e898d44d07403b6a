"""Quarantined files in which a scanner found malware: stored sealed for some days for inspectors only."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, delete, select

from domain.uploads.files import QuarantinedFile
from store.database import Records, Transaction, cell_name, first_row
from store.database.metadata import table_of

quarantined_files_table = table_of(
    QuarantinedFile,
    "quarantined_files",
    Column("found", Text, nullable=False),
    Column("infected", LargeBinary, nullable=False),
    Index(None, "citizen_id"),
    Index(None, "at"),
)
"""`digest` is the SHA-256 of a file that never reaches the object store, `found` the scanner's name for what it has,
and `infected` the file itself."""

MOST_OF_ONE = 20
"""Files of one sender for one citizen that are quarantined; more are recorded in the audit log only."""

_Q = quarantined_files_table.c
_FILES = Records(QuarantinedFile, quarantined_files_table, "the file")


async def put(tx: Transaction, file: QuarantinedFile, content: bytes) -> bool:
    """Quarantine a file, sealed; False where the same one of the same sender, or MOST_OF_ONE of them, are there.

    Who sends an infected file again and again must not fill the store with it.
    """
    whose = _Q.citizen_id.is_(None) if file.citizen_id is None else _Q.citizen_id == file.citizen_id
    held = select(_Q.digest).where(whose, _Q.owner == file.owner).limit(MOST_OF_ONE)
    digests = (await tx.connection.execute(held)).scalars().all()
    if file.digest in digests or len(digests) >= MOST_OF_ONE:
        return False
    await _FILES.add(tx, file, infected=tx.cipher.encrypt(content, cell_name(_Q.infected, file.id)))
    return True


async def newest(tx: Transaction, limit: int) -> list[QuarantinedFile]:
    """The quarantined files, the newest first, without content."""
    columns = [column for column in _Q if column is not _Q.infected]
    return await _FILES.select_all(tx, select(*columns).order_by(_Q.at.desc(), _Q.id.desc()).limit(limit))


async def content(tx: Transaction, file_id: str) -> bytes | None:
    """The content of one, for whoever examines it; None where it is not there."""
    row = await first_row(tx, select(_Q.infected).where(_Q.id == file_id))
    return tx.cipher.decrypt(row.infected, cell_name(_Q.infected, file_id)) if row else None


async def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete files quarantined before a moment; returns how many."""
    old = select(_Q.id).where(_Q.at < before).order_by(_Q.at).limit(limit)
    gone = delete(quarantined_files_table).where(_Q.id.in_(old)).returning(_Q.id)
    return len((await tx.connection.execute(gone)).all())
