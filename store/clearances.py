"""Clearances requested from other departments, field verification reports, and warnings about due dates."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.appeals.appeals import PENDING, Appeal
from domain.applications.applications import Application
from domain.clearances import Clearance, ClearanceState, Escalation, EscalationKind, Photo, Place, VerificationReport
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.appeals.appeal_rows import APPEALS, appeals_table
from store.appeals.appeals import clock_is_running
from store.applications.application_rows import APPLICATIONS, applications_table
from store.database import AnyRow, Key, Records, StoredList, Transaction, any_posting_covers, change_feed, insert_into
from store.database.metadata import table_of

clearances_table = table_of(
    Clearance,
    "clearances",
    sa.Column("question", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Index(None, "application_id"),
    sa.Index(None, "department", "district", "state", "due_at"),
    sa.Index(None, "state", "due_at"),
)

verifications_table = table_of(
    VerificationReport,
    "verifications",
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Index(None, "application_id"),
    apart=("text", "place", "tehsil"),
)

escalations_table = table_of(Escalation, "escalations", sa.UniqueConstraint("application_id", "kind", "due_at"))

_C, _E, _T = clearances_table.c, escalations_table.c, applications_table.c
_UNTOLD = "application/octet-stream"
"""The media type of photographs of an older release, which did not keep it."""


async def add_clearance(tx: Transaction, clearance: Clearance) -> None:
    """Keep a question to another department; the text is encrypted."""
    await _CLEARANCES.add(tx, clearance)
    await change_feed.touch(tx, ChangeKind.APPLICATION, clearance.application_id)


async def settle(tx: Transaction, clearance: Clearance) -> bool:
    """Note how an asked clearance came out; False where it is not asked any more."""
    asked = (_C.id == clearance.id, _C.state == ClearanceState.ASKED.value)
    statement = sa.update(clearances_table).where(*asked).values(_CLEARANCES.values(tx, clearance))
    if (await tx.connection.execute(statement.returning(_C.id))).first() is None:
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, clearance.application_id)
    return True


def asked_of(
    postings: Sequence[Posting], above_id: str | None, states: Collection[ClearanceState]
) -> StoredList[Clearance]:
    """Clearances asked of the departments and places of the postings, or escalated to an officer, first due first."""
    covered = sa.or_(_C.escalated_to == above_id, any_posting_covers(clearances_table, postings))
    statement = sa.select(clearances_table).where(_C.state.in_(sorted(state.value for state in states)), covered)
    return StoredList(_CLEARANCES, statement, (_C.due_at, _C.id))


async def to_be_reminded(tx: Transaction, *, since: datetime, until: datetime, limit: int) -> list[Clearance]:
    """Clearances that are owed, due between two instants and not reminded of, the most urgent first."""
    statement = _select_outstanding().where(_C.due_at > since, _C.due_at <= until, _C.reminded_at.is_(None))
    return await _CLEARANCES.select_all(tx, statement.limit(limit))


async def to_be_escalated(tx: Transaction, *, before: datetime, limit: int) -> list[Clearance]:
    """Clearances that are owed, overdue at an instant and not escalated, those due first on top."""
    statement = _select_outstanding().where(_C.due_at < before, _C.escalated_at.is_(None))
    return await _CLEARANCES.select_all(tx, statement.limit(limit))


async def note_reminder(tx: Transaction, clearance: Clearance) -> None:
    """Write down that a clearance was reminded of or escalated."""
    values = {name: getattr(clearance, name) for name in ("reminded_at", "escalated_at", "escalated_to")}
    await tx.connection.execute(sa.update(clearances_table).where(_C.id == clearance.id).values(values))


async def add_report(tx: Transaction, report: VerificationReport) -> None:
    """Keep a field report; text and place are encrypted."""
    await _REPORTS.add(tx, report)
    await change_feed.touch(tx, ChangeKind.APPLICATION, report.application_id)


async def warn(tx: Transaction, escalation: Escalation) -> bool:
    """Keep a warning, once for each application, kind and due date; False where it is there already."""
    return bool(await warn_many(tx, [escalation]))


async def warn_many(tx: Transaction, warned: Sequence[Escalation]) -> set[str]:
    """Keep a batch of warnings in two statements; gives the applications whose warning is new."""
    if not warned:
        return set()
    rows = [_ESCALATIONS.values(tx, one) for one in warned]
    statement = insert_into(tx, escalations_table).values(rows).on_conflict_do_nothing()
    new = (await tx.connection.execute(statement.returning(_E.application_id))).scalars().all()
    await change_feed.touch_many(tx, ChangeKind.QUEUE, list(dict.fromkeys(new)))
    return set(new)


async def to_be_warned(
    tx: Transaction,
    *,
    since: datetime,
    until: datetime,
    unless: Collection[EscalationKind],
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Application]:
    """Applications on the clock that are due between two instants and were not warned of that date in one of the ways.

    By (due_at, id).
    """
    kinds = sorted(kind.value for kind in unless)
    warned = sa.exists().where(_E.application_id == _T.id, _E.due_at == _T.due_at, _E.kind.in_(kinds))
    statement = sa.select(applications_table).where(clock_is_running(), _T.due_at >= since, _T.due_at <= until, ~warned)
    if after is not None:
        there = (sa.literal(after[0], _T.due_at.type), sa.literal(after[1], Key))
        statement = statement.where(sa.tuple_(_T.due_at, _T.id) > sa.tuple_(*there))
    return await APPLICATIONS.select_all(tx, statement.order_by(_T.due_at, _T.id).limit(limit))


async def appeals_to_be_warned(tx: Transaction, *, since: datetime, until: datetime, limit: int) -> list[Appeal]:
    """Appeals that lapse between two instants and whose authority was not warned of it, the most urgent first."""
    appeal = appeals_table.c
    kind = _E.kind == EscalationKind.APPEAL_DUE_SOON.value
    warned = sa.exists().where(_E.application_id == appeal.application_id, _E.due_at == appeal.decide_by, kind)
    pending = appeal.state.in_(sorted(state.value for state in PENDING))
    soon = (appeal.next_at > since, appeal.next_at <= until)
    statement = sa.select(appeals_table).where(pending, *soon, ~warned).order_by(appeal.next_at, appeal.id).limit(limit)
    return await APPEALS.select_all(tx, statement)


async def open_of(tx: Transaction, application_id: str, department: str) -> Clearance | None:
    """The clearance that a department still owes for an application, or None."""
    wanted = (_C.application_id == application_id, _C.department == department, _C.state == ClearanceState.ASKED.value)
    return await _CLEARANCES.find(tx, *wanted)


def overdue_at(now: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """An application for which a department owes an answer that is overdue."""
    return owed_since_before(now).where(_C.application_id == _T.id).exists()


def owed_since_before(now: sa.ColumnElement[datetime]) -> sa.Select[Any]:
    """The ids of applications for which a department owes an answer that is overdue."""
    return sa.select(_C.application_id).where(_C.state == ClearanceState.ASKED.value, _C.due_at < now)


def _select_outstanding() -> sa.Select[Any]:
    statement = sa.select(clearances_table).where(_C.state == ClearanceState.ASKED.value)
    return statement.order_by(_C.due_at, _C.id)


def _report_content(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    content = tx.cipher.decrypt_json(row.content, f"verifications:content:{row.id}")
    media_types = content.get("media_types") or [_UNTOLD] * len(row.photos)
    return {
        "text": content["text"],
        "photos": tuple(Photo(*one) for one in zip(row.photos, media_types, strict=True)),
        "place": Place(*content["place"]) if content["place"] else None,
        "tehsil": content.get("tehsil"),
    }


def _report_content_values(tx: Transaction, report: VerificationReport) -> dict[str, Any]:
    place = [report.place.latitude, report.place.longitude] if report.place else None
    media_types = [photo.media_type for photo in report.photos]
    content = {"text": report.text, "place": place, "tehsil": report.tehsil, "media_types": media_types}
    return {
        "content": tx.cipher.encrypt_json(content, f"verifications:content:{report.id}"),
        "photos": [photo.sha256 for photo in report.photos],
    }


_CLEARANCES = Records(Clearance, clearances_table, "the clearance")
of_applications = _CLEARANCES.groups_reader_by(_C.application_id, _C.application_id, _C.asked_at, _C.id)
"""The clearances of each application in the order in which they were asked."""
get, by_ids = _CLEARANCES.get, _CLEARANCES.by_ids
_ESCALATIONS = Records(Escalation, escalations_table, "the warning")
warnings = _ESCALATIONS.groups_reader_by(_E.application_id, _E.application_id, _E.at, _E.id)
"""The warnings about each application, the latest last."""
_REPORTS = Records(
    VerificationReport,
    verifications_table,
    "the report",
    apart=("text", "photos", "place", "tehsil"),
    read=_report_content,
    write=_report_content_values,
)
reports = _REPORTS.groups_reader_by(
    verifications_table.c.application_id,
    verifications_table.c.application_id,
    verifications_table.c.reported_at,
    verifications_table.c.id,
)
"""The field reports of each application, the oldest first."""
