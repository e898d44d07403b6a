"""Relay connections: required page size, keyset pages, and a count whose failure does not fail the page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver
from strawberry.federation.schema_directives import ListSize
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from domain.kernel import ErrorCode, Problem, Problems
from schema.kernel.context import Info
from schema.kernel.cursors import Cursors, Position
from schema.kernel.directives import sliced_list_size
from schema.kernel.fields import resolver_field
from store.database import StoreError

LARGEST_PAGE = 100

Row = TypeVar("Row")
Node = TypeVar("Node")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Window:
    """One page of a list: so many rows after a place, or, `backward`, before it; no place is the list's end."""

    size: int
    place: Position | None
    backward: bool


def rows_in(window: Window, rows: Sequence[Row], at: int | None) -> Sequence[Row]:
    """The rows of a page and one more, of a list that was read whole; `at` is the index of the window's place."""
    if at is not None:
        rows = rows[:at] if window.backward else rows[at + 1 :]
    return rows[-window.size - 1 :] if window.backward else rows[: window.size + 1]


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What a resolver gives for a paged field; `Paged` reads the page and makes the connection.

    `rows` gives at most `window.size + 1` rows in the order of the list. `name` binds cursors to the list. `count`
    gives None where the list is longer than is counted.
    """

    name: str
    rows: Callable[[Window], Awaitable[Sequence[Row]]]
    count: Callable[[], Awaitable[int | None]]
    position: Callable[[Row], Position]
    node: Callable[[Row], Any]
    made: Callable[[Any], Any] | None = None
    """What a list that tells more than its rows makes of the connection."""


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are rows after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are rows before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row of the page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row of the page.")


@strawberry.type(description="A row of a page with its cursor.")
class Edge(Generic[Node]):
    cursor: str = strawberry.field(description="The place of this row in the list; give it as after or before.")
    node: Node = strawberry.field(description="The row.")


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a page lies in its list, with the cursor of each of its rows, which is written where it is asked for."""

    has_next: bool
    has_previous: bool
    cursor: Callable[[int], str]


def edges_of(self: "Connection[Node]") -> list[Edge[Node]]:
    """The rows of a page with their cursors."""
    return [Edge(cursor=self.place.cursor(number), node=node) for number, node in enumerate(self.nodes)]


def page_info_of(self: "Connection[Any]") -> PageInfo:
    """Where a page lies in its list."""
    there, place = bool(self.nodes), self.place
    return PageInfo(
        has_next_page=place.has_next,
        has_previous_page=place.has_previous,
        start_cursor=place.cursor(0) if there else None,
        end_cursor=place.cursor(len(self.nodes) - 1) if there else None,
    )


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    """Relay's connection, with `nodes` and a count."""

    edges: list[Edge[Node]] = strawberry.field(
        resolver=edges_of, description="The rows of the page with their cursors."
    )
    nodes: list[Node] = strawberry.field(description="The rows of the page.")
    page_info: PageInfo = strawberry.field(resolver=page_info_of, description="Where this page lies in the list.")
    place: strawberry.Private[PagePlace]
    count: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @resolver_field(description="Rows in the whole list; null where it could not be counted in time.")
    async def total_count(self) -> int | None:
        try:
            return await self.count()
        except (StoreError, TimeoutError):
            return None


_ARGUMENTS = {
    "first": (int, "How many rows from the start, 1 to 100. Either first or last is required."),
    "after": (str, "With first: only rows after this cursor."),
    "last": (int, "How many rows from the end, 1 to 100."),
    "before": (str, "With last: only rows before this cursor."),
}


class Paged(FieldExtension):
    """Adds `first`, `after`, `last`, `before` to a field whose resolver gives a Listing."""

    def apply(self, field: StrawberryField) -> None:
        """Declare the arguments, in front of the field's own."""
        added = [_argument(name, type_, description) for name, (type_, description) in _ARGUMENTS.items()]
        field.arguments = [*added, *field.arguments]
        if not any(isinstance(one, ListSize) for one in field.directives):  # a schema may be built more than once
            sizes = [name for name, (type_, _) in _ARGUMENTS.items() if type_ is int]
            field.directives = [*field.directives, sliced_list_size(*sizes, sized=("edges", "nodes"))]

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Read one page of the resolver's Listing."""
        paging = {name: kwargs.pop(name, None) for name in _ARGUMENTS}
        listing: Listing[Any] | None = await next_(source, info, **kwargs)
        return None if listing is None else await _page(info, listing, paging)


def connection_field(connection: Any, *, description: str, **options: Any) -> Callable[[F], F]:
    """A field whose resolver gives a Listing, of which it shows a page; the options are those of strawberry.field."""
    return resolver_field(description=description, graphql_type=connection, extensions=[Paged()], **options)


def _argument(name: str, type_: type, description: str) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_ | None),
        description=description,
        default=strawberry.UNSET,
    )


async def _page(info: Info, listing: Listing[Any], paging: dict[str, Any]) -> Any:
    cursors = Cursors(info.context.environment.keyrings, listing.name)
    window = _window(cursors, paging)
    rows = list(await listing.rows(window))
    more = len(rows) > window.size
    rows = rows[-window.size :] if window.backward else rows[: window.size]
    beside = window.place is not None
    page: Connection[Any] = Connection(
        nodes=[listing.node(row) for row in rows],
        place=PagePlace(
            has_next=beside if window.backward else more,
            has_previous=more if window.backward else beside,
            cursor=lambda number: cursors.write(listing.position(rows[number])),
        ),
        count=listing.count,
    )
    return page if listing.made is None else listing.made(page)


def _window(cursors: Cursors, paging: dict[str, Any]) -> Window:
    """`first` goes with `after` and `last` with `before`; anything else is BAD_INPUT, named by its argument."""
    backward = paging["first"] is None
    size_name, place_name, other_place = ("last", "before", "after") if backward else ("first", "after", "before")
    size, place = paging[size_name], paging[place_name]
    if size is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("first",), params=_SIZES, sentence="paging.missing"))
    page_size(size, size_name)
    if not backward and paging["last"] is not None:
        raise _bad_argument("last")
    if paging[other_place] is not None:
        raise _bad_argument(other_place)
    return Window(size, None if place is None else cursors.read(place, place_name), backward)


def page_size(size: int, argument: str = "first") -> int:
    """The number of rows that is asked for; raises BAD_INPUT with the limits where it is none of a page."""
    if not 1 <= size <= LARGEST_PAGE:
        raise Problems(Problem(ErrorCode.BAD_INPUT, (argument,), params=_SIZES))
    return size


_SIZES = {"least": "1", "most": str(LARGEST_PAGE)}


def _bad_argument(argument: str) -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, (argument,)))
