"""Feedback on decided applications, and the averages that auditors and departments see."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from actions.feedback.feedback import service_levels
from actions.kernel import of_feedback
from domain.feedback import feedback
from domain.kernel import TypeCode
from schema.applications.loaders import application_by_id
from schema.catalogue.services import Service, service_by_code
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    VIEWS,
    ByKey,
    Info,
    Mapped,
    View,
    assumed_list_size,
    one_by_key,
    resolver_field,
)
from schema.officers.staff import AssignedOfficer, officer_by_id
from store.feedback import feedback as feedback_store

if TYPE_CHECKING:
    from schema.applications.types import Application

feedback_of_application = one_by_key(feedback_store.of_applications, of_feedback)

_APPLICATION = ByKey(application_by_id, lambda said: said.item.application_id)
_OFFICER = ByKey(officer_by_id, lambda level: level.item.officer_id)
_SERVICE = ByKey(service_by_code, lambda level: level.item.service_code)


@strawberry.type(description="What a citizen said about her decided application.")
class Feedback(Mapped[feedback.Feedback]):
    item: strawberry.Private[feedback.Feedback]
    application_id: strawberry.ID = strawberry.field(description="The application.")
    rating: int = strawberry.field(description="One to five stars.")
    text: str | None = strawberry.field(description="What she wrote, with Aadhaar numbers masked.")
    created_at: datetime = strawberry.field(description="When it was given.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")
    editable_until: datetime = strawberry.field(description="Until when she may change it.")

    @classmethod
    def of(cls, info: Info, item: feedback.Feedback) -> Self:
        """The graph's view of feedback."""
        days = info.context.environment.rules.care.feedback_edit_days
        return cls.read(item, editable_until=item.created_at + timedelta(days=days))

    @resolver_field(description="The application, for those who may see it.", metadata=_APPLICATION.metadata)
    async def application(
        self, info: Info
    ) -> Annotated["Application", strawberry.lazy("schema.applications.types")] | None:
        item = await _APPLICATION.load(self, info.context.loaders)
        return None if item is None else VIEWS[TypeCode.APPLICATION](item)


@strawberry.type(description="How citizens rated one service where one officer decided it.")
class ServiceLevel(View[feedback.ServiceLevel], average_hundredths="average"):
    """An average without names or texts."""

    item: strawberry.Private[feedback.ServiceLevel]
    ratings: int = strawberry.field(description="How many ratings there are.")
    average_hundredths: int = strawberry.field(description="Their average in hundredths of a star: 425 is 4.25.")

    @resolver_field(description="The officer who decided.", metadata=_OFFICER.metadata)
    async def officer(self, info: Info) -> AssignedOfficer | None:
        item = await _OFFICER.load(self, info.context.loaders)
        return None if item is None else AssignedOfficer(item=item)

    @resolver_field(description="The service.", metadata=_SERVICE.metadata)
    async def service(self, info: Info) -> Service | None:
        item = await _SERVICE.load(self, info.context.loaders)
        return None if item is None else Service.of(item)


@strawberry.type
class FeedbackQuery:
    """Root fields about feedback."""

    @resolver_field(
        description="The average rating of each service at each officer, the lowest first, at most 200 rows: for "
        "auditors everywhere, for department administrators in their department, empty for others.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(50)],
    )
    async def service_levels(
        self, info: Info, days: Annotated[int, strawberry.argument(description="How many days back, 1 to 3650.")] = 365
    ) -> list[ServiceLevel] | None:
        found = await service_levels(info.context.environment, info.context.subject, days)
        return [ServiceLevel.of(item) for item in found]
