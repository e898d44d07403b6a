"""Bulk statements: one array for each column on PostgreSQL, one statement for all rows on SQLite.

asyncpg binds and carries out an `executemany` row by row; with arrays the server is asked once, which costs both
sides a fraction. What a statement says does not depend on how many rows it has, so it is put into words once.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import Insert, Update
from sqlalchemy.types import TupleType, TypeEngine

from store.database.engine import Transaction
from store.database.reading.statements import run_statement

_NEW = "new_"
"""Before the name of a column in a parameter, which must not bear the column's own."""


async def insert_rows(
    tx: Transaction, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, once: bool = False
) -> None:
    """Insert rows in their order, all with the same columns; `once` leaves out those whose unique value is there."""
    if rows:
        statement = _insert_statement(tx.dialect, table, tuple(rows[0]), once)
        await run_statement(tx, statement, _row_parameters(tx, rows))


async def update_rows(
    tx: Transaction,
    table: sa.Table,
    keys: Collection[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    kept: Collection[str] = (),
) -> None:
    """Give rows the new values of their other columns; the columns `keys` say which, and none is named twice.

    In a column of `kept` None leaves what is there.
    """
    if rows:
        statement = _update_statement(tx.dialect, table, tuple(rows[0]), frozenset(keys), frozenset(kept))
        await run_statement(tx, statement, _row_parameters(tx, rows))


KEYS = "keys_"
"""The parameter of `among`, which must not bear the name of a column's."""


def padded_keys(tx: Transaction, keys: Sequence[Any]) -> list[Any]:
    """At least one key as `among` takes them: so that few statements do for any number, the last one is repeated."""
    lacking = (1 << (len(keys) - 1).bit_length()) - len(keys) if tx.dialect == "sqlite" else 0
    return [*keys, *[keys[-1]] * lacking]


def among(dialect: str, column: sa.ColumnElement[Any], many: int) -> sa.ColumnElement[bool]:
    """Whether a column holds one of so many KEYS; on PostgreSQL any number of them is one array."""
    if isinstance(column.type, TupleType):
        return column.in_(sa.bindparam(KEYS, expanding=True))
    if dialect == "sqlite":
        return column.in_(sa.bindparam(KEYS, [None] * many, column.type, expanding=True))
    return column == sa.any_(sa.bindparam(KEYS, None, ARRAY(_plain(column.type), dimensions=1)))


def _row_parameters(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if tx.dialect == "sqlite":
        return [{f"{_NEW}{name}": value for name, value in row.items()} for row in rows]
    return [{f"{_NEW}{name}": [row[name] for row in rows] for name in rows[0]}]


@cache
def _insert_statement(dialect: str, table: sa.Table, names: tuple[str, ...], once: bool) -> Insert:
    if dialect == "sqlite":
        new = sqlite_insert(table).values({name: sa.bindparam(f"{_NEW}{name}") for name in names})
        return new.on_conflict_do_nothing() if once else new
    given = _arrays(table, names)
    chosen = sa.select(*(given.c[name] for name in names))
    added = postgresql_insert(table).from_select(list(names), chosen)
    return added.on_conflict_do_nothing() if once else added


@cache
def _update_statement(
    dialect: str, table: sa.Table, names: tuple[str, ...], keys: frozenset[str], kept: frozenset[str]
) -> Update:
    told: Mapping[str, sa.ColumnElement[Any]]
    if dialect == "sqlite":
        told = {name: sa.bindparam(f"{_NEW}{name}", type_=table.c[name].type) for name in names}
    else:
        given = _arrays(table, names)
        told = {name: given.c[name] for name in names}
    values = {
        name: sa.func.coalesce(value, table.c[name]) if name in kept else value
        for name, value in told.items()
        if name not in keys
    }
    return sa.update(table).where(sa.and_(*(table.c[name] == told[name] for name in sorted(keys)))).values(values)


def _arrays(table: sa.Table, names: Collection[str]) -> sa.TableValuedAlias:
    """The rows as a table, put together from an array for each column."""
    arrays = [sa.bindparam(f"{_NEW}{name}", type_=ARRAY(_plain(table.c[name].type), dimensions=1)) for name in names]
    columns = [sa.column(name, table.c[name].type) for name in names]
    return sa.func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type of a parameter: one of a collation, which `Key` has, cannot be that of an array."""
    return sa.Text() if isinstance(kind, sa.Text) else kind
