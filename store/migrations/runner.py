"""Runs the migrations, each revision in a transaction of its own: a killed run leaves whole revisions and goes on.

The release before goes on working meanwhile. On PostgreSQL a revision waits for a lock at most a second, since
those who come after it wait behind it; then it lets them through and tries again.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store import crash_points
from store.connections import database_url, migration_engine
from store.errors import SchemaTooNew, TryAgain
from store.failures import connected, translated
from store.revisions import HEAD, REVISIONS

_LOCK = 0x4150554E
_TRIES = 30


Step = Callable[[Config, int], bool]
"""Takes one step; it is told how many revisions are there, and says whether there may be more to do."""


async def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the schema up to a revision; nothing to do where it is there. Raises SchemaTooNew."""
    while await _tried(url, lambda config, present: _up(config, present, revision)):
        pass


async def downgrade(url: str, revision: str) -> None:
    """Take the schema down to a revision, `base` for none at all. Raises SchemaTooNew."""
    while await _tried(url, lambda config, present: _down(config, present, revision)):
        pass


async def _tried(url: str, step: Step) -> bool:
    for _ in range(_TRIES - 1):
        try:
            return await run_step(url, step)
        except TryAgain:  # others hold a table; they go on before the next try
            continue
    return await run_step(url, step)


async def run_step(url: str, step: Step) -> bool:
    """One step in one transaction; False where there was nothing left to do."""
    engine = migration_engine(database_url(url))
    try:
        with translated():
            async with connected(engine) as connection, connection.begin():
                more = await connection.run_sync(_migrate, step)
                if more:
                    crash_points.reach(crash_points.MIGRATED)
    finally:
        await engine.dispose()
    return more


def _migrate(connection: Connection, step: Step) -> bool:
    _wait_for_others(connection)
    heads = MigrationContext.configure(connection).get_current_heads()
    if not set(heads) <= set(REVISIONS):
        raise SchemaTooNew("the database was migrated by a later release")
    present = REVISIONS.index(heads[0]) + 1 if heads else 0
    return step(alembic_config(connection), present)


def _up(config: Config, present: int, revision: str) -> bool:
    """Take the next revision, unless it is there: another process may have been first."""
    if present >= REVISIONS.index(revision) + 1:
        return False
    _take(config, lambda there, _: _scripts()._upgrade_revs(REVISIONS[present], there))  # noqa: SLF001 - as alembic.command
    return True


def _down(config: Config, present: int, revision: str) -> bool:
    wanted = 0 if revision == "base" else REVISIONS.index(revision) + 1
    if present <= wanted:
        return False
    before = REVISIONS[present - 2] if present > 1 else "base"
    _take(config, lambda there, _: _scripts()._downgrade_revs(before, there))  # noqa: SLF001 - as alembic.command
    return True


def _take(config: Config, steps: Callable[[Any, Any], Any]) -> None:
    """What `alembic.command` does, with scripts that are loaded once: it would load all of them for each revision."""
    with EnvironmentContext(config, _scripts(), fn=steps):
        _scripts().run_env()


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def alembic_config(connection: Connection) -> Config:
    """Settings of Alembic without a file: the scripts lie beside this module."""
    config = _config()
    config.attributes["connection"] = connection
    return config


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _wait_for_others(connection: Connection) -> None:
    """Let one process migrate at a time; on SQLite BEGIN IMMEDIATE has done that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '1s'"))
