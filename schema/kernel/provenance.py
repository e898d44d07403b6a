"""The source of a part of the response, and how fresh it is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self, TypeAlias

import strawberry

from domain.kernel import Source, SourceState
from schema.kernel.context import Info

Told: TypeAlias = tuple[Source, SourceState, datetime | None]
"""What verbs tell of one source: its state and the age of its answer."""


@strawberry.type(description="Where a part of an answer came from, and how fresh it is.")
class Provenance:
    source: Source = strawberry.field(description="The system that was asked.")
    state: SourceState = strawberry.field(description="How the answer was had.")
    as_of: datetime | None = strawberry.field(description="When the system gave it; null where it gave none.")
    age_seconds: int | None = strawberry.field(description="How old it is; null where there is none.")

    @classmethod
    def of(cls, info: Info, entry: Told) -> Self:
        """The graph's view of an action's provenance."""
        source, state, as_of = entry
        return cls(source=source, state=state, as_of=as_of, age_seconds=info.context.sources.age_seconds(as_of))


def record_provenance(info: Info, entries: Iterable[Told]) -> list[Provenance]:
    """The provenance of the field that is being resolved, also entered into `extensions.sources`."""
    listed = list(entries)
    for source, state, as_of in listed:
        info.context.sources.note(info.path, source, state, as_of)
    return [Provenance.of(info, one) for one in listed]
