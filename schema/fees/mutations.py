"""Mutations that pay a fee online and record a refund."""

from typing import Annotated

import strawberry

from actions.fees.fee_refunds import RecordFeeRefund, record_fee_refund
from actions.fees.fees import StartFeePayment, page_link, payment_form, present_order, start_fee_payment
from actions.kernel import SubmissionState
from domain.fees.fees import FeeOrder, FeeRoute
from domain.kernel import TypeCode
from integrations.browser_returns import PaymentForm
from schema.fees.payments import FeePayment
from schema.kernel import Info, mutation
from schema.kernel.mutations import (
    VERSION_DESCRIPTION,
    Submission,
    bind,
    key_of,
    key_of_type,
    mutation_outcome,
    rejected_submission,
)
from schema.kernel.payloads import MutationPayload, run_mutation

_FOR_EVER = (
    "1 to 255 characters that name this request: the same key gives the first result again, for ever. "
    "It may come in the Idempotency-Key header instead; where both are given they must be equal."
)


@strawberry.input(description="The fee of an application, to be paid online.")
class StartFeePaymentInput:
    application_id: strawberry.ID = strawberry.field(description="The application; it waits for its fee.")
    route: FeeRoute | None = strawberry.field(
        default=None, description="By which way; left out, the wallet for an operator and else the treasury."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=_FOR_EVER)


@strawberry.input(description="A refund of a fee that was done outside, by the treasury's order.")
class RecordFeeRefundInput:
    number: str = strawberry.field(description="The number of the payment.")
    refund_reference: str = strawberry.field(description="The number of the refund order, at most 40 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=_FOR_EVER)


@strawberry.type(description="A field of a form that a browser posts.")
class FeeFormField:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value, sealed for the one who takes the money.")


@strawberry.type(description="Where to go to pay: a page of ours for a browser, or the form itself for an app.")
class FeeRedirect:
    page_url: str = strawberry.field(description="A page of ours that sends a browser on; good for an hour.")
    action: str = strawberry.field(description="Where the form is posted to.")
    fields: list[FeeFormField] = strawberry.field(description="The hidden fields of the form.")


@strawberry.type(description="What became of beginning to pay a fee.")
class StartFeePaymentPayload(MutationPayload):
    payment: FeePayment | None = strawberry.field(description="The order as it now is; null when refused.")
    redirect: FeeRedirect | None = strawberry.field(
        description="How to go on to pay; null where the order is settled already, or money came that does not fit it."
    )


@strawberry.type(description="What became of noting a refund.")
class RecordFeeRefundPayload(MutationPayload):
    payment: FeePayment | None = strawberry.field(description="The order as it now is; null when refused.")


@strawberry.type
class FeePayingMutation:
    """Mutations about fees paid online."""

    @mutation(
        description="Begin to pay the fee of an application online. The order is kept before anybody is sent away; "
        "while it is not settled, the same order is given again. It counts as paid when the treasury or CSC says so."
    )
    async def start_fee_payment(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            StartFeePaymentInput, strawberry.argument(description="The fee.")
        ],
    ) -> StartFeePaymentPayload:
        async def work() -> tuple[tuple[FeeOrder, PaymentForm | None], bool]:
            request = StartFeePayment(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                idempotency_key=key_of(info, input.idempotency_key),
                route=input.route,
            )
            environment, subject = info.context.environment, info.context.subject
            order, replayed = await start_fee_payment(environment, subject, request)
            form = await payment_form(environment, order, by=subject)
            return (await present_order(environment, order.id), form), replayed

        came = await mutation_outcome(info, work)
        if isinstance(came, list):
            return StartFeePaymentPayload(
                payment=None, redirect=None, user_errors=came, submission=rejected_submission()
            )
        (order, form), replayed = came
        accepted = Submission(state=SubmissionState.ACCEPTED, acknowledgement=order.number, replayed=replayed)
        return StartFeePaymentPayload(
            payment=FeePayment.of(order), redirect=_redirect(info, order, form), user_errors=[], submission=accepted
        )

    @mutation(description="Note that a fee went back, by a finance officer; the treasury refunds on paper.")
    async def record_fee_refund(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RecordFeeRefundInput, strawberry.argument(description="The refund.")
        ],
    ) -> RecordFeeRefundPayload:
        work = bind(
            info,
            record_fee_refund,
            lambda: RecordFeeRefund(
                number=input.number,
                refund_reference=input.refund_reference,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await run_mutation(info, RecordFeeRefundPayload, "payment", work, FeePayment.of)


def _redirect(info: Info, order: FeeOrder, form: PaymentForm | None) -> FeeRedirect | None:
    if form is None:
        return None
    fields = [FeeFormField(name=name, value=value) for name, value in form.fields.items()]
    return FeeRedirect(page_url=page_link(info.context.environment, order), action=form.url, fields=fields)
