"""Reasons for delays as officers record them for the Commission's review; the text is encrypted."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, Index, LargeBinary, select

from domain.appeals.delays import DelayReason, ReasonFilter
from domain.kernel import Posting
from store.database import Records, StoredList, Transaction, any_posting_covers
from store.database.metadata import table_of

delay_reasons_table = table_of(
    DelayReason,
    "delay_reasons",
    Column("text", LargeBinary),
    Index(None, "application_id", "recorded_at", "id"),
    Index(None, "citizen_id"),
    Index(None, "recorded_at", "id"),
)

_R = delay_reasons_table.c
_REASONS = Records(DelayReason, delay_reasons_table, "the reason")
get = _REASONS.get
add = _REASONS.add
"""Keep a reason; earlier ones about the same stay."""


async def latest(tx: Transaction, application_ids: Iterable[str]) -> dict[str, DelayReason]:
    """The reason that was recorded last for each application, by its id. One query for many."""
    return await _REASONS.by_keys(
        tx, _R.application_id, application_ids, select(delay_reasons_table).order_by(_R.recorded_at, _R.id)
    )


def reasons(postings: Sequence[Posting], wanted: ReasonFilter) -> StoredList[DelayReason]:
    """Reasons in those jurisdictions, the newest first."""
    statement = select(delay_reasons_table).where(any_posting_covers(delay_reasons_table, postings))
    exact = {"department": wanted.department, "district": wanted.district, "cause": wanted.cause}
    for name, value in exact.items():
        statement = statement if value is None else statement.where(_R[name] == str(value))
    if wanted.first_month is not None:
        statement = statement.where(_R.month >= wanted.first_month)
    if wanted.last_month is not None:
        statement = statement.where(_R.month <= wanted.last_month)
    return StoredList(_REASONS, statement, (_R.recorded_at, _R.id), descending=True)
