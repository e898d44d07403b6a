"""What one operation has read of the store: reads of one wait in one transaction, and each row once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from store.database.connections import driver_of, give_back, take_idle
from store.database.failures import connect

T = TypeVar("T")


class SharedConnection:
    """A read transaction for the readers of one wait; it begins with the first statement, and nobody joins it then.

    One who leaves early stops no other's statement.
    """

    def __init__(self, engine: AsyncEngine, begun: Callable[[], object]) -> None:
        self.dialect = engine.dialect
        self.readers = 0
        self._engine, self._begun = engine, begun
        self._opening: asyncio.Task[Connection] | None = None
        self._running: set[asyncio.Future[Any]] = set()
        self._has_read = False

    async def open(self) -> Connection:
        """The connection, in its transaction, which on PostgreSQL its driver begins by itself."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> Connection:
        self._begun()  # this task runs once those who join have asked
        connection = take_idle(self._engine) or await connect(self._engine)
        if self.dialect.name == "sqlite":
            driver_of(connection).begin()
        return connection

    async def execute(self, *arguments: Any, **named: Any) -> Any:
        return await self.carry_out(lambda opened: AsyncConnection(self._engine, opened).execute(*arguments, **named))

    async def carry_out(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """What work on this connection gives, which is done although its reader was cancelled.

        It is done again on a new connection where the first work finds that the idle one which was taken is broken.
        """
        connection = await self.open()
        try:
            found = await self._finish(work(connection))
        except DBAPIError as error:
            if self._has_read or not error.connection_invalidated:
                raise
            found = await self._finish(work(await self._replace(connection)))
        self._has_read = True
        return found

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        running = asyncio.ensure_future(work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    async def _replace(self, broken: Connection) -> Connection:
        """A connection in place of a broken one, for all who find it so."""
        if self._opening is not None and self._opening.result() is broken:
            broken.invalidate()
            broken.close()
            self._opening = asyncio.ensure_future(connect(self._engine))
        return await self.open()

    async def leave(self) -> None:
        """Give the connection back when nobody reads any more."""
        self.readers -= 1
        opening = self._opening
        if self.readers or opening is None:
            return
        if self._running or not opening.done():
            await asyncio.gather(opening, *self._running, return_exceptions=True)
        if opening.cancelled() or opening.exception() is not None:
            return
        await give_back(opening.result())


@dataclass
class OperationReads:
    """What one operation has read, for itself alone."""

    known: dict[Hashable, Any] = field(default_factory=dict)
    """What was read, by what it is and its key, until the operation writes or asks an outside system."""
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    waits: dict[AsyncEngine, SharedConnection] = field(default_factory=dict)
    """The transactions that have not begun, by their database."""
    is_over: bool = False
    """Whether the operation is answered: a task that outlives it reads for itself."""
    _outer: "Token[OperationReads | None] | None" = None

    def __enter__(self) -> Self:
        self._outer = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._outer is not None:
            _current.reset(self._outer)
        self.is_over = True
        self.forget()

    def forget(self) -> None:
        """Have everything read anew, also what is being read now."""
        self.known = {}

    def connection(self, engine: AsyncEngine) -> SharedConnection:
        """A read transaction, shared with those who ask before it begins."""
        shared = self.waits.get(engine)
        if shared is None:
            shared = self.waits[engine] = SharedConnection(engine, partial(self.waits.pop, engine))
        return shared


_current: ContextVar[OperationReads | None] = ContextVar("operation_reads", default=None)


def current_reads() -> OperationReads | None:
    """The reads of the operation that is being carried out; None outside of one."""
    reads = _current.get()
    return None if reads is None or reads.is_over else reads


def reads_of_operation() -> AbstractContextManager[OperationReads]:
    """Let what is read within be read once."""
    return OperationReads()
