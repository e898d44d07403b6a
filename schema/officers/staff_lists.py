"""Staff lists for those who post officers: postings, absences, vacant posts."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.officers import state_gaps
from actions.officers.staff_views import (
    StaffFilter,
    administrator_postings,
    count_staff,
    staff_page,
)
from domain.kernel import OfficerLevel, TypeCode, from_global_id, people
from domain.officers import staff
from schema.catalogue.places import department_field
from schema.kernel import (
    AUTHENTICATED,
    FOR_STAFF,
    Connection,
    Info,
    Listing,
    Position,
    View,
    Window,
    assumed_list_size,
    connection_field,
    former_field,
    node_id,
    require_signed_in,
    resolver_field,
    stored_listing,
    text_field,
)
from schema.officers.jurisdictions import Jurisdiction
from schema.officers.office_staff import Leave, listed_leaves
from schema.officers.staff import officer_field
from store.officers import posts


@strawberry.input(description="Which officers or posts are listed.")
class StaffFilterInput:
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")
    words: str | None = strawberry.field(
        default=None, description="Only officers in whose name or designation each of these words stands."
    )
    officer_id: strawberry.ID | None = strawberry.field(default=None, description="Only this officer.")

    def to_criteria(self) -> StaffFilter:
        """As the action wants it; an id of something else finds nobody."""
        kind, key = from_global_id(self.officer_id) if self.officer_id else (None, None)
        officer = key if kind in (None, TypeCode.OFFICER) else ""
        return StaffFilter(self.department, self.district, self.words, officer)


@strawberry.type(directives=[AUTHENTICATED], description="An officer, as those who post officers see her.")
class StaffMember:
    """Who is posted where, without what waits for her."""

    item: strawberry.Private[people.Officer]
    id: strawberry.ID = strawberry.field(description="Give it to transferOfficer or recordLeave.")
    officer_id: strawberry.ID = former_field("id", added="0.1")
    jurisdictions: list[Jurisdiction] = strawberry.field(description="Her posts.", directives=[assumed_list_size(5)])

    @classmethod
    def of(cls, item: people.Officer) -> Self:
        posts = [Jurisdiction.of(posting) for posting in item.postings]
        own = node_id(TypeCode.OFFICER, item.id)
        return cls(item=item, id=own, officer_id=own, jurisdictions=posts)

    name = text_field("item.name", description="The officer's name.")
    designation = text_field("item.designation", description="The officer's post.")

    @connection_field(
        Connection[Leave], description="Her leaves, the latest first; empty for those who may not see them."
    )
    async def leaves(self, info: Info) -> Listing[staff.Leave]:
        return listed_leaves(info, self.item)


@strawberry.type(
    directives=[AUTHENTICATED], description="A post that was left without a successor and is not filled yet."
)
class Vacancy(View[staff.Vacancy], post="posting"):
    item: strawberry.Private[staff.Vacancy]
    post: Jurisdiction = strawberry.field(description="The post.")
    since: datetime = strawberry.field(description="Since when it is vacant.")

    former_officer = officer_field("item.former_id", description="Who had it last.")
    cover = officer_field(
        "item.cover_id", description="Who has charge of it meanwhile; null where its work goes to the level above."
    )


@strawberry.type(
    directives=[AUTHENTICATED], description="A post of a department that nobody fills at some places, and who answers."
)
class StateGap(View[state_gaps.Gap]):
    item: strawberry.Private[state_gaps.Gap]
    level: OfficerLevel | None = strawberry.field(description="Its level; null for the head of the department.")
    places: list[str] = strawberry.field(
        description="Districts by code, or tehsils as district:tehsil; none is the whole state.",
        directives=[assumed_list_size(20)],
    )
    services: list[str] = strawberry.field(
        description="The codes of the services that lack it.", directives=[assumed_list_size(20)]
    )

    department = department_field("item.department", description="The department; null for services without one.")
    place_names = text_field("item.place_names", description="The names of the places.")
    answered_by = officer_field("item.answered_by", description="Who has the work meanwhile; null for nobody.")


FilterArgument = Annotated[
    StaffFilterInput | None, strawberry.argument(description="Of which department and district.")
]


@strawberry.type
class StaffQuery:
    @connection_field(
        Connection[StaffMember] | None,
        description="Officers of the departments that one administers; null with NOT_FOUND for everybody else.",
        directives=FOR_STAFF,
    )
    async def officers(
        self,
        info: Info,
        filter: FilterArgument = None,  # noqa: A002 - the argument's name in the graph
    ) -> Listing[people.Officer]:
        return _officers(info, (filter or StaffFilterInput()).to_criteria())

    @connection_field(
        Connection[Vacancy] | None,
        description="Vacant posts of the departments that one administers, those that are vacant longest first; "
        "null with NOT_FOUND for everybody else.",
        directives=FOR_STAFF,
    )
    async def vacancies(
        self,
        info: Info,
        filter: FilterArgument = None,  # noqa: A002 - the argument's name in the graph
    ) -> Listing[staff.Vacancy]:
        return _vacancies(info, (filter or StaffFilterInput()).to_criteria())

    @resolver_field(
        description="Posts that nobody fills in the departments that one administers; null with NOT_FOUND for "
        "everybody else.",
        directives=[*FOR_STAFF, assumed_list_size(100)],
    )
    async def state_gaps(self, info: Info) -> list[StateGap] | None:
        gaps = await state_gaps.gaps_for(info.context.environment, require_signed_in(info))
        return [StateGap.of(gap) for gap in gaps]


def _officers(info: Info, wanted: StaffFilter) -> Listing[people.Officer]:
    environment, within = info.context.environment, administrator_postings(require_signed_in(info))

    async def rows(window: Window) -> list[people.Officer]:
        place = window.place[1] if window.place else None
        after, before = (None, place) if window.backward else (place, None)
        return await staff_page(environment, within, wanted, after=after, before=before, limit=window.size + 1)

    async def count() -> int:
        return await count_staff(environment, within, wanted)

    def position(item: people.Officer) -> Position:
        return None, item.id

    return Listing(f"officers:{wanted!r}", rows, count, position, StaffMember.of)


def _vacancies(info: Info, wanted: StaffFilter) -> Listing[staff.Vacancy]:
    within = administrator_postings(require_signed_in(info))
    name = f"vacancies:{wanted.department}:{wanted.district}"
    return stored_listing(info, name, posts.vacant(within, wanted.department, wanted.district), Vacancy.of)
