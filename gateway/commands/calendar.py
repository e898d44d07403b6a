"""The commands of `apuni calendar`: holidays, and the periods of the law."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from actions.catalogue.calendar_import import import_calendar
from actions.kernel import Environment
from domain.appeals.law import LAW
from domain.kernel import Problem
from gateway.commands.kernel import CommandGroup, account, problems_as_lines, read_csv
from gateway.settings.settings import read_settings

group = CommandGroup()
"""Holidays that due dates are counted by, and the periods of the law."""

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


@group.storage_command("import")
async def import_holidays(
    env: Environment,
    file: Annotated[Path, typer.Argument(help="CSV with the columns date,name_hi,name_en,district")],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
) -> None:
    """Import the holidays of the years in the file; due dates that are already set do not change."""

    def line_of(problem: Problem) -> str:
        return f"{file}, line {problem.params['row']}: {_FAULTS.get(problem.params['fault'], 'it is not correct')}"

    with problems_as_lines(line_of):
        imported = await import_calendar(env.store, read_csv(file), dry_run=dry_run, by=account())
    for sign, holidays in (("+", imported.added), ("-", imported.removed)):
        for holiday in holidays:
            typer.echo(f"{sign} {holiday.day} {holiday.district or 'all districts'} {holiday.name.en}")
    done = "would become" if dry_run else "is now"
    typer.echo(f"the calendar {done} {imported.version}; due dates that are set already stay as they are")


@group.command("list-periods")
def list_periods() -> None:
    """List every legal period with its section, and whether it was confirmed in the gazette."""
    law = LAW.with_values(read_settings().law)
    for name, period in ((part.name, getattr(law, part.name)) for part in fields(law)):
        typer.echo(f"{name} = {period.value}  {period.section}{'' if period.confirmed else '  (not confirmed)'}")
