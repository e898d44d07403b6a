"""Leaves of officers, for the officer and for those who post officers."""

from datetime import date, datetime

import strawberry

from actions.officers.post_changes import post_changes
from actions.officers.staff_views import leaves_of
from domain.kernel import TypeCode, ist_date, people
from domain.kernel.messages import label
from domain.officers import staff
from domain.officers.staff import LeaveState
from schema.kernel import (
    AUTHENTICATED,
    Connection,
    Info,
    InLanguage,
    Listing,
    Node,
    Position,
    View,
    assumed_list_size,
    connection_field,
    field_language,
    resolver_field,
    stored_listing,
)
from schema.officers.jurisdictions import Jurisdiction
from schema.officers.staff import officer_field


@strawberry.type(
    directives=[AUTHENTICATED],
    description="An officer's leave; while it runs her work is with the substitute or the level above.",
)
class Leave(Node, View[staff.Leave], id_of=TypeCode.LEAVE):
    item: strawberry.Private[staff.Leave]
    from_on: date = strawberry.field(description="Its first day.")
    until_on: date = strawberry.field(description="Its last day.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    begun_at: datetime | None = strawberry.field(description="When her open cases had moved; null before that.")
    ended_at: datetime | None = strawberry.field(description="When they were back with her; null before that.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled; null where it was not.")

    @resolver_field(description="Where it stands today.")
    def state(self, info: Info) -> LeaveState:
        return self.item.state_on(ist_date(info.context.environment.clock.now()))

    @resolver_field(description="Where it stands today, in words.")
    def state_label(self, info: Info, language: InLanguage = None) -> str:
        state = self.item.state_on(ist_date(info.context.environment.clock.now()))
        return label(f"leave_state.{state.value}", field_language(info, language))

    officer = officer_field("item.officer_id", description="The officer on leave.")
    substitute = officer_field(
        "item.substitute_id", description="Who stands in; null where her work goes to the level above."
    )


@strawberry.type(directives=[AUTHENTICATED], description="A change of posts that concerns the officer.")
class PostChange(View[staff.PostChange]):
    item: strawberry.Private[staff.PostChange]
    at: datetime = strawberry.field(description="When it took effect; of a leave, when the open cases had moved.")
    ordered_at: datetime | None = strawberry.field(
        description="When it was ordered; null where it followed from an order about another officer."
    )
    confirmed_at: datetime | None = strawberry.field(
        description="When a second administrator confirmed it; null where nobody had to."
    )

    @resolver_field(description="What it means for her, in words.")
    def text(self, info: Info, language: InLanguage = None) -> str:
        return label(f"post_change.{self.item.kind.value}", field_language(info, language))

    @resolver_field(description="The posts.", directives=[assumed_list_size(5)])
    def posts(self) -> list[Jurisdiction]:
        return [Jurisdiction.of(posting) for posting in self.item.posts]

    officer = officer_field("item.officer_id", description="Who had them, or was moved.")
    taker = officer_field("item.taker_id", description="Who has them now; null where nobody was named.")


@strawberry.type
class OfficeStaff:
    item: strawberry.Private[people.Officer]

    @connection_field(
        Connection[Leave], description="Her leaves, the latest first; empty for those who may not see them."
    )
    async def leaves(self, info: Info) -> Listing[staff.Leave]:
        return listed_leaves(info, self.item)

    @resolver_field(
        description="Changes of posts of the last 30 days that concern her, as leaver, taker or head of department, "
        "the latest first, at most 100; empty for everybody else.",
        directives=[assumed_list_size(20)],
    )
    async def post_changes(self, info: Info) -> list[PostChange]:
        found = await post_changes(info.context.environment, info.context.subject, self.item)
        return [PostChange.of(one) for one in found]


def listed_leaves(info: Info, officer: people.Officer) -> Listing[staff.Leave]:
    """The leaves of an officer as a list of pages; an empty one for those who may not see them."""
    return stored_listing(info, f"leaves:{officer.id}", leaves_of(info.context.subject, officer), Leave.of)


def _parse_position(position: Position | None) -> tuple[date, str] | None:
    return (date.fromisoformat(position[0] or ""), position[1]) if position else None
