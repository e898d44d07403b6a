"""Statements straight at the driver, each put into words once, however often it is made anew.

SQLAlchemy looks up, binds and carries out a statement and wraps each row, which costs several times what a database
takes for an indexed read. What a statement says, and how values are bound and read, is SQLAlchemy's own here too.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.types import TupleType
from sqlalchemy.util import LRUCache

from store.database.connections import driver_of, is_unusable, statement_span
from store.database.reading.operation_reads import SharedConnection

if TYPE_CHECKING:
    from store.database.engine import Transaction

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Words:
    """A statement in the words of one database."""

    text: str
    parameters: list[tuple[int | None, int | None, Any, _Convert | None]]
    """Its parameters in order: which value of the statement, which of its parts, or else what; how it is bound."""
    converts: list[tuple[int, _Convert]]
    row: Callable[[Iterable[Any]], Any]

    def arguments(self, values: list[Any]) -> tuple[Any, ...]:
        """The parameters, of the values of the statement. Raises StatementError."""
        found = (
            (fixed if place is None else values[place] if part is None else values[place][part], bind)
            for place, part, fixed, bind in self.parameters
        )
        try:
            return tuple(value if bind is None else bind(value) for value, bind in found)
        except (TypeError, ValueError) as error:  # as SQLAlchemy tells it
            raise StatementError("a value is not of its column", None, None, error, hide_parameters=True) from None

    def read(self, raw: Iterable[Any]) -> Any:
        """A row of the driver, by the names of its columns."""
        if self.converts:
            raw = list(raw)
            for place, convert in self.converts:
                raw[place] = convert(raw[place])
        return self.row(raw)


_DOUBLE = 701
"""PostgreSQL's number of double precision; of no other type that is read does a converter ask for it."""

SHORT = "is_short"
"""The option of an insert that writes a few rows, which it finds by their keys."""

_FEW = 20
"""Rows that are written in the event loop at once, on SQLite."""

_WORDS: LRUCache[Any, _Words] = LRUCache(1000)


async def fetch_rows(
    tx: "Transaction", statement: sa.Select[Any] | sa.CompoundSelect[Any] | sa.Insert, **given: Any
) -> list[Any]:
    """The rows that a statement gives, by the names of their columns.

    A statement that its maker keeps is the cheapest: it names parameters by `sa.bindparam`, for which values are given.
    An insert with the option SHORT writes a few rows.
    """
    key = statement._generate_cache_key()  # noqa: SLF001 - as SQLAlchemy finds its own compiled statements
    binds: list[Any] = [] if key is None else list(key.bindparams)
    if key is None or any(isinstance(bind.type, TupleType) for bind in binds):
        return list((await tx.connection.execute(statement, given)).all())
    values = [given.get(bind.key, bind.effective_value) for bind in binds]
    lengths = tuple(len(value) for value, bind in zip(values, binds, strict=True) if bind.expanding)
    said = tuple(repr(bind.effective_value) for bind in binds if bind.literal_execute)  # a part of the words
    name = (tx.dialect, key.key, lengths, said)
    words = _WORDS.get(name)
    if words is None:
        words = _WORDS[name] = _in_words(statement, binds, tx.connection.dialect)
    reads, is_short = not isinstance(statement, sa.Insert), SHORT in statement.get_execution_options()
    found = await _fetch(tx, words.text, words.arguments(values), reads=reads, is_short=is_short)
    return [words.read(raw) for raw in found]


async def run_statement(
    tx: "Transaction", statement: sa.Insert | sa.Update, rows: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Carry out a statement that its maker keeps, once for each row of values of the same names.

    Gives what it returns for the one row; for several rows nothing.
    """
    if len(rows) > 1 and tx.dialect != "sqlite":
        await tx.connection.execute(statement, rows)
        return []
    names = tuple(rows[0])
    words = _WORDS.get((tx.dialect, statement, names))
    if words is None:
        words = _WORDS[tx.dialect, statement, names] = _values_in_words(statement, names, tx.connection.dialect)
    given = [words.arguments([row[name] for name in names]) for row in rows]
    if len(given) > 1 and tx.at_once:
        head, values = words.text.rsplit(" VALUES ", 1)
        await _fetch(tx, f"{head} VALUES {', '.join([values] * len(given))}", [*chain(*given)])
        return []
    if len(given) > 1:
        await _fetch(tx, words.text, given, many=True, is_short=len(given) <= _FEW)
        return []
    return [words.read(raw) for raw in await _fetch(tx, words.text, given[0], is_short=True)]


def _values_in_words(statement: sa.Insert | sa.Update, names: tuple[str, ...], dialect: sa.Dialect) -> _Words:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise TypeError("a column of the store has no default that is made in Python")
    given = {
        name: (names.index(name) if name in names else None, None, bind.effective_value, _binding(bind, dialect))
        for name, bind in compiled.binds.items()
    }
    return _words_of(compiled, given, dialect)


def _binding(bind: Any, dialect: sa.Dialect) -> _Convert | None:
    convert: _Convert | None = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _in_words(statement: Any, binds: list[Any], dialect: sa.Dialect) -> _Words:
    compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    expanded = compiled._post_compile_expanded_state  # noqa: SLF001 - it names what a list became
    parts = expanded.parameter_expansion if expanded else {}
    place_of = {bind: place for place, bind in enumerate(binds)}
    given = {}
    for bind, name in compiled.bind_names.items():
        same = (place_of[each] for each in bind._cloned_set if each in place_of)  # noqa: SLF001 - as SQLAlchemy does
        place, convert = next(same, None), _binding(bind, dialect)
        for part, each in enumerate(parts[name]) if name in parts else [(None, name)]:
            given[each] = (place, part, bind.effective_value, convert)
    return _words_of(compiled, given, dialect)


def _words_of(compiled: Any, given: Mapping[str, Any], dialect: sa.Dialect) -> _Words:
    columns = compiled._result_columns  # noqa: SLF001 - their names and types
    kinds = [column.type for column in columns]
    converts = [
        kind.dialect_impl(dialect).result_processor(dialect, _DOUBLE if isinstance(kind, sa.Float) else None)
        for kind in kinds
    ]
    names: Any = namedtuple  # noqa: PYI024 - its columns are known only now
    row = names("Row", [column.keyname for column in columns], rename=True)
    return _Words(
        str(compiled),
        [given[name] for name in compiled.positiontup],
        [(place, convert) for place, convert in enumerate(converts) if convert is not None],
        row._make,
    )


async def _fetch(
    tx: "Transaction",
    text: str,
    arguments: Sequence[Any],
    *,
    many: bool = False,
    reads: bool = False,
    is_short: bool = False,
) -> Iterable[Any]:
    """The driver's rows; raises DBAPIError. With `many` there are several arguments, on SQLite only.

    A statement that `is_short` writes a few rows, which it finds by their keys.
    """
    connection: Any = tx.connection
    if not isinstance(connection, SharedConnection):
        return await _fetch_on(connection.sync_connection, text, arguments, many=many, is_short=is_short)
    if tx.dialect == "sqlite":  # the driver itself lets a statement end whose reader was cancelled
        return await _fetch_on(await connection.open(), text, arguments, many=many)
    alone = tx.at_once and reads
    return await connection.carry_out(lambda opened: _fetch_on(opened, text, arguments, alone=alone))


async def _fetch_on(
    connection: Any,
    text: str,
    arguments: Sequence[Any],
    *,
    many: bool = False,
    alone: bool = False,
    is_short: bool = False,
) -> Iterable[Any]:
    """The rows of a statement; one that is `alone` needs no transaction, where none has begun."""
    for hear in connection.dispatch.before_cursor_execute:
        hear(connection, None, text, arguments, None, many)
    driver = driver_of(connection)
    cursor = driver.cursor()
    try:
        with statement_span(text):
            if connection.dialect.name == "sqlite":
                cursor.is_short = is_short
                carry_out = cursor._executemany_async if many else cursor._execute_async  # noqa: SLF001 - as SQLAlchemy does
                await carry_out(text, arguments)
            elif alone:
                return await _fetch_alone(driver, text, arguments)
            else:
                await cursor._prepare_and_execute(text, arguments)  # noqa: SLF001
    except driver.dbapi.Error as error:
        gone = is_unusable(error) or connection.dialect.is_disconnect(error, driver, cursor)
        raise DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=gone) from None
    found: Iterable[Any] = cursor._rows  # noqa: SLF001
    return found


async def _fetch_alone(driver: Any, text: str, arguments: Sequence[Any]) -> Iterable[Any]:
    """As asyncpg's cursor in SQLAlchemy carries a statement out, but that it begins no transaction."""
    async with driver._execute_mutex:  # noqa: SLF001 - the readers of a connection take turns
        try:
            prepared, _ = await driver._prepare(text, 0.0)  # noqa: SLF001
            rows: Iterable[Any] = await prepared.fetch(*arguments)
        except Exception as error:
            driver._handle_exception(error)  # noqa: SLF001
            raise
        return rows
