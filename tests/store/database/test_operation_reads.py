"""What one operation reads: together in one transaction, each row once, and nothing that another operation read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event, text

from store.database import Store, StoreError, StoreUnavailable, reads_of_operation
from store.database.connections import driver_of, take_idle
from store.database.sql import each_once
from store.identity import people
from store.platform import seeds
from tests.store.builders import citizen
from tests.support.plans import statements_of

LONG_READ = {
    "sqlite": text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    ),
    "postgresql": text("SELECT 300000 FROM pg_sleep(0.2)"),
}


@contextmanager
def transactions_of(store: Store) -> Iterator[list[object]]:
    """Collects the connection of each read transaction that has ended."""
    seen: list[object] = []
    pool: Any = store._reader.pool

    def note(connection: object, _record: object) -> None:
        seen.append(connection)

    event.listen(pool, "checkin", note)
    try:
        yield seen
    finally:
        event.remove(pool, "checkin", note)


async def is_seeded(store: Store, name: str = "demo") -> bool:
    async with store.read_transaction() as tx:
        return await seeds.is_seeded(tx, name)


@pytest.fixture
async def asha(store: Store) -> str:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
    return "c1"


async def find(store: Store, *ids: str) -> list[str]:
    async with store.read_transaction() as tx:
        return sorted(await people.citizens(tx, ids))


async def test_reads_of_one_wait_go_through_one_transaction(store: Store) -> None:
    with reads_of_operation(), transactions_of(store) as begun:
        await asyncio.gather(*(is_seeded(store) for _ in range(5)))

    assert len(begun) == 1


async def test_a_read_that_begins_after_others_sees_what_was_written_since(store: Store) -> None:
    with reads_of_operation():
        async with store.read_transaction() as early:
            assert not await seeds.is_seeded(early, "demo")
            async with store.write_transaction() as tx:
                await seeds.mark(tx, "demo")
            assert await is_seeded(store)
            assert not await seeds.is_seeded(early, "demo")


async def test_two_operations_share_no_transaction(store: Store) -> None:
    async def operation() -> None:
        with reads_of_operation():
            await is_seeded(store)

    with transactions_of(store) as begun:
        await asyncio.gather(operation(), operation())

    assert len(begun) == 2


async def test_a_reader_who_is_cancelled_does_not_stop_the_others_of_her_transaction(store: Store) -> None:
    begun = asyncio.Event()

    async def read_long() -> None:
        async with store.read_transaction() as tx:
            begun.set()
            await tx.connection.execute(LONG_READ[store.dialect])

    async def read_after() -> int:
        async with store.read_transaction() as tx:
            await begun.wait()
            long.cancel()
            return int((await tx.connection.execute(LONG_READ[store.dialect])).scalar_one())

    with reads_of_operation(), transactions_of(store) as transactions:
        long, other = asyncio.create_task(read_long()), asyncio.create_task(read_after())
        with pytest.raises(asyncio.CancelledError):
            await long
        assert await other == 300_000

    assert len(transactions) == 1
    assert store._reader.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_readers_who_are_all_cancelled_at_once_leave_no_connection_taken(store: Store) -> None:
    with reads_of_operation():
        readers = [asyncio.create_task(is_seeded(store)) for _ in range(3)]
        await asyncio.sleep(0)
        for one in readers:
            one.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

        assert not await is_seeded(store)

    assert store._reader.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_shared_read_cannot_write(store: Store) -> None:
    with reads_of_operation(), pytest.raises(StoreError):
        async with store.read_transaction() as tx:
            await seeds.mark(tx, "demo")


async def test_a_row_that_was_read_is_not_read_again_in_one_operation(store: Store, asha: str) -> None:
    with reads_of_operation(), statements_of(store) as seen:
        assert await asyncio.gather(find(store, asha), find(store, asha, "absent")) == [[asha], [asha]]
        assert await find(store, "absent", asha) == [asha]

    assert len(seen) == 2  # hers, and the absent one's


async def test_what_an_operation_read_is_read_anew_after_it_writes(store: Store, asha: str) -> None:
    with reads_of_operation():
        assert await find(store, "c2") == []
        async with store.write_transaction() as tx:
            await people.add_citizen(tx, citizen("c2", mobile="9412345679"))
        assert await find(store, asha, "c2") == [asha, "c2"]


async def test_what_one_operation_read_another_reads_for_itself(store: Store, asha: str) -> None:
    with statements_of(store) as seen:
        for _ in range(2):
            with reads_of_operation():
                await find(store, asha)

    assert len(seen) == 2


async def test_a_write_of_an_operation_reads_what_is_there(store: Store, asha: str) -> None:
    with reads_of_operation(), statements_of(store) as seen:
        await find(store, asha)
        async with store.write_transaction() as tx:
            assert asha in await people.citizens(tx, [asha])

    assert len(seen) == 2


OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""Ends all other connections to the database, as PostgreSQL does when it is started anew."""


@pytest.fixture
def beside_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled with what PostgreSQL is asked beside the statements themselves: tries of a connection, begins, ends."""
    seen: list[str] = []
    for name in ("execute", "fetchrow"):
        ask = getattr(asyncpg.Connection, name)

        async def noted(self: Any, query: str, *given: Any, _ask: Any = ask, **named: Any) -> Any:
            seen.append(query)
            return await _ask(self, query, *given, **named)

        monkeypatch.setattr(asyncpg.Connection, name, noted)
    return seen


@pytest.mark.integration
async def test_a_connection_is_not_tried_before_it_reads(postgres_store: Store, beside_statements: list[str]) -> None:
    await is_seeded(postgres_store)
    beside_statements.clear()

    with reads_of_operation():
        await is_seeded(postgres_store)

    assert [asked.split()[0].strip(";") for asked in beside_statements] == ["BEGIN", "ROLLBACK"]


@pytest.mark.integration
async def test_who_reads_by_one_statement_begins_no_transaction(
    postgres_store: Store, beside_statements: list[str]
) -> None:
    await is_seeded(postgres_store)
    beside_statements.clear()

    with reads_of_operation():
        async with postgres_store.read_transaction(at_once=True) as tx:
            await seeds.is_seeded(tx, "demo")

    assert beside_statements == []


@pytest.mark.integration
async def test_who_reads_beside_one_statement_of_another_sees_one_moment_still(postgres_store: Store) -> None:
    async def read_twice() -> list[bool]:
        async with postgres_store.read_transaction() as tx:
            first = await seeds.is_seeded(tx, "demo")
            async with postgres_store.write_transaction() as other:
                await seeds.mark(other, "demo")
            return [first, await seeds.is_seeded(tx, "demo")]

    async def read_once() -> bool:
        async with postgres_store.read_transaction(at_once=True) as tx:
            return await seeds.is_seeded(tx, "demo")

    with reads_of_operation():
        once, twice = await asyncio.gather(read_once(), read_twice())

    assert (once, twice) == (False, [False, False])


@pytest.mark.integration
async def test_what_is_written_by_one_who_should_only_read_is_refused(postgres_store: Store) -> None:
    async def write() -> None:
        async with postgres_store.read_transaction(at_once=True) as tx:
            await seeds.mark(tx, "demo")

    with reads_of_operation(), pytest.raises(StoreError):
        await write()

    assert not await is_seeded(postgres_store)


async def execute_straight(store: Store) -> bool:
    async with store.read_transaction() as tx:
        return (await tx.connection.execute(text("SELECT 1"))).scalar_one() == 0


@pytest.mark.integration
@pytest.mark.parametrize("way", [is_seeded, execute_straight])
async def test_a_read_that_finds_its_idle_connection_broken_reads_on_a_new_one(
    postgres_store: Store, way: Callable[[Store], Awaitable[bool]]
) -> None:
    await asyncio.gather(*(is_seeded(postgres_store) for _ in range(3)))
    async with postgres_store.write_transaction() as tx:
        await tx.connection.execute(OTHERS)

    with reads_of_operation():
        assert [await way(postgres_store), await way(postgres_store)] == [False, False]

    assert postgres_store._reader.pool.checkedout() == 0  # type: ignore[attr-defined]


async def execute_in_write(store: Store) -> bool:
    async with store.write_transaction() as tx:
        return await seeds.is_seeded(tx, "demo")


@pytest.mark.integration
@pytest.mark.parametrize("way", [is_seeded, execute_straight, execute_in_write])
async def test_a_read_whose_idle_connection_is_busy_with_an_abandoned_statement_reads_on_a_new_one(
    postgres_store: Store, way: Callable[[Store], Awaitable[bool]]
) -> None:
    await is_seeded(postgres_store)
    idle: Any = take_idle(postgres_store._reader)
    abandoned = asyncio.ensure_future(driver_of(idle)._connection.fetch("SELECT pg_sleep(3)"))
    await asyncio.sleep(0)  # it is sent
    idle.close()

    with reads_of_operation():
        found = [await way(postgres_store), await way(postgres_store)]

    await asyncio.wait([abandoned])
    assert found == [False, False]


@pytest.mark.integration
async def test_a_connection_that_breaks_after_the_first_read_of_a_transaction_ends_it(postgres_store: Store) -> None:
    async def read_twice() -> None:
        async with postgres_store.read_transaction() as tx:
            await seeds.is_seeded(tx, "demo")
            async with postgres_store.write_transaction() as other:
                await other.connection.execute(OTHERS)
            await seeds.is_seeded(tx, "demo")

    with reads_of_operation(), pytest.raises(StoreUnavailable):
        await read_twice()

    assert postgres_store._reader.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_operations_that_hold_every_connection_do_not_wait_for_one_another(store: Store) -> None:
    pool: Any = store._reader.pool
    everybody = asyncio.Barrier(pool.size())

    async def read_later(key: str) -> dict[str, str]:
        async with store.read_transaction() as tx:

            async def read(keys: list[str]) -> dict[str, str]:
                await tx.connection.execute(text("SELECT 1"))
                return dict.fromkeys(keys, "read")

            return await each_once(tx, "later", [key], read)

    async def operation(number: int) -> list[str]:
        with reads_of_operation():
            async with store.read_transaction() as tx:
                await tx.connection.execute(text("SELECT 1"))
                await everybody.wait()  # now no connection is left
                second = asyncio.create_task(read_later(f"second {number}"))
                await until_it_waits(second)

                async def read(keys: list[str]) -> dict[str, str]:
                    await tx.connection.execute(text("SELECT 1"))
                    return dict.fromkeys(keys, "read")

                first = await each_once(tx, "first", [f"first {number}"], read)
            return [*first.values(), *(await second).values()]

    answers = await asyncio.gather(*map(operation, range(pool.size())))

    assert answers == [["read", "read"]] * pool.size()


async def until_it_waits(task: asyncio.Task[Any]) -> None:
    """Let a task that was just made come to where it waits for others."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
