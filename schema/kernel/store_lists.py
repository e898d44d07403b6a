"""Pages of store lists ordered by time: the slice that a page needs, its rows, and the total."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, TypeVar

from actions.kernel import may_read_all
from domain.identity.policy import Resource
from schema.kernel.context import Info
from schema.kernel.paging import Listing, Window
from store.database import StoredList, Transaction

Row = TypeVar("Row")
_Read = Callable[[Transaction, "Part"], Awaitable[list[Row]]]
_Count = Callable[[Transaction], Awaitable[int | None]]


class _Arguments(TypedDict):
    """What the functions of the store that give a part of a list take."""

    place: tuple[datetime, str] | None
    backward: bool
    limit: int


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a list that the store is asked for: a page and one row more."""

    place: tuple[datetime, str] | None
    backward: bool
    limit: int

    @classmethod
    def of(cls, window: Window) -> "Part":
        """The part for a page of the graph."""
        place = window.place
        known = None if place is None else (datetime.fromisoformat(str(place[0])), place[1])
        return cls(known, window.backward, window.size + 1)

    @property
    def where(self) -> _Arguments:
        """The same as the arguments of the store's functions."""
        return {"place": self.place, "backward": self.backward, "limit": self.limit}


def page_reader(
    info: Info, read: _Read[Row], resource: Callable[[Row], Resource]
) -> Callable[[Window], Awaitable[Sequence[Row]]]:
    """Pages of rows that the access table lets through, each read with its receipt."""

    async def rows(window: Window) -> Sequence[Row]:
        async with info.context.environment.store.read_transaction(at_once=True) as tx:
            found = await read(tx, Part.of(window))
        return await _permitted_rows(info, found, window, resource)

    return rows


def stored_listing(
    info: Info,
    name: str,
    found: StoredList[Row],
    node: Callable[[Any], Any],
    *,
    resource: Callable[[Row], Resource] | None = None,
    complete: Callable[[Sequence[Row]], Awaitable[Sequence[Any]]] | None = None,
    row_of: Callable[[Any], Any] = lambda row: row,
) -> Listing[Any]:
    """A list of the store in pages.

    With a `resource` a page has only the rows that the access table lets through, each read with its receipt. What is
    shown is what `complete` makes of the rows of a page, each with the row that `row_of` finds in it.
    """

    async def rows(window: Window) -> Sequence[Any]:
        place = None if window.place is None else found.read_place(*window.place)
        async with info.context.environment.store.read_transaction(at_once=True) as tx:
            page: Sequence[Row] = await found.page(tx, place=place, backward=window.backward, limit=window.size + 1)
        if resource is not None:
            page = await _permitted_rows(info, page, window, resource)
        return page if complete is None else await complete(page)

    return Listing(name, rows, count_reader(info, found.count), lambda one: found.place_of(row_of(one)), node)


async def _permitted_rows(
    info: Info, found: Sequence[Row], window: Window, resource: Callable[[Row], Resource]
) -> Sequence[Row]:
    # The row beyond the page only says that there is one; nobody reads it.
    page = found[-window.size :] if window.backward else found[: window.size]
    purposes = await may_read_all(info.context.environment, info.context.subject, [resource(row) for row in page])
    allowed = [row for row, purpose in zip(page, purposes, strict=True) if purpose is not None]
    if len(allowed) < window.size:
        return allowed
    return [*found[: -window.size], *allowed] if window.backward else [*allowed, *found[window.size :]]


def count_reader(info: Info, count: _Count) -> Callable[[], Awaitable[int | None]]:
    """A count that is only made where it is asked for."""

    async def read_count() -> int | None:
        async with info.context.environment.store.read_transaction(at_once=True) as tx:
            return await count(tx)

    return read_count
