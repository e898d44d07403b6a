"""Reads the rows of a table as objects of a dataclass and writes them back, by the names of the fields; lists them."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, replace
from datetime import date, datetime
from enum import Enum
from functools import cache, partial
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, get_args, get_type_hints

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate

from domain.kernel import Bilingual
from store.database.bulk import insert_rows
from store.database.engine import Transaction
from store.database.errors import AlreadyThere, NotThere, VersionConflict
from store.database.metadata import plain_type
from store.database.reading.statements import fetch_rows, run_statement
from store.database.sql import (
    AnyRow,
    PageRequest,
    count,
    each_kept,
    each_once,
    first_row,
    group_rows,
    insert_new,
    keyset_window,
    rows_of,
    upsert,
)
from store.database.types import Json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
Item = TypeVar("Item")
Convert = Callable[[Any], Any]


class Records(Generic[T]):
    """A table whose rows are objects of one type; `what` names such an object in errors.

    A field is the column of the same name, or the one that `renamed` names; a text in two languages is two columns that
    end in `_hi` and `_en`. By its type an enumeration is stored as its value and a tuple as a list; what a binary
    column holds is encrypted, a text as it is and a mapping as JSON. Null stands for None, or for the default of a
    field that takes no None. The fields `apart` are none of these: `read` gives them from a row, and `write` the
    columns that hold them. `fixed` columns are never saved again.
    """

    _each = staticmethod(each_once)

    def __init__(
        self,
        kind: type[T],
        table: sa.Table,
        what: str,
        *,
        renamed: Mapping[str, str] | None = None,
        apart: Collection[str] = (),
        read: Callable[[Transaction, AnyRow], Mapping[str, Any]] | None = None,
        write: Callable[[Transaction, T], Mapping[str, Any]] | None = None,
        fixed: Collection[str] = (),
    ) -> None:
        """Raises TypeError for a field that is neither in a column nor set apart."""
        self._kind, self._table, self._what = kind, table, what
        self._read, self._write = read, write
        self._key = next(iter(table.primary_key.columns))
        self._all = sa.select(table)
        self._with_key = self._with_value(self._key)
        self._fixed = {self._key.name, *fixed}
        hints, names = get_type_hints(kind), {} if renamed is None else renamed
        self._bilingual = [
            (name, names.get(name, name), NoneType in get_args(hint))
            for name, hint in hints.items()
            if plain_type(hint) is Bilingual and name not in apart
        ]
        columns = _columns_of(kind, table, names, {*apart, *(name for name, _, _ in self._bilingual)})
        self._names = tuple(columns)
        self._columns = tuple(column.name for column in columns.values())
        self._get_fields, self._get_columns = attrgetter(*self._names), attrgetter(*self._columns)
        self._has_update_time = "updated_at" in self._names
        given = [(field, columns[field.name], hints[field.name]) for field in fields(kind) if field.name in columns]
        self._sealed = [
            (field.name, column.name, plain_type(hint) is str)
            for field, column, hint in given
            if isinstance(column.type, sa.LargeBinary)
        ]
        plain = [each for each in given if not isinstance(each[1].type, sa.LargeBinary)]
        self._readers = [(each[0].name, *reader) for each in plain if (reader := _reader(*each)) is not None]
        self._writers = [(each[1].name, writer) for each in plain if (writer := _writer(*each[1:])) is not None]

    def read(self, tx: Transaction, row: AnyRow) -> T:
        """The object of a row; raises CannotDecrypt."""
        given: dict[str, Any] = dict(zip(self._names, self._get_columns(row), strict=True))
        for name, convert, absent in self._readers:
            value = given[name]
            given[name] = absent if value is None else convert(value)
        for name, column, is_optional in self._bilingual:
            hi, en = getattr(row, f"{column}_hi"), getattr(row, f"{column}_en")
            given[name] = None if is_optional and not en else Bilingual(hi, en)
        for name, column, is_text in self._sealed:
            value = given[name]
            if value is not None:
                cell = self._cell_name(column, getattr(row, self._key.name))
                given[name] = (
                    tx.cipher.decrypt(value, cell).decode() if is_text else tx.cipher.decrypt_json(value, cell)
                )
        if self._read is not None:
            given.update(self._read(tx, row))
        return self._kind(**given)

    def values(self, tx: Transaction, one: T) -> dict[str, Any]:
        """The row of an object."""
        row: dict[str, Any] = dict(zip(self._columns, self._get_fields(one), strict=True))
        for column, convert in self._writers:
            value = row[column]
            row[column] = None if value is None else convert(value)
        for name, column, _ in self._bilingual:
            said: Bilingual | None = getattr(one, name)
            row |= {f"{column}_hi": said.hi if said else None, f"{column}_en": said.en if said else None}
        for _, column, is_text in self._sealed:
            value = row[column]
            if value is not None:
                cell = self._cell_name(column, row[self._key.name])
                row[column] = (
                    tx.cipher.encrypt(value.encode(), cell) if is_text else tx.cipher.encrypt_json(dict(value), cell)
                )
        if self._write is not None:
            row.update(self._write(tx, one))
        return row

    async def insert(self, tx: Transaction, one: T, **other: Any) -> bool:
        """Insert an object, and `other` columns; False where one with the same unique value is there."""
        return await insert_new(tx, self._table, self.values(tx, one) | other)

    async def add(self, tx: Transaction, one: T, **other: Any) -> None:
        """As `insert`, but raises AlreadyThere."""
        if not await self.insert(tx, one, **other):
            raise AlreadyThere(self._what)

    async def add_all(self, tx: Transaction, new: Iterable[T], **other: Any) -> None:
        """Insert objects in one statement, each with the `other` columns. Raises AlreadyThere."""
        await insert_rows(tx, self._table, [self.values(tx, one) | other for one in new])

    async def upsert(self, tx: Transaction, given: Iterable[T], *, keys: Collection[str], **other: Any) -> None:
        """Insert objects, or write them over those with the same keys, which keep their primary key."""
        await upsert(tx, self._table, [self.values(tx, one) | other for one in given], keys=keys)

    async def save(self, tx: Transaction, one: T, expected_version: int, *, only: Collection[str] = ()) -> T:
        """Write an object over the row of its key, or `only` some columns of it, with the next version.

        Gives it back as it then is; `updated_at` becomes now, where there is that. Raises VersionConflict with what
        is there where the version is not the expected one any more, NotThere where there is nothing.
        """
        moment: dict[str, Any] = {"updated_at": tx.clock.now()} if self._has_update_time else {}
        changed = replace(one, version=expected_version + 1, **moment)
        await self.save_over(tx, changed, expected_version, only=only)
        return changed

    async def save_over(self, tx: Transaction, one: T, version: int, *, only: Collection[str] = ()) -> None:
        """Write an object as it is over the row of its key with a version. Raises VersionConflict or NotThere."""
        row = self.values(tx, one)
        names = only or [name for name in row if name not in self._fixed]
        statement = _update_of_version(self._table, self._key, tuple(sorted(names)))
        given = {f"{_NEW}{name}": row[name] for name in names}
        if not await run_statement(tx, statement, [given | {_HERE: row[self._key.name], _VERSION: version}]):
            raise await self.conflict(tx, self._key == row[self._key.name])

    async def conflict(self, tx: Transaction, here: sa.ColumnElement[bool]) -> NotThere | VersionConflict:
        """The error for a row that is not there with the version that was expected."""
        columns = self._table.c
        state = columns["status" if "status" in columns else "state"]
        present = await first_row(tx, sa.select(columns.version, state.label("state")).where(here))
        return NotThere(self._what) if present is None else VersionConflict(present.version, present.state)

    async def find(self, tx: Transaction, *wanted: sa.ColumnElement[bool], lock: bool = False) -> T | None:
        """The object of which these conditions hold, or None; its row locked where that is asked for."""
        statement = sa.select(self._table).where(*wanted)
        return await self.select_first(tx, statement.with_for_update() if lock else statement)

    async def get(self, tx: Transaction, key: Any, *, lock: bool = False) -> T | None:
        """The object with a primary key, or None; its row locked where that is asked for."""
        if lock:
            return await self.find(tx, self._key == key, lock=True)
        return await self.select_first(tx, self._with_key, value_=key)

    async def by_ids(self, tx: Transaction, ids: Iterable[str]) -> dict[str, T]:
        """Objects by their primary keys; those that are not there are left out. One query for many."""
        return await self.by_keys(tx, self._key, ids)

    def reader_by(self, column: sa.Column[Any]) -> Callable[[Transaction, str], Awaitable[T | None]]:
        """A function that gives the object whose column has a value, or None."""
        statement = self._with_value(column)
        return lambda tx, value: self.select_first(tx, statement, value_=value)

    def list_reader_by(
        self, column: sa.Column[Any], *order: sa.ColumnElement[Any]
    ) -> Callable[[Transaction, str], Awaitable[list[T]]]:
        """A function that gives all objects whose column has a value, in an order."""
        statement = self._with_value(column).order_by(*order)
        return lambda tx, value: self.select_all(tx, statement, value_=value)

    def _with_value(self, column: sa.Column[Any]) -> sa.Select[Any]:
        return self._all.where(column == sa.bindparam("value_", None, column.type))

    def reader_of_many_by(
        self, column: sa.Column[Any]
    ) -> Callable[[Transaction, Iterable[str]], Awaitable[dict[str, T]]]:
        """A function that gives objects by the values of a column; absent ones are left out. One query for many."""
        return lambda tx, values: self.by_keys(tx, column, values)

    def groups_reader_by(
        self, column: sa.Column[Any], *order: sa.ColumnElement[Any]
    ) -> Callable[[Transaction, Iterable[str]], Awaitable[dict[str, list[T]]]]:
        """A function that gives the objects of each value of a column, in an order; absent ones are left out."""
        statement = self._all.order_by(*order)
        return lambda tx, values: self.groups(tx, statement, column, values)

    async def select_first(self, tx: Transaction, statement: sa.Select[Any], **given: Any) -> T | None:
        """The first object of a statement that gives rows of the table, or None."""
        row = await first_row(tx, statement, **given)
        return None if row is None else self.read(tx, row)

    async def select_all(self, tx: Transaction, statement: sa.Select[Any], **given: Any) -> list[T]:
        """The objects of a statement that gives rows of the table."""
        return [self.read(tx, row) for row in await fetch_rows(tx, statement, **given)]

    async def by_keys(
        self,
        tx: Transaction,
        column: sa.Column[Any],
        keys: Iterable[str],
        statement: sa.Select[Any] | None = None,
        **given: Any,
    ) -> dict[str, T]:
        """Objects by a column that holds one of the keys, of all rows or a statement's; the last one of each key."""
        if statement is None:
            return await self._each(tx, column, keys, partial(self._read_by, tx, self._all, column))
        return await self._read_by(tx, statement, column, keys, **given)

    async def _read_by(
        self, tx: Transaction, chosen: sa.Select[Any], column: sa.Column[Any], keys: Iterable[str], **given: Any
    ) -> dict[str, T]:
        rows = await rows_of(tx, chosen, column, keys, **given)
        return {getattr(row, column.name): self.read(tx, row) for row in rows}

    async def groups(
        self, tx: Transaction, statement: sa.Select[Any], column: sa.Column[Any], keys: Iterable[str]
    ) -> dict[str, list[T]]:
        """The objects of each key, in the statement's order; a key without any is left out."""
        return await group_rows(tx, statement, column, keys, lambda row: self.read(tx, row))

    async def window(
        self,
        tx: Transaction,
        statement: sa.Select[Any],
        columns: Sequence[sa.Column[Any]],
        *,
        descending: bool = False,
        **part: Unpack[PageRequest[Sequence[Any]]],
    ) -> list[T]:
        """A page of a list in the order of the columns, as `keyset_window` gives its rows."""
        rows = await keyset_window(tx, statement, columns, descending=descending, **part)
        return [self.read(tx, row) for row in rows]

    def _cell_name(self, column: str, key: str) -> str:
        """The place to which an encrypted field is bound."""
        return f"{self._table.name}:{column}:{key}"


class KeptRecords(Records[T]):
    """Rows that rarely change, which processes keep: who writes them raises the version of the catalogue."""

    _each = staticmethod(each_kept)


_NEW, _HERE, _VERSION = "new_", "here", "seen_version"
"""Names of parameters, which must not be those of columns."""


@cache
def _update_of_version(table: sa.Table, key: sa.Column[Any], names: tuple[str, ...]) -> ReturningUpdate[Any]:
    """Gives columns of the row of a key their new values where its version is the one that was seen."""
    values = {name: sa.bindparam(f"{_NEW}{name}", type_=table.c[name].type) for name in names}
    seen = (key == sa.bindparam(_HERE, type_=key.type), table.c.version == sa.bindparam(_VERSION, type_=sa.Integer))
    return sa.update(table).where(*seen).values(values).returning(key)


@dataclass(frozen=True, slots=True)
class StoredList(Generic[Item]):
    """The objects of a statement in the order of some columns, whose values are an object's place.

    There are two columns, an instant or a day and a key, or the key alone; both are fields of the object.
    """

    records: Records[Any]
    statement: sa.Select[Any]
    columns: Sequence[sa.Column[Any]]
    descending: bool = False

    async def page(self, tx: Transaction, **part: Unpack[PageRequest[Sequence[Any]]]) -> list[Item]:
        """A page of the list: after a place, or before it."""
        return await self.records.window(tx, self.statement, self.columns, descending=self.descending, **part)

    async def count(self, tx: Transaction) -> int:
        return await count(tx, self.statement)

    def place_of(self, one: Item) -> tuple[str | None, str]:
        """The place of an object as texts: the instant or day where the list has one, and the key."""
        *at, key = (getattr(one, column.name) for column in self.columns)
        return at[0].isoformat() if at else None, key

    def read_place(self, at: str | None, key: str) -> Sequence[Any]:
        """The place that `place_of` gave."""
        kind = date if isinstance(self.columns[0].type, sa.Date) else datetime
        return (key,) if at is None else (kind.fromisoformat(at), key)


def _columns_of(
    kind: type[T], table: sa.Table, renamed: Mapping[str, str], apart: Collection[str]
) -> dict[str, sa.Column[Any]]:
    found: dict[str, sa.Column[Any]] = {}
    for name in (field.name for field in fields(kind) if field.name not in apart):
        column = table.c.get(renamed.get(name, name))
        if column is None:
            raise TypeError(f"{kind.__name__}.{name} has no column in {table.name}")
        found[name] = column
    return found


def _reader(field: Field[Any], column: sa.Column[Any], hint: Any) -> tuple[Convert, Any] | None:
    """How the value of a column becomes that of a field, and what stands for null; None where nothing is to be done."""
    plain = plain_type(hint)
    default = field.default if field.default_factory is MISSING else field.default_factory()
    absent = None if NoneType in get_args(hint) or default is MISSING else default
    if isinstance(plain, type) and issubclass(plain, Enum):
        return cache(plain), absent
    if isinstance(column.type, Json) and plain is tuple:
        part = get_args(hint)[0]
        is_enum = isinstance(part, type) and issubclass(part, Enum)
        return (lambda values: tuple(map(part, values))) if is_enum else tuple, absent
    return None if absent is None or not column.nullable else (_keep_value, absent)


def _writer(column: sa.Column[Any], hint: Any) -> Convert | None:
    """How the value of a field becomes that of a column; None where nothing is to be done."""
    plain = plain_type(hint)
    if isinstance(plain, type) and issubclass(plain, Enum):
        return attrgetter("value")
    if not isinstance(column.type, Json):
        return None
    if plain is tuple:
        return (lambda values: list(values) or None) if column.nullable else list
    return dict if isinstance(plain, type) and issubclass(plain, Mapping) else None


def _keep_value(value: Any) -> Any:
    return value
