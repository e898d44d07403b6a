"""Grievances about applications, and the replies to them."""

from datetime import datetime

import strawberry

from actions.kernel import of_grievance
from domain.feedback import grievances
from domain.feedback.grievances import WAITING, GrievanceCategory, GrievanceState
from domain.kernel import TypeCode, show_number
from schema.applications.loaders import application_field
from schema.catalogue.services import service_field
from schema.kernel import AUTHENTICATED, Info, Node, View, label_field, many_by_key, one_by_key, resolver_field
from schema.officers.staff import officer_field
from store.feedback import grievances as grievance_store

grievance_by_id = one_by_key(grievance_store.by_ids, of_grievance)
grievances_of_application = many_by_key(grievance_store.of_applications, of_grievance)
replies_of_grievance = many_by_key(grievance_store.replies)


@strawberry.type(description="What an officer answered to a grievance.")
class GrievanceReply:
    officer_id: strawberry.Private[str]
    text: str = strawberry.field(description="The reply, as the citizen reads it.")
    at: datetime = strawberry.field(description="When it was given.")

    officer = officer_field("officer_id", description="The officer who answered.")


@strawberry.type(directives=[AUTHENTICATED], description="A citizen's grievance about an application.")
class Grievance(Node, View[grievances.Grievance], id_of=TypeCode.GRIEVANCE):
    item: strawberry.Private[grievances.Grievance]
    number: str = strawberry.field(description="Its number: fourteen digits, the first one 6.")
    application_id: strawberry.ID = strawberry.field(description="The application that it is about.")
    category: GrievanceCategory = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="What the citizen wrote, with Aadhaar numbers masked.")
    state: GrievanceState = strawberry.field(description="Where it stands.")
    escalated: bool = strawberry.field(description="Whether it went up one level.")
    due_at: datetime = strawberry.field(description="By when the office replies.")
    version: int = strawberry.field(description="Grows by one with every change; give it back with a reply.")
    created_at: datetime = strawberry.field(description="When it was raised.")
    updated_at: datetime = strawberry.field(description="When it changed last.")
    closed_at: datetime | None = strawberry.field(description="When it was closed.")

    @resolver_field(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.item.number)

    category_label = label_field("grievance_category", "item.category", description="What it is about, in words.")
    state_label = label_field("grievance_state", "item.state", description="Where it stands, in words.")

    @resolver_field(description="Whether the office owes a reply and its time is over.")
    def overdue(self, info: Info) -> bool:
        return self.item.state in WAITING and info.context.environment.clock.now() > self.item.due_at

    service = service_field("item.service_code", description="The service that was applied for.")

    application = application_field(description="The application that it is about, for those who may see it.")

    @resolver_field(description="The replies, the first one first.")
    async def replies(self, info: Info) -> list[GrievanceReply]:
        found = await info.context.load(replies_of_grievance, self.item.id)
        return [GrievanceReply(officer_id=reply.officer_id, text=reply.text, at=reply.at) for reply in found]
