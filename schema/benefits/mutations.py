"""Mutations of benefits: officers' orders, finance officers' payment orders, the citizen's bank account."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, TypeVar

import strawberry

from actions.benefits.orders import (
    CompleteReview,
    EndBenefit,
    ResumeBenefit,
    SuspendBenefit,
    TakeLifeCertificate,
    complete_review,
    end_benefit,
    resume_benefit,
    suspend_benefit,
    take_life_certificate,
)
from actions.benefits.payment_orders import (
    CancelRecovery,
    DecideApproval,
    NoteChallan,
    OrderRecovery,
    ReissuePayment,
    cancel_recovery,
    decide_approval,
    note_challan,
    order_recovery,
    reissue_payment,
)
from actions.kernel import Environment, SubmissionState
from actions.payments.account_corrections import CorrectAccount, correct_account
from domain.benefits.benefits import Sanction
from domain.benefits.recoveries import RecoveryGround, RecoveryWay
from domain.benefits.sanction_course import LifeProof, ResumeGround, StopGround
from domain.kernel import Scope, Subject, TypeCode
from schema.benefits.types import Benefit
from schema.kernel import Info, Paise, mutation
from schema.kernel.mutations import (
    KEY_DESCRIPTION,
    Submission,
    bind,
    key_of,
    key_of_type,
    mutation_outcome,
    rejected_submission,
)
from schema.kernel.payloads import MutationPayload

_BENEFIT = "The id of the benefit."
_CASES, _MONEY = [Scope.CASES], [Scope.COUNTS]

R = TypeVar("R")
Verb = Callable[[Environment, Subject, R], Awaitable[tuple[Sanction, bool]]]


@strawberry.input(description="A benefit that is suspended.")
class SuspendBenefitInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    ground: StopGround = strawberry.field(description="Why; one of the grounds of a suspension.")
    from_on: date | None = strawberry.field(
        default=None, description="Periods that begin on or after this day are not paid; left out, today."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A suspended benefit that pays again.")
class ResumeBenefitInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    ground: ResumeGround = strawberry.field(description="Why.")
    arrears: bool = strawberry.field(description="Whether the periods that were missed are paid, each once.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A benefit that ends.")
class EndBenefitInput:
    """On the day of a death the last day is that day."""

    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    ground: StopGround = strawberry.field(description="Why; one of the grounds of an end.")
    last_day: date = strawberry.field(description="The last day that it covers; a period that began by then is paid.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A life certificate that was given.")
class TakeLifeCertificateInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    given_on: date = strawberry.field(description="The day on which she showed that she lives; at most a year ago.")
    proof: LifeProof = strawberry.field(description="How.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A yearly review that was done.")
class CompleteBenefitReviewInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A payment that came back and is paid again.")
class ReissuePaymentInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    sequence: int = strawberry.field(description="The place of the payment that came back.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="Money that is ordered back.")
class OrderRecoveryInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    amount: Paise = strawberry.field(description="How much; no more than was credited and not ordered back yet.")
    ground: RecoveryGround = strawberry.field(description="Why it was not due.")
    way: RecoveryWay = strawberry.field(description="How it comes back.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A part of a recovery that was paid into the treasury.")
class NoteRecoveryChallanInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    recovery: int = strawberry.field(description="The place of the recovery.")
    challan: str = strawberry.field(description="The number of the challan, at most 40 characters.")
    amount: Paise = strawberry.field(description="How much was paid in; no more than is outstanding.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A recovery of which nothing more is asked.")
class CancelRecoveryInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    recovery: int = strawberry.field(description="The place of the recovery.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The second person's word on a payment.")
class DecidePaymentApprovalInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    number: int = strawberry.field(description="The place of the approval.")
    approve: bool = strawberry.field(description="Whether it is approved.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The account that a benefit is paid to from now on.")
class CorrectPaymentAccountInput:
    benefit_id: strawberry.ID = strawberry.field(description=_BENEFIT)
    account_number: str = strawberry.field(description="The number of the account, 9 to 18 digits.")
    ifsc: str = strawberry.field(description="The IFSC of the branch.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type
class BenefitPayload(MutationPayload):
    """The fields of every payload about a benefit."""

    benefit: Benefit | None = strawberry.field(description="The benefit as it now is; null when refused.")


@strawberry.type(description="What became of a suspension.")
class SuspendBenefitPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a resumption.")
class ResumeBenefitPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of an end.")
class EndBenefitPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a life certificate.")
class TakeLifeCertificatePayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a yearly review.")
class CompleteBenefitReviewPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a reissue.")
class ReissuePaymentPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a recovery.")
class OrderRecoveryPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a challan.")
class NoteRecoveryChallanPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a recovery that is cancelled.")
class CancelRecoveryPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a second approval.")
class DecidePaymentApprovalPayload(BenefitPayload):
    pass


@strawberry.type(description="What became of a corrected account.")
class CorrectPaymentAccountPayload(BenefitPayload):
    pass


P = TypeVar("P", bound=BenefitPayload)


async def _change_benefit(info: Info, payload: type[P], verb: Verb[R], request: Callable[[], R]) -> P:
    came = await mutation_outcome(info, bind(info, verb, request))
    if isinstance(came, list):
        return payload(benefit=None, user_errors=came, submission=rejected_submission())
    sanction, replayed = came
    state = Submission(state=SubmissionState.ACCEPTED, acknowledgement=sanction.number, replayed=replayed)
    return payload(benefit=await Benefit.of_sanction(info, sanction), user_errors=[], submission=state)


def _id(opaque: str) -> str:
    return key_of_type(TypeCode.BENEFIT, opaque, "input", "benefitId")


@strawberry.type
class BenefitCourseMutation:
    """Mutations by officers of the department, and by the citizen herself."""

    @mutation(description="Suspend a benefit on a coded ground. The citizen is told.", scopes=_CASES)
    async def suspend_benefit(
        self,
        info: Info,
        input: Annotated[SuspendBenefitInput, strawberry.argument(description="What is suspended.")],  # noqa: A002
    ) -> SuspendBenefitPayload:
        def request() -> SuspendBenefit:
            key = key_of(info, input.idempotency_key)
            return SuspendBenefit(_id(input.benefit_id), input.ground, key, input.from_on)

        return await _change_benefit(info, SuspendBenefitPayload, suspend_benefit, request)

    @mutation(
        description="Let a suspended benefit pay again. Arrears above the set amount wait for another person.",
        scopes=_CASES,
    )
    async def resume_benefit(
        self,
        info: Info,
        input: Annotated[ResumeBenefitInput, strawberry.argument(description="What is resumed.")],  # noqa: A002
    ) -> ResumeBenefitPayload:
        def request() -> ResumeBenefit:
            key = key_of(info, input.idempotency_key)
            return ResumeBenefit(_id(input.benefit_id), input.ground, input.arrears, key)

        return await _change_benefit(info, ResumeBenefitPayload, resume_benefit, request)

    @mutation(description="End a benefit, as by death; what was paid for later periods is ordered back.", scopes=_CASES)
    async def end_benefit(
        self,
        info: Info,
        input: Annotated[EndBenefitInput, strawberry.argument(description="What ends.")],  # noqa: A002
    ) -> EndBenefitPayload:
        def request() -> EndBenefit:
            key = key_of(info, input.idempotency_key)
            return EndBenefit(_id(input.benefit_id), input.ground, input.last_day, key)

        return await _change_benefit(info, EndBenefitPayload, end_benefit, request)

    @mutation(
        description="Note the yearly life certificate; a benefit that was stopped without it pays again, with arrears.",
        scopes=_CASES,
    )
    async def take_life_certificate(
        self,
        info: Info,
        input: Annotated[TakeLifeCertificateInput, strawberry.argument(description="What was given.")],  # noqa: A002
    ) -> TakeLifeCertificatePayload:
        def request() -> TakeLifeCertificate:
            key = key_of(info, input.idempotency_key)
            return TakeLifeCertificate(_id(input.benefit_id), input.given_on, input.proof, key)

        return await _change_benefit(info, TakeLifeCertificatePayload, take_life_certificate, request)

    @mutation(description="Note that the yearly review of a benefit was done today, and found in order.", scopes=_CASES)
    async def complete_benefit_review(
        self,
        info: Info,
        input: Annotated[CompleteBenefitReviewInput, strawberry.argument(description="What was reviewed.")],  # noqa: A002
    ) -> CompleteBenefitReviewPayload:
        def request() -> CompleteReview:
            return CompleteReview(_id(input.benefit_id), key_of(info, input.idempotency_key))

        return await _change_benefit(info, CompleteBenefitReviewPayload, complete_review, request)

    @mutation(
        description="Have a benefit paid to another account after one was refused; for the citizen alone.",
        scopes=[Scope.OWN],
    )
    async def correct_payment_account(
        self,
        info: Info,
        input: Annotated[CorrectPaymentAccountInput, strawberry.argument(description="The account.")],  # noqa: A002
    ) -> CorrectPaymentAccountPayload:
        def request() -> CorrectAccount:
            key = key_of(info, input.idempotency_key)
            return CorrectAccount(_id(input.benefit_id), input.account_number, input.ifsc, key)

        return await _change_benefit(info, CorrectPaymentAccountPayload, correct_account, request)


@strawberry.type
class BenefitMoneyMutation:
    """Mutations by finance officers."""

    @mutation(
        description="Pay a payment again that finally came back, by a new order that names the first.", scopes=_MONEY
    )
    async def reissue_payment(
        self,
        info: Info,
        input: Annotated[ReissuePaymentInput, strawberry.argument(description="What is paid again.")],  # noqa: A002
    ) -> ReissuePaymentPayload:
        def request() -> ReissuePayment:
            return ReissuePayment(_id(input.benefit_id), input.sequence, key_of(info, input.idempotency_key))

        return await _change_benefit(info, ReissuePaymentPayload, reissue_payment, request)

    @mutation(
        description="Order money back that was not due; above the set amount another person approves it.",
        scopes=_MONEY,
    )
    async def order_recovery(
        self,
        info: Info,
        input: Annotated[OrderRecoveryInput, strawberry.argument(description="What is ordered back.")],  # noqa: A002
    ) -> OrderRecoveryPayload:
        def request() -> OrderRecovery:
            key = key_of(info, input.idempotency_key)
            return OrderRecovery(_id(input.benefit_id), int(input.amount), input.ground, input.way, key)

        return await _change_benefit(info, OrderRecoveryPayload, order_recovery, request)

    @mutation(description="Note a challan by which a part of a recovery was paid in.", scopes=_MONEY)
    async def note_recovery_challan(
        self,
        info: Info,
        input: Annotated[NoteRecoveryChallanInput, strawberry.argument(description="The challan.")],  # noqa: A002
    ) -> NoteRecoveryChallanPayload:
        def request() -> NoteChallan:
            key = key_of(info, input.idempotency_key)
            return NoteChallan(_id(input.benefit_id), input.recovery, input.challan, int(input.amount), key)

        return await _change_benefit(info, NoteRecoveryChallanPayload, note_challan, request)

    @mutation(description="Ask nothing more of a recovery.", scopes=_MONEY)
    async def cancel_recovery(
        self,
        info: Info,
        input: Annotated[CancelRecoveryInput, strawberry.argument(description="The recovery.")],  # noqa: A002
    ) -> CancelRecoveryPayload:
        def request() -> CancelRecovery:
            return CancelRecovery(_id(input.benefit_id), input.recovery, key_of(info, input.idempotency_key))

        return await _change_benefit(info, CancelRecoveryPayload, cancel_recovery, request)

    @mutation(
        description="Approve or refuse what waits for a second person; for another one than who asked.", scopes=_MONEY
    )
    async def decide_payment_approval(
        self,
        info: Info,
        input: Annotated[DecidePaymentApprovalInput, strawberry.argument(description="The word.")],  # noqa: A002
    ) -> DecidePaymentApprovalPayload:
        def request() -> DecideApproval:
            key = key_of(info, input.idempotency_key)
            return DecideApproval(_id(input.benefit_id), input.number, input.approve, key)

        return await _change_benefit(info, DecidePaymentApprovalPayload, decide_approval, request)
