"""Access receipts that the citizen can see: who read which data, why and from where."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, delete, func, select

from store.database import Records, Serial, Transaction
from store.database.metadata import table_of


@dataclass(frozen=True, slots=True)
class AccessReceipt:
    """One read of a citizen's data. `source` is the outside system that was asked, None for our own store."""

    subject: str
    role: str
    citizen_id: str
    object_kind: str
    object_id: str | None
    purpose: str
    source: str | None
    at: datetime


accesses_table = table_of(
    AccessReceipt,
    "data_accesses",
    Column("id", Serial, primary_key=True),
    Index(None, "citizen_id", "at"),
    sqlite_autoincrement=True,
)


_RECEIPTS = Records(AccessReceipt, accesses_table, "the receipt")


async def add_receipts(tx: Transaction, receipts: Iterable[AccessReceipt]) -> None:
    """Write down who read what; the `subject` is Subject.label, never a name."""
    await _RECEIPTS.add_all(tx, receipts)


async def add_receipt(tx: Transaction, receipt: AccessReceipt) -> None:
    """Write one of them down."""
    await add_receipts(tx, [receipt])


async def of_citizen(tx: Transaction, citizen_id: str, limit: int) -> list[AccessReceipt]:
    """The latest reads of a citizen's data, the newest first."""
    table = accesses_table
    statement = select(table).where(table.c.citizen_id == citizen_id).order_by(table.c.at.desc(), table.c.id.desc())
    return await _RECEIPTS.select_all(tx, statement.limit(limit))


async def count_reads(
    tx: Transaction, since: datetime, until: datetime, subject: str | None = None
) -> list[tuple[str, int, datetime, datetime]]:
    """Whose data were read from an instant until before another, by a subject or by anybody.

    For each citizen the id, the number of reads, the first and the last; in the order of ids.
    """
    at, citizen = accesses_table.c.at, accesses_table.c.citizen_id
    statement = select(citizen, func.count(), func.min(at), func.max(at)).where(at >= since, at < until)
    if subject is not None:
        statement = statement.where(accesses_table.c.subject == subject)
    return [tuple(row) for row in (await tx.connection.execute(statement.group_by(citizen).order_by(citizen))).all()]


async def forget_before(tx: Transaction, moment: datetime) -> None:
    """Delete receipts of reads before a moment; how long they are kept is a setting that names its rule."""
    await tx.connection.execute(delete(accesses_table).where(accesses_table.c.at < moment))
