"""Grievances and the replies to them; all texts are encrypted."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.feedback.grievances import WAITING, Grievance, GrievanceCategory, GrievanceReply, GrievanceState
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.database import (
    AlreadyThere,
    AnyRow,
    Instant,
    Key,
    NotThere,
    Transaction,
    VersionConflict,
    change_feed,
    count,
    first_row,
    group_rows,
    insert_new,
    keyset_window,
    rows_of,
)
from store.database.metadata import metadata
from store.feedback.feedback import any_posting_covers

grievances_table = sa.Table(
    "grievances",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("number", Key, nullable=False),
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("service_code", Key, nullable=False),
    sa.Column("department", Key),
    sa.Column("district", Key, nullable=False),
    sa.Column("tehsil", Key),
    sa.Column("category", Key, nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("state", Key, nullable=False),
    sa.Column("escalated", sa.Boolean, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.UniqueConstraint("number"),
    sa.Index(None, "application_id"),
    sa.Index(None, "citizen_id", "created_at", "id"),
    sa.Index(None, "state", "due_at", "id"),
)

replies_table = sa.Table(
    "grievance_replies",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("grievance_id", Key, sa.ForeignKey("grievances.id"), nullable=False),
    sa.Column("officer_id", Key, nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "grievance_id", "at"),
)

_T, _R = grievances_table.c, replies_table.c
_AS_IS = (
    "id",
    "number",
    "application_id",
    "citizen_id",
    "service_code",
    "department",
    "district",
    "tehsil",
    "escalated",
    "due_at",
    "version",
    "created_at",
    "updated_at",
    "closed_at",
)


async def add(tx: Transaction, grievance: Grievance) -> None:
    """Keep a new grievance. Raises AlreadyThere for its id or number."""
    if not await insert_new(tx, grievances_table, _values(tx, grievance)):
        raise AlreadyThere("the grievance")
    await change_feed.touch(tx, ChangeKind.APPLICATION, grievance.application_id)


async def save(tx: Transaction, grievance: Grievance, expected_version: int) -> Grievance:
    """Replace a grievance whose version is still the expected one. Raises VersionConflict or NotThere."""
    changed = replace(grievance, version=expected_version + 1, updated_at=tx.clock.now())
    values = {
        "state": changed.state.value,
        "escalated": changed.escalated,
        "due_at": changed.due_at,
        "version": changed.version,
        "updated_at": changed.updated_at,
        "closed_at": changed.closed_at,
    }
    statement = sa.update(grievances_table).where(_T.id == grievance.id, _T.version == expected_version)
    if (await tx.connection.execute(statement.values(values).returning(_T.id))).first() is None:
        present = await first_row(tx, sa.select(_T.version, _T.state).where(_T.id == grievance.id))
        if present is None:
            raise NotThere("the grievance")
        raise VersionConflict(present.version, present.state)
    await change_feed.touch(tx, ChangeKind.APPLICATION, grievance.application_id)
    return changed


async def get(tx: Transaction, grievance_id: str) -> Grievance | None:
    """The grievance with an id, or None."""
    return (await by_ids(tx, [grievance_id])).get(grievance_id)


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Grievance]:
    """Grievances by id."""
    rows = await rows_of(tx, sa.select(grievances_table), _T.id, ids)
    return {row.id: _grievance(tx, row) for row in rows}


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, list[Grievance]]:
    """Grievances by application, the oldest first."""
    statement = sa.select(grievances_table).order_by(_T.created_at, _T.id)
    return await group_rows(tx, statement, _T.application_id, ids, lambda row: _grievance(tx, row))


async def page_of_citizen(
    tx: Transaction, citizen_id: str, *, place: tuple[datetime, str] | None, backward: bool = False, limit: int
) -> list[Grievance]:
    """A citizen's grievances, the newest first, by (created_at, id): after a place, or before it."""
    statement = sa.select(grievances_table).where(_T.citizen_id == citizen_id)
    columns = (_T.created_at, _T.id)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)
    return [_grievance(tx, row) for row in rows]


async def count_of_citizen(tx: Transaction, citizen_id: str) -> int:
    """How many the citizen raised."""
    return await count(tx, sa.select(grievances_table).where(_T.citizen_id == citizen_id))


async def page(
    tx: Transaction,
    postings: Sequence[Posting],
    states: Collection[GrievanceState],
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[Grievance]:
    """Grievances in those states that the postings cover, by (due_at, id), the most urgent first."""
    columns = (_T.due_at, _T.id)
    rows = await keyset_window(
        tx, _select_grievances(postings, states), columns, place=place, backward=backward, limit=limit
    )
    return [_grievance(tx, row) for row in rows]


async def count_of(tx: Transaction, postings: Sequence[Posting], states: Collection[GrievanceState]) -> int:
    """How many in those states the postings cover."""
    return await count(tx, _select_grievances(postings, states))


async def overdue(tx: Transaction, now: datetime, limit: int) -> list[Grievance]:
    """Open grievances whose time is over, the longest overdue first."""
    statement = sa.select(grievances_table).where(_T.state == GrievanceState.OPEN.value, _T.due_at < now)
    rows = (await tx.connection.execute(statement.order_by(_T.due_at, _T.id).limit(limit))).all()
    return [_grievance(tx, row) for row in rows]


async def waiting_grievance(tx: Transaction, application_id: str, category: GrievanceCategory) -> Grievance | None:
    """A grievance of the category on the application that waits for a reply, or None."""
    statement = sa.select(grievances_table).where(
        _T.application_id == application_id, _T.category == category.value, _has_state(WAITING)
    )
    row = await first_row(tx, statement.order_by(_T.id).limit(1))
    return _grievance(tx, row) if row else None


async def count_since(tx: Transaction, citizen_id: str, since: datetime) -> int:
    """How many the citizen raised since a moment."""
    return await count(tx, sa.select(_T.id).where(_T.citizen_id == citizen_id, _T.created_at >= since))


async def add_reply(tx: Transaction, reply: GrievanceReply) -> None:
    """Keep a reply."""
    sealed = tx.cipher.encrypt(reply.text.encode(), _reply_place(reply.id))
    values = {
        "id": reply.id,
        "grievance_id": reply.grievance_id,
        "officer_id": reply.officer_id,
        "text": sealed,
        "at": reply.at,
    }
    await tx.connection.execute(sa.insert(replies_table).values(values))


async def replies(tx: Transaction, grievance_ids: Iterable[str]) -> dict[str, list[GrievanceReply]]:
    """Replies by grievance, the oldest first."""
    found: dict[str, list[GrievanceReply]] = {}
    statement = sa.select(replies_table).order_by(_R.at, _R.id)
    for row in await rows_of(tx, statement, _R.grievance_id, grievance_ids):
        text = tx.cipher.decrypt(row.text, _reply_place(row.id)).decode()
        found.setdefault(row.grievance_id, []).append(
            GrievanceReply(row.id, row.grievance_id, row.officer_id, text, row.at)
        )
    return found


def _select_grievances(postings: Sequence[Posting], states: Collection[GrievanceState]) -> sa.Select[Any]:
    return sa.select(grievances_table).where(any_posting_covers(grievances_table, postings), _has_state(states))


def _has_state(states: Collection[GrievanceState]) -> Any:
    return _T.state.in_(sorted(state.value for state in states))


def _values(tx: Transaction, grievance: Grievance) -> dict[str, Any]:
    return {
        **{name: getattr(grievance, name) for name in _AS_IS},
        "category": grievance.category.value,
        "state": grievance.state.value,
        "text": tx.cipher.encrypt(grievance.text.encode(), _cell_name(grievance.id)),
    }


def _grievance(tx: Transaction, row: AnyRow) -> Grievance:
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    return Grievance(
        **as_is,
        category=GrievanceCategory(row.category),
        state=GrievanceState(row.state),
        text=tx.cipher.decrypt(row.text, _cell_name(row.id)).decode(),
    )


def _cell_name(grievance_id: str) -> str:
    return f"grievances:text:{grievance_id}"


def _reply_place(reply_id: str) -> str:
    return f"grievance_replies:text:{reply_id}"
