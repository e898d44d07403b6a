"""Messages to citizens: one row for each event, written with it, as keys and parameters without text."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Boolean, Column, Index, UniqueConstraint, select, update

from domain.feedback.notices import ALWAYS_BY_SMS, Notice, NoticeKind
from store.database import Records, StoredList, Transaction, count, locks
from store.database.bulk import insert_rows
from store.database.metadata import partial_index, table_of

notices_table = table_of(
    Notice,
    "notices",
    UniqueConstraint("event_key"),
    Index(None, "citizen_id", "created_at", "id"),
    Index(None, "citizen_id", "read_at", "created_at"),
    Index(None, "application_id"),
    Column("to_send", Boolean),
    partial_index("ix_notices_to_send", "to_send", "created_at", "id", where="to_send IS NOT NULL"),
)
"""`to_send` is false of what is urgent and true of the rest, so that urgent ones sort first, until the messages that
carry a notice are there, and null from then on."""

_T = notices_table.c
NOTICES = Records(Notice, notices_table, "the message")
by_ids, get = NOTICES.by_ids, NOTICES.get


async def add(tx: Transaction, notice: Notice, *, to_send: bool | None = True) -> bool:
    """Store a message; False where its event has one already."""
    return await NOTICES.insert(tx, notice, to_send=to_send and _goes_after_urgent(notice))


async def add_many(tx: Transaction, written: Sequence[Notice]) -> None:
    """Store messages in one statement; one whose event has a message already is left out."""
    rows = [NOTICES.values(tx, one) | {"to_send": _goes_after_urgent(one)} for one in written]
    await insert_rows(tx, notices_table, rows, once=True)


def _goes_after_urgent(notice: Notice) -> bool:
    return notice.kind not in ALWAYS_BY_SMS


async def take_to_send(tx: Transaction, limit: int) -> list[Notice]:
    """Notices that no messages carry yet, those that are urgent and the oldest first; they are not given again.

    One transaction at a time takes them, so that the messages to a reader are made in the order of the notices.
    """
    await locks.lock_exclusive(tx, "take_to_send")
    first = select(_T.id).where(_T.to_send.is_not(None)).order_by(_T.to_send, _T.created_at, _T.id).limit(limit)
    taken = update(notices_table).where(_T.id.in_(first.with_for_update(skip_locked=True))).values(to_send=None)
    rows = (await tx.connection.execute(taken.returning(notices_table))).all()
    return sorted((NOTICES.read(tx, row) for row in rows), key=lambda one: (one.created_at, one.id))


async def mark_read(tx: Transaction, citizen_id: str, at: datetime, *, ids: Collection[str] | None) -> int:
    """Mark these messages of a citizen, or all, as read; returns how many were unread."""
    statement = update(notices_table).where(_T.citizen_id == citizen_id, _T.read_at.is_(None))
    if ids is not None:
        statement = statement.where(_T.id.in_(sorted(ids)))
    return len((await tx.connection.execute(statement.values(read_at=at).returning(_T.id))).all())


async def of_events(tx: Transaction, event_keys: Collection[str]) -> list[Notice]:
    """The messages of these events, the oldest first."""
    found = select(notices_table).where(_T.event_key.in_(sorted(event_keys))).order_by(_T.created_at, _T.id)
    return await NOTICES.select_all(tx, found)


async def of_applications(tx: Transaction, application_ids: Iterable[str]) -> dict[str, list[Notice]]:
    """The messages about each of these applications, the newest first."""
    newest = select(notices_table).order_by(_T.created_at.desc(), _T.id.desc())
    return await NOTICES.groups(tx, newest, _T.application_id, application_ids)


async def count_of_kind(tx: Transaction, citizen_id: str, kind: NoticeKind, since: datetime) -> int:
    """How many messages of a kind a citizen has got since then."""
    got = (_T.citizen_id == citizen_id, _T.created_at > since, _T.kind == kind.value)
    return await count(tx, select(_T.id).where(*got))


def of_citizen(citizen_id: str, *, unread_only: bool = False) -> StoredList[Notice]:
    """A citizen's messages, or those that are not read, the newest first."""
    statement = select(notices_table).where(_T.citizen_id == citizen_id)
    wanted = statement.where(_T.read_at.is_(None)) if unread_only else statement
    return StoredList(NOTICES, wanted, (_T.created_at, _T.id), descending=True)
