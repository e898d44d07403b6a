"""Lists the files of the object store that tables reference: every column that holds the SHA-256 of a file."""

from collections.abc import AsyncIterator

from sqlalchemy import Column, MetaData, select

from store.database import Transaction, pages
from store.database.dump import BATCH, present

SUFFIX = "sha256"
NO_FILES = frozenset(
    (table, "sha256")
    for table in ("connector_versions", "delay_reviews", "fee_messages", "fee_scrolls", "token_enrolments")
)
"""Columns that end in `sha256` but name no file of the object store."""


def file_columns(tables: MetaData) -> list[Column[str]]:
    """The columns that name files."""
    return [
        column
        for table in tables.sorted_tables
        for column in table.columns
        if column.name.endswith(SUFFIX) and (table.name, column.name) not in NO_FILES
    ]


LISTED = (("verifications", "photos"),)
"""Columns that hold a list of files as JSON: officers' photographs, which are uploads too."""


async def named_files(tx: Transaction, tables: MetaData) -> AsyncIterator[tuple[str, str]]:
    """Each file that is named, with the `table.column` that names it, once for each column; in order."""
    async for found in _in_columns(tx, tables):
        yield found
    async for found in _in_lists(tx, tables):
        yield found


async def _in_columns(tx: Transaction, tables: MetaData) -> AsyncIterator[tuple[str, str]]:
    there = await _present_columns(tx, tables)
    for column in file_columns(tables):
        if column.name not in there.get(column.table.name, ()):
            continue
        where, last = f"{column.table.name}.{column.name}", ""
        while True:
            page = select(column).where(column > last).distinct().order_by(column).limit(BATCH)
            found = (await tx.connection.execute(page)).scalars().all()
            for sha256 in found:
                yield sha256, where
            if len(found) < BATCH:
                break
            last = found[-1]


async def _in_lists(tx: Transaction, tables: MetaData) -> AsyncIterator[tuple[str, str]]:
    there = await _present_columns(tx, tables)
    for name, column_name in LISTED:
        if column_name in there.get(name, ()):
            table = tables.tables[name]
            async for row in pages(tx, select(table.c.id, table.c[column_name].label("files")), table.c.id, BATCH):
                for sha256 in row.files or ():
                    yield sha256, f"{name}.{column_name}"


async def _present_columns(tx: Transaction, tables: MetaData) -> dict[str, set[str]]:
    return {part.table.name: {column.name for column in part.columns} for part in await present(tx, tables)}
