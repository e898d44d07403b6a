"""`apuni forms import|check`: takes form files over, or judges them; a wrong file is told and the rest goes on."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

forms = typer.Typer(name="forms", no_args_is_help=True, help="The forms that services are applied for with.")

_FOLDER = Annotated[Path | None, typer.Argument(help="the folder of the files; left out, the forms of this release")]


@forms.command("import")
def forms_import(
    folder: _FOLDER = None, dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False
) -> None:
    """Take the forms of a folder over; applications keep the version that they were filed under."""
    from gateway.commands.forms import run_import
    from gateway.settings import read_settings

    if not asyncio.run(run_import(read_settings(), folder, dry_run=dry_run)):
        raise typer.Exit(1)


@forms.command("check")
def forms_check(folder: _FOLDER = None) -> None:
    """Judge the forms of a folder without a store; the exit status is 1 where one is refused."""
    from gateway.commands.forms import run_check

    if not run_check(folder):
        raise typer.Exit(1)
