"""Mutations of a roster by its principal or camp officer: open, fill, consents, file, fees, hand over."""

from typing import Annotated, Self

import strawberry

from actions.kernel import SubmissionState
from actions.rosters.adding import AddRows, RowResult, add_rows, remove_row
from actions.rosters.consents import CodeUse, RecordConsent, ask_row_code, record_consent
from actions.rosters.hand_over import HandOverRow, RecordRowFee, hand_over_row, record_row_fee
from actions.rosters.roster_filing import file_roster
from actions.rosters.rosters import OpenRoster, open_roster
from domain.kernel import Problems, Scope
from domain.rosters import rosters
from domain.rosters.rosters import Recipient, RowOutcome
from domain.rosters.rows import RawRow
from schema.kernel import Info, Mapped, Paise, mutation
from schema.kernel.mutations import (
    KEY_DESCRIPTION,
    Submission,
    UserError,
    key_of,
    mutation_outcome,
    rejected_submission,
    user_errors_of,
)
from schema.kernel.payloads import MutationPayload, run_mutation
from schema.rosters.types import Roster, RosterRow

_NUMBER = "The roster's number."
_ROW = "The row, as `rows` tells."
_KEYED = [Scope.ROSTERS]


@strawberry.input(description="A new roster.")
class OpenRosterInput:
    service_code: str = strawberry.field(description="The service that its persons apply for.")
    centre_code: str | None = strawberry.field(
        default=None, description="The school or camp; may be left out where there is one only."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="An answer to the service's form.")
class RosterAnswerInput:
    name: str = strawberry.field(description="The question's name.")
    value: str = strawberry.field(description="What was answered.")


@strawberry.input(description="A paper of a row.")
class RosterPaperInput:
    key: str = strawberry.field(description="The key of the service's required paper.")
    upload_id: str = strawberry.field(description="The reference of the file that was uploaded.")


@strawberry.input(description="A person of a roster. What is wrong is told at its field, and the other rows go on.")
class RosterRowInput:
    reference: str = strawberry.field(description="Tells the row: the admission number, or the token of the camp.")
    name: str = strawberry.field(description="The person's name.")
    name_hi: str | None = strawberry.field(default=None, description="Her name in Hindi.")
    born_on: str = strawberry.field(description="Her date of birth, as DD-MM-YYYY or YYYY-MM-DD.")
    guardian: str = strawberry.field(description="Who speaks for her; empty where she is of age and does so herself.")
    relation: str = strawberry.field(description="FATHER, MOTHER, GUARDIAN, or SELF from 18 years of age.")
    mobile: str | None = strawberry.field(default=None, description="The telephone that codes go to.")
    answers: list[RosterAnswerInput] | None = strawberry.field(
        default=None,
        description="Answers to the service's form. Name, birth date, telephone and a parent's name are taken from "
        "the row where the form asks for them.",
    )
    documents: list[RosterPaperInput] | None = strawberry.field(
        default=None, description="Uploads that answer the papers which the service requires."
    )
    consent_paper: str | None = strawberry.field(
        default=None, description="The reference of the scan of the consent that her guardian signed."
    )

    def raw(self) -> RawRow:
        """The row as the actions know it."""
        return RawRow(
            reference=self.reference,
            name=self.name,
            born_on=self.born_on,
            guardian=self.guardian,
            relation=self.relation,
            mobile=self.mobile,
            name_hi=self.name_hi,
            answers={one.name: one.value for one in self.answers or ()},
            documents={one.key: one.upload_id for one in self.documents or ()},
            consent_paper=self.consent_paper,
        )


@strawberry.input(description="Rows for a roster, at most 50 at once. A reference that is there changes that row.")
class AddRosterRowsInput:
    number: str = strawberry.field(description=_NUMBER)
    rows: list[RosterRowInput] = strawberry.field(description="The rows.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A row to take off, which is not filed.")
class RemoveRosterRowInput:
    row_id: str = strawberry.field(description=_ROW)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A one-time code to the telephone of a row.")
class AskRosterCodeInput:
    row_id: str = strawberry.field(description=_ROW)
    use: CodeUse = strawberry.field(description="What the code is for.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The guardian's consent: the code that she was sent, or the scan of what she signed.")
class RecordRosterConsentInput:
    row_id: str = strawberry.field(description=_ROW)
    code: str | None = strawberry.field(default=None, description="The six digits that her telephone was sent.")
    paper: str | None = strawberry.field(default=None, description="The reference of the scan.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A roster to file.")
class FileRosterInput:
    """All rows that have a consent."""

    number: str = strawberry.field(description=_NUMBER)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The fee of a row's application that was taken.")
class RecordRosterFeeInput:
    row_id: str = strawberry.field(description=_ROW)
    receipt: str = strawberry.field(description="The number of the receipt.")
    amount: Paise = strawberry.field(description="The amount that was taken.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A paper that is handed over, with the code or the scan of the signed receipt.")
class HandOverRosterRowInput:
    row_id: str = strawberry.field(description=_ROW)
    recipient: Recipient = strawberry.field(description="Who takes it.")
    code: str | None = strawberry.field(default=None, description="The six digits that the telephone was sent.")
    paper: str | None = strawberry.field(default=None, description="The reference of the scan of the signed receipt.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of one row that was handed in.")
class RosterRowResult(Mapped[RowResult]):
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    row: RosterRow | None = strawberry.field(description="The row as it now is; null when refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, field by field; else empty.")

    @classmethod
    def of(cls, info: Info, item: RowResult) -> Self:
        """The graph's view of a result."""
        errors = user_errors_of(info, Problems(*item.problems)) if item.problems else []
        return cls.read(item, user_errors=errors)


@strawberry.type(description="What became of a new roster.")
class OpenRosterPayload(MutationPayload):
    roster: Roster | None = strawberry.field(description="The roster; null when refused.")


@strawberry.type(description="What became of rows that were handed in.")
class AddRosterRowsPayload(MutationPayload):
    results: list[RosterRowResult] = strawberry.field(
        description="One for each row, in the order given; empty where nothing was tried."
    )


@strawberry.type(description="What became of a row that was to be taken off.")
class RemoveRosterRowPayload(MutationPayload):
    removed: bool | None = strawberry.field(description="True when it is off; null when refused.")


@strawberry.type(description="What became of a code that was asked for.")
class AskRosterCodePayload(MutationPayload):
    row: RosterRow | None = strawberry.field(description="The row; null when refused.")


@strawberry.type(description="What became of a consent.")
class RecordRosterConsentPayload(MutationPayload):
    row: RosterRow | None = strawberry.field(description="The row as it now is; null when refused.")


@strawberry.type(description="What became of the filing.")
class FileRosterPayload(MutationPayload):
    roster: Roster | None = strawberry.field(
        description="The roster, whose rows are filed one by one; `progress` tells how far. Null when refused."
    )


@strawberry.type(description="What became of a fee.")
class RecordRosterFeePayload(MutationPayload):
    row: RosterRow | None = strawberry.field(description="The row as it now is; null when refused.")


@strawberry.type(description="What became of a hand-over.")
class HandOverRosterRowPayload(MutationPayload):
    row: RosterRow | None = strawberry.field(description="The row with its receipt; null when refused.")


@strawberry.type
class RosteringMutation:
    """Mutations about rosters."""

    @mutation(description="Begin a roster for one service.", scopes=_KEYED)
    async def open_roster(
        self,
        info: Info,
        input: Annotated[OpenRosterInput, strawberry.argument(description="For what.")],  # noqa: A002
    ) -> OpenRosterPayload:
        async def work() -> tuple[rosters.Roster, bool]:
            request = OpenRoster(input.service_code, key_of(info, input.idempotency_key), input.centre_code)
            return await open_roster(info.context.environment, info.context.subject, request)

        return await run_mutation(info, OpenRosterPayload, "roster", work, Roster.of)

    @mutation(description="Add rows to a roster, or correct them; each is taken or refused by itself.", scopes=_KEYED)
    async def add_roster_rows(
        self,
        info: Info,
        input: Annotated[AddRosterRowsInput, strawberry.argument(description="The rows.")],  # noqa: A002
    ) -> AddRosterRowsPayload:
        async def work() -> tuple[list[RowResult], bool]:
            key = key_of(info, input.idempotency_key)
            request = AddRows(input.number, tuple(one.raw() for one in input.rows), key)
            return await add_rows(info.context.environment, info.context.subject, request)

        came = await mutation_outcome(info, work)
        if isinstance(came, list):
            return AddRosterRowsPayload(results=[], user_errors=came, submission=rejected_submission())
        results = [RosterRowResult.of(info, one) for one in came[0]]
        accepted = Submission(state=SubmissionState.ACCEPTED, acknowledgement=None, replayed=came[1])
        return AddRosterRowsPayload(results=results, user_errors=[], submission=accepted)

    @mutation(description="Take a row off that is not filed.", scopes=_KEYED)
    async def remove_roster_row(
        self,
        info: Info,
        input: Annotated[RemoveRosterRowInput, strawberry.argument(description="The row.")],  # noqa: A002
    ) -> RemoveRosterRowPayload:
        async def work() -> tuple[bool, bool]:
            environment, subject = info.context.environment, info.context.subject
            return await remove_row(environment, subject, input.row_id, key_of(info, input.idempotency_key))

        return await run_mutation(info, RemoveRosterRowPayload, "removed", work, bool)

    @mutation(description="Send a one-time code to the telephone of a row; good for ten minutes.", scopes=_KEYED)
    async def ask_roster_code(
        self,
        info: Info,
        input: Annotated[AskRosterCodeInput, strawberry.argument(description="The row, and what for.")],  # noqa: A002
    ) -> AskRosterCodePayload:
        async def work() -> tuple[rosters.RosterRow, bool]:
            environment, subject = info.context.environment, info.context.subject
            key = key_of(info, input.idempotency_key)
            return await ask_row_code(environment, subject, input.row_id, input.use, key)

        return await run_mutation(info, AskRosterCodePayload, "row", work, RosterRow.of)

    @mutation(description="Record the guardian's consent, by which the row may be filed.", scopes=_KEYED)
    async def record_roster_consent(
        self,
        info: Info,
        input: Annotated[RecordRosterConsentInput, strawberry.argument(description="The consent.")],  # noqa: A002
    ) -> RecordRosterConsentPayload:
        async def work() -> tuple[rosters.RosterRow, bool]:
            key = key_of(info, input.idempotency_key)
            request = RecordConsent(input.row_id, key, input.code, input.paper)
            return await record_consent(info.context.environment, info.context.subject, request)

        return await run_mutation(info, RecordRosterConsentPayload, "row", work, RosterRow.of)

    @mutation(
        description="File a roster: one application for each row with a consent, by the same rules as everybody's. It "
        "goes on by itself, also after a restart, and files no row twice.",
        scopes=_KEYED,
    )
    async def file_roster(
        self,
        info: Info,
        input: Annotated[FileRosterInput, strawberry.argument(description="The roster.")],  # noqa: A002
    ) -> FileRosterPayload:
        async def work() -> tuple[rosters.Roster, bool]:
            environment, subject = info.context.environment, info.context.subject
            return await file_roster(environment, subject, input.number, key_of(info, input.idempotency_key))

        return await run_mutation(info, FileRosterPayload, "roster", work, Roster.of)

    @mutation(description="Enter the fee of a row's application that was taken.", scopes=_KEYED)
    async def record_roster_fee(
        self,
        info: Info,
        input: Annotated[RecordRosterFeeInput, strawberry.argument(description="The fee.")],  # noqa: A002
    ) -> RecordRosterFeePayload:
        async def work() -> tuple[rosters.RosterRow, bool]:
            key = key_of(info, input.idempotency_key)
            request = RecordRowFee(input.row_id, input.receipt, input.amount, key)
            return await record_row_fee(info.context.environment, info.context.subject, request)

        return await run_mutation(info, RecordRosterFeePayload, "row", work, RosterRow.of)

    @mutation(description="Hand a paper over and keep the acknowledgement of who took it.", scopes=_KEYED)
    async def hand_over_roster_row(
        self,
        info: Info,
        input: Annotated[HandOverRosterRowInput, strawberry.argument(description="Row and proof.")],  # noqa: A002
    ) -> HandOverRosterRowPayload:
        async def work() -> tuple[rosters.RosterRow, bool]:
            key = key_of(info, input.idempotency_key)
            request = HandOverRow(input.row_id, input.recipient, key, input.code, input.paper)
            return await hand_over_row(info.context.environment, info.context.subject, request)

        return await run_mutation(info, HandOverRosterRowPayload, "row", work, RosterRow.of)
