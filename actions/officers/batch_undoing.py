"""Undoes a batch of changes of the register: what it entered, and nobody has changed since."""

from collections.abc import Sequence
from dataclasses import replace

from actions.kernel import Environment, UnitOfWork
from actions.officers.batches import BATCH_PATH, CHUNK, batch_of, change_state, note_batch, require_administrator
from actions.officers.change_rows import change_of
from domain.identity.policy import Purpose
from domain.kernel import Subject
from domain.officers.changes import BatchState, ChangeKind, RowState, StaffChange, StaffRow
from domain.officers.postings import WATCHED
from domain.officers.staff import LeaveState
from store.database import Transaction, audit, locks
from store.database.audit import AuditLine
from store.identity import people
from store.officers import batches, leave


async def undo_batch(env: Environment, subject: Subject, batch_id: str) -> list[StaffRow]:
    """Undo what a batch entered and nobody has changed since; gives the rows that were kept, each with its reason.

    Joiners are taken off the register, and leaves that have not begun are cancelled. A batch that waits is refused.
    Nobody gets a post by it, so that one administrator does it alone: what somebody gave up is given back by a batch of
    its own. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED.
    """

    async def work(tx: Transaction) -> list[StaffRow]:
        acting = UnitOfWork(env, tx, subject)
        await require_administrator(acting, *BATCH_PATH)
        await locks.lock_exclusive(tx, "staff_batch", batch_id)
        batch = await batch_of(tx, batch_id)
        running = (BatchState.WAITING, BatchState.CONFIRMED, BatchState.DONE)
        waited = batch.state is BatchState.WAITING
        await change_state(tx, batch.id, BatchState.REFUSED if waited else BatchState.UNDONE, *running)
        await note_batch(acting, "staff.batch_undone", batch)
        kept, line = [], 0
        while rows := await batches.rows_in(tx, batch.id, RowState.DONE, CHUNK, after=line):
            kept += await _undo_rows(acting, rows)
            line = rows[-1].line
        return kept

    return await env.store.carry_out(work)


async def _undo_rows(acting: UnitOfWork, rows: Sequence[StaffRow]) -> list[StaffRow]:
    """Undo rows of a chunk, and give those that are kept."""
    found = await people.officers(acting.tx, [row.officer_id or "" for row in rows])
    busy = await batches.at_work(acting.tx, found.keys())
    noted, removed = [], []
    for row in rows:
        change, officer = change_of(row.cells), found.get(row.officer_id or "")
        reason = None
        if officer is None:
            reason = "GONE"
        elif change.kind is ChangeKind.LEAVE:
            reason = await _cancel_leave(acting, officer.id, change)
        elif change.kind is not ChangeKind.JOIN:
            reason = "GIVE_BACK"
        elif officer.postings != (change.post,) or officer.email != change.email or officer.postings[0].role in WATCHED:
            reason = "CHANGED"
        elif officer.id in busy:
            reason = "AT_WORK"
        else:
            removed.append(officer.id)
        noted.append(replace(row, state=RowState.KEPT if reason else RowState.UNDONE, reason=reason))
    await batches.remove_officers(acting.tx, removed)
    await batches.note_rows(acting.tx, noted)
    line = AuditLine(acting.subject.label, "staff.join_undone", "OFFICER", None, Purpose.OPERATE)
    await audit.append_many(acting.tx, [replace(line, object_id=key) for key in removed])
    return [row for row in noted if row.state is RowState.KEPT]


async def _cancel_leave(acting: UnitOfWork, officer_id: str, change: StaffChange) -> str | None:
    """Cancel the leave of a row; why it is kept where it has begun or is over."""
    if change.from_on is None or change.until_on is None:
        return "GONE"
    entry = await leave.overlapping_leave(acting.tx, officer_id, change.from_on, change.until_on)
    if entry is None or entry.state_on(acting.today) is not LeaveState.PLANNED:
        return "BEGUN"
    await leave.note(acting.tx, entry.id, cancelled_at=acting.now, cancelled_by=acting.subject.person_id)
    return None
