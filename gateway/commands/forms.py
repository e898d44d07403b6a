"""The command `apuni forms`: imports or checks form files; reports an invalid file and continues with the rest."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from actions.catalogue.form_import import FormsImported, RefusedFile, examine, import_forms
from gateway.commands.opening import account, open_storage, why_unread
from gateway.runtime.form_files import FOLDER, form_files
from gateway.settings.settings import Settings, read_settings

group = typer.Typer(no_args_is_help=True)

_FOLDER = Annotated[Path | None, typer.Argument(help="the folder of the files; left out, the forms of this release")]


@group.command("import")
def forms_import(
    folder: _FOLDER = None, dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False
) -> None:
    """Take the forms of a folder over; applications keep the version that they were filed under."""
    if not asyncio.run(run_import(read_settings(), folder, dry_run=dry_run)):
        raise typer.Exit(1)


@group.command("check")
def forms_check(folder: _FOLDER = None) -> None:
    """Judge the forms of a folder without a store; the exit status is 1 where one is refused."""
    if not run_check(folder):
        raise typer.Exit(1)


async def run_import(settings: Settings, folder: Path | None, *, dry_run: bool) -> bool:
    """Import a folder and report what changed; False where a file was refused, which is reported on stderr."""
    files = _read(folder)
    if files is None:
        return False
    async with open_storage(settings) as rooms:
        imported = await import_forms(rooms.store, files, dry_run=dry_run, by=account())
    for line in lines_of(imported, dry_run=dry_run):
        typer.echo(line)
    _tell_refused(imported.refused)
    return not imported.refused


def run_check(folder: Path | None) -> bool:
    """Judge a folder; False where a file is refused."""
    files = _read(folder)
    if files is None:
        return False
    examined = examine(files)
    for form in examined.forms:
        typer.echo(f"{form.name} {form.version[:12]} {len(form.by_name)} questions")
    _tell_refused(examined.refused)
    return not examined.refused


def lines_of(imported: FormsImported, *, dry_run: bool) -> list[str]:
    """What an import did, for a person."""
    signs = (("+", imported.added), ("~", imported.changed), ("-", imported.withdrawn))
    lines = [f"{sign} {name}" for sign, names in signs for name in names]
    lines += [f"? {slug}: the catalogue has no such service" for slug in imported.elsewhere]
    done = "would be taken over" if dry_run else "taken over"
    many = len(imported.added) + len(imported.changed)
    return [*lines, f"{many} forms {done}, {len(imported.unchanged)} unchanged, {len(imported.refused)} refused"]


def _read(folder: Path | None) -> dict[str, bytes] | None:
    where = folder or FOLDER
    try:
        files = form_files(where)
    except OSError as error:
        typer.echo(f"apuni: the folder {where} cannot be read ({why_unread(error)})", err=True)
        return None
    if not files:
        typer.echo(f"apuni: the folder {where} holds no form files", err=True)
        return None
    return files


def _tell_refused(refused: Sequence[RefusedFile]) -> None:
    for one in refused:
        more = f": {one.keyword}" if one.keyword else ""
        typer.echo(f"apuni: {one.file} is refused: {one.reason.value} at /{one.place}{more}", err=True)
