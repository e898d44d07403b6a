"""Databases and a backup of the last release of before 0.2.0."""

import gzip
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from store.database.connections import database_url
from store.database.revisions import LAST_BEFORE

FOLDER = Path(__file__).with_name("before_0_2_0")
BACKUP = FOLDER / "home.backup"
PASSPHRASE = "a passphrase of tests"
"""What the backup is locked with; its keyrings are in it."""

ROWS_OF_GONE = tuple(
    f"INSERT INTO {table} (day, kind, department, service_code, district, channel, {amount}) "
    "VALUES ('2026-11-24', 'RECEIVED', '', 'ES09', '57', 'WEB', 3)"
    for table, amount in (("counters", "total"), ("counter_deltas", "delta"))
)
"""A row in each table that is gone."""


async def make_schema(url: str, revision: str = LAST_BEFORE) -> None:
    """Give an empty database the schema of before 0.2.0, said to be of some revision, and rows in the tables gone."""
    address = database_url(url)
    ddl = gzip.decompress((FOLDER / f"{address.get_backend_name()}.sql.gz").read_bytes()).decode()
    engine = create_async_engine(address)
    async with engine.begin() as connection:
        for statement in filter(None, map(str.strip, ddl.split(";\n"))):
            await connection.exec_driver_sql(statement)
        for statement in ROWS_OF_GONE:
            await connection.exec_driver_sql(statement)
        await connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    await engine.dispose()
