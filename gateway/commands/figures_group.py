"""The command `apuni figures`; what it needs is imported when it runs."""

import asyncio

import typer

figures = typer.Typer(name="figures", no_args_is_help=True, help="The counters behind statistics and dashboards.")


@figures.callback()
def _group() -> None:
    """Keep a group that has one command a group."""


@figures.command("rebuild")
def figures_rebuild() -> None:
    """Count every application and grievance anew, beside the figures that are read; begun again, it goes on."""
    from gateway.commands.counting import run_rebuild
    from gateway.settings import read_settings

    typer.echo(f"{asyncio.run(run_rebuild(read_settings()))} sums counted anew")
