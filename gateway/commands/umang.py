"""The commands of `apuni umang`: compare UMANG's counts with the gateway's own."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from actions.kernel import Environment
from actions.umang.umang_compare import compare
from domain.kernel import ist_date
from gateway.commands.kernel import CommandGroup, out, parse_day, print_table

group = CommandGroup()
"""The calls that UMANG made to this gateway."""


@group.storage_command("compare")
async def compare_day(
    env: Environment,
    day: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="YYYY-MM-DD", help="a day in India; without it, yesterday")
    ] = None,
    theirs: Annotated[
        Path | None, typer.Option(help="CSV with the columns srvid,count: the accepted calls that UMANG counted")
    ] = None,
) -> bool:
    """Compare a day's calls of applyService with the applications made from them; exit status 1 where they differ."""
    wanted = day or ist_date(env.clock.now()) - timedelta(days=1)
    found = await compare(env.store, wanted, None if theirs is None else _read_counts(theirs))
    print_table(
        ("srvid", "accepted", "created", "UMANG counted", "differences"),
        (
            (one.srvid, *(_cell(many) for many in (one.accepted, one.created, one.theirs)), "\n".join(one.differences))
            for one in found
        ),
        title=f"UMANG, {wanted.isoformat()}",
    )
    if not found:
        out.print("no calls of applyService on that day")
    return not any(one.differences for one in found)


def _cell(many: int | None) -> str:
    return "" if many is None else str(many)


def _read_counts(path: Path) -> dict[str, int]:
    """The counts of a file by service. Raises BadParameter."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["srvid"].strip(): int(row["count"]) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise typer.BadParameter("a CSV with the columns srvid,count", param_hint="--theirs") from None
