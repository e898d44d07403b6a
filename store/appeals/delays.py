"""Reasons for delays as officers record them for the Commission's review; the text is encrypted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, Select, Table, insert, select

from domain.appeals.delays import DelayCause, DelayReason, ReasonFilter
from domain.kernel import Posting
from store.database import AnyRow, Instant, Key, Transaction, count, first_row, keyset_window, rows_of
from store.database.metadata import metadata
from store.feedback.feedback import any_posting_covers

delay_reasons_table = Table(
    "delay_reasons",
    metadata,
    Column("id", Key, primary_key=True),
    Column("application_id", Key, ForeignKey("applications.id")),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id")),
    Column("month", Date, nullable=False),
    Column("department", Key),
    Column("district", Key),
    Column("tehsil", Key),
    Column("cause", Key, nullable=False),
    Column("text", LargeBinary),
    Column("officer_id", Key, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "application_id", "recorded_at", "id"),
    Index(None, "citizen_id"),
    Index(None, "recorded_at", "id"),
)

_R = delay_reasons_table.c
_AS_IS = (
    "id",
    "application_id",
    "citizen_id",
    "month",
    "department",
    "district",
    "tehsil",
    "officer_id",
    "recorded_at",
)


async def add(tx: Transaction, reason: DelayReason) -> None:
    """Keep a reason; earlier ones about the same stay."""
    sealed = None if reason.text is None else tx.cipher.encrypt(reason.text.encode(), _cell_name(reason.id))
    values = {name: getattr(reason, name) for name in _AS_IS} | {"cause": reason.cause.value, "text": sealed}
    await tx.connection.execute(insert(delay_reasons_table).values(values))


async def get(tx: Transaction, reason_id: str) -> DelayReason | None:
    """The reason with an id, or None."""
    row = await first_row(tx, select(delay_reasons_table).where(_R.id == reason_id))
    return _reason(tx, row) if row else None


async def latest(tx: Transaction, application_ids: Iterable[str]) -> dict[str, DelayReason]:
    """The reason that was recorded last for each application, by its id. One query for many."""
    rows = await rows_of(
        tx, select(delay_reasons_table).order_by(_R.recorded_at, _R.id), _R.application_id, application_ids
    )
    return {row.application_id: _reason(tx, row) for row in rows}


async def page(
    tx: Transaction,
    postings: Sequence[Posting],
    wanted: ReasonFilter,
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[DelayReason]:
    """Reasons in those jurisdictions, the newest first, by (recorded_at, id): after a place, or before it."""
    statement, columns = _select_reasons(postings, wanted), (_R.recorded_at, _R.id)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)
    return [_reason(tx, row) for row in rows]


async def count_of(tx: Transaction, postings: Sequence[Posting], wanted: ReasonFilter) -> int:
    """How many there are."""
    return await count(tx, _select_reasons(postings, wanted))


def _select_reasons(postings: Sequence[Posting], wanted: ReasonFilter) -> Select[Any]:
    statement = select(delay_reasons_table).where(any_posting_covers(delay_reasons_table, postings))
    exact = {"department": wanted.department, "district": wanted.district, "cause": wanted.cause}
    for name, value in exact.items():
        statement = statement if value is None else statement.where(_R[name] == str(value))
    if wanted.first_month is not None:
        statement = statement.where(_R.month >= wanted.first_month)
    if wanted.last_month is not None:
        statement = statement.where(_R.month <= wanted.last_month)
    return statement


def _reason(tx: Transaction, row: AnyRow) -> DelayReason:
    as_is = {name: getattr(row, name) for name in _AS_IS}
    text = None if row.text is None else tx.cipher.decrypt(row.text, _cell_name(row.id)).decode()
    return DelayReason(**as_is, cause=DelayCause(row.cause), text=text)


def _cell_name(reason_id: str) -> str:
    return f"delay_reasons:text:{reason_id}"
