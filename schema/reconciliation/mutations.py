"""Mutations of finance cases: take, comment, resolve, and a second officer's approval."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import strawberry

from actions.kernel import Environment
from actions.reconciliation.finance_desk import CaseRequest, answer_case, note_case, resolve_case, take_case
from domain.kernel import Scope, Subject
from domain.reconciliation import finance_cases
from domain.reconciliation.finance_cases import CaseOutcome
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, VERSION_DESCRIPTION, bind, key_of
from schema.kernel.payloads import MutationPayload, run_mutation
from schema.reconciliation.types import FinanceCase

Verb = Callable[[Environment, Subject, CaseRequest], Awaitable[tuple[finance_cases.FinanceCase, bool]]]

_CASE, _NOTE = "The case, as financeCases told.", "What was seen and done, at most 1000 characters."


@strawberry.input(description="A case to take.")
class TakeFinanceCaseInput:
    """Also from a colleague."""

    case_id: str = strawberry.field(description=_CASE)
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A note on a case.")
class NoteFinanceCaseInput:
    case_id: str = strawberry.field(description=_CASE)
    note: str = strawberry.field(description=_NOTE)
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="How a case is settled.")
class SettleFinanceCaseInput:
    case_id: str = strawberry.field(description=_CASE)
    outcome: CaseOutcome = strawberry.field(description="How it was settled.")
    note: str = strawberry.field(description=_NOTE)
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The second officer's word on a proposed outcome.")
class AnswerFinanceCaseInput:
    case_id: str = strawberry.field(description=_CASE)
    accept: bool = strawberry.field(description="Whether the outcome is right; else the case goes back.")
    note: str | None = strawberry.field(default=None, description="Why; needed where it goes back.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type
class FinanceCasePayload(MutationPayload):
    """The fields of every payload about a case of money."""

    case: FinanceCase | None = strawberry.field(description="The case as it now is; null when refused.")


@strawberry.type(description="What became of taking a case.")
class TakeFinanceCasePayload(FinanceCasePayload):
    pass


@strawberry.type(description="What became of a note.")
class NoteFinanceCasePayload(FinanceCasePayload):
    pass


@strawberry.type(description="What became of settling a case.")
class SettleFinanceCasePayload(FinanceCasePayload):
    pass


@strawberry.type(description="What became of the second officer's word.")
class AnswerFinanceCasePayload(FinanceCasePayload):
    pass


Payload = TypeVar("Payload", bound=FinanceCasePayload)


@strawberry.type
class FinanceMutation:
    """Mutations about cases of money."""

    @mutation(description="Take a case of money in one's places, also from a colleague.", scopes=[Scope.COUNTS])
    async def take_finance_case(
        self,
        info: Info,
        input: Annotated[TakeFinanceCaseInput, strawberry.argument(description="Which.")],  # noqa: A002
    ) -> TakeFinanceCasePayload:
        return await _step(info, TakeFinanceCasePayload, take_case, lambda: _request(info, input))

    @mutation(description="Write a note into the history of a case of money.", scopes=[Scope.COUNTS])
    async def note_finance_case(
        self,
        info: Info,
        input: Annotated[NoteFinanceCaseInput, strawberry.argument(description="The words.")],  # noqa: A002
    ) -> NoteFinanceCasePayload:
        return await _step(info, NoteFinanceCasePayload, note_case, lambda: _request(info, input, note=input.note))

    @mutation(
        description="Settle a case of money that one took. Where money is given up, or more than 10 000 rupees are at "
        "stake, the state is PROPOSED until another officer agrees by answerFinanceCase. A fee that came with another "
        "amount is settled with REFUNDED alone, which orders all of it back once the source has confirmed it anew.",
        scopes=[Scope.COUNTS],
    )
    async def settle_finance_case(
        self,
        info: Info,
        input: Annotated[SettleFinanceCaseInput, strawberry.argument(description="How.")],  # noqa: A002
    ) -> SettleFinanceCasePayload:
        def request() -> CaseRequest:
            return _request(info, input, note=input.note, outcome=input.outcome)

        return await _step(info, SettleFinanceCasePayload, resolve_case, request)

    @mutation(
        description="Agree to the outcome that a colleague proposed, or send the case back to him.",
        scopes=[Scope.COUNTS],
    )
    async def answer_finance_case(
        self,
        info: Info,
        input: Annotated[AnswerFinanceCaseInput, strawberry.argument(description="The word.")],  # noqa: A002
    ) -> AnswerFinanceCasePayload:
        def request() -> CaseRequest:
            return _request(info, input, note=input.note, accept=input.accept)

        return await _step(info, AnswerFinanceCasePayload, answer_case, request)


_Input = TakeFinanceCaseInput | NoteFinanceCaseInput | SettleFinanceCaseInput | AnswerFinanceCaseInput


def _request(
    info: Info, given: _Input, *, note: str | None = None, outcome: CaseOutcome | None = None, accept: bool = True
) -> CaseRequest:
    key = key_of(info, given.idempotency_key)
    return CaseRequest(given.case_id, key, given.expected_version, note, outcome, accept)


async def _step(info: Info, payload: type[Payload], verb: Verb, request: Callable[[], CaseRequest]) -> Payload:
    return await run_mutation(info, payload, "case", bind(info, verb, request), FinanceCase.of)
