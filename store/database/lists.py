"""Lists of objects that are read page by page, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Unpack

import sqlalchemy as sa

from store.database.engine import Transaction
from store.database.records import Records
from store.database.sql import PageRequest, count

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredList(Generic[T]):
    """The objects of a statement in the order of some columns, whose values are an object's place.

    There are two columns, an instant or a day and a key, or the key alone; both are fields of the object.
    """

    records: Records[Any]
    statement: sa.Select[Any]
    columns: Sequence[sa.Column[Any]]
    descending: bool = False

    async def page(self, tx: Transaction, **part: Unpack[PageRequest[Sequence[Any]]]) -> list[T]:
        """A page of the list: after a place, or before it."""
        return await self.records.window(tx, self.statement, self.columns, descending=self.descending, **part)

    async def count(self, tx: Transaction) -> int:
        """How many there are."""
        return await count(tx, self.statement)

    def place_of(self, one: T) -> tuple[str | None, str]:
        """The place of an object as texts: the instant or day where the list has one, and the key."""
        *at, key = (getattr(one, column.name) for column in self.columns)
        return at[0].isoformat() if at else None, key

    def read_place(self, at: str | None, key: str) -> Sequence[Any]:
        """The place that `place_of` gave."""
        return (key,) if at is None else (self.columns[0].type.python_type.fromisoformat(at), key)
