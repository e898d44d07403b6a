"""Grievances and the replies to them; all texts are encrypted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.feedback.grievances import WAITING, Grievance, GrievanceCategory, GrievanceReply, GrievanceState
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.database import Key, Records, StoredList, Transaction, any_posting_covers, change_feed, count
from store.database.metadata import table_of

grievances_table = table_of(
    Grievance,
    "grievances",
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("number"),
    sa.Index(None, "application_id"),
    sa.Index(None, "citizen_id", "created_at", "id"),
    sa.Index(None, "state", "due_at", "id"),
)

replies_table = table_of(
    GrievanceReply,
    "grievance_replies",
    sa.Column("grievance_id", Key, sa.ForeignKey("grievances.id"), nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Index(None, "grievance_id", "at"),
)

_T, _R = grievances_table.c, replies_table.c
_GRIEVANCES = Records(Grievance, grievances_table, "the grievance")
of_applications = _GRIEVANCES.groups_reader_by(_T.application_id, _T.created_at, _T.id)
"""Grievances by application, the oldest first."""
get, by_ids = _GRIEVANCES.get, _GRIEVANCES.by_ids
_REPLIES = Records(GrievanceReply, replies_table, "the reply")
add_reply = _REPLIES.add
replies = _REPLIES.groups_reader_by(_R.grievance_id, _R.at, _R.id)
"""Replies by grievance, the oldest first."""
_SAVED = ("state", "escalated", "due_at", "version", "updated_at", "closed_at")


async def add(tx: Transaction, grievance: Grievance) -> None:
    """Keep a new grievance. Raises AlreadyThere for its id or number."""
    await _GRIEVANCES.add(tx, grievance)
    await change_feed.touch(tx, ChangeKind.APPLICATION, grievance.application_id)


async def save(tx: Transaction, grievance: Grievance, expected_version: int) -> Grievance:
    """Replace a grievance whose version is still the expected one. Raises VersionConflict or NotThere."""
    changed = await _GRIEVANCES.save(tx, grievance, expected_version, only=_SAVED)
    await change_feed.touch(tx, ChangeKind.APPLICATION, grievance.application_id)
    return changed


def of_citizen(citizen_id: str) -> StoredList[Grievance]:
    """A citizen's grievances, the newest first."""
    statement = sa.select(grievances_table).where(_T.citizen_id == citizen_id)
    return StoredList(_GRIEVANCES, statement, (_T.created_at, _T.id), descending=True)


def of_office(postings: Sequence[Posting], states: Collection[GrievanceState]) -> StoredList[Grievance]:
    """Grievances in those states that the postings cover, the most urgent first."""
    statement = sa.select(grievances_table).where(any_posting_covers(grievances_table, postings), _has_state(states))
    return StoredList(_GRIEVANCES, statement, (_T.due_at, _T.id))


async def overdue(tx: Transaction, now: datetime, limit: int) -> list[Grievance]:
    """Open grievances whose time is over, the longest overdue first."""
    statement = sa.select(grievances_table).where(_T.state == GrievanceState.OPEN.value, _T.due_at < now)
    return await _GRIEVANCES.select_all(tx, statement.order_by(_T.due_at, _T.id).limit(limit))


async def waiting_grievance(tx: Transaction, application_id: str, category: GrievanceCategory) -> Grievance | None:
    """A grievance of the category on the application that waits for a reply, or None."""
    statement = sa.select(grievances_table).where(
        _T.application_id == application_id, _T.category == category.value, _has_state(WAITING)
    )
    return await _GRIEVANCES.select_first(tx, statement.order_by(_T.id).limit(1))


async def count_since(tx: Transaction, citizen_id: str, since: datetime) -> int:
    """How many the citizen raised since a moment."""
    return await count(tx, sa.select(_T.id).where(_T.citizen_id == citizen_id, _T.created_at >= since))


def _has_state(states: Collection[GrievanceState]) -> Any:
    return _T.state.in_(sorted(state.value for state in states))
