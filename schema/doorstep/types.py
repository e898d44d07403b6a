"""Doorstep visits: one view for the citizen and the office, one for the agent."""

from datetime import date, datetime
from typing import Self

import strawberry

from actions.doorstep.views import VisitTask, code_for, possible_agents
from actions.kernel import of_visit
from domain import doorstep
from domain.doorstep import HandOverProof, SlotWindow, VisitFailure, VisitPurpose, VisitState
from domain.kernel import TypeCode, people, show_number
from schema.applications.loaders import application_field
from schema.catalogue.places import Tehsil, district_field, tehsil_by_code
from schema.kernel import (
    AUTHENTICATED,
    Info,
    Mapped,
    Node,
    Paise,
    View,
    field_by_key,
    label_field,
    many_by_key,
    node_id,
    one_by_key,
    resolver_field,
    text_field,
)
from schema.officers.staff import officer_field, operator_by_id
from store import doorstep as visit_store

visit_by_id = one_by_key(visit_store.by_ids, of_visit)
visits_of_application = many_by_key(visit_store.of_applications, of_visit)


@strawberry.type(description="A part of a day in India.")
class VisitSlot(View[doorstep.Slot]):
    on: date = strawberry.field(description="The day.")
    window: SlotWindow = strawberry.field(description="The part of it.")
    starts_at: datetime = strawberry.field(description="Its first moment.")
    ends_at: datetime = strawberry.field(description="Its last moment.")

    label = label_field("slot_window", "window", description="The part of the day, in words.")


@strawberry.type(description="Somebody who goes from door to door.")
class DoorstepAgent:
    """An agent, as others may see her."""

    item: strawberry.Private[people.Operator]
    id: strawberry.ID = strawberry.field(description="Opaque; give it to assignDoorstepVisit.")

    @classmethod
    def of(cls, item: people.Operator) -> Self:
        return cls(item=item, id=node_id(TypeCode.OPERATOR, item.id))

    name = text_field("item.name", description="The agent's name.")


@strawberry.type(description="The fee of the doorstep service.")
class VisitFee:
    amount: Paise = strawberry.field(description="The fee.")
    receipt: str | None = strawberry.field(description="The number of the receipt; null while it is not paid.")


@strawberry.type
class VisitFacts:
    """The fields that everybody sees who sees a visit at all."""

    item: strawberry.Private[doorstep.Visit]
    purpose: VisitPurpose = strawberry.field(description="Why the agent comes.")
    state: VisitState = strawberry.field(description="Where the visit stands.")
    slot: VisitSlot = strawberry.field(description="When the agent comes.")
    sequence: int = strawberry.field(description="Its place among the visits for the same purpose, from 1.")
    failure: VisitFailure | None = strawberry.field(description="Why it failed.")
    version: int = strawberry.field(description="Grows by one with every change; give it back with the next.")

    state_label = label_field("visit_state", "item.state", description="Where the visit stands, in words.")
    failure_label = label_field("visit_failure", "item.failure", description="Why it failed, in words.", nullable=True)

    @resolver_field(description="The fee of the doorstep service; null where none is asked.")
    def fee(self) -> VisitFee | None:
        amount = self.item.fee_paise
        return VisitFee(amount=Paise(amount), receipt=self.item.fee_receipt) if amount is not None else None

    district = district_field("item.district", description="The district where the citizen is visited.")

    @resolver_field(description="The tehsil where the citizen is visited, where one was named.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.item.district, self.item.tehsil)


@strawberry.type(directives=[AUTHENTICATED], description="A doorstep visit, as the citizen and the office see it.")
class DoorstepVisit(VisitFacts, Node, Mapped[doorstep.Visit], id_of=TypeCode.VISIT):
    application_id: strawberry.ID = strawberry.field(description="The application that it belongs to.")
    proof: HandOverProof | None = strawberry.field(description="What proved the hand-over.")
    created_at: datetime = strawberry.field(description="When it was booked.")
    closed_at: datetime | None = strawberry.field(description="When it was over, whatever came of it.")

    @classmethod
    def of(cls, item: doorstep.Visit) -> Self:
        return cls.read(item, proof=item.handover.proof if item.handover else None)

    application = application_field(description="The application that it belongs to, for those who may see it.")

    agent = field_by_key(operator_by_id, DoorstepAgent.of, "item.agent_id", description="The agent who comes.")

    officer = officer_field("item.agent_id", description="The officer who comes to inspect.")

    @resolver_field(
        description="The six digits to tell the agent at the door, while she is on the way: for the citizen herself "
        "only, null for everybody else."
    )
    def otp(self, info: Info) -> str | None:
        return code_for(info.context.subject, self.item, info.context.environment.clock.now())

    @resolver_field(description="Until when the code holds; null where there is none for the one who asks.")
    def otp_expires_at(self, info: Info) -> datetime | None:
        shown = code_for(info.context.subject, self.item, info.context.environment.clock.now())
        return self.item.otp_expires_at if shown else None

    @resolver_field(
        description="Agents who go to that place, for those who may give the visit to another; empty for others."
    )
    async def possible_agents(self, info: Info) -> list[DoorstepAgent]:
        found = await possible_agents(info.context.environment, info.context.subject, self.item)
        return [DoorstepAgent.of(item) for item in found]


@strawberry.type(description="A doorstep visit, as its agent sees it: what the way needs and no more.")
class AgentVisit(VisitFacts, Mapped[doorstep.Visit], id_of=TypeCode.VISIT):
    errand: strawberry.Private[VisitTask]
    id: strawberry.ID = strawberry.field(description="The visit's opaque id.")
    number: str = strawberry.field(description="The application's number.")
    address: str | None = strawberry.field(description="The address as the form has it; null once the visit is over.")

    @classmethod
    def of(cls, errand: VisitTask) -> Self:
        return cls.read(errand.visit, errand=errand, number=errand.number, address=errand.address)

    @resolver_field(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.errand.number)

    recipient_name = text_field(
        "errand.recipient", description="The citizen's name; null once the visit is over.", nullable=True
    )
