"""Small SQL helpers that the table modules share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Generic, NotRequired, TypeAlias, TypedDict, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import ReturningInsert

from domain.kernel import Posting
from store.database.bulk import KEYS, among, padded_keys
from store.database.engine import RAISED, Transaction
from store.database.reading.kept_reads import Board, KeptReads, versions_table
from store.database.reading.operation_reads import SharedConnection
from store.database.reading.statements import fetch_rows, run_statement

T = TypeVar("T")
AnyRow: TypeAlias = sa.Row[Any]
Values: TypeAlias = Mapping[str, Any]

K = TypeVar("K", bound=Hashable)
P = TypeVar("P")


class PageRequest(TypedDict, Generic[P]):
    """The page of a list that is asked for: so many rows after a place, or, `backward`, before it.

    No place is that end of the list.
    """

    place: NotRequired[P | None]
    backward: NotRequired[bool]
    limit: int


PageByTime: TypeAlias = PageRequest[tuple[datetime, str]]
"""A page of a list in the order of an instant and an id."""

_CHUNK = 500
"""Keys of one statement; SQLite binds at most 32 766."""


async def rows_of(
    tx: Transaction, statement: sa.Select[Any], column: sa.ColumnElement[Any], keys: Iterable[Any], **given: Any
) -> list[AnyRow]:
    """The rows whose column is one of the keys, in the statement's order within each chunk of 500 keys.

    It is cheapest for a statement that its maker keeps.
    """
    found: list[AnyRow] = []
    for chunk in _chunks(keys):
        keyed = padded_keys(tx, chunk)
        many = len(keyed) if tx.dialect == "sqlite" else 0
        found += await fetch_rows(tx, _with_keys(tx.dialect, statement, column, many), **{KEYS: keyed}, **given)
    return found


@lru_cache(500)
def _with_keys(dialect: str, statement: sa.Select[Any], column: sa.ColumnElement[Any], many: int) -> sa.Select[Any]:
    return statement.where(among(dialect, column, many))


async def each_once(
    tx: Transaction, what: Hashable, keys: Iterable[K], read: Callable[[list[K]], Awaitable[Mapping[K, T]]]
) -> dict[K, T]:
    """What `read` gives for keys; an operation reads each key of a kind once, `what` names the kind."""
    wanted = list(dict.fromkeys(keys))
    if tx.reads is None:
        return dict(await read(wanted))
    known = tx.reads.known
    if all((what, key) in known for key in wanted):
        return {key: value for key in wanted if (value := known[what, key]) is not None}
    # First the connection, then the lock: whoever has the lock never waits for a connection of those who wait for it.
    await cast("SharedConnection", tx.connection).open()
    async with tx.reads.looking:  # whoever asks for the same at the same time finds it
        known = tx.reads.known
        missing = [key for key in wanted if (what, key) not in known]
        if missing:
            found = await read(missing)
            known.update({(what, key): found.get(key) for key in missing})
    return {key: value for key in wanted if (value := known[what, key]) is not None}


async def each_kept(
    tx: Transaction, what: Hashable, keys: Iterable[K], read: Callable[[list[K]], Awaitable[Mapping[K, T]]]
) -> dict[K, T]:
    """As `each_once`, of rows that rarely change: readers of a process share what is there (KeptReads).

    What raises the version of the catalogue has it read anew. A transaction that writes takes what is kept where it
    sees the version itself of which it is. Nobody may change what it gives.
    """
    kept = tx.kept
    if kept is None or (tx.writable and not await _sees_kept_version(tx, kept)):
        return await each_once(tx, what, keys, read)
    wanted = list(dict.fromkeys(keys))
    found: dict[K, T] = kept.find(what, wanted)
    missing = [key for key in wanted if key not in found]

    async def read_and_keep(asked: list[K]) -> Mapping[K, T]:
        new = await read(asked)
        kept.keep(what, new, tx.changes)
        return new

    if missing:
        found |= await each_once(tx, what, missing, read_and_keep)
    return {key: found[key] for key in wanted if key in found}


async def _sees_kept_version(tx: Transaction, kept: KeptReads) -> bool:
    """Whether a transaction that writes sees the catalogue as the process keeps it; it is asked for once in each."""
    version = kept.version(Board.CATALOGUE)
    if version is None or RAISED + Board.CATALOGUE.value in tx.marks:
        return False
    if not tx.seen:
        tx.seen.update({Board.CATALOGUE: 0} | await all_versions(tx))
    return tx.seen[Board.CATALOGUE] == version


async def read_kept(tx: Transaction, what: Hashable, read: Callable[[], Awaitable[T]]) -> T:
    """As `each_kept`, one value that is not None; `what` names it in full."""

    async def read_one(_: list[Hashable]) -> Mapping[Hashable, T]:
        return {what: await read()}

    return (await each_kept(tx, "value", [what], read_one))[what]


def note_known(tx: Transaction, what: Hashable, key: Hashable, value: Any) -> None:
    """Spare an operation the reading of what another statement gave, as `each_once` would give it."""
    if tx.reads is not None:
        tx.reads.known[what, key] = value


async def group_rows(
    tx: Transaction, statement: sa.Select[Any], column: sa.Column[Any], keys: Iterable[str], made: Callable[[AnyRow], T]
) -> dict[str, list[T]]:
    """What is made of the rows of each key, in the statement's order; a key without a row is left out."""
    found: dict[str, list[T]] = {}
    for row in await rows_of(tx, statement, column, keys):
        found.setdefault(getattr(row, column.name), []).append(made(row))
    return found


async def first_row(tx: Transaction, statement: sa.Select[Any], **given: Any) -> AnyRow | None:
    """The first row, or None."""
    return next(iter(await fetch_rows(tx, statement, **given)), None)


async def count(tx: Transaction, statement: sa.Select[Any], **given: Any) -> int:
    """How many rows a statement gives."""
    counting = sa.select(sa.func.count()).select_from(statement.order_by(None).subquery())
    return int((await fetch_rows(tx, counting, **given))[0][0])


async def count_up_to(tx: Transaction, statement: sa.Select[Any], key: sa.ColumnElement[Any], most: int) -> int | None:
    """How many rows a statement gives, each with a `key`; None beyond `most`, so that a count never costs more."""
    found = await count(tx, statement.with_only_columns(key).limit(most + 1))
    return None if found > most else found


async def insert_new(tx: Transaction, table: sa.Table, values: Values) -> bool:
    """Insert a row unless one with the same unique value is there; False where it is.

    The transaction stays usable on both databases, which it would not after a failed insert.
    """
    statement = _insert_unless_there(tx.dialect, table)
    if any(isinstance(value, sa.ClauseElement) for value in values.values()):
        return (await tx.connection.execute(statement.values(values))).first() is not None
    return bool(await run_statement(tx, statement, [values]))


@cache
def _insert_unless_there(dialect: str, table: sa.Table) -> ReturningInsert[Any]:
    """One statement for all rows of a table, whose values come as parameters: it need not be put together anew."""
    return insert_in(dialect, table).on_conflict_do_nothing().returning(next(iter(table.primary_key.columns)))


async def upsert(tx: Transaction, table: sa.Table, rows: Sequence[Values], *, keys: Collection[str]) -> None:
    """Insert rows, or give those with the same keys the new values; the primary key of an old row stays."""
    if rows:
        await run_statement(tx, _upsert_statement(tx.dialect, table, tuple(rows[0]), frozenset(keys)), rows)


@cache
def _upsert_statement(
    dialect: str, table: sa.Table, names: tuple[str, ...], keys: frozenset[str]
) -> SqliteInsert | PostgresqlInsert:
    statement = insert_in(dialect, table)
    kept = keys | {column.name for column in table.primary_key.columns}
    changes = {name: statement.excluded[name] for name in names if name not in kept}
    return statement.on_conflict_do_update(index_elements=sorted(keys), set_=changes)


def integer_sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """The sum of whole numbers as one: PostgreSQL gives that of great ones as a decimal."""
    return sa.cast(sa.func.sum(column), sa.BigInteger)


def insert_into(tx: Transaction, table: sa.Table) -> SqliteInsert | PostgresqlInsert:
    """An insert that knows ON CONFLICT in the database's own words."""
    return insert_in(tx.dialect, table)


def insert_in(dialect: str, table: sa.Table) -> SqliteInsert | PostgresqlInsert:
    """The same for a database by its name."""
    return sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)


async def raise_version(tx: Transaction, board: Board) -> int:
    """Count a change and give the new number. Changes wait for one another, so that no number is given twice."""
    tx.marks.add(RAISED + board.value)
    raising = insert_into(tx, versions_table).values(board=board.value, version=1)
    raising = raising.on_conflict_do_update(index_elements=("board",), set_={"version": versions_table.c.version + 1})
    raised: int = (await tx.connection.execute(raising.returning(versions_table.c.version))).scalar_one()
    return raised


async def all_versions(tx: Transaction) -> dict[Board, int]:
    """The number of changes of each board that ever changed; what a later release counts is left out."""
    known = {board.value: board for board in Board}
    rows = await fetch_rows(tx, sa.select(versions_table))
    return {known[row.board]: row.version for row in rows if row.board in known}


def equals_given(wanted: Mapping[sa.ColumnElement[Any], Any]) -> list[sa.ColumnElement[bool]]:
    """That each column has its value; a column whose value is None may have any."""
    return [column == value for column, value in wanted.items() if value is not None]


def posting_covers(table: sa.Table, posting: Posting) -> sa.ColumnElement[bool]:
    """As Posting.covers, for a table with columns of these names; the service may be that of `application_id`."""
    names = ("department", "district", "tehsil")
    values = {name: getattr(posting, name) for name in names}
    services = [_is_of_services(table, posting.services)] if posting.services else []
    given = (table.c[name] == value for name, value in values.items() if value is not None)
    return sa.and_(sa.true(), *given, *services)


def _is_of_services(table: sa.Table, services: Sequence[str]) -> sa.ColumnElement[bool]:
    if "service_code" in table.c:
        return table.c.service_code.in_(services)
    if "application_id" not in table.c:
        return sa.false()
    cases = table.metadata.tables["applications"].c
    return table.c.application_id.in_(sa.select(cases.id).where(cases.service_code.in_(services)))


def any_posting_covers(table: sa.Table, postings: Iterable[Posting]) -> sa.ColumnElement[bool]:
    """Whether one of the postings covers a row; no posting covers nothing."""
    return sa.or_(sa.false(), *(posting_covers(table, posting) for posting in postings))


def wide_posting_covers(table: sa.Table, postings: Iterable[Posting]) -> sa.ColumnElement[bool]:
    """As any_posting_covers, for a table without tehsils: a posting for a tehsil covers nothing of it."""
    return any_posting_covers(table, (posting for posting in postings if posting.tehsil is None))


async def database_now(tx: Transaction) -> datetime:
    """The database's clock, which leases go by so that processes with different clocks agree."""
    if tx.dialect == "sqlite":
        words = (await tx.connection.execute(sa.select(sa.func.strftime("%Y-%m-%d %H:%M:%f", "now")))).scalar_one()
        return datetime.fromisoformat(str(words)).replace(tzinfo=UTC)
    now: datetime = (await tx.connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    return now.astimezone(UTC)


async def keyset_page(
    tx: Transaction,
    statement: sa.Select[Any],
    columns: Sequence[sa.Column[Any]],
    *,
    after: Sequence[Any] | None,
    before: Sequence[Any] | None,
    limit: int,
    descending: bool = False,
    **given: Any,
) -> list[AnyRow]:
    """A page of a list ordered by the columns, stable while rows are added.

    `after` and `before` are places in that order. With `before` alone the page is the last one before it. What is
    given are the parameters of a statement that its maker keeps.
    """
    places = {"after": after, "before": before}
    ways = tuple(name for name, place in places.items() if place is not None)
    given |= {f"{name}_{number}": value for name in ways for number, value in enumerate(places[name] or ())}
    rows = await fetch_rows(tx, _page(statement, tuple(columns), ways, descending), limit_=limit, **given)
    return list(reversed(rows)) if ways == ("before",) else rows


@lru_cache(500)
def _page(
    statement: sa.Select[Any], columns: Sequence[sa.Column[Any]], ways: Sequence[str], descending: bool
) -> sa.Select[Any]:
    """A statement of a page, before or after places whose values are its parameters."""
    here = sa.tuple_(*columns)
    for name in ways:
        there = sa.tuple_(*(sa.bindparam(f"{name}_{n}", None, column.type) for n, column in enumerate(columns)))
        statement = statement.where(here < there if descending is (name == "after") else here > there)
    downwards = descending is not (ways == ("before",))
    order = [column.desc() if downwards else column.asc() for column in columns]
    return statement.order_by(*order).limit(sa.bindparam("limit_", None, sa.Integer))


async def keyset_window(
    tx: Transaction,
    statement: sa.Select[Any],
    columns: Sequence[sa.Column[Any]],
    *,
    limit: int,
    place: Sequence[Any] | None = None,
    backward: bool = False,
    descending: bool = False,
) -> list[AnyRow]:
    """A page after a place, or, `backward`, the last page before it; no place is that end of the list.

    The rows come in the order of the list either way.
    """
    if not backward:
        return await keyset_page(tx, statement, columns, after=place, before=None, limit=limit, descending=descending)
    if place is not None:
        return await keyset_page(tx, statement, columns, after=None, before=place, limit=limit, descending=descending)
    last = await keyset_page(tx, statement, columns, after=None, before=None, limit=limit, descending=not descending)
    return list(reversed(last))


async def pages(tx: Transaction, statement: sa.Select[Any], column: sa.Column[Any], size: int) -> AsyncIterator[AnyRow]:
    """All rows in the order of a unique column, read page by page so that memory stays flat."""
    async for rows in row_pages(tx, statement, (column,), size):
        for row in rows:
            yield row


async def row_pages(
    tx: Transaction, statement: sa.Select[Any], columns: Sequence[sa.Column[Any]], size: int
) -> AsyncIterator[list[AnyRow]]:
    """As `pages`, a page at a time, in the order of columns that are unique together."""
    place: tuple[Any, ...] | None = None
    while True:
        rows = await keyset_page(tx, statement, columns, after=place, before=None, limit=size)
        if rows:
            yield rows
            place = tuple(getattr(rows[-1], column.name) for column in columns)
        if len(rows) < size:
            return


def _chunks(keys: Iterable[Any]) -> Iterable[list[Any]]:
    distinct = iter(dict.fromkeys(keys))
    while chunk := list(islice(distinct, _CHUNK)):
        yield chunk
