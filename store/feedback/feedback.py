"""Feedback on decided applications; the text is encrypted, the rating is not."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, func, select
from sqlalchemy.sql.selectable import Select

from domain.feedback.feedback import Feedback, ServiceLevel
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.database import (
    Instant,
    Key,
    PageByTime,
    Records,
    Transaction,
    any_posting_covers,
    change_feed,
    count,
    upsert,
)
from store.database.metadata import metadata

feedback_table = Table(
    "feedback",
    metadata,
    Column("application_id", Key, ForeignKey("applications.id"), primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("service_code", Key, nullable=False),
    Column("department", Key),
    Column("district", Key, nullable=False),
    Column("tehsil", Key),
    Column("officer_id", Key),
    Column("rating", SmallInteger, nullable=False),
    Column("text", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(None, "citizen_id"),
    Index(None, "district", "created_at"),
)

MOST_LEVELS = 200
"""Rows of the averages in one answer."""

_T = feedback_table.c
_FEEDBACK = Records(Feedback, feedback_table, "the feedback")


async def add(tx: Transaction, feedback: Feedback) -> bool:
    """Keep the first feedback on an application; False where there is one already."""
    if not await _FEEDBACK.insert(tx, feedback):
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, feedback.application_id)
    return True


async def replace(tx: Transaction, feedback: Feedback) -> None:
    """Put feedback in the place of what was said before."""
    await upsert(tx, feedback_table, [_FEEDBACK.values(tx, feedback)], keys=("application_id",))
    await change_feed.touch(tx, ChangeKind.APPLICATION, feedback.application_id)


async def get(tx: Transaction, application_id: str) -> Feedback | None:
    """The feedback on an application, or None."""
    return await _FEEDBACK.find(tx, _T.application_id == application_id)


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, Feedback]:
    """Feedback by application."""
    return await _FEEDBACK.by_keys(tx, _T.application_id, ids)


async def page(tx: Transaction, postings: Sequence[Posting], **part: Unpack[PageByTime]) -> list[Feedback]:
    """Feedback on applications that the postings cover, the newest first, by (created_at, application id)."""
    statement = _select_feedback(postings)
    return await _FEEDBACK.window(tx, statement, (_T.created_at, _T.application_id), descending=True, **part)


async def count_of(tx: Transaction, postings: Sequence[Posting]) -> int:
    """How many the postings cover."""
    return await count(tx, _select_feedback(postings))


async def levels(tx: Transaction, postings: Sequence[Posting], since: datetime) -> list[ServiceLevel]:
    """The average rating of each service at each officer since a moment, the lowest first; at most 200."""
    average = func.round(func.sum(_T.rating) * 100.0 / func.count())
    groups = (_T.officer_id, _T.service_code, _T.department)
    statement = (
        select(*groups, func.count().label("ratings"), average.label("average"))
        .where(any_posting_covers(feedback_table, postings), _T.created_at >= since)
        .group_by(*groups)
        .order_by(average, _T.service_code, _T.officer_id)
        .limit(MOST_LEVELS)
    )
    rows = (await tx.connection.execute(statement)).all()
    return [
        ServiceLevel(row.officer_id, row.service_code, row.department, int(row.ratings), int(row.average))
        for row in rows
    ]


def _select_feedback(postings: Sequence[Posting]) -> Select[Any]:
    return select(feedback_table).where(any_posting_covers(feedback_table, postings))
