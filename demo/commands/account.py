"""The commands of `apuni account`: further sign-in addresses of officers, which no second administrator confirms."""

from typing import Annotated

import typer

from actions.kernel import Environment
from demo.officer_accounts import add_account, remove_account
from gateway.commands.kernel import CommandGroup, command_subject, line_of, out, problems_as_lines
from gateway.commands.officer import Who, officer_id_of

group = CommandGroup()
"""Further sign-in addresses of officers, as for an additional charge; in the demo alone."""

_Email = Annotated[str, typer.Argument(help="the further official address, as Parichay gives it")]


@group.runtime_command("add")
async def add_address(env: Environment, who: Who, email: _Email) -> None:
    """Allow an officer to sign in with a further official address."""
    with problems_as_lines(line_of):
        await add_account(env, command_subject(), await officer_id_of(env, who), email)
    out.print("apuni: the account is added")


@group.runtime_command("remove")
async def remove_address(env: Environment, who: Who, email: _Email) -> None:
    """Remove a further address; all sessions of the officer end."""
    with problems_as_lines(line_of):
        ended = await remove_account(env, command_subject(), await officer_id_of(env, who), email)
    out.print(f"apuni: the account is removed; {ended} sessions ended")
