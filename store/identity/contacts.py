"""Finds citizens by mobile number through a blind index, from which no number can be read.

It serves operators, who name a citizen by mobile and date of birth before the consent; it never joins two accounts.
"""

from collections.abc import Iterable

from sqlalchemy import Column, ForeignKey, Index, Table, select

from store.database import Key, Transaction, upsert
from store.database.metadata import metadata

contacts_table = Table(
    "citizen_contacts",
    metadata,
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), primary_key=True),
    Column("mobile_index", Key),
    Index(None, "mobile_index"),
)

_T = contacts_table.c
_PURPOSE = "citizen_mobile"


async def note(tx: Transaction, numbers: Iterable[tuple[str, str | None]]) -> None:
    """Index the mobile numbers of citizens by their ids."""
    rows = [values_of(tx, citizen_id, mobile) for citizen_id, mobile in numbers]
    await upsert(tx, contacts_table, rows, keys=("citizen_id",))


def values_of(tx: Transaction, citizen_id: str, mobile: str | None) -> dict[str, str | None]:
    """The row of a citizen's number; no number has no index."""
    return {"citizen_id": citizen_id, "mobile_index": tx.cipher.blind_index(_PURPOSE, mobile) if mobile else None}


async def with_mobile(tx: Transaction, mobile: str) -> list[str]:
    """The ids of the citizens with a mobile number: a family may share one."""
    indexes = tx.cipher.blind_indexes(_PURPOSE, mobile)
    statement = select(_T.citizen_id).where(_T.mobile_index.in_(indexes)).order_by(_T.citizen_id)
    return [str(row.citizen_id) for row in (await tx.connection.execute(statement)).all()]


async def not_indexed(tx: Transaction, limit: int) -> list[str]:
    """Some of the citizens that were entered before there was an index."""
    owners = metadata.tables["citizens"].c.citizen_id
    missing = select(owners).where(owners.not_in(select(_T.citizen_id))).limit(limit)
    return [str(row.citizen_id) for row in (await tx.connection.execute(missing)).all()]
