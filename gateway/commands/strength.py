"""The commands of `apuni strength`."""

from pathlib import Path
from typing import Annotated

import typer

from actions.catalogue.strengths_import import import_strengths
from actions.kernel import Environment
from domain.kernel import Problem
from gateway.commands.kernel import CommandGroup, account, out, problems_as_lines, read_csv

group = CommandGroup()
"""The strength of sign-in that services require."""


@group.storage_command("import")
async def import_strength_file(
    env: Environment,
    file: Annotated[Path, typer.Argument(help="CSV: service_code,own,assisted; LOW, SUBSTANTIAL or HIGH")],
) -> None:
    """Replace the strengths that services require; the default is SUBSTANTIAL for oneself, LOW at a centre."""

    def line_of(problem: Problem) -> str:
        fault = "the service is unknown or there twice, or a strength is not LOW, SUBSTANTIAL or HIGH"
        return f"{file}, line {problem.params['row']}: {fault}"

    with problems_as_lines(line_of):
        many = await import_strengths(env.store, read_csv(file), by=account())
    out.print(f"apuni: {many} services ask for something of their own")
