"""The files to delete with a citizen's data, and whether anything else still references them."""

from sqlalchemy import select, true

from store.database import Transaction, first_row
from store.tables import metadata
from store.uploads.named_files import LISTED

HANDED_IN = (
    ("application_documents", "sha256"),
    ("doorstep_visits", "paper_sha256"),
    ("assistances", "paper_sha256"),
    ("roster_rows", "consent_paper_sha256"),
    ("roster_rows", "receipt_sha256"),
)
"""Columns that name what somebody handed in. The row of its upload stays while they do (`uploads.use`)."""

_HELD = (("uploads", "sha256"), ("uploads", "expected"), ("commission_cases", "bundle"))
"""Columns that name the citizen's uploads or what was made of them for a case."""

_ISSUED = (("certificates", "pdf_sha256"), ("certificate_signings", "released_sha256"))
"""The columns that name what stays after an erasure. Nobody can hand in a certificate's XML file, so it is shared
with nothing that goes."""


async def files_of_person(tx: Transaction, citizen_id: str) -> set[str]:
    """The files deleted with the person: uploads and photographs, not certificates."""
    found: set[str] = set()
    for name, column in (*HANDED_IN, *_HELD):
        table = metadata.tables[name]
        statement = select(table.c[column]).where(table.c.citizen_id == citizen_id, table.c[column].is_not(None))
        found |= set((await tx.connection.execute(statement)).scalars().all())
    for name, column in LISTED:
        table = metadata.tables[name]
        lists = await tx.connection.execute(select(table.c[column]).where(table.c.citizen_id == citizen_id))
        found.update(*(held or () for held in lists.scalars()))
    return found


async def still_named(tx: Transaction, sha256: str) -> bool:
    """Whether any row still names a file; found by indices, since a clean-up asks it for every file that it deletes."""
    for name, column in (*_HELD, *_ISSUED):
        if await first_row(tx, select(true()).where(metadata.tables[name].c[column] == sha256)) is not None:
            return True
    return False
