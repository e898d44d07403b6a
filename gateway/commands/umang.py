"""Compares what UMANG was told with what there is, at a terminal."""

import csv
from datetime import date, timedelta
from pathlib import Path

from rich.table import Table

from actions.umang_compare import compare
from domain.clock import ist_date
from gateway.commands.opening import open_rooms, out, print_table
from gateway.settings import Settings


class NotACount(ValueError):
    """A file that does not hold counts by service."""


async def run_compare(settings: Settings, day: date | None, theirs: Path | None) -> int:
    """Compare, print, and give how many differences there are. Raises NotACount, NotUp."""
    counted = None if theirs is None else read_counts(theirs)
    async with open_rooms(settings) as rooms:
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
