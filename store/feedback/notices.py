"""Messages to citizens: one row for each event, written with it, as keys and parameters without text."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import Column, ForeignKey, Index, Select, Table, UniqueConstraint, select, update

from domain.feedback.notices import Notice
from store.database import Instant, Json, Key, PageByTime, Records, Transaction, count
from store.database.bulk import insert_rows
from store.database.metadata import metadata

notices_table = Table(
    "notices",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("kind", Key, nullable=False),
    Column("topic", Key, nullable=False),
    Column("topic_id", Key, nullable=False),
    Column("application_id", Key, ForeignKey("applications.id")),
    Column("event_key", Key, nullable=False),
    Column("params", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("read_at", Instant),
    UniqueConstraint("event_key"),
    Index(None, "citizen_id", "created_at", "id"),
    Index(None, "citizen_id", "read_at", "created_at"),
    Index(None, "application_id"),
)

_T = notices_table.c
NOTICES = Records(Notice, notices_table, "the message")


async def add(tx: Transaction, notice: Notice) -> bool:
    """Store a message; False where its event has one already."""
    return await NOTICES.insert(tx, notice)


async def add_many(tx: Transaction, written: Sequence[Notice]) -> None:
    """Store messages in one statement; one whose event has a message already is left out."""
    await insert_rows(tx, notices_table, [NOTICES.values(tx, one) for one in written], once=True)


async def page_of_citizen(
    tx: Transaction, citizen_id: str, *, unread_only: bool = False, **part: Unpack[PageByTime]
) -> list[Notice]:
    """A page of a citizen's messages by (created_at, id), the newest first."""
    statement = _of_citizen(citizen_id, unread_only=unread_only)
    return await NOTICES.window(tx, statement, (_T.created_at, _T.id), descending=True, **part)


async def count_of_citizen(tx: Transaction, citizen_id: str, *, unread_only: bool = False) -> int:
    """How many messages a citizen has, or has not read."""
    return await count(tx, _of_citizen(citizen_id, unread_only=unread_only))


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Notice]:
    """Messages by id; those that are not there are left out."""
    return await NOTICES.by_keys(tx, _T.id, ids)


async def mark_read(tx: Transaction, citizen_id: str, at: datetime, *, ids: Collection[str] | None) -> int:
    """Mark these messages of a citizen, or all, as read; returns how many were unread."""
    statement = update(notices_table).where(_T.citizen_id == citizen_id, _T.read_at.is_(None))
    if ids is not None:
        statement = statement.where(_T.id.in_(sorted(ids)))
    return len((await tx.connection.execute(statement.values(read_at=at).returning(_T.id))).all())


def _of_citizen(citizen_id: str, *, unread_only: bool) -> Select[Any]:
    statement = select(notices_table).where(_T.citizen_id == citizen_id)
    return statement.where(_T.read_at.is_(None)) if unread_only else statement
