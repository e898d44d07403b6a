"""Mutations of appeals, hearings, orders, clearances, field reports and hand-overs."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from actions.appeals.appeals import (
    AppealVerdict,
    CancelHearing,
    DecideAppeal,
    FileAppeal,
    Imposed,
    RecordHearing,
    cancel_hearing,
    choose_auto_appeal,
    decide_appeal,
    file_appeal,
    record_hearing,
)
from actions.appeals.compliance import ReportCompliance, report_compliance
from actions.applications.hand_over import HandOver, hand_over
from actions.clearances.clearances import AnswerClearance, AskClearance, answer_clearance, ask_clearance
from actions.clearances.verification import ReportVerification, report_verification
from domain.appeals.appeals import AppealGround
from domain.clearances import Place
from domain.kernel import TypeCode
from schema.appeals.types import Appeal
from schema.clearances.types import Clearance
from schema.feedback.payloads import MutationPayload, run_mutation
from schema.kernel import Info, Paise, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, ApplicationPayload, application_payload, bind, key_of, key_of_type

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


@strawberry.type(description="What became of an appeal.")
class AppealPayload(MutationPayload):
    appeal: Appeal | None = strawberry.field(description="The appeal as it now is; null when refused.")


@strawberry.type(description="What became of an answer to another department.")
class AnswerClearancePayload(MutationPayload):
    clearance: Clearance | None = strawberry.field(description="The clearance as it now is; null when refused.")


@strawberry.type(description="What became of the choice.")
class ChooseAutoAppealPayload(MutationPayload):
    wanted: bool | None = strawberry.field(description="Whether appeals file themselves now; null when refused.")


@strawberry.type(description="What became of a question to other departments.")
class AskClearancePayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of a report from the field.")
class ReportVerificationPayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of a hand-over.")
class HandOverPayload(ApplicationPayload):
    pass


@strawberry.type
class AppealingMutation:
    """Mutations about appeals."""

    @mutation(
        description="Appeal against a refusal, a breach, or an order below: 30 days to the first level, 60 to the next."
    )
    async def file_appeal(
        self,
        info: Info,
        input: Annotated[FileAppealInput, strawberry.argument(description="The appeal.")],  # noqa: A002
    ) -> AppealPayload:
        work = bind(
            info,
            file_appeal,
            lambda: FileAppeal(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
                late_reason=input.late_reason,
                ground=input.ground,
            ),
        )
        return await run_mutation(info, AppealPayload, "appeal", work, Appeal.of)

    @mutation(description="Fix a date of hearing of an appeal that one hears, or move one.")
    async def record_hearing(
        self,
        info: Info,
        input: Annotated[RecordHearingInput, strawberry.argument(description="The hearing.")],  # noqa: A002
    ) -> AppealPayload:
        work = bind(
            info,
            record_hearing,
            lambda: RecordHearing(
                appeal_id=key_of_type(TypeCode.APPEAL, input.appeal_id, "input", "appealId"),
                at=input.at,
                place=input.place,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
                replaces=input.replaces_at,
            ),
        )
        return await run_mutation(info, AppealPayload, "appeal", work, Appeal.of)

    @mutation(description="Cancel a date of hearing of an appeal that one hears.")
    async def cancel_hearing(
        self,
        info: Info,
        input: Annotated[CancelHearingInput, strawberry.argument(description="The date.")],  # noqa: A002
    ) -> AppealPayload:
        work = bind(
            info,
            cancel_hearing,
            lambda: CancelHearing(
                appeal_id=key_of_type(TypeCode.APPEAL, input.appeal_id, "input", "appealId"),
                at=input.at,
                reason=input.reason,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await run_mutation(info, AppealPayload, "appeal", work, Appeal.of)

    @mutation(description="Pass an order on an appeal that one hears; a refused application opens again with DIRECT.")
    async def decide_appeal(
        self,
        info: Info,
        input: Annotated[DecideAppealInput, strawberry.argument(description="The order.")],  # noqa: A002
    ) -> AppealPayload:
        work = bind(
            info,
            decide_appeal,
            lambda: DecideAppeal(
                appeal_id=key_of_type(TypeCode.APPEAL, input.appeal_id, "input", "appealId"),
                verdict=input.verdict,
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
                direct_until=input.direct_until_on,
                penalty=_imposed_award(input.penalty),
                compensation=_imposed_award(input.compensation),
            ),
        )
        return await run_mutation(info, AppealPayload, "appeal", work, Appeal.of)

    @mutation(description="Report that an order about a service that was delivered already was obeyed.")
    async def report_compliance(
        self,
        info: Info,
        input: Annotated[ReportComplianceInput, strawberry.argument(description="What was done.")],  # noqa: A002
    ) -> AppealPayload:
        work = bind(
            info,
            report_compliance,
            lambda: ReportCompliance(
                appeal_id=key_of_type(TypeCode.APPEAL, input.appeal_id, "input", "appealId"),
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
                paper=input.paper_sha256,
                expected_version=input.expected_version,
            ),
        )
        return await run_mutation(info, AppealPayload, "appeal", work, Appeal.of)

    @mutation(description="Say whether appeals are to file themselves for the citizen who asks.")
    async def choose_auto_appeal(
        self,
        info: Info,
        input: Annotated[ChooseAutoAppealInput, strawberry.argument(description="The choice.")],  # noqa: A002
    ) -> ChooseAutoAppealPayload:
        async def work() -> tuple[Any, bool]:
            key = key_of(info, input.idempotency_key)
            environment, subject = info.context.environment, info.context.subject
            return await choose_auto_appeal(environment, subject, wanted=input.wanted, key=key), False

        return await run_mutation(info, ChooseAutoAppealPayload, "wanted", work, bool)


@strawberry.type
class ExaminingMutation:
    """Mutations about the examination of an application and its hand-over."""

    @mutation(description="Ask other departments for a clearance, each with its own due date.")
    async def ask_clearance(
        self,
        info: Info,
        input: Annotated[AskClearanceInput, strawberry.argument(description="The question.")],  # noqa: A002
    ) -> AskClearancePayload:
        work = bind(
            info,
            ask_clearance,
            lambda: AskClearance(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                departments=tuple(input.departments),
                question=input.question,
                idempotency_key=key_of(info, input.idempotency_key),
                due_on=input.due_on,
                due_dates=tuple((one.department, one.due_on) for one in input.due_dates),
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, AskClearancePayload, work)

    @mutation(description="Answer a clearance for the department that was asked.")
    async def answer_clearance(
        self,
        info: Info,
        input: Annotated[AnswerClearanceInput, strawberry.argument(description="The answer.")],  # noqa: A002
    ) -> AnswerClearancePayload:
        work = bind(
            info,
            answer_clearance,
            lambda: AnswerClearance(
                clearance_id=key_of_type(TypeCode.CLEARANCE, input.clearance_id, "input", "clearanceId"),
                granted=input.granted,
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
            ),
        )
        return await run_mutation(info, AnswerClearancePayload, "clearance", work, Clearance.of)

    @mutation(description="Report on a field verification; the application goes back into scrutiny.")
    async def report_verification(
        self,
        info: Info,
        input: Annotated[ReportVerificationInput, strawberry.argument(description="The report.")],  # noqa: A002
    ) -> ReportVerificationPayload:
        def request() -> ReportVerification:
            point = input.place
            return ReportVerification(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                text=input.text,
                photos=tuple(str(one) for one in input.photos),
                tehsil=input.tehsil,
                place=Place(point.latitude_microdegrees, point.longitude_microdegrees) if point else None,
                idempotency_key=key_of(info, input.idempotency_key),
                observed_at=input.observed_at,
                expected_version=input.expected_version,
            )

        work = bind(info, report_verification, request)
        return await application_payload(info, ReportVerificationPayload, work)

    @mutation(description="Record that a certificate or order was handed over at the counter.")
    async def hand_over(
        self,
        info: Info,
        input: Annotated[HandOverInput, strawberry.argument(description="The hand-over.")],  # noqa: A002
    ) -> HandOverPayload:
        work = bind(
            info,
            hand_over,
            lambda: HandOver(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                idempotency_key=key_of(info, input.idempotency_key),
                handed_over_at=input.handed_over_at,
                note=input.note,
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, HandOverPayload, work)


def _imposed_award(given: AwardInput | None) -> Imposed | None:
    return None if given is None else Imposed(given.amount, given.reason)
