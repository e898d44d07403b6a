"""The commands of `apuni consents`."""

import typer

from actions.consents.retention import delete_old_consents
from actions.kernel import Environment
from gateway.commands.kernel import CommandGroup, command_subject

group = CommandGroup()
"""The ledger of consents."""


@group.runtime_command("prune")
async def prune_consents(env: Environment) -> None:
    """Delete the records of consents that ended seven years ago, as the worker does once a day."""
    typer.echo(f"records of {await delete_old_consents(env, command_subject())} consents deleted")
