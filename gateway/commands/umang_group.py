"""The command `apuni umang`; what it needs is imported when it runs."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

umang = typer.Typer(name="umang", no_args_is_help=True, help="What UMANG asked at its door.")


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
