"""Checks that encrypted fields decrypt, vault references resolve, and every named file matches its hash."""

from collections.abc import AsyncIterator, Callable, Mapping

from sqlalchemy import Table, select

from store.checks.finding import PAGE, Finding
from store.database import (
    LARGE_ROWS,
    AnyRow,
    CannotDecrypt,
    EncryptedObjects,
    ObjectDamaged,
    Transaction,
    pages,
    sealed_columns,
)
from store.database.dump import present
from store.database.vault import Vault
from store.identity.people import citizens_table, personal_place
from store.privacy.personal_files import HANDED_IN
from store.tables import metadata
from store.uploads import uploads
from store.uploads.named_files import LISTED, named_files

PLACES: Mapping[str, Callable[[AnyRow], str]] = {"outbox": lambda row: f"{row.topic}:{row.key}"}
"""The last word of a field's place where it is not the primary key."""

CHECKER = "SYSTEM:verify"
FEW = 8
"""Rows with whole files that are held at once."""


async def fields(tx: Transaction) -> AsyncIterator[Finding]:
    """Every encrypted field decrypts in its place, with a key that we have."""
    for table in [part.table for part in await present(tx, metadata)]:
        names = sealed_columns(table)
        key = next(iter(table.primary_key.columns))
        if names:
            size = FEW if table.info.get(LARGE_ROWS) else PAGE
            async for row in pages(tx, select(table), key, size):
                for name in names:
                    if not _opens(tx, table, row, name):
                        yield Finding("FIELD_DOES_NOT_OPEN", f"{table.name}.{name}:{getattr(row, key.name)}")


async def vault_references(tx: Transaction, vault: Vault) -> AsyncIterator[Finding]:
    """Every reference that a citizen holds is in the vault with the same last four digits; the numbers open."""
    entries = await vault.verify_entries(by=CHECKER)
    for broken in (reference for reference, last4 in entries.items() if last4 is None):
        yield Finding("VAULT_NUMBER_DOES_NOT_OPEN", f"vault:{broken}")
    async for row in pages(tx, select(citizens_table), citizens_table.c.citizen_id, PAGE):
        reference = _reference(tx, row)
        if reference is not None and entries.get(reference) != row.aadhaar_last4:
            yield Finding("VAULT_REFERENCE_DOES_NOT_RESOLVE", f"citizen:{row.citizen_id}")


async def files(tx: Transaction, objects: EncryptedObjects) -> AsyncIterator[Finding]:
    """Every file that a row names is there with the content that its name says, and what was handed in has its upload.

    By that row a file is known to be needed (store/privacy/personal_files.py), so one without it could be deleted.
    """
    handed_in = {f"{table}.{column}" for table, column in (*HANDED_IN, *LISTED)}
    async for sha256, where in named_files(tx, metadata):
        if where in handed_in and not await uploads.of_content(tx, sha256):
            yield Finding("FILE_HAS_NO_UPLOAD", f"{where}:{sha256}")
        try:
            if await objects.get(sha256) is None:
                yield Finding("FILE_IS_MISSING", f"{where}:{sha256}")
        except ObjectDamaged:
            yield Finding("FILE_IS_DAMAGED", f"{where}:{sha256}")


def _opens(tx: Transaction, table: Table, row: AnyRow, column: str) -> bool:
    sealed = getattr(row, column)
    if sealed is None:
        return True
    place = PLACES.get(table.name)
    last = place(row) if place else str(getattr(row, next(iter(table.primary_key.columns)).name))
    try:
        tx.cipher.decrypt(sealed, f"{table.name}:{column}:{last}")
    except CannotDecrypt:
        return False
    return True


def _reference(tx: Transaction, row: AnyRow) -> str | None:
    try:
        personal = tx.cipher.decrypt_json(row.personal, personal_place(row.citizen_id))
    except CannotDecrypt:
        return None  # reported by `fields`
    reference: str | None = personal["aadhaar_reference"]
    return reference
