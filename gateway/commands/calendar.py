"""The command `apuni calendar`: imports a file of holidays, or shows what it would change."""

import asyncio
import csv
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from actions.catalogue.calendar_import import Imported, Row, import_calendar
from domain.appeals.law import LAW
from domain.kernel import Problems
from gateway.commands.opening import account, open_storage, why_unread
from gateway.settings.settings import Settings, read_settings

group = typer.Typer(no_args_is_help=True)


@group.command("import")
def calendar_import(
    file: Annotated[Path, typer.Argument(help="CSV with the columns date,name_hi,name_en,district")],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
) -> None:
    """Take over the holidays of the years in the file; due dates that are set already stay as they are."""
    if not asyncio.run(run_import(read_settings(), file, dry_run=dry_run)):
        raise typer.Exit(1)


@group.command("list-periods")
def calendar_periods() -> None:
    """Show every legal period with its section, and whether it was read in the gazette."""
    for line in lines_of_law(read_settings()):
        typer.echo(line)


_FAULTS = {
    "NO_ROWS": "the file has no rows",
    "TOO_MANY_ROWS": "the file has too many rows",
    "COLUMNS": "the columns must be date,name_hi,name_en,district",
    "DATE": "the date must be YYYY-MM-DD",
    "NAME": "the English name is missing",
    "DISTRICT": "there is no such district",
    "TWICE": "the day is there twice for the same place",
    "WHOLLY_PAST": "the whole calendar lies in the past",
}


async def run_import(settings: Settings, file: Path, *, dry_run: bool) -> bool:
    """Import a file and report what changed; False where it was refused, with one line for each fault on stderr."""
    try:
        given = read_rows(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        typer.echo(f"apuni: the file {file} cannot be read ({why_unread(error)})", err=True)
        return False
    async with open_storage(settings) as rooms:
        try:
            imported = await import_calendar(rooms.store, given, dry_run=dry_run, by=account())
        except Problems as refused:
            for problem in refused.problems:
                fault = _FAULTS.get(problem.params.get("fault", ""), "it is not correct")
                typer.echo(f"apuni: {file}, line {problem.params.get('row', '?')}: {fault}", err=True)
            return False
    for line in lines_of(imported, dry_run=dry_run):
        typer.echo(line)
    return True


def read_rows(file: Path) -> list[Row]:
    """The rows of a CSV file with a heading, in UTF-8 with or without a mark."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def lines_of(imported: Imported, *, dry_run: bool) -> list[str]:
    """What an import did, for a person."""
    signs = (("+", imported.added), ("-", imported.removed))
    days = [
        f"{sign} {holiday.day} {holiday.district or 'all districts'} {holiday.name.en}"
        for sign, holidays in signs
        for holiday in holidays
    ]
    done = "would become" if dry_run else "is now"
    last = f"the calendar {done} {imported.version}; due dates that are set already stay as they are"
    return [*days, last]


def lines_of_law(settings: Settings) -> list[str]:
    """Every period or amount of the law as this installation goes by it."""
    held = LAW.with_values(settings.law)
    periods = ((part.name, getattr(held, part.name)) for part in fields(held))
    return [
        f"{name} = {period.value}  {period.section}{'' if period.confirmed else '  (not confirmed)'}"
        for name, period in periods
    ]
