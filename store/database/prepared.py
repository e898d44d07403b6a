"""Reads that are made often: put into words once for each database, and asked for straight at the driver.

SQLAlchemy builds, looks up and binds a statement for each call and wraps each row, which costs several times what a
database takes for an indexed read. The statements are SQLAlchemy's own here too, and so are the types of their values.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError

from store.database.bulk import plain_type_of
from store.database.engine import Transaction
from store.database.reads import SharedConnection

MOST_KEYS = 128
"""Keys of one statement."""

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Words:
    """A statement in the words of one database: how its values are bound, and how a row is made."""

    text: str
    given: tuple[tuple[str, Any, _Convert | None], ...]
    """Its parameters in order: name, the value that is not given, and how a value is bound."""
    converts: tuple[tuple[int, _Convert], ...]
    row: Callable[[Iterable[Any]], Any]

    def arguments(self, values: dict[str, Any]) -> tuple[Any, ...]:
        """The parameters for values by their names."""
        found = ((values.get(name, fixed), bind) for name, fixed, bind in self.given)
        return tuple(value if bind is None else bind(value) for value, bind in found)

    def read(self, raw: Iterable[Any]) -> Any:
        """A row of the driver, by the names of its columns."""
        if not self.converts:
            return self.row(raw)
        values = list(raw)
        for place, convert in self.converts:
            values[place] = convert(values[place])
        return self.row(values)


class Prepared:
    """A SELECT that is made once, whose parameters are named."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        self._statement = statement
        self._words: dict[str, _Words] = {}

    async def rows(self, tx: Transaction, **values: Any) -> list[Any]:
        """Its rows for these values of its parameters."""
        words = self._words.get(tx.dialect)
        if words is None:
            words = self._words[tx.dialect] = _in_words(self._statement, tx.connection.dialect)
        return [words.read(raw) for raw in await _fetch(tx, words.text, words.arguments(values))]


class PreparedByKey:
    """A SELECT that is made once, whose rows are asked for by the values of a column."""

    def __init__(self, statement: sa.Select[Any], column: sa.ColumnElement[Any]) -> None:
        self._statement, self._column = statement, column
        self._made: dict[tuple[str, int], Prepared] = {}

    async def rows(self, tx: Transaction, keys: Sequence[Any]) -> list[Any]:
        """The rows of these keys, in the statement's order within each MOST_KEYS of them."""
        found: list[Any] = []
        for start in range(0, len(keys), MOST_KEYS):
            found += await self._some_rows(tx, keys[start : start + MOST_KEYS])
        return found

    async def _some_rows(self, tx: Transaction, keys: Sequence[Any]) -> list[Any]:
        if tx.dialect != "sqlite":
            return await self._prepared(tx.dialect, 0).rows(tx, keys=list(keys))
        size = 1 << (len(keys) - 1).bit_length()  # few statements for any number of keys: the last one is repeated
        values = {f"key_{place}": keys[min(place, len(keys) - 1)] for place in range(size)}
        return await self._prepared(tx.dialect, size).rows(tx, **values)

    def _prepared(self, dialect: str, size: int) -> Prepared:
        made = self._made.get((dialect, size))
        if made is None:
            if size:
                among = self._column.in_([sa.bindparam(f"key_{n}", type_=self._column.type) for n in range(size)])
            else:
                array = ARRAY(plain_type_of(self._column.type), dimensions=1)
                among = self._column == sa.any_(sa.bindparam("keys", type_=array))
            made = self._made[dialect, size] = Prepared(self._statement.where(among))
        return made


def _in_words(statement: sa.Select[Any], dialect: sa.Dialect) -> _Words:
    compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    binds, fixed = compiled.bind_names, compiled.params
    types = {name: bind.type.dialect_impl(dialect) for bind, name in binds.items()}
    given = tuple((name, fixed.get(name), types[name].bind_processor(dialect)) for name in compiled.positiontup)
    columns = list(statement.selected_columns)
    converts = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    return _Words(
        str(compiled),
        given,
        tuple((place, convert) for place, convert in enumerate(converts) if convert is not None),
        namedtuple("Row", [str(column.key) for column in columns])._make,  # noqa: PYI024 - the columns are not known
    )


async def _fetch(tx: Transaction, text: str, arguments: tuple[Any, ...]) -> Iterable[Any]:
    """The driver's rows; raises DBAPIError."""
    sync: Any = tx.connection.sync_connection
    for hear in sync.dispatch.before_cursor_execute:
        hear(sync, None, text, arguments, None, False)
    driver = sync.connection.dbapi_connection
    cursor = driver.cursor()
    execute = cursor._execute_async if tx.dialect == "sqlite" else cursor._prepare_and_execute  # noqa: SLF001
    try:
        if tx.dialect != "sqlite" and isinstance(tx.connection, SharedConnection):
            await tx.connection.finish(execute(text, arguments))
        else:
            await execute(text, arguments)
    except driver.dbapi.Error as error:
        gone = sync.dialect.is_disconnect(error, driver, cursor)
        raise DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=gone) from None
    found: Iterable[Any] = cursor._rows  # noqa: SLF001 - all that was found
    return found
