import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text

from domain.kernel import ManualClock
from store.database import (
    AlreadyThere,
    FieldCipher,
    Store,
    StoreError,
    StoreUnavailable,
    TryAgain,
    schema_is_current,
    sqlite_driver,
)
from store.database.connections import database_url
from store.database.sqlite_driver import DRIVER
from store.identity import accesses, people
from store.identity.people import citizens_table
from store.platform import seeds
from tests.store.builders import citizen
from tests.support.databases import NOW, PostgresServer
from tests.support.running import free_port


async def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.write_transaction() as tx:
            await seeds.mark(tx, "demo")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with store.read_transaction() as tx:
        assert not await seeds.is_seeded(tx, "demo")


@pytest.mark.parametrize("error", [TimeoutError, FileNotFoundError, ValueError])
async def test_what_others_raise_inside_a_transaction_passes_unchanged(store: Store, error: type[Exception]) -> None:
    for transaction in (store.write_transaction, store.read_transaction):
        with pytest.raises(error):
            async with transaction():
                raise error


async def test_a_cancelled_writer_leaves_nothing_and_frees_the_store(store: Store) -> None:
    begun = asyncio.Event()

    async def write_for_ever() -> None:
        async with store.write_transaction() as tx:
            await seeds.mark(tx, "demo")
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write_transaction() as tx:
        assert not await seeds.is_seeded(tx, "demo")


async def test_a_read_transaction_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError):
        async with store.read_transaction() as tx:
            await seeds.mark(tx, "demo")
    async with store.write_transaction() as tx:
        assert await seeds.mark(tx, "demo")


async def test_a_read_sees_one_moment_whatever_is_written_meanwhile(store: Store) -> None:
    async with store.read_transaction() as reading:
        assert not await seeds.is_seeded(reading, "demo")
        async with store.write_transaction() as writing:
            await seeds.mark(writing, "demo")
        assert not await seeds.is_seeded(reading, "demo")
    async with store.read_transaction() as reading:
        assert await seeds.is_seeded(reading, "demo")


async def test_many_writers_at_once_all_get_through(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.write_transaction() as tx:
            await seeds.mark(tx, f"seed-{number}")

    await asyncio.gather(*(write(number) for number in range(40)))
    async with store.read_transaction() as tx:
        assert len((await tx.connection.execute(select(seeds.seeds_table))).all()) == 40


async def test_two_stores_on_one_database_lose_no_update(
    store: Store, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    other = await Store.open(store.url, cipher=store_cipher, clock=store_clock)
    try:

        async def write(one: Store, number: int) -> None:
            async with one.write_transaction() as tx:
                await seeds.mark(tx, f"seed-{number}")

        await asyncio.gather(*(write((store, other)[number % 2], number) for number in range(20)))
        async with store.read_transaction() as tx:
            assert len((await tx.connection.execute(select(seeds.seeds_table))).all()) == 20
    finally:
        await other.close()


async def test_instants_come_back_aware_in_utc_to_the_microsecond(store: Store) -> None:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen(created_at=NOW))
    async with store.read_transaction() as tx:
        assert (await people.citizens(tx, ["c1"]))["c1"].created_at == NOW
        kept = (await tx.connection.execute(select(citizens_table.c.created_at))).scalar_one()
    assert kept.utcoffset() is not None
    assert not kept.utcoffset()


async def test_a_naive_instant_is_refused(store: Store) -> None:
    naive = datetime(2026, 11, 24)  # noqa: DTZ001
    with pytest.raises(StoreError):
        async with store.write_transaction() as tx:
            await people.add_citizen(tx, citizen(created_at=naive))


async def test_errors_name_no_sql_and_no_values(store: Store) -> None:
    secret = "Asha-9412345678"
    row = {"id": secret, "at": NOW}
    with pytest.raises(AlreadyThere) as caught:
        async with store.write_transaction() as tx:
            await tx.connection.execute(insert(seeds.seeds_table), [row, row])
    said = str(caught.value)
    assert secret not in said
    assert "INSERT" not in said
    assert caught.value.__suppress_context__


@pytest.mark.integration
async def test_a_lost_deadlock_may_be_tried_again(postgres_store: Store) -> None:
    store = postgres_store
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))
        await people.add_citizen(tx, citizen("c2"))
    both = asyncio.Barrier(2)

    async def change(order: tuple[str, str]) -> None:
        async with store.write_transaction() as tx:
            await people.update_citizen(tx, citizen(order[0]))
            await both.wait()
            await people.update_citizen(tx, citizen(order[1]))

    outcomes = await asyncio.gather(change(("c1", "c2")), change(("c2", "c1")), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [TryAgain]


async def test_a_writer_that_waits_too_long_for_another_process_may_try_again(
    sqlite_store: Store, store_cipher: FieldCipher, store_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await Store.open(sqlite_store.url, cipher=store_cipher, clock=store_clock)
    try:
        monkeypatch.setattr(sqlite_driver, "BUSY_TIMEOUT", 10)
        async with sqlite_store.write_transaction():
            with pytest.raises(TryAgain):
                async with other.write_transaction():
                    pass
    finally:
        await other.close()


async def test_a_writer_that_waits_too_long_for_its_own_process_may_try_again(sqlite_store: Store) -> None:
    sqlite_store._writer.sync_engine.pool._timeout = 0.01
    async with sqlite_store.write_transaction():
        with pytest.raises(TryAgain):
            async with sqlite_store.write_transaction():
                pass


@pytest.mark.integration
async def test_a_database_that_is_not_there_is_unavailable(
    tmp_path: Path, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    with pytest.raises(StoreUnavailable):
        await Store.open(url, cipher=store_cipher, clock=store_clock)


def test_addresses_get_our_drivers_and_others_are_refused() -> None:
    assert database_url("sqlite:////var/store.db").drivername == DRIVER
    assert database_url("postgresql://a@b/c").drivername == "postgresql+asyncpg"
    assert database_url("postgres://a@b/c").drivername == "postgresql+asyncpg"
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        database_url("mysql://a@b/c")


def test_an_address_may_name_several_hosts_as_libpq_writes_them() -> None:
    several = database_url("postgresql://a:b@one:5433,two/c?ssl=verify-full")

    assert several.query["host"] == ("one:5433", "two:5432")
    assert several.query["ssl"] == "verify-full"
    assert (several.username, several.database) == ("a", "c")


@pytest.mark.integration
async def test_of_several_hosts_the_first_that_lets_us_in_is_used(
    postgres_server: PostgresServer, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    name = postgres_server.migrated_database()
    socket_path = f"{postgres_server.folder}/.s.PGSQL.5432"

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_unix_connection(socket_path)
        await asyncio.gather(_copied(reader, before), _copied(behind, writer))

    async with AsyncExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        lets_in = await stack.enter_async_context(await asyncio.start_server(forward, "127.0.0.1", 0))
        ports = [free_port(), *(each.getsockname()[1] for each in (silent, lets_in.sockets[0]))]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        store = await Store.open(f"postgresql://postgres@{hosts}/{name}", cipher=store_cipher, clock=store_clock)
        stack.push_async_callback(store.close)

        async with store.write_transaction() as tx:
            assert await seeds.mark(tx, "demo")
    postgres_server.drop(name)


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@pytest.mark.integration
async def test_a_server_that_became_a_standby_is_left_by_the_connections_to_it(postgres_store: Store) -> None:
    async with postgres_store.write_transaction() as tx:
        await tx.connection.execute(text("SET default_transaction_read_only = on"))

    with pytest.raises(StoreUnavailable):
        async with postgres_store.write_transaction() as tx:
            await seeds.mark(tx, "demo")
    async with postgres_store.write_transaction() as tx:
        assert await seeds.mark(tx, "demo")


async def test_sqlite_is_set_to_lose_nothing(sqlite_store: Store) -> None:
    # A reader waits for a lock in its thread alone, and is given the patience there.
    for transaction, patience in ((sqlite_store.write_transaction, 5000), (sqlite_store.read_transaction, 0)):
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": patience}
        async with transaction() as tx:
            found = {name: (await tx.connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in wanted}
        assert found == wanted


@pytest.mark.integration
async def test_postgresql_statements_and_locks_are_bounded(postgres_store: Store) -> None:
    wanted = {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
        "synchronous_commit": "on",
    }
    async with postgres_store.write_transaction() as tx:
        found = {name: (await tx.connection.execute(text(f"SHOW {name}"))).scalar_one() for name in wanted}
    assert found == wanted


async def test_a_row_with_children_cannot_be_deleted_from_under_them(store: Store) -> None:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        await accesses.add_receipt(
            tx,
            accesses.AccessReceipt(
                subject="OFFICER:o1",
                role="OFFICER",
                citizen_id="c1",
                object_kind="CITIZEN",
                object_id="c1",
                purpose="DECIDE",
                source=None,
                at=NOW,
            ),
        )
    with pytest.raises(StoreError):
        async with store.write_transaction() as tx:
            await tx.connection.execute(delete(citizens_table))
    async with store.read_transaction() as tx:
        (receipt,) = await accesses.of_citizen(tx, "c1", 10)
    assert (receipt.subject, receipt.purpose, receipt.at) == ("OFFICER:o1", "DECIDE", NOW)


async def test_a_store_is_opened_while_another_process_writes(
    sqlite_store: Store, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    async with sqlite_store.write_transaction():
        assert await schema_is_current(sqlite_store.url)
        opened = await Store.open(sqlite_store.url, cipher=store_cipher, clock=store_clock)
        await opened.close()
