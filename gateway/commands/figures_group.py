"""The command `apuni figures`; what it needs is imported when it runs."""

import asyncio

import typer

figures = typer.Typer(name="figures", no_args_is_help=True, help="The counters behind statistics and dashboards.")


@figures.callback()
def _group() -> None:
    """Keep a group that has one command a group."""


@figures.command("rebuild")
def figures_rebuild() -> None:
    """Count every application and grievance anew; what would count waits meanwhile, so do it at a quiet hour."""
    from actions.figure_upkeep import rebuild
    from gateway.commands.accounts import account
    from gateway.commands.opening import open_rooms
    from gateway.settings import read_settings

    async def run() -> int:
        async with open_rooms(read_settings()) as rooms:
            return await rebuild(rooms.store, account())

    typer.echo(f"{asyncio.run(run())} sums counted anew")
