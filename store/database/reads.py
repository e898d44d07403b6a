"""What one operation has read of the store: reads of one wait in one transaction, and each row once."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from store.database.failures import connect


class SharedConnection:
    """A connection in one read transaction for the readers of one wait; one who leaves early stops no other's read."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._running: set[asyncio.Future[Any]] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, *arguments: Any, **named: Any) -> Any:
        """As AsyncConnection.execute."""
        return await self.finish(self._connection.execute(*arguments, **named))

    async def finish(self, statement: Coroutine[Any, Any, Any]) -> Any:
        """What a statement on this connection gives, which is carried out although its reader was cancelled."""
        running = asyncio.ensure_future(statement)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Give the connection back when nothing runs on it."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._connection.close()


@dataclass
class _Wait:
    """The readers of one wait of one database, and their connection."""

    opened: asyncio.Task[SharedConnection]
    readers: int = 0


@dataclass
class OperationReads:
    """What one operation has read, for itself alone."""

    known: dict[Hashable, Any] = field(default_factory=dict)
    """What was read, by what it is and its key, until the operation writes or asks an outside system."""
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    waits: dict[AsyncEngine, _Wait] = field(default_factory=dict)
    """The transactions that may still be joined: nothing was read in them."""

    def forget(self) -> None:
        """Have everything read anew, also what is being read now."""
        self.known = {}

    @asynccontextmanager
    async def connection(self, engine: AsyncEngine) -> AsyncIterator[SharedConnection]:
        """A connection in a read transaction, shared with those who ask before the event loop comes round."""
        wait = self.waits.get(engine)
        if wait is None:
            wait = self.waits[engine] = _Wait(asyncio.ensure_future(self._open(engine)))
        wait.readers += 1
        try:
            yield await asyncio.shield(wait.opened)
        finally:
            wait.readers -= 1
            opened = (await asyncio.gather(wait.opened, return_exceptions=True))[0]
            if wait.readers == 0 and isinstance(opened, SharedConnection):
                await opened.close()

    async def _open(self, engine: AsyncEngine) -> SharedConnection:
        del self.waits[engine]  # this task runs once those who join have asked
        return SharedConnection(await connect(engine, begin=True))


_current: ContextVar[OperationReads | None] = ContextVar("operation_reads", default=None)


def current_reads() -> OperationReads | None:
    """The reads of the operation that is being carried out; None outside of one."""
    return _current.get()


@contextmanager
def reads_of_operation() -> Iterator[OperationReads]:
    """Let what is read within be read once; tasks that outlive the operation keep nothing of it."""
    reads = OperationReads()
    token = _current.set(reads)
    try:
        yield reads
    finally:
        _current.reset(token)
        reads.forget()
