"""An aiosqlite driver that needs one thread hand-over for each statement, where SQLAlchemy's needs four.

SQLAlchemy asks the thread for a cursor, for the statement, for its rows and for the cursor's end, one after another,
and each time a thread is woken and the event loop after it. Here all of that is one piece of work. Transactions,
errors and the order of statements are as before.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_cursor
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util import LRUCache

T = TypeVar("T")

DRIVER = "sqlite+apuni"
"""By this name in its address an engine takes the dialect of this module."""

COMPILED: LRUCache[Any, Any] = LRUCache(1000)
"""Statements that were put into words, for all engines of the process."""


class _Cursor(AsyncAdapt_dbapi_cursor):
    """Holds the whole outcome of a statement; nothing of it is left with SQLite."""

    __slots__ = ("_outcome", "arraysize")

    _adapt_connection: "_Connection"
    _outcome: tuple[Any, int, int | None]

    def __init__(self, adapt_connection: "_Connection") -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 - the class that it was made for
        self._rows = deque()
        self._outcome = (None, -1, None)
        self.arraysize = 1

    @property
    def description(self) -> Any:
        return self._outcome[0]

    @property
    def rowcount(self) -> int:
        return self._outcome[1]

    @property
    def lastrowid(self) -> int:
        return self._outcome[2]  # type: ignore[return-value]  # None after a statement that inserts nothing

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """Nothing is open."""

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        await self._run_statement(lambda cursor: cursor.execute(operation, () if parameters is None else parameters))

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        await self._run_statement(lambda cursor: cursor.executemany(operation, seq_of_parameters))

    async def _run_statement(self, run: Callable[[sqlite3.Cursor], object]) -> None:
        async with self._adapt_connection._execute_mutex:  # noqa: SLF001
            rows, self._outcome = await self._adapt_connection.visit(lambda connection: _carried_out(connection, run))
            self._rows = deque(rows)


class _Connection(AsyncAdapt_aiosqlite_connection):
    """A connection that knows whether its thread has done all it was asked to."""

    __slots__ = ("_settled",)

    _cursor_cls = _Cursor  # type: ignore[assignment]

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._settled = True

    async def visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work in the connection's thread. Whoever is cancelled leaves it going on there."""
        connection: Any = self._connection
        self._settled = False
        try:
            done: T = await connection._execute(lambda: work(connection._conn))  # noqa: SLF001 - as SQLAlchemy does
        except sqlite3.Error:
            self._settled = True
            raise
        self._settled = True
        return done

    def rollback(self) -> None:
        """Roll back, unless it is certain that no transaction was begun: the pool asks for it each time."""
        connection: Any = self._connection
        if connection._connection and self._settled and not connection.in_transaction:  # noqa: SLF001
            return
        super().rollback()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """What SQLAlchemy takes as the module of the driver."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        return _Connection(self, super().connect(*arg, **kw)._connection)  # noqa: SLF001 - the class that it made


class Dialect(SQLiteDialect_aiosqlite):
    """The dialect of this driver. All instances are equal, so that engines find each other's statements in COMPILED."""

    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> AsyncAdapt_aiosqlite_dbapi:
        return _Driver()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register(DRIVER.replace("+", "."), __name__, Dialect.__name__)


def _carried_out(
    connection: sqlite3.Connection, run: Callable[[sqlite3.Cursor], object]
) -> tuple[list[Any], tuple[Any, int, int | None]]:
    """A statement to its end: its rows, and its description, count of rows and last row."""
    cursor = connection.cursor()
    try:
        run(cursor)
        rows = cursor.fetchall() if cursor.description else []
        return rows, (cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()
