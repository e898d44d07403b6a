"""The commands `apuni officer`; what they need is imported when they run."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

officer = typer.Typer(name="officer", no_args_is_help=True, help="Officers: who is posted where, leave and transfers.")

_WHO = Annotated[str, typer.Argument(help="the officer's id or e-mail address")]
_DAY = ["%Y-%m-%d"]


@officer.command("list")
def officer_list(
    department: Annotated[str | None, typer.Option(help="only this department, by its slug")] = None,
    district: Annotated[str | None, typer.Option(help="only this district, by its code")] = None,
) -> None:
    """List officers with their posts and leave, then the posts that are vacant."""
    from gateway.commands.staff import run_list
    from gateway.settings import read_settings

    asyncio.run(run_list(read_settings(), department, district))


@officer.command("transfer")
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
    from gateway.commands.staff import BadPost, posting_of, run_transfer
    from gateway.settings import read_settings

    try:
        postings = tuple(posting_of(one) for one in post or ())
    except BadPost as bad:
        raise typer.BadParameter(str(bad), param_hint="--post") from None
    asyncio.run(run_transfer(read_settings(), who, successor, cover, postings))


@officer.command("leave")
def officer_leave(
    who: _WHO,
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="the first day")],
    last: Annotated[datetime, typer.Option("--until", formats=_DAY, help="the last day")],
    substitute: Annotated[str | None, typer.Option(help="who stands in; without one the level above")] = None,
) -> None:
    """Record a leave; open cases move on its first day and come back after its last."""
    from gateway.commands.staff import run_leave
    from gateway.settings import read_settings

    asyncio.run(run_leave(read_settings(), who, first.date(), last.date(), substitute))


@officer.command("cancel-leave")
def officer_cancel_leave(leave: Annotated[str, typer.Argument(help="the leave's id, as `list` shows it")]) -> None:
    """Cancel a leave that is planned or running; what had moved comes back at once."""
    from gateway.commands.staff import run_cancel_leave
    from gateway.settings import read_settings

    asyncio.run(run_cancel_leave(read_settings(), leave))


@officer.command("add-account")
def officer_add_account(
    who: _WHO, email: Annotated[str, typer.Argument(help="the further official address, as Parichay gives it")]
) -> None:
    """Let an officer sign in with a further official address, as of an additional charge."""
    from gateway.commands.staff import run_add_account
    from gateway.settings import read_settings

    asyncio.run(run_add_account(read_settings(), who, email))


@officer.command("remove-account")
def officer_remove_account(
    who: _WHO, email: Annotated[str, typer.Argument(help="the further official address")]
) -> None:
    """Strike a further address off; all sessions of the officer end."""
    from gateway.commands.staff import run_remove_account
    from gateway.settings import read_settings

    asyncio.run(run_remove_account(read_settings(), who, email))
