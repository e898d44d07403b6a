"""Our SQLite driver: one visit to the connection's thread for a statement, and nothing lost by that."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiosqlite import Connection
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.database.connections import database_url, read_engine, write_engine
from store.database.sqlite_driver import COMPILED

HANG_SECONDS = 20


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    made = write_engine(database_url(sqlite_url))
    async with made.begin() as connection:
        await connection.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY, word TEXT UNIQUE)"))
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


async def test_a_transaction_visits_the_thread_once_for_each_statement_its_begin_and_its_end(engine, visits):
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO kept (word) VALUES ('one')"))
        assert (await connection.execute(text("SELECT word FROM kept"))).scalars().all() == ["one"]

    assert len(visits) == 4


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
