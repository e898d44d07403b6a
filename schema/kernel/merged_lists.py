"""Pages of lists that are merged from several sources, of which they tell whether each answered."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from schema.kernel.fields import resolver_field
from schema.kernel.paging import Connection, PageInfo, edges_of, page_info_of
from schema.kernel.provenance import Provenance

P = TypeVar("P")


@strawberry.type
class MergedPage:
    """What such a page has beside its edges and nodes."""

    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    complete: bool = strawberry.field(description="Whether every source answered and nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="Each source with its state.")
    count: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @resolver_field(description="How many are in the whole list, as far as its sources answered.")
    async def total_count(self) -> int | None:
        return await self.count()


def merged_page(
    page_type: Callable[..., P], *, complete: bool, provenance: list[Provenance]
) -> Callable[[Connection[Any]], P]:
    """What makes a page of that type, a MergedPage, of the connection of a Listing."""
    return lambda page: page_type(
        edges=edges_of(page),
        nodes=page.nodes,
        page_info=page_info_of(page),
        complete=complete,
        provenance=provenance,
        count=page.count,
    )
