"""Feedback on decided applications; the text is encrypted, the rating is not."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, func, select

from domain.feedback.feedback import Feedback, ServiceLevel
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.database import Key, Records, StoredList, Transaction, any_posting_covers, change_feed, upsert
from store.database.metadata import table_of

feedback_table = table_of(
    Feedback,
    "feedback",
    Column("application_id", Key, ForeignKey("applications.id"), primary_key=True),
    Column("rating", SmallInteger, nullable=False),
    Column("text", LargeBinary),
    Index(None, "citizen_id"),
    Index(None, "district", "created_at"),
)

MOST_LEVELS = 200
"""Rows of the averages in one answer."""

_T = feedback_table.c
_FEEDBACK = Records(Feedback, feedback_table, "the feedback")
get = _FEEDBACK.get
"""The feedback on an application, or None."""
of_applications = _FEEDBACK.by_ids
"""Feedback by application."""


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


def of_office(postings: Sequence[Posting]) -> StoredList[Feedback]:
    """Feedback on applications that the postings cover, the newest first."""
    statement = select(feedback_table).where(any_posting_covers(feedback_table, postings))
    return StoredList(_FEEDBACK, statement, (_T.created_at, _T.application_id), descending=True)


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
