"""Numbers from earlier systems, by which applications and certificates can still be found."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Index, Table, insert, select

from domain.identity.aliases import AliasKind
from store.database import Instant, Key, Transaction, first_row, group_rows, rows_of
from store.database.metadata import metadata

aliases_table = Table(
    "number_aliases",
    metadata,
    Column("number", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("object_id", Key, nullable=False),
    Column("added_at", Instant, nullable=False),
    Index(None, "kind", "object_id"),
)

_T = aliases_table.c


async def add_many(tx: Transaction, kind: AliasKind, numbers: Mapping[str, str]) -> None:
    """Keep many numbers in their normal form with the ids of what they name. Raises AlreadyThere for one in use."""
    now = tx.clock.now()
    rows = [{"number": one, "kind": kind.value, "object_id": key, "added_at": now} for one, key in numbers.items()]
    if rows:
        await tx.connection.execute(insert(aliases_table), rows)


async def find_object_id(tx: Transaction, number: str, kind: AliasKind) -> str | None:
    """The id of what an old number in its normal form names, or None."""
    row = await first_row(tx, select(_T.object_id).where(_T.number == number, _T.kind == kind.value))
    return None if row is None else str(row.object_id)


async def find_object_ids(tx: Transaction, kind: AliasKind, numbers: Iterable[str]) -> dict[str, str]:
    """The ids of what old numbers in their normal form name; numbers that name nothing are left out. One query."""
    statement = select(_T.number, _T.object_id).where(_T.kind == kind.value)
    return {row.number: str(row.object_id) for row in await rows_of(tx, statement, _T.number, numbers)}


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, list[str]]:
    """The old numbers of each application, in their order; applications without one are left out. One query."""
    statement = select(_T.object_id, _T.number).where(_T.kind == AliasKind.APPLICATION.value).order_by(_T.number)
    return await group_rows(tx, statement, _T.object_id, ids, lambda row: row.number)
