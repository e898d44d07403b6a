"""The store behind a real PgBouncer in transaction mode (docs/adr/0045-pgbouncer.md); run by `make deploy-check`.

The tests of the store and the way of a new state run through it too, with THROUGH_PGBOUNCER=1.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text

from store.database import Store, migrate
from store.database.engine import Transaction
from store.database.locks import lock_exclusive
from store.database.migration_runner import run_step
from tests.support.pooled import PooledServer

BOUNDS = ("statement_timeout", "idle_in_transaction_session_timeout")
PREPARED = text("SELECT pg_backend_pid(), CAST(:n AS integer)")
pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
def server() -> Iterator[PooledServer]:
    pooled = PooledServer()
    yield pooled
    pooled.stop()


@pytest.fixture
async def pooled_store(server: PooledServer, store_cipher, store_clock) -> AsyncIterator[Store]:
    name = server.migrated_database()
    opened = await Store.open(server.url(name), cipher=store_cipher, clock=store_clock)
    yield opened
    await opened.close()
    server.drop(name)


async def setting(tx: Transaction, name: str) -> str:
    return str((await tx.connection.execute(text(f"SHOW {name}"))).scalar_one())


async def test_each_transaction_has_the_bounds_that_the_product_asks_for(pooled_store: Store):
    async with pooled_store.write_transaction() as tx:
        found = {name: await setting(tx, name) for name in ("statement_timeout", "lock_timeout", "synchronous_commit")}

    assert found == {"statement_timeout": "5s", "lock_timeout": "2s", "synchronous_commit": "on"}


async def test_a_read_cannot_write(pooled_store: Store):
    async with pooled_store.read_transaction() as tx:
        assert await setting(tx, "transaction_read_only") == "on"
        assert await setting(tx, "transaction_isolation") == "repeatable read"


async def test_a_revision_may_take_longer_than_a_statement_of_the_gateway(server: PooledServer):
    name, found = server.database(), []

    def look(config, _present) -> bool:
        ask = config.attributes["connection"].execute
        found.extend(ask(text(f"SHOW {name}")).scalar_one() for name in BOUNDS)
        return False

    await run_step(server.url(name), look)

    assert found == ["0", "0"]
    server.drop(name)


async def test_the_schema_is_made_through_it(server: PooledServer, store_cipher, store_clock):
    name = server.database()

    await migrate(server.url(name))

    opened = await Store.open(server.url(name), cipher=store_cipher, clock=store_clock)
    await opened.close()
    server.drop(name)


async def test_a_named_lock_is_held_by_one_transaction_at_a_time_and_ends_with_it(pooled_store: Store):
    inside, most = 0, 0

    async def take() -> None:
        nonlocal inside, most
        async with pooled_store.write_transaction() as tx:
            await lock_exclusive(tx, "a name")
            inside += 1
            most = max(most, inside)
            await tx.connection.execute(text("SELECT pg_sleep(0.01)"))
            inside -= 1

    await asyncio.gather(*(take() for _ in range(10)))

    assert most == 1


async def test_statements_that_were_prepared_are_found_on_whatever_session_a_transaction_is_given(pooled_store: Store):
    async def ask(number: int) -> tuple[int, int]:
        async with pooled_store.read_transaction() as tx:
            row = (
                await tx.connection.execute(text("SELECT pg_backend_pid(), CAST(:n AS integer)"), {"n": number})
            ).one()
            await tx.connection.execute(text("SELECT pg_sleep(0.01)"))
        return row[0], row[1]

    asked = [pair for _ in range(5) for pair in await asyncio.gather(*map(ask, range(10)))]

    assert [number for _, number in asked] == list(range(10)) * 5
    assert len({pid for pid, _ in asked}) > 1


async def test_rows_of_a_cursor_come_from_one_transaction(pooled_store: Store):
    async with pooled_store.read_transaction() as tx:
        rows = [row[0] async for row in await tx.connection.stream(text("SELECT generate_series(1, 5000)"))]

    assert rows == list(range(1, 5001))
