"""Many rows at once: COPY on PostgreSQL, many parameters on SQLite, both without secondary indexes."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, func, insert, select, text

from benchmarks.store.chunks import Chunk, Rows
from domain.statistics.figures import Mark
from store.database import Json, Store, Transaction, audit_lines_table, canonical_json
from store.database.audit import audit_chain_table
from store.database.connections import database_url, write_engine
from store.platform.outbox import outbox_table
from store.statistics import figures
from store.tables import metadata

COUNTED_FROM = (audit_lines_table, outbox_table)
"""Tables whose numbers the database counts up; the next one must follow what was loaded."""

_INDEXES = {
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)""",
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
}
_FOREIGN = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace"""


class TakenAway:
    """A file that says how the indexes and foreign keys come back that were taken away for a load."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, indexes: list[Any], foreign: list[Any]) -> None:
        """Keep them."""
        self._file.write_text(json.dumps({"indexes": indexes, "foreign": foreign}, indent=1), encoding="utf-8")

    def read(self) -> dict[str, list[Any]] | None:
        """What was kept, or None."""
        return json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else None

    def forget(self) -> None:
        """All is back."""
        self._file.unlink(missing_ok=True)


async def without_indexes(store: Store, kept: TakenAway, tables: Iterable[Table]) -> None:
    """Take the secondary indexes and foreign keys of tables away."""
    if kept.read() is not None:
        return
    names = {table.name for table in tables}
    async with store.write_transaction() as tx:
        await unbound(tx)
        indexes = [tuple(row) for row in (await tx.connection.execute(text(_INDEXES[tx.dialect]))).all()]
        ours = {index.name for name in names for index in metadata.tables[name].indexes}
        indexes = [row for row in indexes if row[0] in ours]
        foreign: list[Any] = []
        if tx.dialect == "postgresql":
            foreign = [tuple(row) for row in (await tx.connection.execute(text(_FOREIGN))).all() if row[0] in names]
        kept.note(indexes, foreign)
        for table, name, _ in foreign:
            await tx.connection.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
        for name, _ in indexes:
            await tx.connection.execute(text(f'DROP INDEX "{name}"'))


async def with_indexes(store: Store, kept: TakenAway, tell: Callable[[str], None]) -> None:
    """Build them again, and let the database look at its rows."""
    noted = kept.read() or {"indexes": [], "foreign": []}
    for _, statement in noted["indexes"]:
        tell(statement)
        async with store.write_transaction() as tx:
            await unbound(tx)
            await tx.connection.execute(text(statement.replace("INDEX", "INDEX IF NOT EXISTS", 1)))
    for table, name, words in noted["foreign"]:
        tell(f"{table}: {words}")
        async with store.write_transaction() as tx:
            await unbound(tx)
            there = text("SELECT 1 FROM pg_constraint WHERE conname = :name")
            if (await tx.connection.execute(there, {"name": name})).first() is None:
                await tx.connection.execute(text(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {words}'))
    await count_on(store)
    await analysed(store)
    kept.forget()


async def analysed(store: Store) -> None:
    """What autovacuum does by itself after a while: statistics, and pages that are known to be visible to all."""
    if store.dialect == "sqlite":
        async with store.write_transaction() as tx:
            await tx.connection.execute(text("ANALYZE"))
        return
    engine = write_engine(database_url(store.url))
    try:
        async with engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text("SET statement_timeout = 0"))
            await alone.execute(text("VACUUM (ANALYZE)"))
    finally:
        await engine.dispose()


async def unbound(tx: Transaction) -> None:
    """Let the statements of this transaction take their time."""
    if tx.dialect == "postgresql":
        await tx.connection.execute(text("SET LOCAL statement_timeout = 0"))
        await tx.connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await tx.connection.execute(text("SET LOCAL lock_timeout = 0"))
        await tx.connection.execute(text("SET LOCAL synchronous_commit = off"))


async def write(tx: Transaction, chunk: Chunk) -> int:
    """Write the rows of a chunk and add to the sums; gives how many rows of tables there were."""
    for table, rows in chunk.tables.items():
        await insert_rows(tx, table, rows)
    await figures.add_to_cubes(tx, _cubes(chunk.marks), "")
    return sum(map(len, chunk.tables.values()))


async def insert_rows(tx: Transaction, table: Table, rows: Rows) -> None:
    """Rows with the same columns, encoded as the store encodes them."""
    if not rows:
        return
    if tx.dialect == "sqlite":
        await tx.connection.execute(insert(table), rows)
        return
    columns = [table.c[name] for name in rows[0]]
    written = [_is_json(column) for column in columns]
    records = [
        tuple(
            canonical_json(value) if as_json and value is not None else value
            for value, as_json in zip(row.values(), written, strict=True)
        )
        for row in rows
    ]
    raw: Any = await tx.connection.get_raw_connection()
    names = [column.name for column in columns]
    await raw.driver_connection.copy_records_to_table(table.name, records=records, columns=names)


async def chain(tx: Transaction, links: Sequence[dict[str, Any]]) -> None:
    """Links of the audit log."""
    await insert_rows(tx, audit_chain_table, list(links))


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, Json)


def _cubes(marks: Mapping[Mark, int]) -> dict[figures.Place, Any]:
    cubes: dict[figures.Place, Any] = {}
    for mark, amount in marks.items():
        amounts = {mark.measure.value: amount}
        figures.add_to_cube_cells(cubes, mark.day, mark.part, mark.bucket, mark.cell._asdict(), amounts)
    return cubes


async def count_on(store: Store) -> None:
    """Let the store count on after the rows that were written with numbers of their own."""
    if store.dialect == "sqlite":
        return  # it follows the greatest number by itself
    async with store.write_transaction() as tx:
        for table in COUNTED_FROM:
            following = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, "id")
            await tx.connection.execute(select(func.setval(sequence, following, False)))
