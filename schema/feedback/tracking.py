"""Tracking an application without signing in."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.feedback.tracking import track_application
from domain.appeals.appeals import Appeal, AppealLevel
from domain.applications.lifecycle import Move, Status
from domain.feedback import tracking
from domain.feedback.tracking import SecondFactor
from domain.kernel import show_number
from domain.kernel.messages import label
from schema.kernel import (
    PUBLIC,
    Info,
    InLanguage,
    Mapped,
    field_language,
    label_field,
    resolver_field,
    text_field,
)


@strawberry.input(one_of=True, description="What only the applicant is likely to know: exactly one of these.")
class SecondFactorInput:
    mobile_last4: strawberry.Maybe[str] = strawberry.field(description="The last four digits of her mobile number.")
    born_on: strawberry.Maybe[date] = strawberry.field(description="Her date of birth.")


@strawberry.input(description="An application's number and a second factor.")
class TrackBy:
    number: str = strawberry.field(
        description="Its number as keyed; spaces, hyphens and Devanagari digits are accepted."
    )
    second_factor: SecondFactorInput = strawberry.field(description="What only the applicant is likely to know.")


@strawberry.type(description="One step that an application took.")
class TrackedStage:
    """A stage without who took it and what was written."""

    move: Move = strawberry.field(description="What happened.")
    after: Status = strawberry.field(description="The state after it.")
    at: datetime = strawberry.field(description="When it happened.")

    label = label_field("move", "move", description="What happened, in words.")


@strawberry.type(description="An appeal about an application that is tracked.")
class TrackedAppeal:
    """An appeal without its words and its officers."""

    item: strawberry.Private[Appeal]
    shown_number: str = strawberry.field(description="Its number as people read it: 4-5-5.")
    level: AppealLevel = strawberry.field(description="With whom it is.")
    received_at: datetime = strawberry.field(description="When it was filed.")

    level_label = label_field("appeal_level", "level", description="With whom it is, in words.")
    origin_label = label_field("appeal_origin", "item.origin", description="Who filed it, in words.")
    state_label = label_field("appeal_state", "item.state", description="Where it stands, in words.")

    @classmethod
    def of(cls, item: Appeal) -> Self:
        return cls(item=item, shown_number=show_number(item.number), level=item.level, received_at=item.received_at)


@strawberry.type(description="Where an application stands, for anybody who knows its number and the second factor.")
class TrackedApplication(Mapped[tracking.Tracked]):
    """No name, no form, no notes."""

    item: strawberry.Private[tracking.Tracked]
    number: str = strawberry.field(description="The reference number.")
    status: Status = strawberry.field(description="Where it stands.")
    submitted_at: datetime | None = strawberry.field(description="When it was handed in.")
    due_at: datetime | None = strawberry.field(description="The last second of the last lawful day, where one runs.")
    delivered_at: datetime | None = strawberry.field(description="When the result was there for the citizen.")
    stages: list[TrackedStage] = strawberry.field(description="Every step so far, the first one first.")
    paused: bool = strawberry.field(
        description="Whether the legal clock stands still, because a query is with the applicant."
    )
    appeals: list[TrackedAppeal] = strawberry.field(description="The appeals about it, the oldest first.")

    @classmethod
    def of(cls, item: tracking.Tracked) -> Self:
        return cls.read(
            item,
            stages=[TrackedStage(move=stage.move, after=stage.after, at=stage.at) for stage in item.stages],
            appeals=[TrackedAppeal.of(appeal) for appeal in item.appeals],
        )

    @resolver_field(
        description="Calendar days since the last lawful day, until the result or today; 0 where it is not over."
    )
    def days_late(self, info: Info) -> int:
        return self.item.days_late(info.context.environment.clock.now())

    @resolver_field(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.item.number)

    @resolver_field(description="Where it stands, in words; also that an officer has to sign what was decided.")
    def status_label(self, info: Info, language: InLanguage = None) -> str:
        return label(self.item.status_text, field_language(info, language))

    service = text_field("item.service", description="The name of the service.")
    department = text_field("item.department", description="The name of the department.", nullable=True)


@strawberry.type
class TrackingQuery:
    @resolver_field(
        description="Where an application stands, for anybody; null alike for an absent number and a wrong factor. "
        "Tries are bounded for each number and each client: RATE_LIMITED says when to come back.",
        directives=[PUBLIC],
    )
    async def track_application(
        self, info: Info, by: Annotated[TrackBy, strawberry.argument(description="Its number and a second factor.")]
    ) -> TrackedApplication | None:
        given = by.second_factor
        factor = SecondFactor(
            given.mobile_last4.value if given.mobile_last4 is not None else None,
            given.born_on.value if given.born_on is not None else None,
        )
        context = info.context
        found = await track_application(
            context.environment, by.number, factor, client=context.client, agent=context.agent
        )
        return None if found is None else TrackedApplication.of(found)
