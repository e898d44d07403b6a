"""The commands of `apuni centre`: import files, and report each error with its line."""

from pathlib import Path
from typing import Annotated

import typer

from actions.identity.centres_import import import_centres
from actions.kernel import Environment
from domain.catalogue.centres import CentreKind
from domain.kernel import Problem
from gateway.commands.kernel import CommandGroup, command_subject, out, problems_as_lines, read_csv
from store.catalogue import centres

group = CommandGroup()
"""Centres of CSC and e-District, schools and camps, and their operators."""

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


@group.storage_command("import")
async def import_register(
    env: Environment,
    file: Annotated[
        Path, typer.Argument(help="CSV: code,kind,name_hi,name_en,district,tehsil,open; for camps opens_on,closes_on")
    ],
    operators: Annotated[Path | None, typer.Option(help="CSV: code,name_hi,name_en,centre,email")] = None,
    dry_run: Annotated[bool, typer.Option(help="only check the files")] = False,
) -> None:
    """Add or update centres and their operators; what the files do not name does not change."""

    def line_of(problem: Problem) -> str:
        named = operators if problem.params["file"] == "operators" else file
        fault = _FAULTS.get(problem.params["fault"], "it is not correct")
        return f"{named}, line {problem.params['row']}: {fault}"

    given, staff = read_csv(file), read_csv(operators) if operators else []
    with problems_as_lines(line_of):
        done = await import_centres(env, given, staff, dry_run=dry_run, by=command_subject())
    words = "would be entered or brought up to date" if dry_run else "are entered or up to date"
    out.print(f"apuni: {done.centres} centres and {done.operators} operators {words}")


@group.storage_command("list")
async def list_register(
    env: Environment,
    kind: Annotated[CentreKind | None, typer.Option(help="only centres of this kind")] = None,
    district: Annotated[str | None, typer.Option(help="only this district, by its code")] = None,
) -> None:
    """List the centres with the number of operators of each."""
    listed, place = centres.register(kind, district), None
    async with env.store.read_transaction() as tx:
        while True:
            page = await listed.page(tx, place=place, limit=_PAGE)
            working = await centres.operators_in(tx, [one.code for one in page])
            for one in page:
                state, where = "open" if one.open else "closed", f"{one.district}:{one.tehsil or ''}"
                out.print(f"{one.code} {one.kind.value} {where} {state} {working.get(one.code, 0)} {one.name.en}")
            if len(page) < _PAGE:
                return
            place = (page[-1].code,)
