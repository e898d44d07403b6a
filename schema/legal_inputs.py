"""What the mutations of the law are given."""

from datetime import date, datetime

import strawberry

from actions.appeals import AppealVerdict
from domain.appeals import AppealGround
from schema.mutating import KEY_DESCRIPTION
from schema.scalars import Paise

VERSION_DESCRIPTION = "The version that was seen; with another one the answer is CONFLICT."


@strawberry.input(description="An appeal by hand.")
class FileAppealInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    text: str = strawberry.field(description="Why the citizen appeals, at most 4000 characters.")
    late_reason: str | None = strawberry.field(
        default=None, description="Why the appeal comes after the period; needed where it does."
    )
    ground: AppealGround | None = strawberry.field(
        default=None,
        description="Left out, the one that the case gives. Against a delivered service: NOT_SATISFIED or "
        "CLOSED_WITHOUT_SERVICE, within 30 days.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="How an order about a service that was delivered already was obeyed.")
class ReportComplianceInput:
    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    text: str = strawberry.field(description="What was done, as the citizen will read it; at most 4000 characters.")
    paper_sha256: str | None = strawberry.field(
        default=None, description="The SHA-256 of a paper or photograph that was uploaded."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A date of hearing.")
class RecordHearingInput:
    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    at: datetime = strawberry.field(description="When it is heard.")
    place: str = strawberry.field(description="Where it is heard.")
    replaces_at: datetime | None = strawberry.field(
        default=None, description="The date that this one takes the place of, where a hearing is moved."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A date of hearing that will not be held.")
class CancelHearingInput:
    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    at: datetime = strawberry.field(description="The date as it was fixed.")
    reason: str = strawberry.field(description="Why, as the citizen will read it; at most 4000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="An amount that an order imposes.")
class AwardInput:
    amount: Paise = strawberry.field(description="How much.")
    reason: str = strawberry.field(description="Why.")


@strawberry.input(description="An order on an appeal.")
class DecideAppealInput:
    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    verdict: AppealVerdict = strawberry.field(description="What is ordered.")
    text: str = strawberry.field(description="The order with its reasons, as the citizen will read it.")
    direct_until_on: date | None = strawberry.field(
        default=None, description="With DIRECT: the day by which the service must be given."
    )
    penalty: AwardInput | None = strawberry.field(
        default=None, description="A penalty on the designated officer; after a hearing, from the second level on."
    )
    compensation: AwardInput | None = strawberry.field(
        default=None, description="A compensation to the citizen; after a hearing, from the second level on."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Whether appeals are to file themselves.")
class ChooseAutoAppealInput:
    wanted: bool = strawberry.field(description="False: no appeal is filed by itself for her.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The day by which one department is to answer.")
class ClearanceDueInput:
    department: str = strawberry.field(description="The slug of the department.")
    due_on: date = strawberry.field(description="The day for its answer.")


@strawberry.input(description="A question to other departments.")
class AskClearanceInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    departments: list[str] = strawberry.field(description="The slugs of the departments, at most 10.")
    question: str = strawberry.field(description="What is asked.")
    due_on: date | None = strawberry.field(default=None, description="The day for the answer; left out the usual one.")
    due_dates: list[ClearanceDueInput] = strawberry.field(
        default_factory=list, description="Departments of the list with a day of their own."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="An answer to another department.")
class AnswerClearanceInput:
    clearance_id: strawberry.ID = strawberry.field(description="The clearance.")
    granted: bool = strawberry.field(description="Whether it is granted.")
    text: str = strawberry.field(description="The answer.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A point on the earth.")
class GeoPointInput:
    latitude_microdegrees: int = strawberry.field(description="Millionths of a degree north.")
    longitude_microdegrees: int = strawberry.field(description="Millionths of a degree east.")


@strawberry.input(description="A report from the field.")
class ReportVerificationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    text: str = strawberry.field(description="What was seen.")
    photos: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="References of photographs (JPEG or PNG) that the officer uploaded, at most 10.",
    )
    place: GeoPointInput | None = strawberry.field(default=None, description="The point where it was seen.")
    tehsil: str | None = strawberry.field(
        default=None, description="The code of the tehsil where it was seen, beside a point or in its place."
    )
    observed_at: datetime | None = strawberry.field(default=None, description="When it was seen; left out, now.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A hand-over at the counter.")
class HandOverInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    handed_over_at: datetime | None = strawberry.field(default=None, description="When it happened; left out, now.")
    note: str | None = strawberry.field(default=None, description="A note for the citizen.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)
