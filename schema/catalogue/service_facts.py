"""What the facts about a service rest on, and where another body's service is applied for."""

from typing import Self

import strawberry

from domain.catalogue import catalogue
from domain.catalogue.catalogue import Fact
from schema.kernel import Info, InLanguage, View, field_language, resolver_field, text_field


@strawberry.type(description="Where another body's service is applied for.")
class HandOver(View[catalogue.HandOver]):
    item: strawberry.Private[catalogue.HandOver]
    address: str = strawberry.field(description="Its portal (https:) or its telephone (tel:).")
    status_address: str | None = strawberry.field(
        description="Where that body tells how an application stands; null where it tells nobody, or no source says."
    )
    body = text_field("item.body", description="Who takes the application.")

    @resolver_field(description="What one brings; empty where no source says.")
    def bring(self, info: Info, language: InLanguage = None) -> list[str]:
        return [paper.in_language(field_language(info, language)) for paper in self.item.bring]


@strawberry.type(description="What a fact of the catalogue rests on.")
class FactSource:
    fact: Fact = strawberry.field(description="The fact.")
    source: str | None = strawberry.field(description="Who says so; null where nobody does.")
    confirmed: bool = strawberry.field(
        description="Whether an official source, two independent ones, or a published definition say so."
    )

    @classmethod
    def each_of(cls, service: catalogue.Service) -> list[Self]:
        """The sources of all that an entry states."""
        found = ((fact, service.source_of(fact)) for fact in service.stated_facts)
        return [
            cls(fact=fact, source=(one and one.source) or None, confirmed=bool(one and one.confirmed))
            for fact, one in found
        ]
