"""The store: opens a database, and runs atomic transactions."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar, cast

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.kernel import Clock, TemporarilyUnavailable
from store.database import crash_points
from store.database.cipher import FieldCipher
from store.database.connections import database_url, read_engine, trace_statements, write_engine
from store.database.errors import DiskFull, TryAgain
from store.database.failures import open_connection, translate_errors
from store.database.reading.kept_reads import Board, KeptReads
from store.database.reading.operation_reads import OperationReads, SharedConnection, current_reads
from store.database.revisions import HEAD, check_known

T = TypeVar("T")

REPETITIONS = 3
"""How often a transaction that lost a race in the database is done again (docs/reliability.md section 5.4, R8)."""

MOST_AT_ONCE = 500
"""Rows that are one statement; SQLite binds at most 32,766 values."""

OUTDATED = "outdated:"
"""Begins the mark of a session or person of which something changed (Transaction.outdate)."""

RAISED = "raised:"
"""Begins the mark of a board whose number of changes was raised (raise_version)."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction, handed to every function of the store. `writable` is False for reads."""

    connection: AsyncConnection
    """Of a read within an operation it is a SharedConnection, which knows `execute` alone."""
    cipher: FieldCipher
    clock: Clock
    writable: bool
    audit_stopped: bool = False
    """Whether the audit log takes no line now, because it could not be sealed for too long."""
    marks: set[str] = field(default_factory=set)
    """The notes for listeners of the store after the commit (Store.after_commit)."""
    reads: OperationReads | None = None
    """What the operation that reads has read so far; None for writes and outside of an operation."""
    kept: KeptReads | None = None
    """What the process keeps; `changes` is its count when this one began."""
    changes: int = 0
    seen: dict[Board, int] = field(default_factory=dict)
    """The numbers of changes as a transaction that writes saw them, once it asked for what the process keeps."""
    at_once: bool = False
    """Whether it is one statement (Store.write_transaction, Store.read_transaction)."""

    def outdate(self, key: str) -> None:
        """Let listeners know after the commit that what they keep of a session or person, by its id, is outdated."""
        self.marks.add(OUTDATED + key)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name


class Store:
    """An open database. Transactions must not be nested: a second `writing()` inside the first waits for it."""

    def __init__(self, url: str, *, cipher: FieldCipher, clock: Clock) -> None:
        address = database_url(url)
        self.url = url
        self.dialect = address.get_backend_name()
        self._cipher = cipher
        self.clock = clock
        self.after_commit: list[Callable[[Collection[str]], None]] = []
        """Told of the marks of each transaction that was committed; must neither wait nor raise."""
        self.kept = KeptReads(clock)
        """What transactions share of rows that rarely change."""
        self.disk_refused: Callable[[], None] = lambda: None
        """Called for each write that the disk refused; must neither wait nor raise."""
        self.audit_stopped = False
        """Set by gateway/runtime/sealing.py; what must be audited is then refused with WritesStopped."""
        self._joint: dict[object, JointWrites[Any]] = {}
        self._writer = write_engine(address)
        self._reader = read_engine(address, self._writer)

    @classmethod
    async def open(cls, url: str, *, cipher: FieldCipher, clock: Clock) -> Self:
        """Open a database; raises StoreUnavailable where it does not answer, and what `check_known` raises."""
        store = cls(url, cipher=cipher, clock=clock)
        try:
            with translate_errors():
                await _known_revision(store._reader)  # a writer of another process is not waited for
        except BaseException:
            await store.close()
            raise
        return store

    @asynccontextmanager
    async def write_transaction(self, *, at_once: bool = False) -> AsyncIterator[Transaction]:
        """A transaction that is committed at the end and rolled back on any error.

        With `at_once` it is one statement, which the database commits by itself: that saves its begin and its end.
        Raises TryAgain where it lost a race, StoreUnavailable where the database is down.
        """
        reads = current_reads()
        changes = self.kept.changes  # before the moment that is seen, as for those who read
        try:
            with translate_errors():
                async with open_connection(self._writer) as connection, _open_transaction(connection, at_once):
                    stopped, kept = self.audit_stopped, self.kept
                    tx = Transaction(
                        connection, self._cipher, self.clock, True, stopped, kept=kept, changes=changes, at_once=at_once
                    )
                    yield tx
                    if not at_once:
                        crash_points.reach(crash_points.BEFORE_COMMIT)
        except DiskFull:
            self.disk_refused()
            raise
        finally:
            if reads is not None:
                reads.forget()
        crash_points.reach(crash_points.AFTER_COMMIT)
        if RAISED + Board.CATALOGUE.value in tx.marks:
            self.kept.forget()
        if tx.marks:
            for tell in self.after_commit:
                tell(tx.marks)

    async def carry_out(self, work: Callable[[Transaction], Awaitable[T]], *, at_once: bool = False) -> T:
        """Do the work in a write transaction, again as a whole where it lost a race, at most REPETITIONS times.

        The work must do nothing but what its transaction undoes. Raises as `write_transaction`.
        """
        for _ in range(REPETITIONS):
            try:
                async with self.write_transaction(at_once=at_once) as tx:
                    return await work(tx)
            except TryAgain:
                continue
        async with self.write_transaction(at_once=at_once) as tx:
            return await work(tx)

    async def carry_out_batches(self, work: Callable[[Transaction], Awaitable[int]], batch: int) -> int:
        """Repeat a work that does at most `batch` things, each time in a transaction of its own, until it does fewer.

        Returns how many were done. Raises as `write_transaction`.
        """
        total = 0
        while True:
            done = await self.carry_out(work)
            total += done
            if done < batch:
                return total

    def joint_writes(self, write: Callable[[Transaction, list[T]], Awaitable[None]]) -> "JointWrites[T]":
        """The writes by a function that callers who come at the same time make together: a group commit.

        They are kept by the function, which must therefore be a module's own.
        """
        made = self._joint.get(write)
        if made is None:

            async def keep(items: list[T]) -> None:
                await self.carry_out(lambda tx: write(tx, items), at_once=len(items) <= MOST_AT_ONCE)

            made = self._joint[write] = JointWrites(keep)
        return made

    def read_transaction(self, *, at_once: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that sees one moment of the store and can change nothing.

        Within an operation the readers of one wait share one. Who reads by one statement says `at_once`: on PostgreSQL
        that spares its begin and its end, and a second statement may then see a later moment than the first.
        """
        reads = current_reads()
        if reads is None:
            return self._read_alone()
        changes = self.kept.changes  # before the moment that is seen: what is read then may be outdated when it is kept
        shared = reads.connection(self._reader)
        tx = Transaction(
            cast("AsyncConnection", shared),
            self._cipher,
            self.clock,
            False,
            reads=reads,
            kept=self.kept,
            changes=changes,
            at_once=at_once,
        )
        return _SharedRead(tx, shared)

    @asynccontextmanager
    async def _read_alone(self) -> AsyncIterator[Transaction]:
        changes = self.kept.changes
        with translate_errors():
            async with open_connection(self._reader) as connection, connection.begin():
                yield Transaction(connection, self._cipher, self.clock, False, kept=self.kept, changes=changes)

    async def read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do the work in a transaction that sees one moment of the store and can change nothing."""
        async with self.read_transaction() as tx:
            return await work(tx)

    def trace_statements(self) -> None:
        """Make each statement a span of the trace that is kept, by its verb and its table alone."""
        trace_statements(self._writer)
        if self.dialect == "sqlite":  # on PostgreSQL both are one engine
            trace_statements(self._reader)

    async def plan_anew(self) -> None:
        """Have SQLite sample the tables that grew; PostgreSQL does so by itself.

        Connections plan their statements by the sample that was there when they were opened.
        """
        if self.dialect == "sqlite":
            async with self.write_transaction() as tx:
                for pragma in ("analysis_limit=400", "optimize=0x10002"):  # some rows of every table
                    await tx.connection.exec_driver_sql(f"PRAGMA {pragma}")

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()
        await self._writer.dispose()


class _SharedRead:
    """The part of one reader in a read transaction that others share; a generator would take three times as long."""

    __slots__ = ("_shared", "_tx")

    def __init__(self, tx: Transaction, shared: SharedConnection) -> None:
        self._tx, self._shared = tx, shared

    async def __aenter__(self) -> Transaction:
        self._shared.readers += 1
        return self._tx

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with translate_errors():
            await self._shared.leave()
            if isinstance(error, SQLAlchemyError | ConnectionError):
                raise error


class JointWrites(Generic[T]):
    """Writes of one kind, in group commits: whoever comes while one is under way goes with the next.

    `write` keeps all that it is given, or raises and keeps nothing.
    """

    def __init__(self, write: Callable[[list[T]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: deque[tuple[Sequence[T], asyncio.Future[None]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def add(self, items: Sequence[T]) -> None:
        """Come back when these are kept. Raises as `write`; what others brought does not matter to it.

        Who is cancelled leaves them to be kept.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((items, done))
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write_all())
        await asyncio.shield(done)

    async def _write_all(self) -> None:
        while self._waiting:
            together = [self._waiting.popleft()]
            size = len(together[0][0])
            while self._waiting and size + len(self._waiting[0][0]) <= MOST_AT_ONCE:
                together.append(self._waiting.popleft())
                size += len(together[-1][0])
            error = await self._try(together)
            if error is not None and not isinstance(error, TemporarilyUnavailable) and len(together) > 1:
                for one in together:
                    _tell([one], await self._try([one]))
            else:
                _tell(together, error)

    async def _try(self, together: Sequence[tuple[Sequence[T], asyncio.Future[None]]]) -> Exception | None:
        """What went wrong."""
        try:
            await self._write([item for items, _ in together for item in items])
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
            return error
        return None


def _tell(together: Sequence[tuple[object, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in together:
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
            done.exception()  # who was cancelled does not ask for it


@asynccontextmanager
async def _open_transaction(connection: AsyncConnection, at_once: bool) -> AsyncIterator[None]:
    if not at_once:
        async with connection.begin():
            yield
        return
    if connection.dialect.name != "sqlite":  # there a statement outside of a transaction is one already
        await connection.execution_options(isolation_level="AUTOCOMMIT")
    yield


async def migrate(url: str, revision: str = HEAD) -> None:
    """Bring the schema to this release's, or to a revision; may be run again and at once. Raises as `check_known`."""
    from store.database.migration_runner import upgrade

    await upgrade(url, revision)


async def schema_is_current(url: str) -> bool:
    """Whether the schema is this release's; raises as `present_revision`."""
    return await present_revision(url) == HEAD


async def present_revision(url: str) -> str | None:
    """The revision of the schema, None where there is none yet.

    Raises SchemaTooNew or SchemaTooOld where `migrate` cannot make it this release's.
    """
    address = database_url(url)
    writer = write_engine(address)
    reader = read_engine(address, writer)
    try:
        with translate_errors():
            return await _known_revision(reader)
    finally:
        await reader.dispose()
        await writer.dispose()


async def _known_revision(engine: AsyncEngine) -> str | None:
    async with open_connection(engine) as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        if "alembic_version" not in tables:
            return None
        revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    if revision is not None:
        check_known(revision, engine.dialect.name)
    return revision
