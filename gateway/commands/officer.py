"""The commands of `apuni officer`: by the same actions as in the graph, and under the same rules."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from actions.catalogue.cells import Reject
from actions.kernel import Environment
from actions.officers.batch_undoing import undo_batch
from actions.officers.batches import ConfirmBatch, apply_batch, confirm_batch, propose_batch
from actions.officers.change_rows import COLUMNS, reason_text
from actions.officers.staff_views import StaffFilter, count_staff, staff_page
from actions.officers.staffing import (
    CancelLeave,
    Moved,
    RecordLeave,
    TransferOfficer,
    cancel_leave,
    record_leave,
    transfer_officer,
)
from domain.kernel import IST, CommandFailed, Language, Officer, OfficerLevel, Posting, Role, ist_date
from domain.officers.changes import BatchState, RowState, StaffBatch
from domain.officers.postings import service_codes
from domain.officers.staff import Confirmation, Leave, LeaveState
from gateway.commands.kernel import (
    CommandGroup,
    command_subject,
    line_of,
    out,
    parse_day,
    print_lines,
    problems_as_lines,
    read_csv,
)
from gateway.pages.downloads.spreadsheets import csv_line
from store.database import NotThere
from store.identity import officer_accounts, people
from store.officers import batches, leave, posts

group = CommandGroup()
"""Officers: import, posts, leave and transfers."""

_PAGE = 100
_EVERYWHERE = [Posting(Role.ADMIN)]
Who = Annotated[str, typer.Argument(help="the officer's id or e-mail address")]
"""How a command names an officer."""


class BadPost(ValueError):
    """A post is not written as ROLE:LEVEL:DEPARTMENT:DISTRICT:TEHSIL:SERVICE,SERVICE."""


def posting_of(text: str) -> Posting:
    """A post as it is typed; raises BadPost."""
    parts = text.split(":")
    try:
        role, level, department, district, tehsil, services = [*parts, *[""] * (6 - len(parts))]
        posted_at = OfficerLevel(level) if level else None
        place = (department or None, district or None, tehsil or None)
        return Posting(Role(role), *place, posted_at, service_codes(services))
    except ValueError:
        raise BadPost(f"{text}: a post is ROLE:LEVEL:DEPARTMENT:DISTRICT:TEHSIL:SERVICE,SERVICE") from None


@group.runtime_command("list")
async def list_officers(
    env: Environment,
    department: Annotated[str | None, typer.Option(help="only this department, by its slug")] = None,
    district: Annotated[str | None, typer.Option(help="only this district, by its code")] = None,
) -> None:
    """List officers with their posts and their planned or running leave, then the vacant posts."""
    wanted, after = StaffFilter(department, district), None
    while True:
        page = await staff_page(env, _EVERYWHERE, wanted, after=after, before=None, limit=_PAGE)
        for officer in page:
            await _print_officer(env, officer)
        if len(page) < _PAGE:
            break
        after = page[-1].id
    async with env.store.read_transaction() as tx:
        vacant = await posts.vacant(_EVERYWHERE, wanted.department, wanted.district).page(tx, limit=_PAGE)
    for one in vacant:
        since = one.since.astimezone(IST).date().isoformat()
        out.print(f"vacant since {since}: {_post(one.posting)}; charge: {one.cover_id or 'level above'}")
    many = await count_staff(env, _EVERYWHERE, wanted)
    out.print(f"apuni: {many} officers, {len(vacant)} vacant posts")


@group.runtime_command("transfer")
async def transfer(
    env: Environment,
    who: Who,
    successor: Annotated[str | None, typer.Option(help="who takes the posts; without one they are vacant")] = None,
    cover: Annotated[str | None, typer.Option(help="who has charge of the vacant posts")] = None,
    post: Annotated[
        list[Any] | None,
        typer.Option(parser=posting_of, metavar="ROLE:LEVEL:DEPARTMENT:DISTRICT:TEHSIL:SERVICES", help="a new post"),
    ] = None,
) -> None:
    """Transfer an officer, and reassign the open cases; what gives somebody a post waits for an administrator."""
    with problems_as_lines(line_of):
        request = TransferOfficer(
            officer_id=await officer_id_of(env, who),
            idempotency_key=env.ids.key(),
            successor_id=await optional_officer_id(env, successor),
            cover_id=await optional_officer_id(env, cover),
            postings=tuple(post or ()),
        )
        (done, moved), _ = await transfer_officer(env, command_subject(), request)
    if done.confirmation is Confirmation.WAITING:
        out.print(f"apuni: transfer {done.id} waits: an administrator confirms it (`waitingOrders` in the graph)")
        return
    out.print(f"apuni: left {len(done.left)} posts, took {len(done.taken)}; {_moved_summary(moved)}")


@group.runtime_command("leave")
async def enter_leave(
    env: Environment,
    who: Who,
    first: Annotated[date, typer.Option("--from", parser=parse_day, metavar="YYYY-MM-DD", help="the first day")],
    last: Annotated[date, typer.Option("--until", parser=parse_day, metavar="YYYY-MM-DD", help="the last day")],
    substitute: Annotated[str | None, typer.Option(help="who stands in; without one the level above")] = None,
) -> None:
    """Record a leave; open cases are reassigned on its first day and returned after its last."""
    with problems_as_lines(line_of):
        officer, named = await officer_id_of(env, who), await optional_officer_id(env, substitute)
        request = RecordLeave(officer, first, last, env.ids.key(), named)
        (entry, moved), _ = await record_leave(env, command_subject(), request)
    waits = "; an administrator has to confirm it (`waitingOrders` in the graph)"
    state = waits if entry.confirmation is Confirmation.WAITING else ""
    out.print(f"apuni: leave {entry.id} is recorded; {_moved_summary(moved)}{state}")


@group.runtime_command("cancel-leave")
async def end_leave(
    env: Environment,
    leave_id: Annotated[str, typer.Argument(metavar="LEAVE", help="the leave's id, as `list` shows it")],
) -> None:
    """Cancel a planned or running leave; the cases that were reassigned are returned at once."""
    with problems_as_lines(line_of):
        await cancel_leave(env, command_subject(), CancelLeave(leave_id, env.ids.key()))
    out.print(f"apuni: leave {leave_id} is cancelled")


BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="the batch's id, as `import` and `batches` show it")]


@group.storage_command("import")
async def import_officers(
    env: Environment,
    file: Annotated[Path | None, typer.Argument(help=f"CSV with a heading of: {', '.join(COLUMNS)}")] = None,
    dry_run: Annotated[bool, typer.Option(help="only check the rows")] = False,
    rejects: Annotated[Path | None, typer.Option(help="a CSV file for the rows that are left out")] = None,
    undo: Annotated[str | None, typer.Option(metavar="BATCH", help="undo this batch instead")] = None,
) -> None:
    """Propose joiners, posts, transfers, leaves and retirements as one batch that an administrator confirms.

    The same file again goes on with a confirmed batch that was cut off. The exit status is 1 where nothing could be
    proposed, and 2 where rows were left out, or would be.
    """
    with problems_as_lines(line_of):
        if undo is not None:
            kept = await undo_batch(env, command_subject(), undo)
            said = (f"row {row.line} ({row.email}): kept, since {_KEPT[row.reason or 'GONE']}" for row in kept)
            print_lines(said, f"batch {undo} is undone; {len(kept)} rows are kept")
            return
        if file is None:
            raise CommandFailed("a file is needed, or --undo BATCH")
        _tell_rejects((), rejects)  # a file that cannot be written is told before anything is proposed
        done = await propose_batch(env, command_subject(), read_csv(file), file.name, dry_run=dry_run)
        _tell_rejects(done.rejects, rejects)
        if dry_run:
            out.print(f"apuni: {done.rows} rows are right, {len(done.rejects)} are not; nothing is written")
        elif done.batch is None:
            raise CommandFailed("no row could be taken")
        else:
            await _tell_batch(env, done.batch, is_new=done.is_new)
    if done.rejects:
        raise typer.Exit(2)


@group.storage_command("confirm")
async def confirm_proposed(
    env: Environment,
    batch: BatchId,
    refuse: Annotated[bool, typer.Option(help="refuse it: nothing changes")] = False,
) -> None:
    """Confirm a batch that was proposed elsewhere; one of this host waits for an administrator."""
    with problems_as_lines(line_of):
        request = ConfirmBatch(batch, not refuse, env.ids.key())
        done, _ = await confirm_batch(env, command_subject(), request)
        await _tell_batch(env, done, is_new=False)


@group.storage_command("batches")
async def list_batches(env: Environment) -> None:
    """List the batches, the oldest first."""
    every = batches.in_states()
    async with env.store.read_transaction() as tx:
        many = await every.count(tx)
        for one in await every.page(tx, limit=many):
            waiting = (await batches.waiting_rows(tx, [one.id])).get(one.id, 0)
            at = one.recorded_at.astimezone(IST).date()
            out.print(f"{one.id} {one.state.value} {at} {one.source}: {one.rows} rows, {waiting} to do")
    out.print(f"apuni: {many} batches")


_KEPT = {
    "GONE": "it is no longer there",
    "GIVE_BACK": "it gave up posts: give them back by a TRANSFER, which two people order",
    "CHANGED": "the officer was changed since, or has a watched post: order a transfer",
    "AT_WORK": "the officer has signed in, has a further account or has work: order a RETIRE",
    "BEGUN": "the leave has begun or is over: cancel it by `apuni officer cancel-leave`",
}


async def _tell_batch(env: Environment, batch: StaffBatch, *, is_new: bool) -> None:
    """Say where a batch stands; one that was confirmed is carried out to its end, with progress."""
    if batch.state is BatchState.CONFIRMED:
        batch = await apply_batch(env, batch.id, tell=_print_progress)
    if batch.state is not BatchState.DONE:
        state = "is proposed" if is_new else f"is {batch.state.value}"
        waits = "; another administrator confirms it" if batch.state is BatchState.WAITING else ""
        out.print(f"apuni: batch {batch.id} of {batch.rows} rows {state}{waits}")
        return
    async with env.store.read_transaction() as tx:
        left = await batches.rows_in(tx, batch.id, RowState.LEFT, batch.rows)
    said = (f"row {row.line} ({row.email}): left, {row.reason}" for row in left)
    print_lines(said, f"batch {batch.id} is done: {batch.rows - len(left)} rows carried out, {len(left)} left")


def _print_progress(done: int, total: int) -> None:
    sys.stderr.write(f"apuni: {done} of {total} rows\n")


def _tell_rejects(found: Sequence[Reject], file: Path | None) -> None:
    """Each row that is left out: on the terminal in English, in the file in both languages."""
    if file is None:
        for one in found:
            typer.echo(
                f"apuni: row {one.row} ({one.key}), {one.field}: {reason_text(one.reason, Language.EN)}", err=True
            )
        return
    lines: list[tuple[object, ...]] = [("row", "email", "cell", "rule", "hi", "en")]
    for one in found:
        texts = (reason_text(one.reason, language) for language in (Language.HI, Language.EN))
        lines.append((one.row, one.key, one.field, one.reason, *texts))
    try:
        file.write_bytes(b"".join(map(csv_line, lines)))
    except OSError as error:
        raise CommandFailed(f"the file {file} cannot be written ({error.strerror})") from None


async def _print_officer(env: Environment, officer: Officer) -> None:
    held = ", ".join(_post(one) for one in officer.postings)
    out.print(f"{officer.id} {officer.email} {officer.name.en}: {held}")
    today = ist_date(env.clock.now())
    async with env.store.read_transaction() as tx:
        taken = await leave.of_officer(officer.id).page(tx, limit=_PAGE)
        further = (await officer_accounts.of_officers(tx, [officer.id])).get(officer.id, [])
    for email in further:
        out.print(f"  signs in as {email} too")
    for one in taken:
        if one.state_on(today) in (LeaveState.PLANNED, LeaveState.RUNNING):
            out.print(f"  {_leave(one, today)}")


def _leave(one: Leave, today: date) -> str:
    stand_in = one.substitute_id or "level above"
    return f"leave {one.id} {one.state_on(today).value} {one.from_on} to {one.until_on}, stands in: {stand_in}"


def _post(posting: Posting) -> str:
    parts = (posting.role, posting.level, posting.department, posting.district, posting.tehsil)
    return ":".join([*(part or "" for part in parts), *([",".join(posting.services)] if posting.services else [])])


def _moved_summary(moved: Moved) -> str:
    return f"{moved.cases} cases and {moved.appeals} appeals went to others"


async def optional_officer_id(env: Environment, who: str | None) -> str | None:
    """The officer with an id or e-mail address, where one is named. Raises NotThere."""
    return None if who is None else await officer_id_of(env, who)


async def officer_id_of(env: Environment, who: str) -> str:
    """The officer with an id or e-mail address. Raises NotThere."""
    async with env.store.read_transaction() as tx:
        found = (await people.officers(tx, [who])).get(who) or await officer_accounts.officer_of(tx, who)
    if found is None:
        raise NotThere(f"the officer {who}")
    return found.id
