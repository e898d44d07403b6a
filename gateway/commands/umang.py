"""The command `apuni umang`: compares UMANG's counts with the gateway's own."""

import asyncio
import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from actions.umang.umang_compare import compare
from domain.kernel import ist_date
from gateway.commands.opening import open_storage, out, print_table
from gateway.settings.settings import Settings, read_settings

group = typer.Typer(no_args_is_help=True)


@group.command("compare")
def umang_compare(
    day: Annotated[str | None, typer.Option(help="the day in India, YYYY-MM-DD; yesterday where left out")] = None,
    theirs: Annotated[
        Path | None, typer.Option(help="CSV with the columns srvid,count: the accepted calls that UMANG counted")
    ] = None,
) -> None:
    """Compare a day's calls of applyService with the applications they led to; exit status 1 where they differ."""
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


class NotACount(ValueError):
    """A file that does not hold counts by service."""


async def run_compare(settings: Settings, day: date | None, theirs: Path | None) -> int:
    """Compare, print, and give how many differences there are. Raises NotACount, NotUp."""
    counted = None if theirs is None else read_counts(theirs)
    async with open_storage(settings) as rooms:
        wanted = day or ist_date(rooms.clock.now()) - timedelta(days=1)
        found = await compare(rooms.store, wanted, counted)
    table = Table("srvid", "accepted", "created", "UMANG counted", "differences", title=f"UMANG, {wanted.isoformat()}")
    for one in found:
        told = "" if one.theirs is None else str(one.theirs)
        table.add_row(one.srvid, str(one.accepted), str(one.created), told, "\n".join(one.differences))
    print_table(table)
    if not found:
        out.print("no calls of applyService on that day")
    return sum(len(one.differences) for one in found)


def read_counts(path: Path) -> dict[str, int]:
    """Read the columns srvid and count. Raises NotACount."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["srvid"].strip(): int(row["count"]) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise NotACount("a CSV with the columns srvid,count") from None
