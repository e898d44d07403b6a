"""The public list of notified services with their limits and authorities (Right to Service Act, section 3)."""

from functools import partial
from operator import itemgetter
from typing import Annotated, Self

import strawberry

from actions.catalogue.notified import NotifiedFilter, notified_services
from actions.catalogue.search import Place, named_place, order_of, page_of
from domain.applications.deadline import DayUnit
from domain.catalogue import catalogue
from domain.kernel.state import installed_state
from schema.catalogue.places import department_field
from schema.catalogue.services import Service, SortArgument, post_field
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Connection,
    Info,
    Listing,
    Mapped,
    Window,
    connection_field,
    resolver_field,
    text_field,
)


@strawberry.type(description="A service that is notified under the Right to Service Act.")
class NotifiedService(Mapped[catalogue.Service], time_limit_days="limit_days", not_confirmed="facts_not_confirmed"):
    item: strawberry.Private[catalogue.Service]
    code: str = strawberry.field(description="The service's code.")
    version: int = strawberry.field(description="The entry of the catalogue; it grows with each change.")
    time_limit_days: int | None = strawberry.field(description="Days for the service; null where no source gives them.")
    time_limit_unit: DayUnit | None = strawberry.field(description="How they are counted; null where none are given.")
    notification: str | None = strawberry.field(description="The notification; null, since no source names it yet.")
    section: str = strawberry.field(description="The section under which services are notified.")
    source: str = strawberry.field(description="Where the entry was read.")
    verified: bool = strawberry.field(description="Whether it was read at its source.")
    not_confirmed: list[catalogue.Fact] = strawberry.field(description="What it states and no source confirms.")

    @classmethod
    def of(cls, item: catalogue.Service) -> Self:
        return cls.read(
            item,
            time_limit_unit=item.limit_unit if item.limit_days is not None else None,
            notification=None,
            section=installed_state().notified_section,
        )

    name = text_field("item.name", description="Its name.")
    designated_officer = post_field("item.designated_officer", description="Who must give it; null if no source says.")
    first_appellate = post_field(
        "item.first_appellate", description="Who hears the first appeal; null where not known."
    )
    second_appellate = post_field(
        "item.second_appellate", description="Who hears the second one; null where not known."
    )

    department = department_field("item.department", description="The department.")

    @resolver_field(description="The whole entry of the catalogue.")
    def service(self) -> Service:
        return Service.of(self.item)


@strawberry.input(description="Which notified services are listed; what is left out lets every one through.")
class NotifiedServiceFilter:
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    words: str | None = strawberry.field(default=None, description="Only names and codes that hold these words.")
    most_days: int | None = strawberry.field(default=None, description="Only limits of at most so many days.")


@strawberry.type
class NotifiedQuery:
    @connection_field(
        Connection[NotifiedService] | None,
        description="Services that are notified under the Right to Service Act, with limits and authorities. The same "
        "list is at /notified-services as a page, JSON and CSV.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    async def notified_services(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            NotifiedServiceFilter | None, strawberry.argument(description="Which services are listed.")
        ] = None,
        sort: SortArgument = catalogue.ServiceSort.ENGLISH_NAME,
    ) -> Listing[tuple[Place, catalogue.Service]]:
        given, environment = filter or NotifiedServiceFilter(), info.context.environment
        wanted = NotifiedFilter(given.department, given.words, given.most_days)
        found = await notified_services(environment, wanted)

        async def rows(window: Window) -> list[tuple[Place, catalogue.Service]]:
            place = None if window.place is None else (window.place[0] or "", window.place[1])
            order = order_of(sort, place, info.context.language)
            places = partial(named_place, order=order)
            return page_of(found, places, place, window.size + 1, backward=window.backward)

        async def count() -> int:
            return len(found)

        name = "notified" if sort is catalogue.ServiceSort.ENGLISH_NAME else "notified-by-name"
        return Listing(f"{name}:{wanted!r}", rows, count, itemgetter(0), lambda row: NotifiedService.of(row[1]))
