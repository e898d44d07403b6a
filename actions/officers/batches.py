"""Batches of changes of the register: proposed by one, confirmed by another, carried out in chunks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any

from actions.catalogue.cells import FIRST_ROW, CellWrong, FileRow, Reject
from actions.identity.devices import untie
from actions.kernel import Environment, UnitOfWork, hash_of, require, run_once, run_request
from actions.officers.administrators import ADMINISTRATOR, DAY, note_changed, require_two
from actions.officers.change_rows import StaffCells, change_of, examine_rows
from actions.officers.staff_views import administrator_postings
from actions.officers.staffing import carry_out_order, of_posting, refuse_incompatible
from domain.identity.policy import Purpose
from domain.kernel import (
    SYSTEM,
    ErrorCode,
    Officer,
    PersonKind,
    Problem,
    Problems,
    Subject,
    not_found,
    require_found,
)
from domain.kernel.errors import camel_case
from domain.officers.changes import BatchState, ChangeKind, RowState, StaffBatch, StaffChange, StaffRow
from domain.officers.postings import WATCHED, watched_roles
from domain.officers.staff import Confirmation, Leave, Transfer
from store.database import StoredList, Transaction, audit, locks
from store.database.audit import AuditLine
from store.identity import people
from store.officers import batches, leave, posts

CHUNK = 500
"""Rows of joiners that one transaction enters; every other change has a transaction of its own."""

Tell = Callable[[int, int], None]
"""Called after each chunk with how many rows are done, and how many there are."""
MOST_PROPOSED = 100
"""Changes that are proposed at once in the graph."""

BATCH_PATH = ("input", "batchId")
HR = replace(SYSTEM, account="HR:FEED")
"""The HR system, once the endpoint has verified its signature; it is the first of the two who answer for a batch."""
_HOST = "CLI:"


def _quiet(done: int, total: int, /) -> None:
    del done, total


@dataclass(frozen=True, slots=True)
class Proposal:
    """What became of rows: their batch, None where none is kept, how many are right, and those that are not."""

    batch: StaffBatch | None
    rows: int
    rejects: Sequence[Reject]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class ProposeStaffChanges:
    """Changes that are proposed together."""

    rows: tuple[StaffCells, ...]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ConfirmBatch:
    """A batch that waits, and whether it is confirmed or refused."""

    batch_id: str
    confirm: bool
    idempotency_key: str


async def propose_batch(
    env: Environment, subject: Subject, rows: Sequence[FileRow], source: str, *, dry_run: bool = False
) -> Proposal:
    """Propose the rows that keep the rules as one batch; `dry_run` writes nothing.

    The same rows again find the batch that they made, until a day after it was confirmed. Raises Problems: NOT_FOUND
    for whoever administers less than the whole state, SECOND_ADMINISTRATOR_NEEDED.
    """
    return await env.store.carry_out(lambda tx: propose(UnitOfWork(env, tx, subject), rows, source, dry_run=dry_run))


async def propose_staff_changes(
    env: Environment, subject: Subject, request: ProposeStaffChanges
) -> tuple[StaffBatch, bool]:
    """Propose changes, all of them or none; True where it is a replay.

    Raises Problems as `propose_batch`, BAD_INPUT for too many, ROW_INVALID at each cell that is wrong.
    """
    if not 0 < len(request.rows) <= MOST_PROPOSED:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "rows"), params={"most": str(MOST_PROPOSED)}))
    return await run_request(env, subject, "proposeStaffChanges", request, _propose_all, read=batches.get)


async def _propose_all(acting: UnitOfWork, request: ProposeStaffChanges) -> str:
    rows = [{name: cell or "" for name, cell in asdict(one).items()} for one in request.rows]
    done = await propose(acting, rows, "GRAPH", whole=True, key=request.idempotency_key)
    if done.batch is None:
        raise Problems(*map(_problem_at_cell, done.rejects))
    return done.batch.id


async def propose(
    acting: UnitOfWork,
    rows: Sequence[FileRow],
    source: str,
    *,
    dry_run: bool = False,
    whole: bool = False,
    key: str = "",
) -> Proposal:
    """Propose rows as one batch, with `whole` all of them or none; under another key they are another batch."""
    tx, by = acting.tx, acting.actor
    await require_administrator(acting, "input")
    if not dry_run:
        await require_two(tx, "input")
    digest = hash_of({"rows": [dict(row) for row in rows], "key": key})
    if (present := await batches.with_digest(tx, digest, since=acting.now - DAY)) is not None:
        return Proposal(present, present.rows, ())
    kept, rejects = await examine_rows(acting, rows, source, await _own_address(acting))
    if dry_run or not kept or (whole and rejects):
        return Proposal(None, len(kept), rejects)
    batch = StaffBatch(acting.env.ids.key(), source, digest, BatchState.WAITING, len(kept), by, acting.now)
    entered = (StaffRow(batch.id, line, change.email, cells) for line, change, cells in kept)
    await batches.add(tx, batch, entered)
    await note_batch(acting, "staff.batch_proposed", batch, rows=len(kept), left_out=len(rejects))
    return Proposal(batch, len(kept), rejects, is_new=True)


async def confirm_batch(env: Environment, subject: Subject, request: ConfirmBatch) -> tuple[StaffBatch, bool]:
    """Confirm or refuse a batch that another proposed, and carry out its first chunk; True where it is a replay.

    The worker carries out the rest. Raises Problems: NOT_FOUND, SECOND_ADMINISTRATOR_NEEDED, SECOND_OFFICER_NEEDED for
    whoever proposed it and whom it concerns, STEP_NOT_ALLOWED where it does not wait.
    """

    async def step(acting: UnitOfWork) -> str:
        await require_administrator(acting, *BATCH_PATH)
        await require_two(acting.tx, *BATCH_PATH)
        batch = await batch_of(acting.tx, request.batch_id)
        by, own = subject.person_id or subject.label, await _own_address(acting)
        both_on_host = by.startswith(_HOST) and batch.recorded_by.startswith(_HOST)
        if by == batch.recorded_by or both_on_host or (own and await batches.concerns(acting.tx, batch.id, own)):
            raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, BATCH_PATH))
        to = BatchState.CONFIRMED if request.confirm else BatchState.REFUSED
        said = {"confirmed_by": by, "confirmed_at": acting.now}
        await change_state(acting.tx, batch.id, to, BatchState.WAITING, **said)
        await note_batch(acting, f"staff.batch_{to.value.lower()}", batch)
        return batch.id

    body = {"id": request.batch_id, "confirm": request.confirm}
    batch, replayed = await run_once(
        env, subject, "confirmStaffBatch", step, key=request.idempotency_key, body=body, read=batches.get
    )
    if batch.state is BatchState.CONFIRMED:
        batch = await apply_batch(env, batch.id, chunks=1)
    return batch, replayed


async def apply_batch(env: Environment, batch_id: str, *, tell: Tell = _quiet, chunks: int | None = None) -> StaffBatch:
    """Carry out what a confirmed batch still has to do, at most so many chunks; one that was cut off goes on.

    A row that is not possible any more is left, with its reason. Raises NotThere.
    """
    async with env.store.read_transaction() as tx:
        batch = await batch_of(tx, batch_id)
        done = batch.rows - (await batches.waiting_rows(tx, [batch_id])).get(batch_id, 0)
    for _ in count() if chunks is None else range(chunks):
        try:
            settled = await env.store.carry_out(lambda tx: _apply_chunk(UnitOfWork(env, tx, SYSTEM), batch_id))
        except _RowLeft as left:
            row, settled = left.row, 1
            await env.store.carry_out(lambda tx, row=row: _note_left(tx, row))  # type: ignore[misc]
        if not settled:
            break
        done += settled
        tell(done, batch.rows)
    return await env.store.read(lambda tx: batch_of(tx, batch_id))


async def apply_confirmed_batches(env: Environment) -> int:
    """Carry out what confirmed batches still have to do, as the worker does; returns how many batches there were.

    One that fails does not stop the others. Raises ExceptionGroup of what failed, once all were tried.
    """
    waiting, failed = await confirmed_batches(env), list[Exception]()
    for batch in waiting:
        try:
            await apply_batch(env, batch.id)
        except Exception as error:  # noqa: BLE001 - nothing of a batch's failure may reach another batch
            failed.append(error)
    if failed:
        raise ExceptionGroup("batches failed", failed)
    return len(waiting)


async def confirmed_batches(env: Environment) -> Sequence[StaffBatch]:
    """Batches that are being carried out, the oldest first."""
    return await env.store.read(lambda tx: batches.in_states(BatchState.CONFIRMED).page(tx, limit=CHUNK))


def staff_batches(subject: Subject, *states: BatchState) -> StoredList[StaffBatch]:
    """The batches in these states, for administrators of the whole state. Raises as `waiting_orders`."""
    if ADMINISTRATOR not in administrator_postings(subject):
        raise not_found()
    return batches.in_states(*states)


def _problem_at_cell(reject: Reject) -> Problem:
    path = ("input", "rows", str(reject.row - FIRST_ROW), camel_case(reject.field))
    return Problem(ErrorCode.ROW_INVALID, path, sentence=f"staff_row.{reject.reason}")


class _RowLeft(Exception):
    """A row that cannot be carried out; what was written for it is taken back with the transaction."""

    def __init__(self, row: StaffRow) -> None:
        super().__init__(row.reason)
        self.row = row


async def _note_left(tx: Transaction, row: StaffRow) -> None:
    """Note a row as left, unless another process settled it since it was tried."""
    await locks.lock_exclusive(tx, "staff_batch", row.batch_id)
    waiting = await batches.rows_in(tx, row.batch_id, RowState.WAITING, 1)
    if [each.line for each in waiting] == [row.line]:
        await batches.note_rows(tx, [row])


async def _apply_chunk(acting: UnitOfWork, batch_id: str) -> int:
    """Carry out the next rows, and tell how many; 0 where there was none."""
    await locks.lock_exclusive(acting.tx, "staff_batch", batch_id)
    batch = await batch_of(acting.tx, batch_id)
    if batch.state is not BatchState.CONFIRMED:
        return 0
    first = await batches.rows_in(acting.tx, batch_id, RowState.WAITING, 1)
    if not first:
        await change_state(acting.tx, batch_id, BatchState.DONE, BatchState.CONFIRMED)
        await note_batch(acting, "staff.batch_done", batch)
        return 0
    row = first[0]
    try:
        change = change_of(row.cells)
        if change.kind is ChangeKind.JOIN:
            joiners = list(_joiners(await batches.rows_in(acting.tx, batch_id, RowState.WAITING, CHUNK)))
            await batches.note_rows(acting.tx, await _enter_joiners(acting, joiners))
            return len(joiners)
        officer_id = await _carry_out(acting, batch, change)
    except CellWrong as wrong:
        raise _RowLeft(replace(row, state=RowState.LEFT, reason=wrong.reason)) from None
    except Problems as refused:
        raise _RowLeft(replace(row, state=RowState.LEFT, reason=refused.code.value)) from None
    await batches.note_rows(acting.tx, [replace(row, state=RowState.DONE, officer_id=officer_id)])
    return 1


def _joiners(rows: Iterable[StaffRow]) -> Iterator[tuple[StaffRow, StaffChange]]:
    """The rows of joiners before the first one that is another change, or is wrong by the rules of today."""
    for row in rows:
        try:
            change = change_of(row.cells)
        except CellWrong:
            return
        if change.kind is not ChangeKind.JOIN:
            return
        yield row, change


async def _enter_joiners(acting: UnitOfWork, changes: Sequence[tuple[StaffRow, StaffChange]]) -> list[StaffRow]:
    """Enter new officers in bulk; whose address is on the register meanwhile is left."""
    taken = await batches.taken_addresses(acting.tx, [change.email for _, change in changes])
    noted, entered = [], []
    for row, change in changes:
        if change.email in taken or change.name is None or change.designation is None or change.post is None:
            noted.append(replace(row, state=RowState.LEFT, reason=ErrorCode.ACCOUNT_TAKEN.value))
            continue
        key = acting.env.ids.key()
        entered.append(Officer(key, change.name, change.designation, change.email, (change.post,)))
        noted.append(replace(row, state=RowState.DONE, officer_id=key))
    await people.add_officers(acting.tx, entered)
    open_posts = {one.posting for one in await posts.open_vacancies(acting.tx)}
    for officer in entered:
        if officer.postings[0] in open_posts:
            await posts.fill(acting.tx, officer.postings[0], by=officer.id, at=acting.now)
        if officer.postings[0].role in WATCHED:
            await note_changed(acting, officer.id, officer.postings)
    line = AuditLine(acting.subject.label, "staff.joined", "OFFICER", None, Purpose.OPERATE)
    await audit.append_many(acting.tx, [replace(line, object_id=officer.id) for officer in entered])
    return noted


async def _carry_out(acting: UnitOfWork, batch: StaffBatch, change: StaffChange) -> str:
    """Carry out the change of an officer of the register; gives her id. Raises Problems."""
    named = [email for email in (change.email, change.successor, change.cover) if email]
    ids = await batches.officer_ids(acting.tx, named)
    if len(ids) < len(set(named)):
        raise not_found("row")
    found = await people.officers(acting.tx, ids.values())
    if batch.confirmed_by == HR.label and watched_roles([post for one in found.values() for post in one.postings]):
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, ("row",)))
    officer = found[ids[change.email]]
    by = None if ":" in batch.recorded_by else batch.recorded_by
    successor, cover = (ids[email] if email else None for email in (change.successor, change.cover))
    said: dict[str, Any] = {
        "confirmation": Confirmation.CONFIRMED,
        "confirmed_by": batch.confirmed_by,
        "confirmed_at": batch.confirmed_at,
    }
    key, post = acting.env.ids.key(), () if change.post is None else (change.post,)
    if change.kind is ChangeKind.ADDRESS:
        await _change_address(acting, officer, change.new_email or "")
    elif change.kind is ChangeKind.LEAVE and change.from_on and change.until_on:
        entry = Leave(key, officer.id, cover, change.from_on, change.until_on, by, acting.now)
        await _enter_leave(acting, officer, replace(entry, **said))
    else:
        left = () if change.kind is ChangeKind.POST else tuple(one for one in officer.postings if one not in post)
        taken = tuple(one for one in post if one not in officer.postings)
        order = Transfer(key, officer.id, successor, None if successor else cover, left, taken, by, acting.now)
        await posts.add_transfer(acting.tx, replace(order, **said))
        await carry_out_order(acting, order, "row")
    await acting.record(f"staff.{change.kind.value.lower()}", "OFFICER", officer.id, Purpose.OPERATE, batch=batch.id)
    return officer.id


async def _enter_leave(acting: UnitOfWork, officer: Officer, entry: Leave) -> None:
    """Enter a leave that two people answer for, by the rules of the day on which it is carried out."""
    if entry.until_on < acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("row",)))
    for taker in (await people.officers(acting.tx, [entry.substitute_id or ""])).values():
        await refuse_incompatible(acting, taker, officer.postings, "row")
    if await leave.overlapping_leave(acting.tx, officer.id, entry.from_on, entry.until_on):
        raise Problems(Problem(ErrorCode.LEAVE_OVERLAPS, ("row",)))
    await leave.add(acting.tx, entry)


async def _change_address(acting: UnitOfWork, officer: Officer, email: str) -> None:
    """Give an officer another address, or hers again; her account is untied and her sessions end."""
    if email != officer.email and await batches.taken_addresses(acting.tx, [email]):
        raise Problems(Problem(ErrorCode.ACCOUNT_TAKEN, ("row",)))
    await people.update_officer(acting.tx, replace(officer, email=email))
    await untie(acting, PersonKind.OFFICER, officer.id)


async def _own_address(acting: UnitOfWork) -> str | None:
    """The address of whoever acts on the register; None for a command on the host."""
    key = acting.subject.person_id or ""
    own = (await people.officers(acting.tx, [key])).get(key)
    return own.email if own else None


async def batch_of(tx: Transaction, batch_id: str) -> StaffBatch:
    """A batch. Raises NOT_FOUND."""
    return require_found(await batches.get(tx, batch_id), *BATCH_PATH)


async def change_state(tx: Transaction, batch_id: str, to: BatchState, *of: BatchState, **more: object) -> None:
    """Give a batch another state. Raises STEP_NOT_ALLOWED where it is in none of the states `of`."""
    if not await batches.change_state(tx, batch_id, to, of=of, **more):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, BATCH_PATH, params={"state": "CHANGED"}))


async def require_administrator(acting: UnitOfWork, *path: str) -> None:
    """Let those go on who administer the whole state. Raises NOT_FOUND at the path."""
    resource = of_posting(None, ADMINISTRATOR)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)


async def note_batch(acting: UnitOfWork, action: str, batch: StaffBatch, **detail: object) -> None:
    """Write the audit line of a step of a batch."""
    await acting.record(action, "STAFF_BATCH", batch.id, Purpose.OPERATE, source=batch.source, **detail)
