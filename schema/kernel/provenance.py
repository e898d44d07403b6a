"""The source of a part of the response, and how fresh it is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self, TypeAlias

import strawberry

from domain.kernel import Source, SourceState
from schema.kernel.context import Info
from schema.kernel.fields import resolver_field

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
