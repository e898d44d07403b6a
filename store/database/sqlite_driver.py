"""An aiosqlite driver that needs one thread hand-over for each statement, where SQLAlchemy's needs four, or none.

SQLAlchemy asks the thread for a cursor, for the statement, for its rows and for the cursor's end, one after another,
and each time a thread is woken and the event loop after it. Here all of that is one piece of work. Transactions,
errors and the order of statements are as before.

A connection that only reads carries a statement out in the event loop, which costs less than waking a thread. SQLite
counts its own steps: a statement that needs more than LOOP_STEPS is broken off and done anew in the thread, where its
kind goes at once from then on. There also waits whatever finds the database locked.

A connection that writes uses the loop too: to begin a transaction, and within it for reads and for writes that their
maker calls short, since they concern a few rows by their keys. Such a write is not bounded: SQLite would undo the whole
transaction if it were broken off. The end of a transaction, which waits for the disk, is the thread's.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

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
Work = Callable[[sqlite3.Connection], T]

LOOP_STEPS = 50_000
"""Instructions of SQLite's machine that one statement may take in the event loop: one to three milliseconds."""

LOOP_TURNS = 20
"""Statements after which a connection lets the other tasks of the loop go on."""

BUSY_TIMEOUT = 5000
"""Milliseconds that a thread waits for a lock of the database; the event loop never does."""

_LOOK_STEPS = 1000
_LONG: LRUCache[str, bool] = LRUCache(1000)
"""The statements that were broken off in the loop, by their text."""

DRIVER = "sqlite+apuni"
"""By this name in its address an engine takes the dialect of this module."""

COMPILED: LRUCache[Any, Any] = LRUCache(1000)
"""Statements that were put into words, for all engines of the process."""


class _Cursor(AsyncAdapt_dbapi_cursor):
    """Holds the whole outcome of a statement; nothing of it is left with SQLite."""

    __slots__ = ("_outcome", "arraysize", "is_short")

    _adapt_connection: "SqliteConnection"
    _outcome: tuple[Any, int, int | None]

    def __init__(self, adapt_connection: "SqliteConnection") -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 - the class that it was made for
        self._rows = deque()
        self._outcome = (None, -1, None)
        self.arraysize = 1
        self.is_short = False

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
        given = () if parameters is None else parameters
        await self._run_statement(operation, lambda cursor: cursor.execute(operation, given))

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        await self._run_statement(operation, lambda cursor: cursor.executemany(operation, seq_of_parameters))

    async def _run_statement(self, text: str, run: Callable[[sqlite3.Cursor], object]) -> None:
        async with self._adapt_connection._execute_mutex:  # noqa: SLF001
            rows, self._outcome = await self._adapt_connection.run(
                text, lambda raw: _carried_out(raw, run), is_short=self.is_short
            )
            self._rows = deque(rows)


class SqliteConnection(AsyncAdapt_aiosqlite_connection):
    """A connection that knows whether its thread has done all it was asked to."""

    __slots__ = ("_in_loop", "_looks", "_settled", "_turns")

    _cursor_cls = _Cursor  # type: ignore[assignment]

    def __init__(self, dbapi: Any, connection: Any, *, in_loop: bool = False) -> None:
        super().__init__(dbapi, connection)
        self._settled = True
        self._in_loop = in_loop
        self._looks = 0
        self._turns = 0

    @property
    def _raw(self) -> sqlite3.Connection:
        raw: sqlite3.Connection = cast("Any", self._connection)._conn  # noqa: SLF001 - as SQLAlchemy does
        return raw

    def _is_over(self) -> bool:
        self._looks -= 1
        return self._looks < 0

    async def run(self, text: str, work: Work[T], *, is_short: bool = False) -> T:
        """Carry out the statement of that text, in the loop where that is allowed."""
        reads = self._in_loop or text.startswith("SELECT")
        if self._may_take_loop(text, reads or is_short):
            self._turns += 1
            if self._turns % LOOP_TURNS == 0:
                await asyncio.sleep(0)
            if self._settled and text not in _LONG:
                try:
                    return self._do_bounded(work) if reads else work(self._raw)
                except sqlite3.OperationalError as error:
                    why = getattr(error, "sqlite_errorname", "")
                    if why == "SQLITE_INTERRUPT":
                        _LONG[text] = True
                    elif not why.startswith("SQLITE_BUSY"):
                        raise
        return await self.visit(partial(_patiently, work))

    def _do_bounded(self, work: Work[T]) -> T:
        """Do work, which SQLite interrupts when it takes too long for the loop; a thread may take its time."""
        self._looks = LOOP_STEPS // _LOOK_STEPS
        self._raw.set_progress_handler(self._is_over, _LOOK_STEPS)
        try:
            return work(self._raw)
        finally:
            self._raw.set_progress_handler(None, 0)

    def _may_take_loop(self, text: str, is_short: bool) -> bool:
        """Whether nothing in the loop can wait for a lock.

        A writer has the lock within its transaction. Its BEGIN asks for the lock without any patience
        (`busy_timeout=0`): where another connection or process has it, SQLite says so at once, and `run` does it anew
        in the thread, which has patience.
        """
        return self._in_loop or (is_short and self._settled and self._raw.in_transaction) or text.startswith("BEGIN")

    async def visit(self, work: Work[T]) -> T:
        """Do work in the connection's thread. Whoever is cancelled leaves it going on there."""
        connection: Any = self._connection
        self._settled = False
        try:
            done: T = await connection._execute(lambda: work(self._raw))  # noqa: SLF001 - as SQLAlchemy does
        except sqlite3.Error:
            self._settled = True
            raise
        self._settled = True
        return done

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is left that only the thread could end."""
        return self._settled and (self._in_loop or not self._raw.in_transaction)

    def begin(self) -> None:
        """Begin a transaction that only reads, unless there is one; it locks nothing yet."""
        if not self._raw.in_transaction:
            self._raw.execute("BEGIN")

    def rollback(self) -> None:
        """Roll back, unless it is certain that no transaction was begun: the pool asks for it each time."""
        connection: Any = self._connection
        if connection._connection and self._settled:  # noqa: SLF001
            if self._in_loop:
                self._raw.rollback()
            if not connection.in_transaction:
                return
        super().rollback()
        self._settled = True  # the thread does one thing after another: what was left going on is over

    def commit(self) -> None:
        """End the transaction; one that only read in the loop holds nothing that a thread would wait for."""
        if self._in_loop and self._settled:
            self._raw.commit()
            return
        super().commit()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """What SQLAlchemy takes as the module of the driver."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        in_loop = kw.pop("in_loop", False)
        made = super().connect(*arg, **kw)
        return SqliteConnection(self, made._connection, in_loop=in_loop)  # noqa: SLF001 - the class that it made


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


def _patiently(work: Work[T], connection: sqlite3.Connection) -> T:
    """Do work with the patience that a thread has for a lock."""
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    try:
        return work(connection)
    finally:
        connection.execute("PRAGMA busy_timeout=0")


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
