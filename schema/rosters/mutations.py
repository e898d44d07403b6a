"""Mutations of a roster by its principal or camp officer: open, fill, consents, file, fees, hand over."""

from typing import Self

import strawberry

from actions.rosters.adding import RowResult, add_rows, remove_row
from actions.rosters.consents import ask_row_code, record_consent
from actions.rosters.hand_over import hand_over_row, record_row_fee
from actions.rosters.roster_filing import file_roster
from actions.rosters.rosters import open_roster
from domain.kernel import Problems, Scope
from domain.rosters.rosters import RowOutcome
from domain.rosters.rows import RawRow
from schema.kernel import Info, Mapped
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, Path, input_fields, nested_input, paise
from schema.kernel.mutations import UserError, user_errors_of
from schema.kernel.payloads import MutationPayload, Thing, results_payload, thing_payload
from schema.rosters.types import Roster, RosterRow

_NUMBER = "The roster's number."
_ROW = "The row, as `rows` tells."
_KEYED = [Scope.ROSTERS]


@strawberry.input(description="An answer to the service's form.")
class RosterAnswerInput:
    name: str = strawberry.field(description="The question's name.")
    value: str = strawberry.field(description="What was answered.")


@strawberry.input(description="A paper of a row.")
class RosterPaperInput:
    key: str = strawberry.field(description="The key of the service's required paper.")
    upload_id: str = strawberry.field(description="The reference of the file that was uploaded.")


def _answers(given: list[RosterAnswerInput], _: Path) -> dict[str, str]:
    return {one.name: one.value for one in given}


def _papers(given: list[RosterPaperInput], _: Path) -> dict[str, str]:
    return {one.key: one.upload_id for one in given}


_row = nested_input(
    RawRow,
    "RosterRowInput",
    "A person of a roster. What is wrong is told at its field, and the other rows go on.",
    reference="Tells the row: the admission number, or the token of the camp.",
    name="The person's name.",
    name_hi="Her name in the state's script.",
    born_on="Her date of birth, as DD-MM-YYYY or YYYY-MM-DD.",
    guardian="Who speaks for her; empty where she is of age and does so herself.",
    relation="FATHER, MOTHER, GUARDIAN, or SELF from 18 years of age.",
    mobile="The telephone that codes go to.",
    answers=InputField(
        "Answers to the service's form. Name, birth date, telephone and a parent's name are taken from the row where "
        "the form asks for them.",
        type=list[RosterAnswerInput] | None,
        default=None,
        read=_answers,
    ),
    documents=InputField(
        "Uploads that answer the papers which the service requires.",
        type=list[RosterPaperInput] | None,
        default=None,
        read=_papers,
    ),
    consent_paper="The reference of the scan of the consent that her guardian signed.",
)


@strawberry.type(description="What became of one row that was handed in.")
class RosterRowResult(Mapped[RowResult]):
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    row: RosterRow | None = strawberry.field(description="The row as it now is; null when refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, field by field; else empty.")

    @classmethod
    def of(cls, info: Info, item: RowResult) -> Self:
        errors = user_errors_of(info, Problems(*item.problems)) if item.problems else []
        return cls.read(item, user_errors=errors)


@strawberry.type(description="What became of rows that were handed in.")
class AddRosterRowsPayload(MutationPayload):
    results: list[RosterRowResult] = strawberry.field(
        description="One for each row, in the order given; empty where nothing was tried."
    )


_row_thing = Thing(RosterRow, "The row as it now is; null when refused.", RosterRow.of)


@strawberry.type
class RosteringMutation:
    open_roster = action_mutation(
        open_roster,
        thing_payload(
            "What became of a new roster.", roster=Thing(Roster, "The roster; null when refused.", Roster.of)
        ),
        "Begin a roster for one service.",
        input_fields(
            "A new roster.",
            service_code="The service that its persons apply for.",
            centre_code="The school or camp; may be left out where there is one only.",
        ),
        scopes=_KEYED,
    )
    add_roster_rows = action_mutation(
        add_rows,
        results_payload(lambda _: AddRosterRowsPayload, RosterRowResult.of),
        "Add rows to a roster, or correct them; each is taken or refused by itself.",
        input_fields(
            "Rows for a roster, at most 50 at once. A reference that is there changes that row.",
            number=_NUMBER,
            rows=_row("The rows."),
        ),
        name="add_roster_rows",
        scopes=_KEYED,
    )
    remove_roster_row = action_mutation(
        remove_row,
        thing_payload(
            "What became of a row that was to be taken off.",
            removed=Thing(bool, "True when it is off; null when refused.", bool),
        ),
        "Take a row off that is not filed.",
        input_fields("A row to take off, which is not filed.", row_id=_ROW),
        name="remove_roster_row",
        scopes=_KEYED,
    )
    ask_roster_code = action_mutation(
        ask_row_code,
        thing_payload(
            "What became of a code that was asked for.",
            row=Thing(RosterRow, "The row; null when refused.", RosterRow.of),
        ),
        "Send a one-time code to the telephone of a row; good for ten minutes.",
        input_fields(
            "A one-time code to the telephone of a row.",
            row_id=_ROW,
            use_=InputField("What the code is for.", name="use"),
        ),
        name="ask_roster_code",
        scopes=_KEYED,
    )
    record_roster_consent = action_mutation(
        record_consent,
        thing_payload("What became of a consent.", row=_row_thing),
        "Record the guardian's consent, by which the row may be filed.",
        input_fields(
            "The guardian's consent: the code that she was sent, or the scan of what she signed.",
            row_id=_ROW,
            code="The six digits that her telephone was sent.",
            paper="The reference of the scan.",
        ),
        name="record_roster_consent",
        scopes=_KEYED,
    )
    file_roster = action_mutation(
        file_roster,
        thing_payload(
            "What became of the filing.",
            roster=Thing(
                Roster,
                "The roster, whose rows are filed one by one; `progress` tells how far. Null when refused.",
                Roster.of,
            ),
        ),
        "File a roster: one application for each row with a consent, by the same rules as everybody's. It "
        "goes on by itself, also after a restart, and files no row twice.",
        input_fields("A roster to file.", number=_NUMBER),
        scopes=_KEYED,
    )
    record_roster_fee = action_mutation(
        record_row_fee,
        thing_payload("What became of a fee.", row=_row_thing),
        "Enter the fee of a row's application that was taken.",
        input_fields(
            "The fee of a row's application that was taken.",
            row_id=_ROW,
            receipt="The number of the receipt.",
            amount_paise=paise("The amount that was taken.", "amount"),
        ),
        name="record_roster_fee",
        scopes=_KEYED,
    )
    hand_over_roster_row = action_mutation(
        hand_over_row,
        thing_payload(
            "What became of a hand-over.",
            row=Thing(RosterRow, "The row with its receipt; null when refused.", RosterRow.of),
        ),
        "Hand a paper over and keep the acknowledgement of who took it.",
        input_fields(
            "A paper that is handed over, with the code or the scan of the signed receipt.",
            row_id=_ROW,
            recipient="Who takes it.",
            code="The six digits that the telephone was sent.",
            paper="The reference of the scan of the signed receipt.",
        ),
        name="hand_over_roster_row",
        scopes=_KEYED,
    )
