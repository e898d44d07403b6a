"""Engines for SQLite and PostgreSQL, configured for durable commits (docs/reliability.md section 4)."""

import asyncio
import os
import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool.base import _ConnectionRecord
from sqlalchemy.util import greenlet_spawn

from domain.kernel.tracing import Step, current_trace, span
from store.database.sqlite_driver import COMPILED, DRIVER, SqliteConnection

_DRIVERS = {"sqlite": DRIVER, "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "journal_size_limit=67108864")
POSTGRESQL_SETTINGS = {
    "application_name": "apuni",
    "idle_in_transaction_session_timeout": "10000",
    "lock_timeout": "2000",
    "statement_timeout": "5000",
    "synchronous_commit": "on",
    "tcp_user_timeout": "5000",
    "timezone": "UTC",
}
"""What each connection asks for at its start; behind PgBouncer the role has it (deploy/proxy/roles.sql)."""
_SQLITE_READERS = 8
_OF_READERS = ("query_only=ON", "cache_size=-500")
"""A reader keeps 500 KiB of pages, a quarter of what SQLite would: they are outdated once somebody has written."""
_POOL_WAIT_SECONDS = 5
_HOST_WAIT_SECONDS = 1.5
"""How long one of several hosts may take to let us in before the next one is asked."""
_SEVERAL_HOSTS = re.compile(
    r"(?P<before>postgres[^:]*://(?:[^@/]*@)?)(?P<hosts>[^@/?]+,[^@/?]+)(?P<after>/[^?]*)?(?:\?|$)"
)


def database_url(url: str) -> URL:
    """The address with the driver that we use; raises ValueError for another database.

    PostgreSQL may have several hosts, `postgresql://user@one:5432,two:5432/name`, as libpq writes them.
    """
    parsed = make_url(_SEVERAL_HOSTS.sub(_name_hosts, url))
    family = parsed.get_backend_name()
    if family not in _DRIVERS:
        raise ValueError("the store is SQLite or PostgreSQL")
    return parsed.set(drivername=_DRIVERS[family])


def write_engine(url: URL) -> AsyncEngine:
    """The engine of write transactions. On SQLite it has one connection and every transaction is BEGIN IMMEDIATE."""
    if url.get_backend_name() == "sqlite":
        _make_private(url)
        return _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1)
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=20,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        isolation_level="READ COMMITTED",
        connect_args=_connect_arguments(url),
    )
    event.listen(engine.sync_engine, "handle_error", _drop_unusable)
    return engine


def read_engine(url: URL, writer: AsyncEngine) -> AsyncEngine:
    """The engine of read transactions: they write nothing and see one moment of the store."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, "BEGIN", pool_size=_SQLITE_READERS, more_pragmas=_OF_READERS, in_loop=True)
    return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def migration_engine(url: URL) -> AsyncEngine:
    """An engine with one connection for migrations, which set their own bounds."""
    if url.get_backend_name() == "sqlite":
        _make_private(url)
        return _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1, more_pragmas=("foreign_keys=OFF",))
    return create_async_engine(
        url, hide_parameters=True, pool_size=1, max_overflow=0, connect_args=_connect_arguments(url)
    )


def take_idle(engine: AsyncEngine) -> Connection | None:
    """A connection that is idle in the pool, without a try of it (`pool_pre_ping`), which costs PostgreSQL three turns.

    None where there is none, or it has to be made anew, which needs one of SQLAlchemy's greenlets.
    """
    pool: Any = engine.pool
    idle = pool._pool._queue._queue  # noqa: SLF001 - asyncio's queue in SQLAlchemy's
    if not idle or idle[0]._is_hard_or_soft_invalidated():  # noqa: SLF001 - it would be connected anew
        return None
    taken = _ConnectionRecord.checkout(pool)
    taken._counter = 1  # noqa: SLF001 - as SQLAlchemy does once it has tried it
    return Connection(engine.sync_engine, connection=taken)


_NO_SPAN = nullcontext()
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?(\w+)", re.IGNORECASE)


def statement_span(text: str) -> AbstractContextManager[object]:
    """A span of the trace that is kept, named by verb and first table of a statement."""
    if current_trace() is None:
        return _NO_SPAN
    table = _TABLE.search(text)
    return span(Step.STATEMENT, f"{text.split(None, 1)[0]} {table[1] if table else ''}".strip())


def trace_statements(engine: AsyncEngine) -> None:
    """Make each statement that SQLAlchemy carries out a span of the trace that is kept."""

    def begin(_connection: Any, _cursor: Any, statement: str, _given: Any, context: Any, _many: Any) -> None:
        if context is not None:  # else it is one of store/database/reading/statements.py, which opens its own
            context.apuni_span = statement_span(statement)
            context.apuni_span.__enter__()

    def end(_connection: Any, _cursor: Any, _statement: str, _given: Any, context: Any, _many: Any) -> None:
        context.apuni_span.__exit__(None, None, None)

    def fail(failure: Any) -> None:
        opened = getattr(failure.execution_context, "apuni_span", None)
        if opened is not None:
            opened.__exit__(None, None, None)

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)


_UNUSABLE = ("another operation", "nested transaction", "cached statement plan is invalid")
_UNUSABLE_CODES = frozenset({"25P03", "26000", "42P05"})
"""The transaction was ended by its time-limit; the server behind PgBouncer has other prepared statements."""


def is_unusable(error: BaseException) -> bool:
    """Whether a statement failed for what the connection is in, which SQLAlchemy would give to the next one for ever.

    It is still at a statement or in a transaction whose caller gave up, or has statements of another server, or of
    before an upgrade of the schema. asyncpg has no code of PostgreSQL for the first two, nor for its own confusion
    (InternalClientError), and that of the last says nothing.
    """
    confused = type(error).__name__ == "InternalClientError" or any(word in str(error) for word in _UNUSABLE)
    return confused or getattr(error, "sqlstate", None) in _UNUSABLE_CODES


def _drop_unusable(failure: Any) -> None:
    if is_unusable(failure.original_exception):
        failure.is_disconnect, failure.invalidate_pool_on_disconnect = True, False


def driver_of(connection: Connection) -> Any:
    """The driver's connection of one of SQLAlchemy's."""
    return connection.connection.dbapi_connection


async def give_back(connection: Connection) -> None:
    """Give a connection back to its pool, at once where nothing of it is left to be waited for.

    One whose caller gave up while its transaction began is dropped. PostgreSQL may have begun it, of which SQLAlchemy
    does not know: what others write would be a part of it, and be lost, and they would read what was there before.
    """
    driver = None if connection.invalidated else driver_of(connection)
    if driver is None or _is_quiet(driver):
        connection.close()
    elif not isinstance(driver, SqliteConnection) and driver._transaction is None:  # noqa: SLF001 - that of asyncpg
        connection.invalidate()
        connection.close()
    else:
        await asyncio.shield(asyncio.ensure_future(greenlet_spawn(connection.close)))


def _is_quiet(driver: Any) -> bool:
    """Whether no transaction is open: on PostgreSQL neither for SQLAlchemy nor for asyncpg."""
    if isinstance(driver, SqliteConnection):
        return driver.is_quiet
    return driver._transaction is None and driver._connection._top_xact is None  # noqa: SLF001 - that of asyncpg


def _name_hosts(found: re.Match[str]) -> str:
    """The address with its hosts where SQLAlchemy looks for several."""
    hosts = "&".join(f"host={host if ':' in host else host + ':5432'}" for host in found["hosts"].split(","))
    return f"{found['before']}{found['after'] or '/'}?{hosts}&"


def _connect_arguments(url: URL) -> dict[str, Any]:
    several = isinstance(url.query.get("host"), tuple)
    creator = {"async_creator_fn": _connect_to_primary} if several else {}
    return {"server_settings": POSTGRESQL_SETTINGS, "timeout": _POOL_WAIT_SECONDS, **creator}


async def _connect_to_primary(*, host: list[str], port: list[int], **options: Any) -> Any:
    """A connection to the first of several hosts that takes writes, asked in their order; OSError where none does.

    The driver does the same, but a host that says nothing takes all of its time.
    """
    import asyncpg

    for name, number in zip(host, port, strict=True):
        try:
            return await asyncpg.connect(
                **options
                | {"host": name, "port": number, "timeout": _HOST_WAIT_SECONDS, "target_session_attrs": "primary"}
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.exceptions.TargetServerAttributeNotMatched):
            continue
    raise ConnectionRefusedError(f"none of {len(host)} hosts takes writes")


def _sqlite_engine(
    url: URL, begin: str, *, pool_size: int, more_pragmas: tuple[str, ...] = (), in_loop: bool = False
) -> AsyncEngine:
    engine = create_async_engine(
        url,
        connect_args={"in_loop": in_loop},
        execution_options={"compiled_cache": COMPILED},
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # sqlite3 must not begin transactions by itself: its late BEGIN loses updates.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=0", *_PRAGMAS, *more_pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        if in_loop:  # nothing is waited for, and nothing of it needs SQLAlchemy
            connection.connection.dbapi_connection.begin()
        else:
            connection.exec_driver_sql(begin)

    return engine


def _make_private(url: URL) -> None:
    """Create the file so that only its owner reads it; SQLite gives the same mode to its companions."""
    if not url.database or url.database == ":memory:":
        raise ValueError("the store needs a file")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
