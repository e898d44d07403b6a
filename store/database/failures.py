"""Converts exceptions of database drivers into the store's own errors, without SQL or values in the text."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from store.database.connections import give_back, take_idle
from store.database.errors import AlreadyThere, DiskFull, StoreError, StoreUnavailable, TryAgain

LOCK_TIMEOUT = "55P03"
_READ_ONLY = "25006"
_AGAIN = frozenset({"25P02", "40001", "40P01", LOCK_TIMEOUT, "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT"})
_UNIQUE = frozenset({"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_UNAVAILABLE = frozenset({"57014", "SQLITE_READONLY", "SQLITE_CANTOPEN"})
_FULL = frozenset({"53100", "SQLITE_FULL", "SQLITE_IOERR_WRITE"})
_UNAVAILABLE_CLASSES = ("08", "53", "57", "58", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the store's errors in place of the driver's."""
    try:
        yield
    except PoolTimeout:
        raise TryAgain("every connection is busy") from None
    except DBAPIError as error:
        raise _translate(error) from None
    except SQLAlchemyError as error:
        raise StoreError(type(error).__name__) from None
    except ConnectionError as error:
        raise StoreUnavailable(f"the connection broke ({type(error).__name__})") from None


@asynccontextmanager
async def open_connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection, or StoreUnavailable; what is raised while it is used passes unchanged.

    One that is of no use any more is dropped, and one that should write and leads to a server that was made a standby,
    with StoreUnavailable.
    """
    connection = await connect(engine)
    try:
        yield AsyncConnection(engine, connection)
    except DBAPIError as error:
        if error.connection_invalidated:  # of which SQLAlchemy need not know (store/database/reading/statements.py)
            connection.invalidate()
        if error_code(error) != _READ_ONLY or "postgresql_readonly" in engine.get_execution_options():
            raise
        connection.invalidate()
        raise StoreUnavailable("the database was made a standby") from None
    finally:
        await give_back(connection)


async def connect(engine: AsyncEngine) -> Connection:
    """A connection, which the caller gives back, or StoreUnavailable."""
    idle = take_idle(engine) if engine.dialect.name == "sqlite" else None  # one of PostgreSQL is tried before
    if idle is not None:
        return idle
    try:
        return cast("Connection", (await engine.connect().start()).sync_connection)
    except OSError as error:
        raise StoreUnavailable(f"no connection ({type(error).__name__})") from None


def error_code(error: DBAPIError) -> str:
    """The SQLSTATE of PostgreSQL or the name of SQLite's extended result code; empty where there is none."""
    origin = error.orig
    places = (origin, getattr(origin, "__cause__", None))
    names = (getattr(place, name, None) for place in places for name in ("sqlstate", "sqlite_errorname"))
    return str(next((name for name in names if name), ""))


def _translate(error: DBAPIError) -> StoreError:
    code = error_code(error)
    if code in _AGAIN:
        return TryAgain(f"the transaction lost a race ({code})")
    if code in _UNIQUE:
        return AlreadyThere("a row with the same key")
    if code in _FULL:
        return DiskFull(f"the disk took no more ({code})")
    if error.connection_invalidated or code in _UNAVAILABLE or code.startswith(_UNAVAILABLE_CLASSES):
        return StoreUnavailable(f"the database does not answer ({code or type(error).__name__})")
    return StoreError(f"the database refused ({code or type(error).__name__})")
