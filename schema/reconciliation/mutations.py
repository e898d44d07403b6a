"""Mutations of finance cases: take, comment, resolve, and a second officer's approval."""

import strawberry

from actions.reconciliation.finance_desk import answer_case, note_case, resolve_case, take_case
from domain.kernel import Scope
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.reconciliation.types import FinanceCase

_CASE, _NOTE = "The case, as financeCases told.", "What was seen and done, at most 1000 characters."
_case = Thing(FinanceCase, "The case as it now is; null when refused.", FinanceCase.of)


@strawberry.type
class FinanceMutation:
    take_finance_case = action_mutation(
        take_case,
        thing_payload("What became of taking a case.", case=_case),
        "Take a case of money in one's places, also from a colleague.",
        input_fields("A case to take.", case_id=_CASE),
        constants={"note": None, "outcome": None, "accept": True},
        name="take_finance_case",
        scopes=[Scope.COUNTS],
    )
    note_finance_case = action_mutation(
        note_case,
        thing_payload("What became of a note.", case=_case),
        "Write a note into the history of a case of money.",
        input_fields("A note on a case.", case_id=_CASE, note=InputField(_NOTE, required=True)),
        constants={"outcome": None, "accept": True},
        name="note_finance_case",
        scopes=[Scope.COUNTS],
    )
    settle_finance_case = action_mutation(
        resolve_case,
        thing_payload("What became of settling a case.", case=_case),
        "Settle a case of money that one took. Where money is given up or sent anew, or more than 10 000 rupees are at "
        "stake, the state is PROPOSED until another officer agrees by answerFinanceCase. A fee that came with another "
        "amount is settled with REFUNDED alone, which orders all of it back once the source has confirmed it anew.",
        input_fields(
            "How a case is settled.",
            case_id=_CASE,
            outcome=InputField("How it was settled.", required=True),
            note=InputField(_NOTE, required=True),
        ),
        constants={"accept": True},
        name="settle_finance_case",
        scopes=[Scope.COUNTS],
    )
    answer_finance_case = action_mutation(
        answer_case,
        thing_payload("What became of the second officer's word.", case=_case),
        "Agree to the outcome that a colleague proposed, or send the case back to him.",
        input_fields(
            "The second officer's word on a proposed outcome.",
            case_id=_CASE,
            accept=InputField("Whether the outcome is right; else the case goes back.", required=True),
            note="Why; needed where it goes back.",
        ),
        constants={"outcome": None},
        name="answer_finance_case",
        scopes=[Scope.COUNTS],
    )
