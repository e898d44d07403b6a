"""Our SQLite driver: one visit to the connection's thread for a statement, and nothing lost by that."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
from aiosqlite import Connection
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.database.connections import database_url, read_engine, write_engine
from store.database.sqlite_driver import COMPILED, LOOP_TURNS
from store.identity import people
from tests.store.builders import citizen

HANG_SECONDS = 20
LONG_READ = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT max(i) FROM n"
)


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    made = write_engine(database_url(sqlite_url))
    async with made.begin() as connection:
        await connection.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY, word TEXT UNIQUE)"))
    yield made
    await made.dispose()


@pytest.fixture
async def reader(engine: AsyncEngine, sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    made = read_engine(database_url(sqlite_url), engine)
    async with made.connect() as connection:
        await connection.execute(text("SELECT 1"))
    yield made
    await made.dispose()


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Filled with each order that goes to the thread of a connection."""
    seen: list[object] = []
    execute = Connection._execute

    async def noted(self: Connection, work: Any, *arguments: Any, **named: Any) -> Any:
        seen.append(work)
        return await execute(self, work, *arguments, **named)

    monkeypatch.setattr(Connection, "_execute", noted)
    return seen


async def test_a_transaction_visits_the_thread_once_for_each_write_that_may_be_long_and_for_its_end(engine, visits):
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO kept (word) VALUES ('one')"))
        assert (await connection.execute(text("SELECT word FROM kept"))).scalars().all() == ["one"]

    assert len(visits) == 2


async def test_a_transaction_of_short_writes_visits_the_thread_for_its_end_alone(sqlite_store, visits):
    async with sqlite_store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))
        visits.clear()
        await people.add_citizen(tx, citizen("c2"))
        assert set(await people.citizens(tx, ["c1", "c2"])) == {"c1", "c2"}

    assert len(visits) == 1


async def test_a_long_read_of_a_transaction_that_writes_undoes_nothing_of_it(engine):
    long = text("SELECT count(*) FROM kept a, kept b, kept c")
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO kept (word) VALUES (:word)"), [{"word": n} for n in range(60)])
        assert (await connection.execute(long)).scalar_one() == 60**3

    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 60


async def test_a_writer_that_finds_another_one_waits_in_the_thread(engine, sqlite_url, visits):
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO kept (word) VALUES ('one')"))

    async def write() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO kept (word) VALUES ('two')"))

    with closing(sqlite3.connect(str(database_url(sqlite_url).database), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        visits.clear()
        waiting = asyncio.create_task(write())
        async with asyncio.timeout(HANG_SECONDS):
            while not visits:
                await asyncio.sleep(0)
        assert not waiting.done()

    async with asyncio.timeout(HANG_SECONDS):
        await waiting


async def test_rows_counts_and_the_last_row_are_told_as_before(engine):
    async with engine.begin() as connection:
        added = await connection.execute(text("INSERT INTO kept (word) VALUES ('one')"))
        assert (added.rowcount, added.lastrowid, added.returns_rows) == (1, 1, False)
        many = await connection.execute(text("INSERT INTO kept (word) VALUES (:word)"), [{"word": w} for w in "abc"])
        assert many.rowcount == 3
        told = await connection.execute(text("UPDATE kept SET word = word || '!' RETURNING id, word"))
        assert list(told.keys()) == ["id", "word"]
        assert len(told.all()) == 4
        assert (await connection.execute(text("SELECT id FROM kept WHERE id > 99"))).first() is None


async def test_an_error_keeps_its_kind_and_leaves_the_connection_usable(engine):
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO kept (word) VALUES ('one'), ('one')"))

    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 0


async def test_whoever_is_cancelled_while_she_waits_for_the_lock_leaves_no_transaction_behind(engine, sqlite_url):
    other, loop, begun = write_engine(database_url(sqlite_url)), asyncio.get_running_loop(), asyncio.Event()

    def told(statement: str) -> None:
        if statement.startswith("BEGIN"):
            loop.call_soon_threadsafe(begun.set)

    async with other.connect() as connection:
        raw: Any = await connection.get_raw_connection()
        await raw.driver_connection.set_trace_callback(told)

    async def wait_for_the_lock() -> None:
        async with other.begin():
            raise AssertionError("another one writes")

    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO kept (word) VALUES ('one')"))
        waiting = asyncio.create_task(wait_for_the_lock())
        async with asyncio.timeout(HANG_SECONDS):
            await begun.wait()  # it is in the thread by now, where SQLite waits
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(HANG_SECONDS), engine.begin() as connection:
        await connection.execute(text("INSERT INTO kept (word) VALUES ('two')"))
    await other.dispose()


async def test_engines_of_a_process_share_what_was_put_into_words(engine, sqlite_url):
    statement = text("SELECT word AS this_one_statement FROM kept")
    async with engine.connect() as connection:
        await connection.execute(statement)
    known = len(COMPILED)

    reader = read_engine(database_url(sqlite_url), engine)
    async with reader.connect() as connection:
        await connection.execute(statement)
    await reader.dispose()

    assert len(COMPILED) == known


async def test_a_short_read_is_carried_out_in_the_event_loop(reader, visits):
    async with reader.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 0

    assert visits == []


async def test_a_read_that_needs_too_many_steps_is_carried_out_in_the_thread_with_the_same_rows(reader, visits):
    async with reader.begin() as connection:
        assert (await connection.execute(LONG_READ)).scalar_one() == 100_000

    assert len(visits) == 1


async def test_a_long_read_that_is_streamed_is_not_broken_off_after_a_short_one_in_the_event_loop(reader):
    numbers = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n")
    async with reader.connect() as connection:
        await connection.execute(text("SELECT 1"))
        streamed = 0
        async for _ in await connection.stream(numbers):
            streamed += 1

    assert streamed == 100_000


async def test_a_kind_of_read_that_was_too_long_once_is_not_begun_in_the_event_loop_again(reader):
    async with reader.begin() as connection:
        await connection.execute(LONG_READ)
        raw: Any = (await connection.get_raw_connection()).dbapi_connection
        begun = raw._turns
        left = raw._looks
        await connection.execute(LONG_READ)

    assert (raw._turns - begun, raw._looks) == (1, left)


async def test_many_short_reads_of_one_transaction_let_the_other_tasks_go_on(reader):
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count_turns())
    async with reader.begin() as connection:
        for _ in range(10 * LOOP_TURNS):
            await connection.execute(text("SELECT 1"))
    other.cancel()

    assert turns >= 9


async def test_a_reader_that_finds_the_database_locked_waits_in_the_thread(engine, sqlite_url, visits):
    await engine.dispose()
    reader = read_engine(database_url(sqlite_url), engine)

    async def read() -> Any:
        async with reader.begin() as reading:
            return (await reading.execute(text("SELECT count(*) FROM kept"))).scalar_one()

    with closing(sqlite3.connect(str(database_url(sqlite_url).database), isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        waiting = asyncio.create_task(read())
        async with asyncio.timeout(HANG_SECONDS):
            while not visits:  # the connection is made in its thread; what waits for the lock comes after
                await asyncio.sleep(0)
        assert not waiting.done()

    async with asyncio.timeout(HANG_SECONDS):
        assert await waiting == 0
    await reader.dispose()
