"""The MetaData object of the store, and tables that are declared by the objects that their rows hold."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, MetaData, Table, text
from sqlalchemy.schema import SchemaItem

from store.database.types import Instant, Json, Key

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NOT_KEPT_ELSEWHERE = "not kept elsewhere"
"""The mark (Table.info) of tables that mean something in one database only: dumps and backups leave them out."""

LARGE_ROWS = "large rows"
"""The mark of tables whose rows hold whole files: they are read a few at a time."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Its naming convention for constraints is one that migrations rely on."""

_TYPES: dict[type, Any] = {
    bool: Boolean,
    int: Integer,
    str: Key,
    Enum: Key,
    date: Date,
    datetime: Instant,
    tuple: Json,
    Mapping: Json,
}

_REFERENCES = {
    "citizen_id": "citizens.citizen_id",
    "application_id": "applications.id",
    "appeal_id": "appeals.id",
    "sanction_id": "sanctions.id",
    "beneficiary_id": "payment_beneficiaries.id",
}


def table_of(
    kind: "type[DataclassInstance]", name: str, *items: SchemaItem, apart: Collection[str] = (), **options: Any
) -> Table:
    """A table with a column for each field of a dataclass but those `apart`, with further items and Table's options.

    A column among the items stands for the field of its name, or is one more. Else the field's type says that of the
    column, and whether it may be null; `id` is the primary key, an amount in paise a large number, and `citizen_id` and
    its like refer to their tables. Raises TypeError for a field of any other type.
    """
    given = {item.name: item for item in items if isinstance(item, Column)}
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name not in apart]
    columns = [given.pop(each) if each in given else _column(each, hints[each]) for each in names]
    others = [item for item in items if not isinstance(item, Column)]
    return Table(name, metadata, *columns, *given.values(), *others, **options)


def partial_index(name: str, *columns: str | Column[Any], where: str, unique: bool = False) -> Index:
    """An index of the rows of which a condition holds, as both databases know it."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def plain_type(hint: Any) -> Any:
    """The type of a field without None, and without what a container holds."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    return get_origin(hint) or hint


def _column(name: str, hint: Any) -> Column[Any]:
    plain = plain_type(hint)
    if plain not in _TYPES:
        plain = next((base for base in (Enum, Mapping) if issubclass(plain, base)), None)
    if plain is None:
        raise TypeError(f"no type of column is known for {name}")
    refers = [ForeignKey(_REFERENCES[name])] if name in _REFERENCES else []
    column_type = BigInteger if name.endswith("_paise") else _TYPES[plain]
    return Column(name, column_type, *refers, primary_key=name == "id", nullable=NoneType in get_args(hint))
