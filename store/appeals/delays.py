"""Reasons for delays as officers record them for the Commission's review; the text is encrypted."""

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, Select, Table, select

from domain.appeals.delays import DelayReason, ReasonFilter
from domain.kernel import Posting
from store.database import Instant, Key, PageByTime, Records, Transaction, any_posting_covers, count
from store.database.metadata import metadata

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
_REASONS = Records(DelayReason, delay_reasons_table, "the reason")


async def add(tx: Transaction, reason: DelayReason) -> None:
    """Keep a reason; earlier ones about the same stay."""
    await _REASONS.add(tx, reason)


async def get(tx: Transaction, reason_id: str) -> DelayReason | None:
    """The reason with an id, or None."""
    return await _REASONS.find(tx, _R.id == reason_id)


async def latest(tx: Transaction, application_ids: Iterable[str]) -> dict[str, DelayReason]:
    """The reason that was recorded last for each application, by its id. One query for many."""
    return await _REASONS.by_keys(
        tx, _R.application_id, application_ids, select(delay_reasons_table).order_by(_R.recorded_at, _R.id)
    )


async def page(
    tx: Transaction, postings: Sequence[Posting], wanted: ReasonFilter, **part: Unpack[PageByTime]
) -> list[DelayReason]:
    """Reasons in those jurisdictions, the newest first, by (recorded_at, id): after a place, or before it."""
    statement, columns = _select_reasons(postings, wanted), (_R.recorded_at, _R.id)
    return await _REASONS.window(tx, statement, columns, descending=True, **part)


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
