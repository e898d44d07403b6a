"""Compares PFMS statement rows with batch lines: bank references, and payments credited twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import exists, func, select, update

from domain.payments.files import BatchKind, BatchLine, BatchState, LineState
from domain.reconciliation.reconciliation import Side
from store.database import Transaction, first_row, rows_of
from store.payments.payment_tables import NOT_RELEASED, batches_table, lines_table
from store.reconciliation.reconciliation import statement_rows_table

_S, _L, _B = statement_rows_table.c, lines_table.c, batches_table.c

_MOVED = [
    state.value
    for state in (LineState.ACCEPTED, LineState.DEBITED, LineState.CREDITED, LineState.RETURNED, LineState.REJECTED)
]
HEARD_WITHIN = timedelta(hours=1)
"""What PFMS did is heard of within so long: what we heard in the first hour may be of the day before."""


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One row of a statement. Of the bank's reference its SHA-256 and its last four characters are known."""

    end_to_end_id: str
    batch_id: str | None
    amount_paise: int
    side: Side
    file: str
    utr_hash: str | None
    utr_last4: str | None
    return_code: str | None
    value_on: date | None


async def statement_rows(
    tx: Transaction, run_id: str, end_to_end_ids: Collection[str]
) -> dict[str, list[StatementEntry]]:
    """The rows of a day about some payments."""
    found: dict[str, list[StatementEntry]] = {}
    mine = select(statement_rows_table).where(_S.run_id == run_id).order_by(_S.file, _S.line)
    for row in await rows_of(tx, mine, _S.end_to_end_id, end_to_end_ids):
        one = StatementEntry(
            row.end_to_end_id, row.batch_id, row.amount_paise, Side(row.status), row.file,
            row.utr_hash, row.utr_last4, row.return_code, row.value_on,
        )  # fmt: skip
        found.setdefault(row.end_to_end_id, []).append(one)
    return found


async def shared_references(tx: Transaction, run_id: str, utr_hashes: Collection[str]) -> set[str]:
    """Of some bank references those that more than one payment of a day's statement bears."""
    many = func.count(_S.end_to_end_id.distinct())
    statement = select(_S.utr_hash).where(_S.run_id == run_id).group_by(_S.utr_hash).having(many > 1)
    return {row.utr_hash for row in await rows_of(tx, statement, _S.utr_hash, utr_hashes)}


async def batches_at_pfms(tx: Transaction, batch_ids: Collection[str]) -> dict[str, str]:
    """Of some batches those that PFMS may have, by our id, with the id that it knows them by."""
    states = [state.value for state in (BatchState.SENT, BatchState.ACCEPTED, BatchState.CLOSED)]
    rows = await rows_of(tx, select(_B.id, _B.batch_id).where(_B.state.in_(states)), _B.id, batch_ids)
    return {row.id: row.batch_id for row in rows}


async def note_references(tx: Transaction, references: Sequence[tuple[BatchLine, str, str | None]]) -> None:
    """Keep the bank's reference of lines by its SHA-256 and its last four characters."""
    for line, digest, last4 in references:
        here = (_L.batch_id == line.batch_id, _L.position == line.position)
        await tx.connection.execute(update(lines_table).where(*here).values(utr_digest=digest, utr_last4=last4))


async def credited_twice(tx: Transaction, run_id: str, after: str, size: int) -> tuple[str | None, list[str]]:
    """Instalments that a statement says were credited under a reference of their own, and where to go on.

    Another than the one under which we heard of the credit, and none that is another payment's: that is a reference
    used twice, and reported as such. Of the next so many payments of the statement; None at its end.
    """
    mine = (_S.run_id == run_id, _S.end_to_end_id > after)
    some = select(_S.end_to_end_id).where(*mine).distinct().order_by(_S.end_to_end_id).limit(size).subquery()
    last = (await tx.connection.execute(select(func.max(some.c.end_to_end_id)))).scalar_one()
    if last is None:
        return None, []
    others = lines_table.alias("others")
    elsewhere = exists().where(others.c.utr_digest == _S.utr_hash, others.c.end_to_end_id != _S.end_to_end_id)
    statement = (
        select(_L.instalment_id)
        .join_from(statement_rows_table, lines_table, _L.end_to_end_id == _S.end_to_end_id)
        .where(*mine, _S.end_to_end_id <= last, _S.status == Side.CREDITED.value, NOT_RELEASED)
        .where(_L.state == LineState.CREDITED.value, _S.utr_hash != _L.utr_digest, ~elsewhere)
        .distinct()
    )
    found = (await tx.connection.execute(statement.order_by(_L.instalment_id))).scalars().all()
    return str(last), list(found)


async def moved_within(tx: Transaction, window: tuple[datetime, datetime]) -> bool:
    """Whether PFMS did something within a window, by our own book: so that its statement of it is owed."""
    begins, ends = window[0] + HEARD_WITHIN, window[1]
    line = select(_L.position).where(_L.state.in_(_MOVED), _L.state_at >= begins, _L.state_at < ends).limit(1)
    sent = select(_B.id).where(
        _B.kind == BatchKind.PAYMENT.value, _B.sent_at >= window[0], _B.sent_at < ends - HEARD_WITHIN
    )
    return await first_row(tx, line) is not None or await first_row(tx, sent.limit(1)) is not None


def of_credits(rows: Mapping[str, list[StatementEntry]]) -> dict[str, str]:
    """Which payment each bank reference of a credit belongs to, by the rows themselves."""
    return {
        row.utr_hash: row.end_to_end_id
        for many in rows.values()
        for row in many
        if row.utr_hash and row.side is Side.CREDITED
    }
