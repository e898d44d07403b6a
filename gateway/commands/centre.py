"""The commands `apuni centre` and `apuni strength`: import files, and report each error with its line."""

import asyncio
import csv
from pathlib import Path
from typing import Annotated

import typer

from actions.catalogue.centres import Imported, import_centres
from actions.catalogue.strengths_import import import_strengths
from domain.catalogue.centres import CentreKind
from domain.kernel import Problems, SystemIds
from gateway.commands.calendar import read_rows
from gateway.commands.opening import account, open_storage, out, why_unread
from gateway.settings.settings import Settings, read_settings
from store.catalogue import centres

group = typer.Typer(no_args_is_help=True)
strength_group = typer.Typer(no_args_is_help=True)


@group.command("import")
def centre_import(
    file: Annotated[
        Path, typer.Argument(help="CSV: code,kind,name_hi,name_en,district,tehsil,open; for camps opens_on,closes_on")
    ],
    operators: Annotated[Path | None, typer.Option(help="CSV: code,name_hi,name_en,centre,email")] = None,
    dry_run: Annotated[bool, typer.Option(help="only check the files")] = False,
) -> None:
    """Enter centres and their operators, or bring them up to date; what the files do not name stays."""
    if not asyncio.run(run_import(read_settings(), file, operators, dry_run=dry_run)):
        raise typer.Exit(1)


@group.command("list")
def centre_list(
    kind: Annotated[str | None, typer.Option(help="CSC, E_DISTRICT, SCHOOL or CAMP")] = None,
    district: Annotated[str | None, typer.Option(help="only this district, by its code")] = None,
) -> None:
    """List the register with the number of operators of each centre."""
    try:
        wanted = CentreKind(kind) if kind else None
    except ValueError:
        raise typer.BadParameter(", ".join(CentreKind), param_hint="--kind") from None
    asyncio.run(run_list(read_settings(), wanted, district))


@strength_group.command("import")
def strength_import(
    file: Annotated[Path, typer.Argument(help="CSV: service_code,own,assisted; LOW, SUBSTANTIAL or HIGH")],
) -> None:
    """Replace what services ask for beside the usual: SUBSTANTIAL of oneself, LOW of a consent at a centre."""
    if not asyncio.run(run_strengths(read_settings(), file)):
        raise typer.Exit(1)


_PAGE = 500
_FAULTS = {
    "TOO_MANY_ROWS": "the file has too many rows",
    "COLUMNS": "a column is missing",
    "NAME": "the code or the English name is missing",
    "KIND": "the kind must be CSC, E_DISTRICT, SCHOOL or CAMP",
    "DAYS": "a camp needs opens_on and closes_on as YYYY-MM-DD, in this order; other centres have no days",
    "DISTRICT": "there is no such district",
    "TEHSIL": "there is no such tehsil in the district",
    "OPEN": "open must be yes or no",
    "TWICE": "the code or address is there twice",
    "CENTRE": "there is no such centre in the register or the file",
    "EMAIL": "one of e-District, a school or a camp needs an address of his own, no officer's; one of CSC has none",
}


async def run_import(settings: Settings, file: Path, operators: Path | None, *, dry_run: bool) -> bool:
    """Import the files and report how much there was; False where they were refused, with a line for each fault."""
    given, staff = _read(file), [] if operators is None else _read(operators)
    if given is None or staff is None:
        return False
    async with open_storage(settings) as rooms:
        try:
            done = await import_centres(
                rooms.store, SystemIds(rooms.clock), given, staff, dry_run=dry_run, by=account()
            )
        except Problems as refused:
            for problem in refused.problems:
                named = operators if problem.params["file"] == "operators" else file
                fault = _FAULTS.get(problem.params["fault"], "it is not correct")
                typer.echo(f"apuni: {named}, line {problem.params['row']}: {fault}", err=True)
            return False
    out.print(_import_summary(done, dry_run=dry_run), markup=False)
    return True


async def run_list(settings: Settings, kind: CentreKind | None, district: str | None) -> None:
    """Print the register, one centre a line."""
    place: str | None = None
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        while True:
            page = await centres.page(tx, kind=kind, district=district, place=place, backward=False, limit=_PAGE)
            working = await centres.operators_in(tx, [one.code for one in page])
            for one in page:
                state = "open" if one.open else "closed"
                where = f"{one.district}:{one.tehsil or ''}"
                out.print(
                    f"{one.code} {one.kind.value} {where} {state} {working.get(one.code, 0)} {one.name.en}",
                    markup=False,
                )
            if len(page) < _PAGE:
                return
            place = page[-1].code


async def run_strengths(settings: Settings, file: Path) -> bool:
    """Import a file of strengths; False where it was refused, with a line for each fault."""
    given = _read(file)
    if given is None:
        return False
    async with open_storage(settings) as rooms:
        try:
            many = await import_strengths(rooms.store, given, by=account())
        except Problems as refused:
            for problem in refused.problems:
                fault = "the service is unknown or there twice, or a strength is not LOW, SUBSTANTIAL or HIGH"
                typer.echo(f"apuni: {file}, line {problem.params['row']}: {fault}", err=True)
            return False
    out.print(f"apuni: {many} services ask for something of their own", markup=False)
    return True


def _read(file: Path) -> list[dict[str, str | None]] | None:
    try:
        return [dict(row) for row in read_rows(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        typer.echo(f"apuni: the file {file} cannot be read ({why_unread(error)})", err=True)
        return None


def _import_summary(done: Imported, *, dry_run: bool) -> str:
    words = "would be entered or brought up to date" if dry_run else "are entered or up to date"
    return f"apuni: {done.centres} centres and {done.operators} operators {words}"
