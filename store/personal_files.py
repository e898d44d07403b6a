"""The files that go with a citizen when she is erased, and whether anything names a file still."""

from sqlalchemy import Text, select, true, type_coerce

from store.engine import Transaction
from store.sql import first
from store.tables import metadata

_HERS = (
    ("application_documents", "sha256"),
    ("doorstep_visits", "paper_sha256"),
    ("assistances", "paper_sha256"),
    ("roster_rows", "consent_paper_sha256"),
    ("roster_rows", "receipt_sha256"),
    ("uploads", "sha256"),
    ("uploads", "expected"),
    ("commission_cases", "bundle"),
)
"""Columns that name what she handed in or what was made of it for her case; her photographs lie in a list."""

_ISSUED = (("certificates", "pdf_sha256"), ("certificates", "xml_sha256"))
"""Columns that name what stays when she is erased."""


async def files_of_person(tx: Transaction, citizen_id: str) -> set[str]:
    """The files that go with the person: what she handed in and what was photographed, not her certificates."""
    found: set[str] = set()
    for name, column in _HERS:
        table = metadata.tables[name]
        statement = select(table.c[column]).where(table.c.citizen_id == citizen_id, table.c[column].is_not(None))
        found |= set((await tx.connection.execute(statement)).scalars().all())
    photos = metadata.tables["verifications"]
    for held in (await tx.connection.execute(select(photos.c.photos).where(photos.c.citizen_id == citizen_id))).all():
        found |= set(held.photos or ())
    return found


async def still_named(tx: Transaction, sha256: str) -> bool:
    """Whether any row still names a file."""
    for name, column in (*_HERS, *_ISSUED):
        table = metadata.tables[name]
        if await first(tx, select(true()).where(table.c[column] == sha256)) is not None:
            return True
    photos = metadata.tables["verifications"].c.photos
    named = select(true()).where(type_coerce(photos, Text).contains(sha256))
    return await first(tx, named) is not None
