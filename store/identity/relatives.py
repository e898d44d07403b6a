"""Relatives who may speak for a citizen at a centre, as registered by the citizen."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, delete, select

from domain.identity.assisting import Relative
from store.database import Instant, Key, Transaction, cell_name, insert_new
from store.database.metadata import metadata

relatives_table = Table(
    "relatives",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("personal", LargeBinary, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Index(None, "citizen_id", "registered_at"),
)

_T = relatives_table.c


async def add(tx: Transaction, relative: Relative) -> None:
    """Register a relative."""
    personal = {"name": relative.name, "relation": relative.relation, "mobile": relative.mobile}
    values = {
        "id": relative.id,
        "citizen_id": relative.citizen_id,
        "personal": tx.cipher.encrypt_json(personal, cell_name(_T.personal, relative.id)),
        "registered_at": relative.registered_at,
    }
    await insert_new(tx, relatives_table, values)


async def of_citizen(tx: Transaction, citizen_id: str) -> list[Relative]:
    """Those whom a citizen registered, the earliest first."""
    statement = select(relatives_table).where(_T.citizen_id == citizen_id).order_by(_T.registered_at, _T.id)
    found = []
    for row in (await tx.connection.execute(statement)).all():
        personal = tx.cipher.decrypt_json(row.personal, cell_name(_T.personal, row.id))
        registered_at: datetime = row.registered_at
        found.append(
            Relative(row.id, row.citizen_id, personal["name"], personal["relation"], personal["mobile"], registered_at)
        )
    return found


async def remove(tx: Transaction, citizen_id: str, relative_id: str) -> bool:
    """Remove a relative of the citizen; False where there is none under that id."""
    gone = delete(relatives_table).where(_T.citizen_id == citizen_id, _T.id == relative_id).returning(_T.id)
    return (await tx.connection.execute(gone)).first() is not None
