"""Runs the migrations on one connection and in one transaction, so that a killed run leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from store import crash_points
from store.connections import database_url, migration_engine
from store.errors import SchemaTooNew
from store.failures import connected, translated
from store.revisions import HEAD, REVISIONS

_LOCK = 0x4150554E


async def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the schema up to a revision; nothing to do where it is there. Raises SchemaTooNew."""
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the schema down to a revision, `base` for none at all. Raises SchemaTooNew."""
    await _run(url, lambda config: command.downgrade(config, revision))


async def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = migration_engine(database_url(url))
    try:
        with translated():
            async with connected(engine) as connection, connection.begin():
                await connection.run_sync(_migrate, step)
                crash_points.reach(crash_points.MIGRATED)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, step: Callable[[Config], None]) -> None:
    _wait_for_others(connection)
    heads = MigrationContext.configure(connection).get_current_heads()
    if not set(heads) <= set(REVISIONS):
        raise SchemaTooNew("the database was migrated by a later release")
    step(alembic_config(connection))


def alembic_config(connection: Connection) -> Config:
    """Settings of Alembic without a file: the scripts lie beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _wait_for_others(connection: Connection) -> None:
    """Let one process migrate at a time; on SQLite BEGIN IMMEDIATE has done that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
