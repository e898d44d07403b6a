"""The command `apuni import-applications`; what it needs is imported when it runs."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

legacy = typer.Typer()


@legacy.command("import-applications")
def import_applications(
    file: Annotated[
        Path | None, typer.Argument(help="the old applications, as JSON Lines or, by its name, .csv (docs/import.md)")
    ] = None,
    certificates: Annotated[
        Path | None, typer.Option(help="the folder, or the tar file, in which the PDFs of certificates lie")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(help="where to list the rows that are left out; .csv or .jsonl, by itself FILE.rejects.csv"),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="write nothing but the list of rows that would be left out")] = False,
    twelve_digit_numbers: Annotated[
        bool, typer.Option(help="old numbers have twelve digits, and are not taken for Aadhaar numbers")
    ] = False,
    start_clock: Annotated[
        bool, typer.Option("--start-clock", help="let the legal clocks of what was imported go, instead of importing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="tell the summary as JSON")] = False,
) -> None:
    """Take over the applications of a former system, with their history and certificates.

    It may be cut off at any time and begun again: it goes on behind the last batch. Run again over the same file it
    skips what is there. The exit status is 1 where nothing could be imported, and 2 where rows were left out.
    """
    from gateway.commands.legacy import Handed, NotImported, run_import, run_start_clock
    from gateway.settings import read_settings

    if start_clock:
        if file is not None:
            raise typer.BadParameter("no file goes with --start-clock", param_hint="FILE")
        asyncio.run(run_start_clock(read_settings(), dry_run=dry_run, as_json=as_json))
        return
    if file is None:
        raise typer.BadParameter("name the file of old applications", param_hint="FILE")
    listed = rejects or file.with_name(f"{file.name}.rejects.csv")
    handed = Handed(file, certificates, listed, dry_run=dry_run, twelve_digit_numbers=twelve_digit_numbers)
    try:
        whole = asyncio.run(run_import(read_settings(), handed, as_json=as_json))
    except NotImported as refused:
        typer.echo(f"apuni: {refused}", err=True)
        raise typer.Exit(1) from None
    if not whole:
        raise typer.Exit(2)
