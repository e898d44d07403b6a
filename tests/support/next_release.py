"""A release after this one, for the proof of the migrations: its revisions, its tables, and its `migrate` by itself.

Usage: python -m tests.support.next_release URL; it dies at APUNI_CRASH_AT, as `apuni migrate` does.
"""

import asyncio
import os
import sys
from pathlib import Path

from sqlalchemy import Column, MetaData, Table, Text

from store.database import crash_points
from store.database.migration_runner import OURS, Course, upgrade
from store.tables import metadata

EXPANDED, CONTRACTED = "expanded", "contracted"
NEXT = Course(
    (*OURS.revisions, EXPANDED, CONTRACTED),
    (*OURS.folders, Path(__file__).resolve().parents[1] / "mig" / "revisions"),
)
"""This release's revisions and two of a next one: it adds, and later drops what nothing uses any more."""


def _copied(*, without: frozenset[str] = frozenset()) -> MetaData:
    copied = MetaData()
    for table in metadata.sorted_tables:
        columns = [column._copy() for column in table.columns if f"{table.name}.{column.name}" not in without]
        Table(table.name, copied, *columns, info=table.info)
    return copied


TABLES = _copied()
"""What this release declares and the next one adds."""
Table("case_channels", TABLES, Column("application_id", Text, primary_key=True), Column("channel", Text))

KEPT = _copied(without=frozenset({"applications.channel"}))
"""What this release declares and the next one leaves alone."""


async def upgraded(url: str, revision: str = CONTRACTED) -> None:
    """Bring a database to a revision of the next release."""
    await upgrade(url, revision, NEXT)


if __name__ == "__main__":
    crash_points.arm(os.environ.get("APUNI_CRASH_AT"))
    asyncio.run(upgraded(sys.argv[1]))
