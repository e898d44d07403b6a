"""The commands of `apuni calendar`: holidays, and the periods of the law."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from actions.appeals.due_dates import recount_due_dates
from actions.catalogue.calendar_import import COLUMNS, import_calendar
from actions.kernel import Environment
from domain.applications.deadline import ListState
from domain.applications.holidays import Holiday, HolidayKind, list_states
from domain.kernel import Problem
from gateway.commands.kernel import CommandGroup, account, out, print_json, print_table, problems_as_lines, read_csv
from gateway.settings.settings import read_settings
from store.catalogue import calendar

group = CommandGroup()
"""Holidays that due dates are counted by, and the periods of the law."""

_FAULTS = {
    "NO_ROWS": "the file has no rows",
    "TOO_MANY_ROWS": "the file has too many rows",
    "COLUMNS": f"the columns must be {','.join(COLUMNS)}",
    "DATE": "the date must be YYYY-MM-DD",
    "NAME": "the English name is missing",
    "KIND": "the kind must be general, six_day, added, fixed, or district: with the code of the district",
    "DISTRICT": "there is no such district",
    "SOURCE": "a verified day must name its source",
    "VERIFIED": "verified must be yes or no",
    "TWICE": "the day is there twice for the same place",
    "WHOLLY_PAST": "the whole calendar lies in the past",
}


@group.storage_command("import")
async def import_holidays(
    env: Environment,
    file: Annotated[Path, typer.Argument(help=f"CSV with the columns {','.join(COLUMNS)}")],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
) -> None:
    """Import the holidays of the years in the file, and count open applications anew: no date is moved later."""

    def line_of(problem: Problem) -> str:
        return f"{file}, line {problem.params['row']}: {_FAULTS.get(problem.params['fault'], 'it is not correct')}"

    with problems_as_lines(line_of):
        imported = await import_calendar(env.store, read_csv(file), dry_run=dry_run, by=account())
    for sign, holidays in (("+", imported.added), ("-", imported.removed)):
        for holiday in holidays:
            typer.echo(f"{sign} {holiday.day} {holiday.district or 'all districts'} {holiday.name.en}")
    done = "would become" if dry_run else "is now"
    typer.echo(f"the calendar {done} {imported.version}")
    if not dry_run:
        counted = await recount_due_dates(env, tell=lambda so_far: typer.echo(f"{so_far} open applications ..."))
        typer.echo(f"{counted} open applications were counted anew; no date that was shown is later than before")
    for year, state in imported.in_doubt.items():
        typer.echo(f"apuni: {doubt_line(year, state)}", err=True)


@group.storage_command("list")
async def list_holidays(
    env: Environment,
    year: Annotated[int | None, typer.Option(help="of this year only")] = None,
    district: Annotated[str | None, typer.Option(help="that bind the offices of this district (its code)")] = None,
    kind: Annotated[HolidayKind | None, typer.Option(case_sensitive=False, help="of this kind only")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, with Hindi names and sources")] = False,
) -> None:
    """List the holidays that due dates are counted by, with kind and whether each was verified."""
    async with env.store.read_transaction() as tx:
        version = await calendar.latest_version(tx)
        found = [] if version is None else await calendar.holidays(tx, version)
    states = {one: state for one, state in list_states(found).items() if year in (None, one)}
    shown = [
        holiday
        for holiday in found
        if year in (None, holiday.day.year)
        and kind in (None, holiday.kind)
        and (district is None or holiday.district in (None, district))
    ]
    if as_json:
        lists = {str(one): state.value for one, state in states.items()}
        print_json({"version": version, "lists": lists, "holidays": [_as_json(holiday) for holiday in shown]})
        return
    heads = ("day", "", "name", "kind", "district", "verified")
    print_table(heads, (_cells(holiday) for holiday in shown))
    for one, state in states.items():
        out.print(f"apuni: the list of {one}: {state.value}")


def doubt_line(year: int, state: ListState) -> str:
    """What is wrong with the list of a year, for a person."""
    if state is ListState.MISSING:
        return f"the list of holidays of {year} is missing; due dates in {year} may be wrong"
    return f"the list of holidays of {year} is not verified; due dates in {year} may be wrong"


def _as_json(holiday: Holiday) -> dict[str, str | bool | None]:
    return {
        "day": holiday.day.isoformat(),
        "nameEn": holiday.name.en,
        "nameHi": holiday.name.hi,
        "kind": holiday.kind.value,
        "district": holiday.district,
        "source": holiday.source,
        "verified": holiday.verified,
    }


def _cells(holiday: Holiday) -> tuple[str, ...]:
    return (
        holiday.day.isoformat(),
        f"{holiday.day:%a}",
        holiday.name.en or "",
        holiday.kind.value,
        holiday.district or "all",
        "yes" if holiday.verified else "no",
    )


@group.command("list-periods")
def list_periods() -> None:
    """List every legal period with its section, and whether it was confirmed in the gazette."""
    law = read_settings().whole_law
    for name, period in ((part.name, getattr(law, part.name)) for part in fields(law)):
        typer.echo(f"{name} = {period.value}  {period.section}{'' if period.confirmed else '  (not confirmed)'}")
