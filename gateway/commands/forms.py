"""The commands of `apuni forms`: import or check form files; a refused file is reported and the rest continues."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from actions.catalogue.form_import import RefusedFile, examine, import_forms
from actions.kernel import Environment
from domain.kernel import CommandFailed
from gateway.commands.kernel import CommandGroup, account, readable
from gateway.settings.settings import read_settings
from states.packages import form_files

group = CommandGroup()
"""The application forms of services."""

_Folder = Annotated[
    Path | None, typer.Argument(show_default=False, help="the folder of the files; without it, that of APUNI_STATE")
]


@group.storage_command("import")
async def import_folder(
    env: Environment,
    folder: _Folder = None,
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
) -> None:
    """Import the forms of a folder; applications keep the version that they were filed under."""
    imported = await import_forms(env.store, _files(folder), dry_run=dry_run, by=account())
    for sign, names in (("+", imported.added), ("~", imported.changed), ("-", imported.withdrawn)):
        for name in names:
            typer.echo(f"{sign} {name}")
    for slug in imported.elsewhere:
        typer.echo(f"? {slug}: the catalogue has no such service")
    many, done = len(imported.added) + len(imported.changed), "would be taken over" if dry_run else "taken over"
    typer.echo(f"{many} forms {done}, {len(imported.unchanged)} unchanged, {len(imported.refused)} refused")
    _raise_refused(imported.refused)


@group.command("check")
def check_folder(folder: _Folder = None) -> None:
    """Check the forms of a folder without a store; the exit status is 1 where one is refused."""
    examined = examine(_files(folder))
    for form in examined.forms:
        typer.echo(f"{form.name} {form.version[:12]} {len(form.by_name)} questions")
    _raise_refused(examined.refused_files)


def _files(folder: Path | None) -> dict[str, bytes]:
    folder = folder or read_settings().package.folder / "forms"
    with readable(folder, "folder"):
        files = form_files(folder)
    if not files:
        raise CommandFailed(f"the folder {folder} holds no form files")
    return files


def _raise_refused(refused: Iterable[RefusedFile]) -> None:
    lines = [
        f"{one.file} is refused: {one.reason.value} at /{one.place}{f': {one.keyword}' if one.keyword else ''}"
        for one in refused
    ]
    if lines:
        raise CommandFailed(*lines)
