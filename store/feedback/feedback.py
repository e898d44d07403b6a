"""Feedback on decided applications; the text is encrypted, the rating is not."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, and_, false, func, or_, select, true
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select

from domain.feedback.feedback import Feedback, ServiceLevel
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.database import (
    AnyRow,
    Instant,
    Key,
    Transaction,
    change_feed,
    count,
    first_row,
    insert_new,
    keyset_window,
    rows_of,
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
_AS_IS = (
    "application_id",
    "citizen_id",
    "service_code",
    "department",
    "district",
    "tehsil",
    "officer_id",
    "rating",
    "created_at",
    "updated_at",
)


async def add(tx: Transaction, feedback: Feedback) -> bool:
    """Keep the first feedback on an application; False where there is one already."""
    if not await insert_new(tx, feedback_table, _values(tx, feedback)):
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, feedback.application_id)
    return True


async def replace(tx: Transaction, feedback: Feedback) -> None:
    """Put feedback in the place of what was said before."""
    await upsert(tx, feedback_table, [_values(tx, feedback)], keys=("application_id",))
    await change_feed.touch(tx, ChangeKind.APPLICATION, feedback.application_id)


async def get(tx: Transaction, application_id: str) -> Feedback | None:
    """The feedback on an application, or None."""
    row = await first_row(tx, select(feedback_table).where(_T.application_id == application_id))
    return _feedback(tx, row) if row else None


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, Feedback]:
    """Feedback by application."""
    rows = await rows_of(tx, select(feedback_table), _T.application_id, ids)
    return {row.application_id: _feedback(tx, row) for row in rows}


async def page(
    tx: Transaction,
    postings: Sequence[Posting],
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[Feedback]:
    """Feedback on applications that the postings cover, the newest first, by (created_at, application id)."""
    columns = (_T.created_at, _T.application_id)
    statement = _select_feedback(postings)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)
    return [_feedback(tx, row) for row in rows]


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


def any_posting_covers(table: Table, postings: Sequence[Posting]) -> ColumnElement[bool]:
    """As Posting.covers, in SQL, for a table with department, district and tehsil; no posting covers nothing."""
    return or_(false(), *(_covers(table, posting) for posting in postings))


def _covers(table: Table, posting: Posting) -> ColumnElement[bool]:
    wanted = {"department": posting.department, "district": posting.district, "tehsil": posting.tehsil}
    return and_(true(), *(table.c[name] == value for name, value in wanted.items() if value is not None))


def _select_feedback(postings: Sequence[Posting]) -> Select[Any]:
    return select(feedback_table).where(any_posting_covers(feedback_table, postings))


def _values(tx: Transaction, feedback: Feedback) -> dict[str, Any]:
    place = _cell_name(feedback.application_id)
    return {
        **{name: getattr(feedback, name) for name in _AS_IS},
        "text": None if feedback.text is None else tx.cipher.encrypt(feedback.text.encode(), place),
    }


def _feedback(tx: Transaction, row: AnyRow) -> Feedback:
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    text = None if row.text is None else tx.cipher.decrypt(row.text, _cell_name(row.application_id)).decode()
    return Feedback(**as_is, text=text)


def _cell_name(application_id: str) -> str:
    return f"feedback:text:{application_id}"
