"""From where an answer came and how fresh it is, and pages of lists that are merged from several sources."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Self, TypeAlias, TypeVar

import strawberry

from domain.kernel import Source, SourceState
from schema.kernel.context import Info
from schema.kernel.fields import resolver_field
from schema.kernel.paging import Connection, PageInfo, edges_of, page_info_of

P = TypeVar("P")

Told: TypeAlias = tuple[Source, SourceState, datetime | None]
"""What verbs tell of one source: its state and the age of its answer."""

_CURRENT = frozenset({SourceState.LIVE, SourceState.CACHED})
"""An answer of a moment ago is as good as a new one: which of them it is does not make another answer."""


@strawberry.type(description="Where a part of an answer came from, and how fresh it is.")
class Provenance:
    told: strawberry.Private[Told]
    age: strawberry.Private[int | None]
    source: Source = strawberry.field(description="The system that was asked.")

    @classmethod
    def of(cls, info: Info, entry: Told) -> Self:
        source, _, as_of = entry
        return cls(told=entry, age=info.context.sources.age_seconds(as_of), source=source)

    @resolver_field(description="How the answer was had.")
    def state(self, info: Info) -> SourceState:
        _, state, _ = self.told
        if state in _CURRENT:
            info.context.sources.note_age(info.path)
        return state

    @resolver_field(description="When the system gave it; null where it gave none.")
    def as_of(self, info: Info) -> datetime | None:
        info.context.sources.note_age(info.path)
        return self.told[2]

    @resolver_field(description="How old it is; null where there is none.")
    def age_seconds(self, info: Info) -> int | None:
        info.context.sources.note_age(info.path)
        return self.age


def record_provenance(info: Info, entries: Iterable[Told]) -> list[Provenance]:
    """The provenance of the field that is being resolved, also entered into `extensions.sources`."""
    listed = list(entries)
    for source, state, as_of in listed:
        info.context.sources.note(info.path, source, state, as_of)
    return [Provenance.of(info, one) for one in listed]


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
