"""Runs the migrations, each revision in its own transaction, so that an interrupted run can be resumed.

The release before goes on working meanwhile. On PostgreSQL a revision waits for a lock at most a second, since
those who come after it wait behind it; then it lets them through and tries again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.database import crash_points
from store.database.connections import database_url, migration_engine
from store.database.errors import TryAgain
from store.database.failures import open_connection, translate_errors
from store.database.revisions import GONE, HEAD, LAST_BEFORE, REVISIONS, check_known

_LOCK = 0x4150554E
_TRIES = 30
_FOLDER = Path(__file__).parents[1] / "migrations"


@dataclass(frozen=True, slots=True)
class Course:
    """Revisions, oldest first, and the folders of their scripts."""

    revisions: tuple[str, ...]
    folders: tuple[Path, ...]


OURS = Course(REVISIONS, (_FOLDER / "versions",))
"""The revisions of this release; the proof of the migrations goes on from them with some of its own."""

Step = Callable[[Config, int], bool]
"""Takes one step; it is given the number of present revisions, and returns whether there may be more to do."""


async def upgrade(url: str, revision: str = HEAD, course: Course = OURS) -> None:
    """Bring the schema up to a revision; nothing to do where it is there. Raises SchemaTooNew, SchemaTooOld."""
    while await _run_with_retries(url, lambda config, present: _up(config, present, revision, course), course):
        pass


async def downgrade(url: str, revision: str, course: Course = OURS) -> None:
    """Take the schema down to a revision, `base` for none at all. Raises SchemaTooNew, SchemaTooOld."""
    while await _run_with_retries(url, lambda config, present: _down(config, present, revision, course), course):
        pass


async def _run_with_retries(url: str, step: Step, course: Course) -> bool:
    for _ in range(_TRIES - 1):
        try:
            return await run_step(url, step, course)
        except TryAgain:  # others hold a table; they go on before the next try
            continue
    return await run_step(url, step, course)


async def run_step(url: str, step: Step, course: Course = OURS) -> bool:
    """One step in one transaction; False where there was nothing left to do."""
    engine = migration_engine(database_url(url))
    try:
        with translate_errors():
            async with open_connection(engine) as connection, connection.begin():
                more = await connection.run_sync(_migrate, step, course)
                if more:
                    crash_points.reach(crash_points.MIGRATED)
    finally:
        await engine.dispose()
    return more


def _migrate(connection: Connection, step: Step, course: Course) -> bool:
    _wait_for_others(connection)
    heads = MigrationContext.configure(connection).get_current_heads()
    if heads == (LAST_BEFORE,):
        _take_over(connection)
        return True
    if heads:
        check_known(heads[0], connection.dialect.name, course.revisions)
    present = course.revisions.index(heads[0]) + 1 if heads else 0
    return step(alembic_config(connection, course), present)


def _take_over(connection: Connection) -> None:
    """Make the last schema of before 0.2.0 the first of the present ones."""
    for table in GONE:
        connection.execute(text(f"DROP TABLE {table}"))
    connection.execute(text("UPDATE alembic_version SET version_num = :first"), {"first": REVISIONS[0]})


def _up(config: Config, present: int, revision: str, course: Course) -> bool:
    """Take the next revision, unless it is there: another process may have been first."""
    if present >= course.revisions.index(revision) + 1:
        return False
    scripts, last = load_scripts(course), course.revisions[present]
    _take(config, scripts, lambda there, _: scripts._upgrade_revs(last, there))  # noqa: SLF001 - as alembic.command
    return True


def _down(config: Config, present: int, revision: str, course: Course) -> bool:
    wanted = 0 if revision == "base" else course.revisions.index(revision) + 1
    if present <= wanted:
        return False
    scripts, before = load_scripts(course), course.revisions[present - 2] if present > 1 else "base"
    _take(config, scripts, lambda there, _: scripts._downgrade_revs(before, there))  # noqa: SLF001 - as alembic.command
    return True


def _take(config: Config, scripts: ScriptDirectory, steps: Callable[[Any, Any], Any]) -> None:
    """What `alembic.command` does, with scripts that are loaded once: it would load all of them for each revision."""
    with EnvironmentContext(config, scripts, fn=steps):
        scripts.run_env()


@cache
def load_scripts(course: Course) -> ScriptDirectory:
    """The scripts of revisions, read once."""
    return ScriptDirectory.from_config(_config(course))


def alembic_config(connection: Connection, course: Course = OURS) -> Config:
    """Settings of Alembic without a file: the scripts are in this package."""
    config = _config(course)
    config.attributes["connection"] = connection
    return config


def _config(course: Course) -> Config:
    config = Config()
    config.set_main_option("script_location", _path_for_config(_FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(_path_for_config, course.folders)))
    return config


def _path_for_config(folder: Path) -> str:
    return str(folder).replace("%", "%%")


def _wait_for_others(connection: Connection) -> None:
    """Let one process migrate at a time; on SQLite BEGIN IMMEDIATE has done that."""
    if connection.dialect.name == "postgresql":
        # A pooler drops what a connection sets at its start (docs/adr/0045-pgbouncer.md), so a revision sets it itself.
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {name} = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '1s'"))
