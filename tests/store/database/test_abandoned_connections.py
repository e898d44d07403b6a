"""Connections to PostgreSQL that whoever had them before left in a state of which the next one must not learn."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from sqlalchemy import event, text

from store.database import Store, StoreUnavailable, TryAgain, reads_of_operation
from store.platform import seeds
from tests.store.database.test_operation_reads import is_seeded

pytestmark = pytest.mark.integration


async def mark(store: Store, name: str) -> None:
    async with store.write_transaction() as tx:
        await seeds.mark(tx, name)


async def read_alone(store: Store) -> bool:
    async with store.read_transaction() as tx:
        return await seeds.is_seeded(tx, "demo")


async def give_up_at_begin(store: Store, work: Awaitable[Any]) -> None:
    """Cancel the work once its BEGIN is sent to a server that does not answer; it answers then."""
    taken: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    async with store.write_transaction() as tx:
        server = (await tx.connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()

    def stop(driver: Any, _record: object, _fairy: object) -> None:
        os.kill(server, signal.SIGSTOP)
        taken.set_result(driver._connection)

    event.listen(store._writer.sync_engine.pool, "checkout", stop, once=True)
    task = asyncio.ensure_future(work)
    connection = await taken
    while connection._top_xact is None:
        await asyncio.sleep(0)
    task.cancel()
    os.kill(server, signal.SIGCONT)
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("abandoned", [lambda store: mark(store, "abandoned"), read_alone])
async def test_what_is_acknowledged_after_a_caller_gave_up_at_the_begin_of_a_transaction_is_kept(
    postgres_store: Store, store_cipher: Any, store_clock: Any, abandoned: Callable[[Store], Awaitable[Any]]
) -> None:
    await give_up_at_begin(postgres_store, abandoned(postgres_store))

    await mark(postgres_store, "kept")

    other = await Store.open(postgres_store.url, cipher=store_cipher, clock=store_clock)
    try:
        assert await is_seeded(other, "kept")
    finally:
        await other.close()


@pytest.mark.parametrize("within", [False, True])
async def test_reads_after_a_caller_gave_up_at_the_begin_of_a_transaction_see_what_was_written_since(
    postgres_store: Store, store_cipher: Any, store_clock: Any, within: bool
) -> None:
    await give_up_at_begin(postgres_store, read_alone(postgres_store))
    assert not await read_alone(postgres_store)
    other = await Store.open(postgres_store.url, cipher=store_cipher, clock=store_clock)
    await mark(other, "demo")
    await other.close()

    if within:
        with reads_of_operation():
            assert await is_seeded(postgres_store)
    else:
        assert await is_seeded(postgres_store)


@pytest.mark.parametrize("within", [False, True])
async def test_statements_of_before_an_upgrade_are_forgotten_and_the_caller_may_ask_again(
    postgres_store: Store, within: bool
) -> None:
    with reads_of_operation() if within else nullcontext():
        assert not await is_seeded(postgres_store)
    async with postgres_store.write_transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE seeds ALTER COLUMN id TYPE varchar(300)"))

    with suppress(StoreUnavailable), reads_of_operation() if within else nullcontext():
        await is_seeded(postgres_store)

    with reads_of_operation() if within else nullcontext():
        assert not await is_seeded(postgres_store)


OUTAGES = {
    "08006": "the connection broke",
    "08P01": "PgBouncer has no server",
    "25006": "a primary that was made a standby",
    "25P02": "a transaction that had failed before",
    "25P03": "a transaction that nobody went on with was ended",
    "26000": "a prepared statement is not there on the server that took over",
    "42P05": "a prepared statement of somebody else is there",
    "53300": "too many connections",
    "57P01": "the server is stopped",
    "57P02": "the server crashed",
    "57P03": "the server starts",
}


@pytest.mark.parametrize("code", OUTAGES)
async def test_a_code_that_comes_with_an_outage_tells_the_caller_to_ask_again(postgres_store: Store, code: str) -> None:
    async def fail() -> None:
        async with postgres_store.write_transaction() as tx:
            await tx.connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$"))

    with pytest.raises((StoreUnavailable, TryAgain)) as raised:
        await fail()

    assert raised.value.problem.retryable
    await mark(postgres_store, "kept")
