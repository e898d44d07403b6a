"""The commands `apuni umang` and `apuni partners`; what they need is imported when they run."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

umang = typer.Typer(name="umang", no_args_is_help=True, help="What UMANG asked at its door.")
partners = typer.Typer(name="partners", no_args_is_help=True, help="What partners need to test with our doors.")
_umang_of_partners = typer.Typer(name="umang", no_args_is_help=True, help="For UMANG.")
partners.add_typer(_umang_of_partners)

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "partners" / "umang"


@umang.callback()
def _group() -> None:
    """Keep a group that has one command a group."""


@umang.command("compare")
def umang_compare(
    day: Annotated[str | None, typer.Option(help="the day in India, YYYY-MM-DD; yesterday where left out")] = None,
    theirs: Annotated[
        Path | None, typer.Option(help="CSV with the columns srvid,count: the accepted calls that UMANG counted")
    ] = None,
) -> None:
    """Compare a day's calls of applyService with the applications they led to; exit status 1 where they differ."""
    from gateway.commands.umang import NotACount, run_compare
    from gateway.settings import read_settings

    try:
        wanted = None if day is None else date.fromisoformat(day)
    except ValueError:
        raise typer.BadParameter("YYYY-MM-DD", param_hint="--day") from None
    try:
        differences = asyncio.run(run_compare(read_settings(), wanted, theirs))
    except NotACount as error:
        raise typer.BadParameter(str(error), param_hint="--theirs") from None
    if differences:
        raise typer.Exit(1)


@_umang_of_partners.callback()
def _samples_group() -> None:
    """Keep a group that has one command a group."""


@_umang_of_partners.command("samples")
def umang_samples(
    out: Annotated[Path, typer.Option(help="the folder to write to")] = PAGES,
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail where a file differs")] = False,
) -> None:
    """Write docs/partners/umang: signed sample calls with the octets that our door answers, made by the door itself."""
    from tools.reference.sample_files import make_samples
    from tools.reference.umang_samples import made

    make_samples(made, out, check=check, command="apuni partners umang samples")
