"""Feedback on decided applications, and the averages that auditors and departments see."""

from datetime import datetime, timedelta
from typing import Annotated, Self

import strawberry

from actions.feedback.feedback import service_levels
from actions.kernel import of_feedback
from domain.feedback import feedback
from schema.applications.loaders import application_field
from schema.catalogue.services import service_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Mapped,
    View,
    assumed_list_size,
    one_by_key,
    resolver_field,
)
from schema.officers.staff import officer_field
from store.feedback import feedback as feedback_store

feedback_of_application = one_by_key(feedback_store.of_applications, of_feedback)


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
        days = info.context.environment.rules.care.feedback_edit_days
        return cls.read(item, editable_until=item.created_at + timedelta(days=days))

    application = application_field(description="The application, for those who may see it.")


@strawberry.type(description="How citizens rated one service where one officer decided it.")
class ServiceLevel(View[feedback.ServiceLevel], average_hundredths="average"):
    """An average without names or texts."""

    item: strawberry.Private[feedback.ServiceLevel]
    ratings: int = strawberry.field(description="How many ratings there are.")
    average_hundredths: int = strawberry.field(description="Their average in hundredths of a star: 425 is 4.25.")

    officer = officer_field("item.officer_id", description="The officer who decided.")
    service = service_field("item.service_code", description="The service.")


@strawberry.type
class FeedbackQuery:
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
