"""The command `apuni consents`; what it needs is imported when it runs."""

import asyncio

import typer

consents = typer.Typer(name="consents", no_args_is_help=True, help="The ledger of consents.")


@consents.callback()
def _group() -> None:
    """Keep a group that has one command a group."""


@consents.command("prune")
def consents_prune() -> None:
    """Delete the records of consents that ended seven years ago, as the worker does once a day."""
    from actions.consent_retention import delete_old_consents
    from gateway.commands.accounts import commanding
    from gateway.composition import open_house
    from gateway.settings import read_settings

    async def run() -> int:
        async with open_house(read_settings()) as house:
            return await delete_old_consents(house.environment, commanding())

    typer.echo(f"records of {asyncio.run(run())} consents deleted")
