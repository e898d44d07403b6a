"""The commands `apuni centre` and `apuni strength`; what they need is imported when they run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

centre = typer.Typer(
    name="centre", no_args_is_help=True, help="Centres of CSC and e-District, schools, camps, and who works there."
)
strength = typer.Typer(
    name="strength", no_args_is_help=True, help="How sure of an applicant's identity services ask us to be."
)


@centre.command("import")
def centre_import(
    file: Annotated[
        Path, typer.Argument(help="CSV: code,kind,name_hi,name_en,district,tehsil,open; for camps opens_on,closes_on")
    ],
    operators: Annotated[Path | None, typer.Option(help="CSV: code,name_hi,name_en,centre,email")] = None,
    dry_run: Annotated[bool, typer.Option(help="only check the files")] = False,
) -> None:
    """Enter centres and their operators, or bring them up to date; what the files do not name stays."""
    from gateway.commands.centres import run_import
    from gateway.settings import read_settings

    if not asyncio.run(run_import(read_settings(), file, operators, dry_run=dry_run)):
        raise typer.Exit(1)


@centre.command("list")
def centre_list(
    kind: Annotated[str | None, typer.Option(help="CSC, E_DISTRICT, SCHOOL or CAMP")] = None,
    district: Annotated[str | None, typer.Option(help="only this district, by its code")] = None,
) -> None:
    """List the register with the number of operators of each centre."""
    from domain.centres import CentreKind
    from gateway.commands.centres import run_list
    from gateway.settings import read_settings

    try:
        wanted = CentreKind(kind) if kind else None
    except ValueError:
        raise typer.BadParameter(", ".join(CentreKind), param_hint="--kind") from None
    asyncio.run(run_list(read_settings(), wanted, district))


@strength.command("import")
def strength_import(
    file: Annotated[Path, typer.Argument(help="CSV: service_code,own,assisted; LOW, SUBSTANTIAL or HIGH")],
) -> None:
    """Replace what services ask for beside the usual: SUBSTANTIAL of oneself, LOW of a consent at a centre."""
    from gateway.commands.centres import run_strengths
    from gateway.settings import read_settings

    if not asyncio.run(run_strengths(read_settings(), file)):
        raise typer.Exit(1)
