"""Batches of payments, their lines and their sealed files.

No second line of a payment exists while PFMS may have one (two partial unique indexes in payment_tables.py).
"""

import hashlib
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from domain.payments.files import (
    LIVING_LINES,
    BatchKind,
    BatchLine,
    BatchState,
    FileState,
    Group,
    LineState,
    PaymentFileBatch,
    Transport,
)
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, DifferenceKind
from store.benefits.benefits import instalments_table
from store.database import Records, Transaction, cell_name, equals_given, first_row, insert_into, rows_of
from store.database.bulk import update_rows
from store.payments.payment_tables import (
    NOT_RELEASED,
    RELEASED,
    batches_table,
    files_table,
    lines_table,
    sealed_files_table,
)
from store.reconciliation.finance_cases import cases_table

_T, _L, _I, _C = batches_table.c, lines_table.c, instalments_table.c, cases_table.c
_UNDER_WAY = (BatchState.SEALED, BatchState.SENT, BatchState.IN_DOUBT, BatchState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class LineNews:
    """What is to be noted of a line."""

    line: BatchLine
    state: LineState
    codes: tuple[str, ...] = ()
    utr: str | None = None
    value_on: date | None = None


_GROUPS = Records(Group, batches_table, "the group")
_BATCHES = Records(
    PaymentFileBatch,
    batches_table,
    "the batch",
    apart=("group",),
    read=lambda tx, row: {"group": _GROUPS.read(tx, row)},
    write=lambda tx, batch: _GROUPS.values(tx, batch.group),
)
add = _BATCHES.add
"""Keep a new batch, before its lines."""

_LINES = Records(BatchLine, lines_table, "the line")


async def set_size(tx: Transaction, batch_id: str, lines: int, total_paise: int) -> None:
    """Note how many lines a batch has, and their sum in paise."""
    await _set(tx, batch_id, {"lines": lines, "total_paise": total_paise})


async def sum_of(tx: Transaction, batch_id: str) -> tuple[int, int]:
    """How many payment lines the file of a batch has, and their sum in paise, counted anew."""
    statement = sa.select(
        sa.func.count().label("many"), sa.func.coalesce(sa.func.sum(_L.amount_paise), 0).label("total")
    )
    row = (await tx.connection.execute(statement.where(_L.batch_id == batch_id, _L.position > 0))).one()
    return int(row.many), int(row.total)


async def batch(tx: Transaction, batch_id: str) -> PaymentFileBatch | None:
    """The batch with our id, locked where the transaction may write."""
    return await _load_batch(tx, _T.id == batch_id)


async def find_batch(
    tx: Transaction, *, pfms_batch: str | None = None, message: str | None = None
) -> PaymentFileBatch | None:
    """The batch that PFMS knows by an id, or by its message; locked where the transaction may write."""
    if pfms_batch is not None:
        return await _load_batch(tx, _T.batch_id == pfms_batch)
    return await _load_batch(tx, _T.message_id == message) if message is not None else None


async def seal(tx: Transaction, batch_id: str, content: bytes, signed_by: str) -> None:
    """Store the bytes of an outgoing file, packed and encrypted; with the batch their hash, size and signer."""
    await keep_sealed(tx, batch_id, content)
    digest = hashlib.sha256(content).hexdigest()
    kept = {"state": BatchState.SEALED.value, "digest": digest, "size": len(content), "signed_by": signed_by}
    await _set(tx, batch_id, kept)


async def keep_sealed(tx: Transaction, batch_id: str, content: bytes) -> None:
    """Store the bytes again, where they were lost and made anew."""
    sealed = tx.cipher.encrypt(zlib.compress(content, 6), cell_name(sealed_files_table.c.content, batch_id))
    statement = insert_into(tx, sealed_files_table).values(batch_id=batch_id, content=sealed)
    keeping = statement.on_conflict_do_update(index_elements=("batch_id",), set_={"content": sealed})
    await tx.connection.execute(keeping)


async def sealed_file(tx: Transaction, batch_id: str) -> bytes | None:
    """The bytes of an outgoing file, or None where they are not stored. Raises CannotDecrypt."""
    table = sealed_files_table
    row = await first_row(tx, sa.select(table.c.content).where(table.c.batch_id == batch_id))
    return zlib.decompress(tx.cipher.decrypt(row.content, cell_name(table.c.content, batch_id))) if row else None


async def destroy_sealed(tx: Transaction, batch_id: str) -> bool:
    """Delete the bytes of an outgoing file; False where they are not there."""
    table = sealed_files_table
    gone = sa.delete(table).where(table.c.batch_id == batch_id).returning(table.c.batch_id)
    return (await tx.connection.execute(gone)).first() is not None


async def set_state(tx: Transaction, batch_id: str, state: BatchState, **instants: datetime | None) -> None:
    """Record the state of a batch, and what happened when: `started_at`, `sent_at`, `answered_at`, `closed_at`."""
    await _set(tx, batch_id, {"state": state.value, **instants})


async def start_sending(tx: Transaction, batch_id: str, at: datetime, way: Transport) -> bool:
    """Note that a batch is about to be sent, and by which way: it stays with that to its end.

    False where it was tried before, so that one enquires first. One that was given up meanwhile stays so, which is
    False too.
    """
    fresh = (_T.started_at.is_(None), _T.state == BatchState.SEALED.value)
    statement = sa.update(batches_table).where(_T.id == batch_id, *fresh).values(started_at=at, way=way.value)
    return (await tx.connection.execute(statement.returning(_T.id))).first() is not None


async def forget_attempt(tx: Transaction, batch_id: str, at: datetime) -> None:
    """Note that the one attempt, begun then, certainly did not bring the file to PFMS: it was never tried."""
    same = (_T.id == batch_id, _T.state == BatchState.SEALED.value, _T.started_at == at)
    await tx.connection.execute(sa.update(batches_table).where(*same).values(started_at=None, way=None))


async def has_held(tx: Transaction, batch_id: str) -> bool:
    """Whether something holds back a payment of a batch that was made for it."""
    held = sa.exists().where(_I.id == _L.instalment_id, _I.hold.is_not(None))
    own = (_L.batch_id == batch_id, _L.state == LineState.BUILT.value, held)
    return await first_row(tx, sa.select(_L.position).where(*own).limit(1)) is not None


async def lines(tx: Transaction, batch_id: str) -> list[BatchLine]:
    """The lines of the file of a batch in their order."""
    statement = sa.select(lines_table).where(_L.batch_id == batch_id, _L.position > 0).order_by(_L.position)
    return await _LINES.select_all(tx, statement)


async def take_out(tx: Transaction, batch_id: str, positions: Collection[int]) -> None:
    """Take lines out of a batch that was never signed: they stay with it, at places below zero."""
    statement = sa.update(lines_table).where(_L.batch_id == batch_id, _L.position.in_(sorted(positions)))
    await tx.connection.execute(statement.values(position=-_L.position))


async def withdraw_held(tx: Transaction, batch_id: str) -> int:
    """Take payments out of a batch that was never signed which something holds back since; returns how many."""
    held = sa.select(_I.id).where(_I.hold.is_not(None))
    statement = sa.update(lines_table).where(
        _L.batch_id == batch_id, _L.state == LineState.BUILT.value, _L.instalment_id.in_(held)
    )
    values = {"state": LineState.RELEASED.value, "state_at": tx.clock.now(), "position": -_L.position}
    return len((await tx.connection.execute(statement.values(values).returning(_L.instalment_id))).all())


async def periods(tx: Transaction, instalment_ids: Collection[str]) -> dict[str, tuple[date, date]]:
    """The first and last day that each instalment pays for."""
    rows = await rows_of(tx, sa.select(_I.id, _I.period_from, _I.period_to), _I.id, instalment_ids)
    return {row.id: (row.period_from, row.period_to) for row in rows}


async def lines_known_by(tx: Transaction, end_to_end_ids: Collection[str]) -> dict[str, BatchLine]:
    """The lines by end-to-end id: the one that was not released, else the last that was.

    Each is looked for by the index of its half; one statement for both would read the whole table.
    """
    asked = list(end_to_end_ids)
    found = await rows_of(tx, sa.select(lines_table).where(NOT_RELEASED), _L.end_to_end_id, asked)
    known = {row.end_to_end_id: _LINES.read(tx, row) for row in found}
    others = [one for one in asked if one not in known]
    released = sa.select(lines_table).where(RELEASED).order_by(_L.state_at)
    return known | await _LINES.by_keys(tx, _L.end_to_end_id, others, released)


async def was_released(tx: Transaction, end_to_end_ids: Collection[str]) -> bool:
    """Whether any of these payments was in a batch that let go of it."""
    released = sa.select(_L.end_to_end_id).where(RELEASED)
    return bool(await rows_of(tx, released, _L.end_to_end_id, end_to_end_ids))


async def note(tx: Transaction, news: Sequence[LineNews]) -> None:
    """Note what became of lines, each named once; of a bank's reference a hash and its last four digits are kept."""
    now = tx.clock.now()
    rows = [
        {
            "batch_id": each.line.batch_id,
            "position": each.line.position,
            "state": each.state.value,
            "state_at": now,
            "codes": list(each.codes) or None,
            "utr_digest": utr_digest(each.utr) if each.utr else None,
            "utr_last4": each.utr[-4:] if each.utr else each.line.utr_last4,
            "value_on": each.value_on or each.line.value_on,
        }
        for each in news
    ]
    await update_rows(tx, lines_table, ("batch_id", "position"), rows, kept=("utr_digest",))


async def with_references(tx: Transaction, utrs: Collection[str]) -> dict[str, list[str]]:
    """Which payments bear one of these bank references: end-to-end ids by reference."""
    by_digest = {utr_digest(utr): utr for utr in utrs}
    rows = await rows_of(tx, sa.select(_L.utr_digest, _L.end_to_end_id), _L.utr_digest, by_digest)
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(by_digest[row.utr_digest], []).append(row.end_to_end_id)
    return found


async def release(tx: Transaction, batch_id: str) -> int:
    """Release every line of a batch that PFMS took none of and that was not set aside; returns how many."""
    statement = sa.update(lines_table).where(_L.batch_id == batch_id, _L.state == LineState.BUILT.value)
    values = {"state": LineState.RELEASED.value, "state_at": tx.clock.now()}
    return len((await tx.connection.execute(statement.values(values).returning(_L.position))).all())


async def release_set_aside(
    tx: Transaction, beneficiary_id: str | None = None, *, batch_id: str | None = None, payment: str | None = None
) -> int:
    """Release lines that were set aside: those of a beneficiary, of a batch, or one payment; returns how many.

    Of a beneficiary's, not those that wait for what officers find out about the whole batch.
    """
    chosen = equals_given({_L.beneficiary_id: beneficiary_id, _L.batch_id: batch_id, _L.end_to_end_id: payment})
    if not chosen:
        raise ValueError("say which lines")
    if beneficiary_id is not None:
        chosen.append(~_is_held_with_its_batch())
    statement = sa.update(lines_table).where(_L.state == LineState.SET_ASIDE.value, *chosen)
    values = {"state": LineState.RELEASED.value, "state_at": tx.clock.now()}
    return len((await tx.connection.execute(statement.values(values).returning(_L.position))).all())


def _is_held_with_its_batch() -> sa.ColumnElement[bool]:
    """A case about the batch of a line is open, or officers found that PFMS did not say that it has none of it."""
    settled_so = sa.and_(_C.kind == DifferenceKind.STATUS_DIFFERS.value, _C.outcome != CaseOutcome.NOT_RECEIVED.value)
    named = _C.about == sa.literal("batch:") + _T.message_id
    return sa.exists().where(_T.id == _L.batch_id, named, sa.or_(_C.state != CaseState.SETTLED.value, settled_so))


async def has_living(tx: Transaction, batch_id: str) -> bool:
    """Whether the money of a line is still on its way."""
    ours = (_L.batch_id == batch_id, _L.state.in_([state.value for state in LIVING_LINES]))
    return await first_row(tx, sa.select(_L.position).where(*ours).limit(1)) is not None


async def batches(
    tx: Transaction, *, states: Collection[BatchState] = (), after: tuple[datetime, str] | None = None, limit: int = 50
) -> list[PaymentFileBatch]:
    """Batches, the newest first, of some states or of all, behind a place in that order."""
    statement = sa.select(batches_table)
    if states:
        statement = statement.where(_T.state.in_([state.value for state in states]))
    if after is not None:
        there = sa.tuple_(sa.literal(after[0], _T.created_at.type), sa.literal(after[1]))
        statement = statement.where(sa.tuple_(_T.created_at, _T.id) < there)
    statement = statement.order_by(_T.created_at.desc(), _T.id.desc()).limit(limit)
    return await _BATCHES.select_all(tx, statement)


async def under_way_by(tx: Transaction, way: Transport) -> list[PaymentFileBatch]:
    """The batches that were tried by a way and are not final, in the order of their making."""
    under_way = _T.state.in_([state.value for state in _UNDER_WAY])
    statement = sa.select(batches_table).where(under_way, _T.way == way.value).order_by(_T.created_at, _T.id)
    return await _BATCHES.select_all(tx, statement)


async def sent_not_taken(tx: Transaction, today: date, limit: int) -> list[PaymentFileBatch]:
    """Payment batches that went, whose day is not over, and whose file was not seen taken; the oldest first."""
    open_still = (_T.kind == BatchKind.PAYMENT.value, _T.state == BatchState.SENT.value, _T.executes_on >= today)
    taken = sa.exists().where(files_table.c.batch_id == _T.id, files_table.c.state == FileState.TAKEN.value)
    statement = sa.select(batches_table).where(*open_still, ~taken).order_by(_T.created_at, _T.id).limit(limit)
    return await _BATCHES.select_all(tx, statement)


async def line_counts(tx: Transaction, batch_ids: Collection[str]) -> dict[str, Mapping[LineState, tuple[int, int]]]:
    """How many lines of each batch stand where, and their sums in paise."""
    many, total = sa.func.count().label("many"), sa.func.sum(_L.amount_paise).label("total")
    statement = sa.select(_L.batch_id, _L.state, many, total).group_by(_L.batch_id, _L.state)
    found: dict[str, dict[LineState, tuple[int, int]]] = {}
    for row in await rows_of(tx, statement, _L.batch_id, batch_ids):
        found.setdefault(row.batch_id, {})[LineState(row.state)] = (row.many, int(row.total))
    return dict(found)


def utr_digest(utr: str) -> str:
    """By what a bank's reference is found again: SHA-256 in hex."""
    return hashlib.sha256(utr.encode()).hexdigest()


async def _load_batch(tx: Transaction, condition: sa.ColumnElement[bool]) -> PaymentFileBatch | None:
    statement = sa.select(batches_table).where(condition)
    return await _BATCHES.select_first(tx, statement.with_for_update() if tx.writable else statement)


async def _set(tx: Transaction, batch_id: str, values: Mapping[str, Any]) -> None:
    await tx.connection.execute(sa.update(batches_table).where(_T.id == batch_id).values(dict(values)))
