"""The command `apuni officer`: transfers and leave, by the same actions as in the graph."""

import asyncio
from datetime import date, datetime
from typing import Annotated

import typer

from actions.identity.officer_accounts import add_account, remove_account
from actions.kernel import Environment
from actions.officers.staff_views import StaffFilter, count_staff, staff_page, vacancies_page
from actions.officers.staffing import (
    CancelLeave,
    Moved,
    RecordLeave,
    TransferOfficer,
    cancel_leave,
    record_leave,
    transfer_officer,
)
from domain.kernel import IST, CommandFailed, Language, Officer, OfficerLevel, Posting, Problems, Role, ist_date
from domain.kernel.messages import message
from domain.officers.staff import Leave, LeaveState
from gateway.commands.opening import command_subject, out
from gateway.runtime.composition import open_runtime
from gateway.settings.settings import Settings, read_settings
from store.database import NotThere
from store.identity import officer_accounts, people
from store.officers import leave

group = typer.Typer(no_args_is_help=True)

_WHO = Annotated[str, typer.Argument(help="the officer's id or e-mail address")]
_DAY = ["%Y-%m-%d"]


@group.command("list")
def officer_list(
    department: Annotated[str | None, typer.Option(help="only this department, by its slug")] = None,
    district: Annotated[str | None, typer.Option(help="only this district, by its code")] = None,
) -> None:
    """List officers with their posts and leave, then the posts that are vacant."""
    asyncio.run(run_list(read_settings(), department, district))


@group.command("transfer")
def officer_transfer(
    who: _WHO,
    successor: Annotated[str | None, typer.Option(help="who takes the posts; without one they are vacant")] = None,
    cover: Annotated[str | None, typer.Option(help="who has charge of the vacant posts")] = None,
    post: Annotated[
        list[str] | None,
        typer.Option(help="a post from now on: ROLE:LEVEL:DEPARTMENT:DISTRICT:TEHSIL"),
    ] = None,
) -> None:
    """Move an officer, and all that is open with her in the posts that she leaves."""
    try:
        postings = tuple(posting_of(one) for one in post or ())
    except BadPost as bad:
        raise typer.BadParameter(str(bad), param_hint="--post") from None
    asyncio.run(run_transfer(read_settings(), who, successor, cover, postings))


@group.command("leave")
def officer_leave(
    who: _WHO,
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="the first day")],
    last: Annotated[datetime, typer.Option("--until", formats=_DAY, help="the last day")],
    substitute: Annotated[str | None, typer.Option(help="who stands in; without one the level above")] = None,
) -> None:
    """Record a leave; open cases move on its first day and come back after its last."""
    asyncio.run(run_leave(read_settings(), who, first.date(), last.date(), substitute))


@group.command("cancel-leave")
def officer_cancel_leave(leave: Annotated[str, typer.Argument(help="the leave's id, as `list` shows it")]) -> None:
    """Cancel a leave that is planned or running; what had moved comes back at once."""
    asyncio.run(run_cancel_leave(read_settings(), leave))


@group.command("add-account")
def officer_add_account(
    who: _WHO, email: Annotated[str, typer.Argument(help="the further official address, as Parichay gives it")]
) -> None:
    """Let an officer sign in with a further official address, as of an additional charge."""
    asyncio.run(run_add_account(read_settings(), who, email))


@group.command("remove-account")
def officer_remove_account(
    who: _WHO, email: Annotated[str, typer.Argument(help="the further official address")]
) -> None:
    """Strike a further address off; all sessions of the officer end."""
    asyncio.run(run_remove_account(read_settings(), who, email))


_PAGE = 100
_EVERYWHERE = [Posting(Role.ADMIN)]


class NotMoved(CommandFailed):
    """An officer cannot be posted so; the text is one line for those who run the gateway."""


class BadPost(ValueError):
    """A post is not written as ROLE:LEVEL:DEPARTMENT:DISTRICT:TEHSIL."""


async def run_list(settings: Settings, department: str | None, district: str | None) -> None:
    """Print officers with their posts and leaves that are planned or running, then vacant posts."""
    wanted = StaffFilter(department, district)
    async with open_runtime(settings) as house:
        env, after = house.environment, None
        while True:
            page = await staff_page(env, _EVERYWHERE, wanted, after=after, before=None, limit=_PAGE)
            for officer in page:
                await _tell_officer(env, officer)
            if len(page) < _PAGE:
                break
            after = page[-1].id
        vacant = await vacancies_page(env, _EVERYWHERE, wanted, after=None, before=None, limit=_PAGE)
        for one in vacant:
            since = one.since.astimezone(IST).date().isoformat()
            out.print(
                f"vacant since {since}: {_post(one.posting)}; charge: {one.cover_id or 'level above'}", markup=False
            )
        many = await count_staff(env, _EVERYWHERE, wanted)
    out.print(f"apuni: {many} officers, {len(vacant)} vacant posts")


async def run_transfer(
    settings: Settings, who: str, successor: str | None, cover: str | None, postings: tuple[Posting, ...]
) -> None:
    """Transfer an officer and report what moved. Raises NotThere, NotMoved."""
    async with open_runtime(settings) as house:
        env = house.environment
        request = TransferOfficer(
            officer_id=await _officer(env, who),
            idempotency_key=env.ids.key(),
            successor_id=await _optional_officer(env, successor),
            cover_id=await _optional_officer(env, cover),
            postings=postings,
        )
        try:
            (done, moved), _ = await transfer_officer(env, command_subject(), request)
        except Problems as refused:
            raise _line(refused) from None
    out.print(f"apuni: left {len(done.left)} posts, took {len(done.taken)}; {_moved_summary(moved)}", markup=False)


async def run_leave(settings: Settings, who: str, first: date, last: date, substitute: str | None) -> None:
    """Record a leave and report what moved already. Raises NotThere, NotMoved."""
    async with open_runtime(settings) as house:
        env = house.environment
        officer, named = await _officer(env, who), await _optional_officer(env, substitute)
        try:
            (entry, moved), _ = await record_leave(
                env, command_subject(), RecordLeave(officer, first, last, env.ids.key(), named)
            )
        except Problems as refused:
            raise _line(refused) from None
    out.print(f"apuni: leave {entry.id} is recorded; {_moved_summary(moved)}", markup=False)


async def run_cancel_leave(settings: Settings, leave_id: str) -> None:
    """Cancel a leave. Raises NotMoved."""
    async with open_runtime(settings) as house:
        env = house.environment
        try:
            await cancel_leave(env, command_subject(), CancelLeave(leave_id, env.ids.key()))
        except Problems as refused:
            raise _line(refused) from None
    out.print(f"apuni: leave {leave_id} is cancelled", markup=False)


async def run_add_account(settings: Settings, who: str, email: str) -> None:
    """Let an officer sign in with a further official address. Raises NotThere, NotMoved."""
    async with open_runtime(settings) as house:
        env = house.environment
        try:
            await add_account(env, command_subject(), await _officer(env, who), email)
        except Problems as refused:
            raise _line(refused) from None
    out.print("apuni: the account is added", markup=False)


async def run_remove_account(settings: Settings, who: str, email: str) -> None:
    """Strike such an address off. Raises NotThere, NotMoved."""
    async with open_runtime(settings) as house:
        env = house.environment
        try:
            ended = await remove_account(env, command_subject(), await _officer(env, who), email)
        except Problems as refused:
            raise _line(refused) from None
    out.print(f"apuni: the account is removed; {ended} sessions ended", markup=False)


def posting_of(text: str) -> Posting:
    """A post as it is typed; raises BadPost."""
    parts = text.split(":")
    try:
        role, level, department, district, tehsil = [*parts, *[""] * (5 - len(parts))]
        posted_at = OfficerLevel(level) if level else None
        return Posting(Role(role), department or None, district or None, tehsil or None, posted_at)
    except ValueError:
        raise BadPost(f"{text}: a post is ROLE:LEVEL:DEPARTMENT:DISTRICT:TEHSIL") from None


async def _tell_officer(env: Environment, officer: Officer) -> None:
    posts = ", ".join(_post(one) for one in officer.postings)
    out.print(f"{officer.id} {officer.email} {officer.name.en}: {posts}", markup=False)
    today = ist_date(env.clock.now())
    async with env.store.read_transaction() as tx:
        taken = await leave.page(tx, officer.id, limit=_PAGE)
        further = (await officer_accounts.of_officers(tx, [officer.id])).get(officer.id, [])
    for email in further:
        out.print(f"  signs in as {email} too", markup=False)
    for one in taken:
        if one.state_on(today) in (LeaveState.PLANNED, LeaveState.RUNNING):
            out.print(f"  {_leave(one, today)}", markup=False)


def _leave(one: Leave, today: date) -> str:
    stand_in = one.substitute_id or "level above"
    return f"leave {one.id} {one.state_on(today).value} {one.from_on} to {one.until_on}, stands in: {stand_in}"


def _post(posting: Posting) -> str:
    parts = (posting.role, posting.level, posting.department, posting.district, posting.tehsil)
    return ":".join(part or "" for part in parts)


def _moved_summary(moved: Moved) -> str:
    return f"{moved.cases} cases and {moved.appeals} appeals went to others"


def _line(refused: Problems) -> NotMoved:
    first = refused.problems[0]
    return NotMoved(f"{first.path[-1] if first.path else 'it'}: {message(first.code, Language.EN, first.params)}")


async def _optional_officer(env: Environment, who: str | None) -> str | None:
    return None if who is None else await _officer(env, who)


async def _officer(env: Environment, who: str) -> str:
    """The officer with an id or e-mail address. Raises NotThere."""
    async with env.store.read_transaction() as tx:
        found = (await people.officers(tx, [who])).get(who) or await officer_accounts.officer_of(tx, who)
    if found is None:
        raise NotThere(f"the officer {who}")
    return found.id
