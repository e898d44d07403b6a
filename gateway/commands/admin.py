"""The commands of `apuni admin`."""

from typing import Annotated

import typer

from actions.kernel import Environment
from actions.officers.first_administrators import CreateAdministrator, create_administrator
from actions.officers.recovery import recover_administrator
from domain.kernel import IST
from gateway.commands.kernel import CommandGroup, Reason, command_subject, line_of, out, problems_as_lines
from gateway.commands.officer import Who, officer_id_of, optional_officer_id

group = CommandGroup()
"""Administrators: the first ones, and who replaces one that is lost."""


@group.storage_command("create")
async def create(
    env: Environment,
    name: Annotated[str, typer.Argument(help="the name, in Latin letters")],
    email: Annotated[str, typer.Option(help="the official e-mail address with which the administrator signs in")],
    name_hi: Annotated[str | None, typer.Option(help="the name in the state's script")] = None,
    instead_of: Annotated[str | None, typer.Option(help="the address that was mistyped and is corrected")] = None,
) -> None:
    """Enter the first or second administrator, and print the one-time link that ties the account; again for a new one.

    The link opens the sign-in once, within 48 hours. Every later administrator is ordered and confirmed by two.
    """
    with problems_as_lines(line_of):
        request = CreateAdministrator(name, email, env.ids.key(), name_hi, instead_of)
        made, _ = await create_administrator(env, command_subject(), request)
    out.print(f"apuni: {made.officer_id} is an administrator; until {made.expires_at.astimezone(IST):%Y-%m-%d %H:%M}:")
    out.print(made.link)


@group.runtime_command("recover")
async def recover(
    env: Environment,
    who: Who,
    reason: Reason,
    in_place_of: Annotated[str | None, typer.Option(help="the administrator who is lost: the post ends")] = None,
) -> None:
    """Make an officer the second administrator where there is none, or in place of a lost one; it raises an alarm."""
    with problems_as_lines(line_of):
        officer, lost = await officer_id_of(env, who), await optional_officer_id(env, in_place_of)
        await recover_administrator(env, command_subject(), officer, reason, in_place_of=lost)
    out.print(f"apuni: {officer} is an administrator")
