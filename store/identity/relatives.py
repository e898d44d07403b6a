"""Relatives who may speak for a citizen at a centre, as registered by the citizen."""

from typing import Any

from sqlalchemy import Column, Index, LargeBinary, delete

from domain.identity.assisting import Relative
from store.database import AnyRow, Records, Transaction, cell_name
from store.database.metadata import table_of

_PERSONAL = ("name", "relation", "mobile")
relatives_table = table_of(
    Relative,
    "relatives",
    Column("personal", LargeBinary, nullable=False),
    Index(None, "citizen_id", "registered_at"),
    apart=_PERSONAL,
)

_T = relatives_table.c


async def remove(tx: Transaction, citizen_id: str, relative_id: str) -> bool:
    """Remove a relative of the citizen; False where there is none under that id."""
    gone = delete(relatives_table).where(_T.citizen_id == citizen_id, _T.id == relative_id).returning(_T.id)
    return (await tx.connection.execute(gone)).first() is not None


def _personal(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    held: dict[str, Any] = tx.cipher.decrypt_json(row.personal, cell_name(_T.personal, row.id))
    return held


def _personal_values(tx: Transaction, relative: Relative) -> dict[str, Any]:
    personal = {name: getattr(relative, name) for name in _PERSONAL}
    return {"personal": tx.cipher.encrypt_json(personal, cell_name(_T.personal, relative.id))}


_RELATIVES = Records(Relative, relatives_table, "the relative", apart=_PERSONAL, read=_personal, write=_personal_values)
add = _RELATIVES.add
"""Register a relative, whose name, relation and mobile are encrypted."""
of_citizen = _RELATIVES.list_reader_by(_T.citizen_id, _T.registered_at, _T.id)
"""Those whom a citizen registered, the earliest first."""
