import asyncio
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from domain.kernel import ManualClock
from store.database import FieldCipher, Store, migrate, migration_runner, schema_is_current
from store.database.errors import SchemaTooNew
from store.database.migration_runner import alembic_config, downgrade, upgrade
from store.database.revisions import REVISIONS
from store.tables import metadata


async def on(url: str, work):
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list:
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def plain_index(index) -> dict:
    """The condition of a partial index is an object that equals no other one."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def shape(connection: Connection) -> dict:
    inspector = inspect(connection)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)],
            inspector.get_pk_constraint(table),
            sorted(inspector.get_unique_constraints(table), key=str),
            sorted(inspector.get_foreign_keys(table), key=str),
            sorted((plain_index(index) for index in inspector.get_indexes(table)), key=str),
        )
        for table in sorted(inspector.get_table_names())
    }


async def test_the_migrations_give_exactly_the_declared_tables(empty_url: str) -> None:
    await migrate(empty_url)
    assert await on(empty_url, differences) == []


@pytest.mark.long
async def test_up_down_and_up_again_gives_the_same_schema(empty_url: str) -> None:
    await upgrade(empty_url)
    once = await on(empty_url, shape)
    await downgrade(empty_url, "base")
    assert list(await on(empty_url, shape)) == ["alembic_version"]
    await upgrade(empty_url)
    assert await on(empty_url, shape) == once
    assert len(once) > 25


async def test_the_upgrade_from_0_2_0_keeps_enquiries_without_what_the_treasury_said(
    empty_url: str,
) -> None:
    await upgrade(empty_url, "1001")
    row = "INSERT INTO payment_enquiries (instalment_id, asks, failures) VALUES ('i1', 3, 1)"
    await on(empty_url, lambda connection: connection.execute(text(row)))
    await upgrade(empty_url)
    kept = "SELECT instalment_id, asks, failures, reached FROM payment_enquiries"
    assert await on(empty_url, lambda connection: [tuple(one) for one in connection.execute(text(kept))]) == [
        ("i1", 3, 1, None)
    ]
    assert await on(empty_url, differences) == []


async def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    assert not await schema_is_current(empty_url)
    await migrate(empty_url)
    await migrate(empty_url)
    assert await schema_is_current(empty_url)


async def test_a_newer_schema_is_refused_everywhere(
    store_url: str, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    await on(store_url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'")))
    with pytest.raises(SchemaTooNew):
        await migrate(store_url)
    with pytest.raises(SchemaTooNew):
        await schema_is_current(store_url)
    with pytest.raises(SchemaTooNew):
        await Store.open(store_url, cipher=store_cipher, clock=store_clock)


async def test_the_list_of_revisions_is_that_of_the_scripts(sqlite_url: str) -> None:
    def revisions(connection: Connection) -> list[str]:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
        return [script.revision for script in scripts.walk_revisions()]

    assert tuple(reversed(await on(sqlite_url, revisions))) == REVISIONS


async def test_a_new_sqlite_file_is_readable_by_its_owner_only(sqlite_url: str, tmp_path: Path) -> None:
    await migrate(sqlite_url)
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0


async def test_a_migration_that_fails_halfway_leaves_nothing(empty_url: str) -> None:
    def fail(config: Config, _present: int) -> bool:
        command.upgrade(config, "head")
        raise LookupError

    with pytest.raises(LookupError):
        await migration_runner.run_step(empty_url, fail)
    assert await on(empty_url, lambda connection: inspect(connection).get_table_names()) == []


def migrate_in_a_process(url: str) -> None:
    asyncio.run(migrate(url))


@pytest.mark.long
@pytest.mark.integration
async def test_processes_may_migrate_at_once(empty_url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, migrate_in_a_process, empty_url) for _ in range(3)))
    assert await schema_is_current(empty_url)


@pytest.mark.long
@pytest.mark.integration
def test_the_gateway_does_not_load_alembic() -> None:
    script = "import sys, store.database.engine, store.tables; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
