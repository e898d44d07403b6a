"""A logical dump of the store, with the same text for the same data on either database.

Used by backups, by the move from one database to another, and by the proof of the migrations. A dump is
a row of batches; within a table the rows are in the order of their primary key.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from store.database.engine import Transaction
from store.database.errors import BackupDamaged
from store.database.metadata import NOT_KEPT_ELSEWHERE
from store.database.sql import row_pages
from store.database.types import Instant, canonical_json

BATCH = 1_000
"""Rows in one batch, and in one statement when they are loaded."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one table, as JSON values in the order of `columns`."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def lines(self) -> str:
        """The batch as lines of canonical JSON: a head, then one line for each row."""
        head = {"table": self.table, "columns": list(self.columns)}
        return "".join(f"{canonical_json(line)}\n" for line in (head, *map(list, self.rows)))

    @classmethod
    def of_lines(cls, content: str) -> "Batch":
        """Read a batch back. Raises BackupDamaged where the text is not one."""
        try:
            head, *rows = (json.loads(line) for line in content.splitlines())
            return cls(head["table"], tuple(head["columns"]), tuple(tuple(row) for row in rows))
        except (ValueError, KeyError, TypeError):
            raise BackupDamaged("a part of the dump is not readable") from None


async def begin(tx: Transaction) -> None:
    """Let the transaction of a dump or a load take as long as it needs."""
    if tx.dialect == "postgresql":
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await tx.connection.execute(sa.text(f"SET LOCAL {setting} = 0"))


async def revision_of(tx: Transaction) -> str:
    """The revision of the schema that the transaction sees."""
    return str((await tx.connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one())


@dataclass(frozen=True, slots=True)
class Part:
    """A table with those of its declared columns that the database has, by name."""

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]


async def present(tx: Transaction, tables: sa.MetaData | Iterable[sa.Table]) -> list[Part]:
    """Those of the tables that the database has, referenced ones first; a schema of an earlier release has fewer.

    Tables that mean something in one database only are left out.
    """
    named = tables.sorted_tables if isinstance(tables, sa.MetaData) else list(tables)
    declared = [table for table in named if not table.info.get(NOT_KEPT_ELSEWHERE)]
    there = await _columns_there(tx)
    return [
        Part(table, tuple(sorted((table.c[name] for name in there[table.name] & set(table.c.keys())), key=_name)))
        for table in declared
        if table.name in there
    ]


_COLUMNS = {
    "sqlite": "SELECT there.name AS table_name, has.name AS column_name "
    "FROM sqlite_master AS there, pragma_table_info(there.name) AS has WHERE there.type = 'table'",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema()",
}
"""Every column of every table in one query: asking table by table takes longer than all checks of a small store."""


async def _columns_there(tx: Transaction) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in (await tx.connection.execute(sa.text(_COLUMNS[tx.dialect]))).all():
        found.setdefault(str(row.table_name), set()).add(str(row.column_name))
    return found


def _name(column: sa.Column[Any]) -> str:
    return column.name


async def batches(tx: Transaction, part: Part, *, size: int = BATCH) -> AsyncIterator[Batch]:
    """The rows of a table, read page by page in the order of the primary key, so that memory stays flat."""
    table, columns = part.table, part.columns
    names = tuple(column.name for column in columns)
    keys = list(table.primary_key.columns)
    async for rows in row_pages(tx, sa.select(*columns), keys, size):
        yield Batch(table.name, names, tuple(_plain_row(columns, row) for row in rows))


async def load(tx: Transaction, tables: Mapping[str, sa.Table], batch: Batch) -> None:
    """Insert the rows of a batch. Raises BackupDamaged for a table or column that is not known."""
    table = tables.get(batch.table)
    if table is None or not set(batch.columns) <= set(table.columns.keys()):
        raise BackupDamaged("the dump names a table or column that this release does not know")
    columns = [table.columns[name] for name in batch.columns]
    values = [
        {column.name: _value(column, cell) for column, cell in zip(columns, row, strict=True)} for row in batch.rows
    ]
    if values:
        await tx.connection.execute(sa.insert(table), values)


async def finish_load(tx: Transaction, tables: Iterable[sa.Table]) -> None:
    """Let what the database counts up by itself go on after the highest number that was loaded."""
    if tx.dialect != "postgresql":
        return
    for table in tables:
        column = table.autoincrement_column
        if column is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            highest = sa.select(sa.func.max(column)).scalar_subquery()
            await tx.connection.execute(
                sa.select(sa.func.setval(sequence, sa.func.coalesce(highest, 1), highest.is_not(None)))
            )


async def is_empty(tx: Transaction, tables: sa.MetaData) -> bool:
    """Whether no table holds a row."""
    for part in await present(tx, tables):
        if (await tx.connection.execute(sa.select(sa.literal(1)).select_from(part.table).limit(1))).first() is not None:
            return False
    return True


def _plain_row(columns: Sequence[sa.Column[Any]], row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_plain(column, cell) for column, cell in zip(columns, row, strict=True))


def _plain(column: sa.Column[Any], cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="microseconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(column.type, sa.LargeBinary) and cell is not None:
        return base64.b64encode(bytes(cell)).decode()
    return cell


def _value(column: sa.Column[Any], cell: Any) -> Any:
    if cell is None:
        return None
    if isinstance(column.type, Instant):
        return datetime.fromisoformat(cell)
    if isinstance(column.type, sa.Date):
        return date.fromisoformat(cell)
    if isinstance(column.type, sa.LargeBinary):
        return base64.b64decode(cell)
    return cell
