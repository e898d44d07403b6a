"""Batches of changes of the register of officers, and their rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.applications.lifecycle import UNDECIDED
from domain.officers.changes import BatchState, RowState, StaffBatch, StaffRow
from store.appeals.appeal_rows import appeals_table
from store.applications.application_rows import applications_table
from store.catalogue.centres import operator_centres_table
from store.database import Key, Records, StoredList, Transaction, canonical_json, count, rows_of
from store.database.bulk import insert_rows, update_rows
from store.database.metadata import table_of
from store.identity.identities import identities_table
from store.identity.officer_accounts import officer_accounts_table
from store.identity.people import officers_table
from store.officers.leave import leaves_table

batches_table = table_of(StaffBatch, "staff_batches", sa.Index(None, "digest"))
rows_table = table_of(
    StaffRow,
    "staff_rows",
    sa.Column("batch_id", Key, sa.ForeignKey("staff_batches.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Index(None, "batch_id", "state", "line"),
)

_B, _R = batches_table.c, rows_table.c
_BATCHES, _ROWS = Records(StaffBatch, batches_table, "the batch"), Records(StaffRow, rows_table, "the row")
get = _BATCHES.get
MOST_SHOWN = 20
"""Rows that are shown of a batch."""
_COUNTED = sa.select(_R.batch_id, sa.func.count().label("many")).group_by(_R.batch_id)
_WAITING = _COUNTED.where(_R.state == RowState.WAITING.value)
_NUMBERED = sa.select(
    rows_table, sa.func.row_number().over(partition_by=_R.batch_id, order_by=_R.line).label("number")
).subquery()
_FIRST = sa.select(_NUMBERED).where(_NUMBERED.c.number <= MOST_SHOWN).order_by(_NUMBERED.c.line)


async def add(tx: Transaction, batch: StaffBatch, rows: Iterable[StaffRow]) -> None:
    """Keep a batch with its rows."""
    await _BATCHES.add(tx, batch)
    await insert_rows(tx, rows_table, [_ROWS.values(tx, row) for row in rows])


async def with_digest(tx: Transaction, digest: str, *, since: datetime) -> StaffBatch | None:
    """The batch of the same rows that is not done yet, or was confirmed since an instant."""
    running = _B.state.in_([BatchState.WAITING.value, BatchState.CONFIRMED.value])
    lately = sa.and_(_B.state == BatchState.DONE.value, _B.confirmed_at >= since)
    return await _BATCHES.find(tx, _B.digest == digest, sa.or_(running, lately))


def in_states(*states: BatchState) -> StoredList[StaffBatch]:
    """The batches in these states, the oldest first; in any state where none is given."""
    statement = sa.select(batches_table)
    if states:
        statement = statement.where(_B.state.in_([state.value for state in states]))
    return StoredList(_BATCHES, statement, (_B.recorded_at, _B.id))


async def change_state(
    tx: Transaction, batch_id: str, to: BatchState, *, of: Collection[BatchState], **more: Any
) -> bool:
    """Give a batch another state; False where it is in none of the states `of`."""
    there = (_B.id == batch_id, _B.state.in_([state.value for state in of]))
    changed = sa.update(batches_table).where(*there).values(state=to.value, **more).returning(_B.id)
    return (await tx.connection.execute(changed)).first() is not None


async def rows_in(tx: Transaction, batch_id: str, state: RowState | None, limit: int, after: int = 0) -> list[StaffRow]:
    """Rows of a batch in a state, in the order of the file; in any state where it is None."""
    found = sa.select(rows_table).where(_R.batch_id == batch_id, _R.line > after)
    found = found if state is None else found.where(_R.state == state.value)
    return await _ROWS.select_all(tx, found.order_by(_R.line).limit(limit))


async def waiting_rows(tx: Transaction, batch_ids: Iterable[str]) -> dict[str, int]:
    """How many rows of each batch are yet to be carried out; batches without any are left out."""
    return {row.batch_id: row.many for row in await rows_of(tx, _WAITING, _R.batch_id, batch_ids)}


async def first_rows(tx: Transaction, batch_ids: Iterable[str]) -> dict[str, list[StaffRow]]:
    """The first rows of batches, whatever became of them."""
    found: dict[str, list[StaffRow]] = {}
    for row in await rows_of(tx, _FIRST, _NUMBERED.c.batch_id, batch_ids):
        found.setdefault(row.batch_id, []).append(_ROWS.read(tx, row))
    return found


async def concerns(tx: Transaction, batch_id: str, email: str) -> bool:
    """Whether a row of a batch names that address, whatever it says of it."""
    cells = sa.type_coerce(_R.cells, sa.Text)
    named = cells.icontains(canonical_json(email), autoescape=True)
    return await count(tx, sa.select(rows_table).where(_R.batch_id == batch_id, sa.or_(_R.email == email, named))) > 0


async def note_rows(tx: Transaction, rows: Sequence[StaffRow]) -> None:
    """Write down what became of rows."""
    names = ("batch_id", "line", "state", "officer_id", "reason")
    values = [_ROWS.values(tx, row) for row in rows]
    await update_rows(tx, rows_table, ("batch_id", "line"), [{name: one[name] for name in names} for one in values])


async def officer_ids(tx: Transaction, emails: Iterable[str]) -> dict[str, str]:
    """The ids of the officers with these addresses of the register, by address."""
    rows = await rows_of(tx, sa.select(officers_table), officers_table.c.email, sorted(set(emails)))
    return {row.email: row.officer_id for row in rows}


async def taken_addresses(tx: Transaction, emails: Iterable[str]) -> set[str]:
    """Those of the addresses that an officer has on the register or as a further account, or an operator."""
    wanted = sorted(set(emails))
    columns = (officers_table.c.email, officer_accounts_table.c.email, operator_centres_table.c.email)
    return {row.email for column in columns for row in await rows_of(tx, sa.select(column), column, wanted)}


async def at_work(tx: Transaction, ids: Collection[str]) -> set[str]:
    """Those of the officers who have signed in, have a further account, an open case or an appeal, or stand in."""
    wanted = sorted(ids)
    a, held = applications_table.c, [status.value for status in UNDECIDED]
    found: Mapping[sa.Column[Any], sa.Select[Any]] = {
        identities_table.c.person_id: sa.select(identities_table.c.person_id.label("officer_id")),
        a.officer_id: sa.select(a.officer_id.label("officer_id")).where(a.status.in_(held)),
        appeals_table.c.authority_id: sa.select(appeals_table.c.authority_id.label("officer_id")),
        leaves_table.c.substitute_id: sa.select(leaves_table.c.substitute_id.label("officer_id")),
        officer_accounts_table.c.officer_id: sa.select(officer_accounts_table.c.officer_id),
    }
    return {
        row.officer_id for column, statement in found.items() for row in await rows_of(tx, statement, column, wanted)
    }


async def remove_officers(tx: Transaction, ids: Collection[str]) -> None:
    """Take officers off the register with their posts."""
    await tx.connection.execute(sa.delete(officers_table).where(officers_table.c.officer_id.in_(sorted(ids))))
