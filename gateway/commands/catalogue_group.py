"""The commands `apuni catalogue`, `apuni doctor` and `apuni quarantine`; what they need is imported when they run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

catalogue = typer.Typer(name="catalogue", no_args_is_help=True, help="The catalogue of services.")
doctor = typer.Typer(name="doctor", no_args_is_help=True, help="What this installation lacks.")

quarantine = typer.Typer(name="quarantine", no_args_is_help=True, help="Files in which a scanner found something.")

_JSON = Annotated[bool, typer.Option("--json", help="tell it as JSON")]


@catalogue.callback()
@doctor.callback()
def _group() -> None:
    """Keep a group that has one command a group."""


@catalogue.command("import")
def catalogue_import(
    source: Annotated[
        str,
        typer.Argument(help="a folder such as catalogue_data/, a JSON file of the portal's shape, or its address"),
    ],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
    as_json: _JSON = False,
    rejects: Annotated[Path | None, typer.Option(help="a CSV file for the rows that are left out")] = None,
) -> None:
    """Take over services; applications keep the rules that they were filed under. All or nothing, and again at will.

    The exit status is 1 where nothing could be imported, and 2 where rows were left out.
    """
    from gateway.commands.catalogue import NotImported, run_import
    from gateway.settings import read_settings

    try:
        whole = asyncio.run(run_import(read_settings(), source, dry_run=dry_run, as_json=as_json, rejects=rejects))
    except NotImported as refused:
        typer.echo(f"apuni: {refused}", err=True)
        raise typer.Exit(1) from None
    if not whole:
        raise typer.Exit(2)


@doctor.command("catalogue")
def doctor_catalogue(as_json: _JSON = False) -> None:
    """List the facts that no source gives: limits, fees, documents, officers and so on, service by service."""
    from gateway.commands.catalogue import run_doctor
    from gateway.settings import read_settings

    asyncio.run(run_doctor(read_settings(), as_json=as_json))


@quarantine.command("list")
def quarantine_list(limit: Annotated[int, typer.Option(min=1, max=1000)] = 50) -> None:
    """List infected files, the newest first."""
    from gateway.commands.quarantine import run_list
    from gateway.settings import read_settings

    asyncio.run(run_list(read_settings(), limit))


@quarantine.command("export")
def quarantine_export(
    file_id: Annotated[str, typer.Argument(help="as `apuni quarantine list` shows it")],
    file: Annotated[Path, typer.Argument(help="a new file to write to, mode 0600")],
) -> None:
    """Write an infected file out, to be examined; it is noted in the audit log."""
    from gateway.commands.quarantine import run_export
    from gateway.settings import read_settings

    try:
        there = asyncio.run(run_export(read_settings(), file_id, file))
    except FileExistsError:
        typer.echo(f"apuni: {file} is there already", err=True)
        raise typer.Exit(1) from None
    if not there:
        typer.echo("apuni: there is no such file in quarantine", err=True)
        raise typer.Exit(1)
