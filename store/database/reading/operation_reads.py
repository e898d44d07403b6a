"""What one operation has read of the store: reads of one wait in one transaction, and each row once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from store.database.failures import connect


class SharedConnection:
    """A read transaction for the readers of one wait; it begins with the first statement, and nobody joins it then.

    One who leaves early stops no other's statement.
    """

    def __init__(self, engine: AsyncEngine, begun: Callable[[], object]) -> None:
        self.dialect = engine.dialect
        self.readers = 0
        self._engine, self._begun = engine, begun
        self._opening: asyncio.Task[AsyncConnection] | None = None
        self._running: set[asyncio.Future[Any]] = set()

    async def open(self) -> AsyncConnection:
        """The connection, in its transaction."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> AsyncConnection:
        self._begun()  # this task runs once those who join have asked
        return await connect(self._engine, begin=True)

    async def execute(self, *arguments: Any, **named: Any) -> Any:
        """As AsyncConnection.execute."""
        return await self.finish((await self.open()).execute(*arguments, **named))

    async def finish(self, statement: Coroutine[Any, Any, Any]) -> Any:
        """What a statement on this connection gives, which is carried out although its reader was cancelled."""
        running = asyncio.ensure_future(statement)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    async def leave(self) -> None:
        """Give the connection back when nobody reads any more."""
        self.readers -= 1
        if self.readers or self._opening is None:
            return
        opened = (await asyncio.gather(self._opening, *self._running, return_exceptions=True))[0]
        if isinstance(opened, AsyncConnection):
            await opened.close()


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

    def forget(self) -> None:
        """Have everything read anew, also what is being read now."""
        self.known = {}

    @asynccontextmanager
    async def connection(self, engine: AsyncEngine) -> AsyncIterator[SharedConnection]:
        """A read transaction, shared with those who ask before it begins."""
        shared = self.waits.get(engine)
        if shared is None:
            shared = self.waits[engine] = SharedConnection(engine, partial(self.waits.pop, engine))
        shared.readers += 1
        try:
            yield shared
        finally:
            await shared.leave()


_current: ContextVar[OperationReads | None] = ContextVar("operation_reads", default=None)


def current_reads() -> OperationReads | None:
    """The reads of the operation that is being carried out; None outside of one."""
    reads = _current.get()
    return None if reads is None or reads.is_over else reads


@contextmanager
def reads_of_operation() -> Iterator[OperationReads]:
    """Let what is read within be read once."""
    reads = OperationReads()
    token = _current.set(reads)
    try:
        yield reads
    finally:
        _current.reset(token)
        reads.is_over = True
        reads.forget()
