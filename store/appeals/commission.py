"""Cases at the Right to Service Commission, its messages by their own ids, and the monthly delay reviews."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, select, update

from domain.appeals.commission import CommissionCase, CommissionMessage, DelayReview, MessageState
from store.database import Key, Records, Transaction, insert_into
from store.database.metadata import table_of

cases_table = table_of(
    CommissionCase,
    "commission_cases",
    Column("appeal_id", Key, ForeignKey("appeals.id"), primary_key=True),
    UniqueConstraint("reference"),
    UniqueConstraint("number"),
    Index(None, "citizen_id"),
    Index(None, "bundle"),
    Index(None, "filed_at", "appeal_id"),
)

messages_table = table_of(
    CommissionMessage,
    "commission_messages",
    Column("payload", LargeBinary, nullable=False),
    Index(None, "appeal_id", "at"),
    Index(None, "citizen_id"),
    Index(None, "state", "received_at"),
)

reviews_table = table_of(DelayReview, "delay_reviews", Column("month", Date, primary_key=True))

_C, _M = cases_table.c, messages_table.c
_CASES = Records(CommissionCase, cases_table, "the case")
case_with_bundle = _CASES.reader_by(_C.bundle)
"""The case whose signed case file has this hash, or None."""
cases = _CASES.by_ids
"""Cases by the id of their appeal; those that are not there are left out."""

_MESSAGES = Records(CommissionMessage, messages_table, "the message")
message = _MESSAGES.get
"""The message with an id of the Commission, or None."""
add_message = _MESSAGES.insert
"""Keep a message; False where one with its id is there."""
messages = _MESSAGES.groups_reader_by(_M.appeal_id, _M.at, _M.id)
"""The messages about each appeal, in the order in which things happened at the Commission."""

_REVIEWS = Records(DelayReview, reviews_table, "the review")
add_review = _REVIEWS.insert
"""Keep the review of a month; False where there is one, which then stays."""
review = _REVIEWS.get
"""The review of a month by its first day, or None."""


async def add_cases(tx: Transaction, cases: Iterable[CommissionCase]) -> None:
    """Keep new cases in one statement; those that are there stay."""
    rows = [_CASES.values(tx, case) for case in cases]
    if rows:
        await tx.connection.execute(insert_into(tx, cases_table).on_conflict_do_nothing(), rows)


async def case_by_number(tx: Transaction, number: str) -> CommissionCase | None:
    """The case with the Commission's number, or with our reference."""
    return await _CASES.find(tx, (_C.number == number) | (_C.reference == number))


async def save_case(tx: Transaction, case: CommissionCase) -> None:
    """Write a case over the one of its appeal."""
    await tx.connection.execute(
        update(cases_table).where(_C.appeal_id == case.appeal_id).values(_CASES.values(tx, case))
    )


async def to_compare(tx: Transaction, before: datetime, limit: int) -> list[CommissionCase]:
    """Cases that the Commission took and whose history was not compared since a moment, the oldest first."""
    waits = (_C.number.is_not(None), (_C.compared_at.is_(None)) | (_C.compared_at < before))
    statement = select(cases_table).where(*waits).order_by(_C.filed_at, _C.appeal_id).limit(limit)
    return await _CASES.select_all(tx, statement)


async def settle_message(tx: Transaction, message_id: str, state: MessageState, code: str | None) -> None:
    """Note what became of a message that waited."""
    await tx.connection.execute(update(messages_table).where(_M.id == message_id).values(state=state.value, code=code))


async def waiting_appeal_ids(tx: Transaction, limit: int) -> list[str]:
    """Ids of appeals with messages that wait for others, those of the oldest message first."""
    statement = select(_M.appeal_id).where(_M.state == MessageState.WAITING.value).order_by(_M.received_at, _M.id)
    return list(dict.fromkeys((await tx.connection.execute(statement.limit(limit))).scalars()))


async def reviews(tx: Transaction, limit: int) -> list[DelayReview]:
    """The latest reviews, the newest month first."""
    statement = select(reviews_table).order_by(reviews_table.c.month.desc()).limit(limit)
    return await _REVIEWS.select_all(tx, statement)


async def review_sent(tx: Transaction, month: date, at: datetime) -> None:
    """Note that the Commission has a review; the first time stays."""
    table = reviews_table
    statement = update(table).where(table.c.month == month, table.c.sent_at.is_(None))
    await tx.connection.execute(statement.values(sent_at=at))
