"""Messages to citizens: one row for each event, written with it, as keys and parameters without text."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Select, Table, UniqueConstraint, select, update

from domain.feedback.notices import Notice, NoticeKind, Topic
from store.database import AnyRow, Instant, Json, Key, Transaction, count, insert_new, keyset_window, rows_of
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


async def add(tx: Transaction, notice: Notice) -> bool:
    """Store a message; False where its event has one already."""
    return await insert_new(tx, notices_table, values_of(notice))


async def add_many(tx: Transaction, written: Sequence[Notice]) -> None:
    """Store messages in one statement; one whose event has a message already is left out."""
    await insert_rows(tx, notices_table, [values_of(one) for one in written], once=True)


async def page_of_citizen(
    tx: Transaction,
    citizen_id: str,
    *,
    unread_only: bool = False,
    place: tuple[datetime, str] | None = None,
    backward: bool = False,
    limit: int,
) -> list[Notice]:
    """A page of a citizen's messages by (created_at, id), the newest first."""
    statement = _of_citizen(citizen_id, unread_only=unread_only)
    columns = (_T.created_at, _T.id)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)
    return [_notice(row) for row in rows]


async def count_of_citizen(tx: Transaction, citizen_id: str, *, unread_only: bool = False) -> int:
    """How many messages a citizen has, or has not read."""
    return await count(tx, _of_citizen(citizen_id, unread_only=unread_only))


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Notice]:
    """Messages by id; those that are not there are left out."""
    rows = await rows_of(tx, select(notices_table), _T.id, ids)
    return {row.id: _notice(row) for row in rows}


async def mark_read(tx: Transaction, citizen_id: str, at: datetime, *, ids: Collection[str] | None) -> int:
    """Mark these messages of a citizen, or all, as read; returns how many were unread."""
    statement = update(notices_table).where(_T.citizen_id == citizen_id, _T.read_at.is_(None))
    if ids is not None:
        statement = statement.where(_T.id.in_(sorted(ids)))
    return len((await tx.connection.execute(statement.values(read_at=at).returning(_T.id))).all())


def _of_citizen(citizen_id: str, *, unread_only: bool) -> Select[Any]:
    statement = select(notices_table).where(_T.citizen_id == citizen_id)
    return statement.where(_T.read_at.is_(None)) if unread_only else statement


def values_of(notice: Notice) -> dict[str, Any]:
    """The row of a message."""
    return {
        "id": notice.id,
        "citizen_id": notice.citizen_id,
        "kind": notice.kind.value,
        "topic": notice.topic.value,
        "topic_id": notice.topic_id,
        "application_id": notice.application_id,
        "event_key": notice.event_key,
        "params": dict(notice.params),
        "created_at": notice.created_at,
        "read_at": notice.read_at,
    }


def _notice(row: AnyRow) -> Notice:
    return Notice(
        id=row.id,
        citizen_id=row.citizen_id,
        kind=NoticeKind(row.kind),
        topic=Topic(row.topic),
        topic_id=row.topic_id,
        application_id=row.application_id,
        event_key=row.event_key,
        created_at=row.created_at,
        read_at=row.read_at,
        params=row.params,
    )
