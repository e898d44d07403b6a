"""Clearances of other departments, field reports, and warnings about due dates."""

from datetime import datetime
from typing import Self

import strawberry

from domain import catalogue, clearances, people
from domain.clearances import ClearanceState, EscalationKind
from domain.global_ids import TypeCode
from domain.messages import label
from schema.context import Info, InLanguage, spoken
from schema.fields import resolved
from schema.loading import ByKey
from schema.node import Node, node_id
from schema.places import Department
from schema.staff import AssignedOfficer

_DEPARTMENT: ByKey[catalogue.Department] = ByKey("departments", lambda clearance: clearance.item.department)
_ASKED_BY: ByKey[people.Officer] = ByKey("officers", lambda clearance: clearance.item.asked_by)
_ANSWERED_BY: ByKey[people.Officer] = ByKey("officers", lambda clearance: clearance.item.answered_by)
_REPORTED_BY: ByKey[people.Officer] = ByKey("officers", lambda report: report.item.officer_id)


@strawberry.type(description="What one department asks of another about an application.")
class Clearance(Node):
    """A clearance with its own due date."""

    item: strawberry.Private[clearances.Clearance]
    application_id: strawberry.ID = strawberry.field(description="The application that it is about.")
    state: ClearanceState = strawberry.field(description="How it stands.")
    question: str = strawberry.field(description="What is asked.")
    asked_at: datetime = strawberry.field(description="When it was asked.")
    due_at: datetime = strawberry.field(description="The last second for the answer.")
    answer: str | None = strawberry.field(description="The answer, once it was given.")
    answered_at: datetime | None = strawberry.field(description="When it was answered or given up.")

    @classmethod
    def of(cls, item: clearances.Clearance) -> Self:
        """The graph's view of a clearance."""
        return cls(
            id=node_id(TypeCode.CLEARANCE, item.id),
            item=item,
            application_id=node_id(TypeCode.APPLICATION, item.application_id),
            state=item.state,
            question=item.question,
            asked_at=item.asked_at,
            due_at=item.due_at,
            answer=item.answer,
            answered_at=item.answered_at,
        )

    @resolved(description="How it stands, in words.")
    def state_label(self, info: Info, language: InLanguage = None) -> str:
        return label(f"clearance_state.{self.item.state.value}", spoken(info, language))

    @resolved(description="Whether the answer is owed and its time is over.")
    def overdue(self, info: Info) -> bool:
        owed = self.item.state is ClearanceState.ASKED
        return owed and info.context.environment.clock.now() > self.item.due_at

    @resolved(description="The department that was asked.", metadata=_DEPARTMENT.metadata)
    async def department(self, info: Info) -> Department | None:
        item = await _DEPARTMENT.load(self, info.context.loaders)
        return None if item is None else Department.of(item)

    @resolved(description="The officer who asked.", metadata=_ASKED_BY.metadata)
    async def asked_by(self, info: Info) -> AssignedOfficer | None:
        item = await _ASKED_BY.load(self, info.context.loaders)
        return None if item is None else AssignedOfficer(item=item)

    @resolved(description="The officer who answered.", metadata=_ANSWERED_BY.metadata)
    async def answered_by(self, info: Info) -> AssignedOfficer | None:
        item = await _ANSWERED_BY.load(self, info.context.loaders)
        return None if item is None else AssignedOfficer(item=item)


@strawberry.type(description="A point on the earth.")
class GeoPoint:
    """Latitude and longitude in millionths of a degree."""

    latitude_microdegrees: int = strawberry.field(description="Millionths of a degree north.")
    longitude_microdegrees: int = strawberry.field(description="Millionths of a degree east.")


@strawberry.type(description="What an officer saw in the field.")
class FieldReport:
    """One report."""

    item: strawberry.Private[clearances.VerificationReport]
    text: str = strawberry.field(description="What was seen.")
    photos: list[str] = strawberry.field(description="SHA-256 of the photographs in the object store.")
    observed_at: datetime = strawberry.field(description="When it was seen.")
    reported_at: datetime = strawberry.field(description="When it was reported.")

    @classmethod
    def of(cls, item: clearances.VerificationReport) -> Self:
        """The graph's view of a report."""
        return cls(
            item=item,
            text=item.text,
            photos=list(item.photos),
            observed_at=item.observed_at,
            reported_at=item.reported_at,
        )

    @resolved(description="Where it was seen; null where no place was given.")
    def place(self) -> GeoPoint | None:
        place = self.item.place
        if place is None:
            return None
        return GeoPoint(latitude_microdegrees=place.latitude, longitude_microdegrees=place.longitude)

    @resolved(description="The officer who reported.", metadata=_REPORTED_BY.metadata)
    async def officer(self, info: Info) -> AssignedOfficer | None:
        item = await _REPORTED_BY.load(self, info.context.loaders)
        return None if item is None else AssignedOfficer(item=item)


@strawberry.type(description="A warning that the legal clock gave.")
class Escalation:
    """One warning."""

    kind: EscalationKind = strawberry.field(description="Why.")
    due_at: datetime = strawberry.field(description="The date that it warns of.")
    at: datetime = strawberry.field(description="When it was given.")

    @classmethod
    def of(cls, item: clearances.Escalation) -> Self:
        """The graph's view of a warning."""
        return cls(kind=item.kind, due_at=item.due_at, at=item.at)

    @resolved(description="Why, in words.")
    def label(self, info: Info, language: InLanguage = None) -> str:
        return label(f"escalation.{self.kind.value}", spoken(info, language))
