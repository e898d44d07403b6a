"""Documents that may be requested from API Setu for a citizen, with the consent that allows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text, delete, select, update

from domain.kernel import Bilingual
from store.database import Records, Transaction, cell_name, each_once
from store.database.metadata import table_of


@dataclass(frozen=True, slots=True)
class DepartmentDocument:
    """A document that a department holds: the publisher's parameters to ask for it, and the consent artefact."""

    id: str
    citizen_id: str
    publisher: str
    doctype: str
    name: Bilingual
    parameters: Mapping[str, str]
    consent: Mapping[str, Any]
    valid_until: datetime | None


department_documents_table = table_of(
    DepartmentDocument,
    "department_documents",
    Column("name_hi", Text),
    Column("name_en", Text, nullable=False),
    Column("parameters", LargeBinary, nullable=False),
    Column("consent", LargeBinary, nullable=False),
    Index(None, "citizen_id"),
    apart=("name",),
)


_BY_KIND = select(department_documents_table).order_by(
    department_documents_table.c.doctype, department_documents_table.c.id
)
_DOCUMENTS = Records(DepartmentDocument, department_documents_table, "the department's document")
add = _DOCUMENTS.add
"""Keep a document's reference; parameters and consent are encrypted. Raises AlreadyThere."""
by_ids = _DOCUMENTS.by_ids
"""Documents by id; those that are not there are left out."""


async def set_consent(tx: Transaction, document_id: str, consent: Mapping[str, Any], valid_until: datetime) -> None:
    """Set another artefact of a document, or an empty one where the consent ended."""
    table = department_documents_table
    values = {
        "consent": tx.cipher.encrypt_json(dict(consent), cell_name(department_documents_table.c.consent, document_id)),
        "valid_until": valid_until,
    }
    await tx.connection.execute(update(table).where(table.c.id == document_id).values(values))


async def remove(tx: Transaction, document_id: str) -> None:
    """Forget a document and its consent."""
    table = department_documents_table
    await tx.connection.execute(delete(table).where(table.c.id == document_id))


async def of_citizen(tx: Transaction, citizen_id: str) -> list[DepartmentDocument]:
    """Every document of a citizen, by doctype; also those whose consent has lapsed: the caller judges."""
    found = await each_once(tx, department_documents_table, [citizen_id], partial(_read_documents, tx))
    return list(found.get(citizen_id, ()))


async def _read_documents(tx: Transaction, citizen_ids: Iterable[str]) -> dict[str, list[DepartmentDocument]]:
    return await _DOCUMENTS.groups(tx, _BY_KIND, department_documents_table.c.citizen_id, citizen_ids)
