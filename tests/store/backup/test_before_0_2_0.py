"""A store of before 0.2.0: the last one is taken over, an older one is refused, and nothing in it is touched."""

import pytest
from sqlalchemy import MetaData, inspect, text

from store.backup.archive import BackupKey
from store.backup.backup import Place, read_files, read_manifest, restore_backup
from store.checks.verify import verify
from store.database import EncryptedObjects, FieldCipher, Keyrings, LocalBlobs, Store, dump, migrate, schema_is_current
from store.database.errors import SchemaTooNew, SchemaTooOld
from store.database.revisions import BEFORE, GONE, LAST_BEFORE, REVISIONS, schema_of_backup
from store.database.vault import Vault
from store.tables import metadata
from tests.store.database.test_migrations import differences, on, shape
from tests.support.before import BACKUP, PASSPHRASE, make_schema
from tests.support.filled import closed_at_the_end, fill
from tests.support.stored import digest, tables_there


def quiet(_part: str, _done: int) -> None:
    pass


async def rows_of(store: Store, tables: MetaData) -> str:
    async with store.read_transaction() as tx:
        return await digest(tx, tables)


@pytest.mark.long
async def test_the_last_one_becomes_exactly_what_a_new_one_is(empty_url: str, tmp_path, request) -> None:
    server = None if "sqlite" in empty_url else request.getfixturevalue("postgres_server")
    name = server.database() if server else ""
    fresh = server.url(name) if server else f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}"
    await migrate(fresh)
    await make_schema(empty_url)
    await migrate(empty_url)
    assert await on(empty_url, shape) == await on(fresh, shape)
    assert await on(empty_url, differences) == []
    if server:
        server.drop(name)


async def test_the_last_one_keeps_every_row_but_those_of_the_tables_gone(empty_url: str, store_cipher, store_clock):
    await make_schema(empty_url)
    store = await Store.open(empty_url, cipher=store_cipher, clock=store_clock)
    async with closed_at_the_end(store):
        await fill(store, 200)
        async with store.read_transaction() as tx:
            declared = await tables_there(tx)
        before = await rows_of(store, declared)
        assert not await schema_is_current(empty_url)
        await migrate(empty_url)
        assert await schema_is_current(empty_url)
        assert await rows_of(store, declared) == before
    tables = await on(empty_url, lambda connection: set(inspect(connection).get_table_names()))
    assert tables == {*metadata.tables, "alembic_version"}
    assert not tables & set(GONE)


async def test_a_take_over_that_fails_leaves_all_as_it_was(empty_url: str) -> None:
    await make_schema(empty_url)
    first = GONE[1]
    await on(empty_url, lambda connection: connection.execute(text(f"DROP TABLE {first}")))
    with pytest.raises(Exception, match="refused"):
        await migrate(empty_url)
    tables = await on(empty_url, lambda connection: inspect(connection).get_table_names())
    assert GONE[0] in tables
    assert await on(empty_url, revision) == LAST_BEFORE


def revision(connection) -> str:
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "made"), [("0001", "before 0.2.0"), ("0045", "before 0.2.0"), ("1025", "between two releases")]
)
async def test_an_older_one_is_refused_in_one_line_and_not_touched(
    empty_url: str, store_cipher, store_clock, old, made
):
    await make_schema(empty_url, old)
    before = await on(empty_url, shape)
    said = f"the store was made {made}; move APUNI_HOME away"
    if "postgresql" in empty_url:
        said += " and set APUNI_DATABASE_URL to an empty database"
    opening = Store.open(empty_url, cipher=store_cipher, clock=store_clock)
    for call in (migrate(empty_url), schema_is_current(empty_url), opening):
        with pytest.raises(SchemaTooOld) as told:
            await call
        assert str(told.value) == said
    assert await on(empty_url, shape) == before
    assert await on(empty_url, revision) == old


async def test_one_of_before_is_never_taken_for_one_of_today() -> None:
    assert BEFORE.isdisjoint(REVISIONS)
    assert max(BEFORE) == LAST_BEFORE
    assert [schema_of_backup(known) for known in (*REVISIONS, LAST_BEFORE)] == [*REVISIONS, REVISIONS[0]]
    with pytest.raises(SchemaTooOld):
        schema_of_backup("0045")
    with pytest.raises(SchemaTooNew):
        schema_of_backup("9999")


@pytest.mark.long
async def test_a_backup_of_the_last_one_restores_into_either_database(store_url: str, store_clock, tmp_path) -> None:
    key = BackupKey(PASSPHRASE, Keyrings(tmp_path / "keys"))
    with BACKUP.open("rb") as file:
        manifest = read_manifest(file, key)
        assert manifest.revision == LAST_BEFORE
        assert {manifest.rows[f"store.{table}"] > 0 for table in GONE} == {True}
        (tmp_path / "keys").mkdir()
        for name, content in read_files(file, key).items():
            (tmp_path / name).write_bytes(content)
        keyrings = Keyrings(tmp_path / "keys")
        keyrings.init()  # that of the files is younger than the backup
        store = await Store.open(store_url, cipher=FieldCipher(keyrings), clock=store_clock)
        vault = await Vault.open(f"sqlite:///{tmp_path / 'vault.db'}", keyrings, store_clock, None)
        place = Place(store, vault, EncryptedObjects(LocalBlobs(tmp_path / "objects"), keyrings))
        async with closed_at_the_end(store):
            await restore_backup(file, key, place, quiet)
            async with store.read_transaction() as tx:
                kept = {
                    part.table.name: [row async for batch in dump.batches(tx, part) for row in batch.rows]
                    for part in await dump.present(tx, metadata)
                }
            checked = await verify(store, vault, place.objects, tell=quiet)
        await vault.close()
    said = {name.removeprefix("store."): many for name, many in manifest.rows.items() if name.startswith("store.")}
    assert {name: len(rows) for name, rows in kept.items()} == {
        **dict.fromkeys(kept, 0),  # of tables that are younger than the backup
        **{name: many for name, many in said.items() if name not in GONE},
    }
    assert [finding for check in checked for finding in check.findings] == []
