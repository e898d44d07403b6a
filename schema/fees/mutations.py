"""Mutations that pay a fee online, and record a fee or a refund."""

from dataclasses import dataclass

import strawberry

from actions.applications.respond import record_fee
from actions.fees.fee_refunds import record_fee_refund
from actions.fees.fees import StartFeePayment, page_link, payment_form, present_order, start_fee_payment
from actions.kernel import Environment
from domain.fees.fees import FeeOrder
from domain.kernel import Subject, TypeCode
from integrations.browser_returns import PaymentForm
from schema.applications.payloads import application_payload
from schema.fees.payments import FeePayment
from schema.kernel import Info
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields, paise
from schema.kernel.mutations import VERSION_DESCRIPTION
from schema.kernel.payloads import Thing, thing_payload

_FOR_EVER = (
    "1 to 255 characters that name this request: the same key gives the first result again, for ever. "
    "It may come in the Idempotency-Key header instead; where both are given they must be equal."
)


@strawberry.type(description="A field of a form that a browser posts.")
class FeeFormField:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value, sealed for the one who takes the money.")


@strawberry.type(description="Where to go to pay: a page of ours for a browser, or the form itself for an app.")
class FeeRedirect:
    page_url: str = strawberry.field(description="A page of ours that sends a browser on; good for an hour.")
    action: str = strawberry.field(description="Where the form is posted to.")
    fields: list[FeeFormField] = strawberry.field(description="The hidden fields of the form.")


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """An order as it now is, and the form by which it is paid; None where nothing is left to pay."""

    order: FeeOrder
    form: PaymentForm | None

    @property
    def number(self) -> str:
        """The number of the order."""
        return self.order.number


async def _start_fee_payment(
    env: Environment, subject: Subject, request: StartFeePayment
) -> tuple[StartedPayment, bool]:
    order, replayed = await start_fee_payment(env, subject, request)
    form = await payment_form(env, order, by=subject)
    return StartedPayment(await present_order(env, order.id), form), replayed


def _redirect(info: Info, started: StartedPayment) -> FeeRedirect | None:
    if started.form is None:
        return None
    form, order = started.form, started.order
    fields = [FeeFormField(name=name, value=value) for name, value in form.fields.items()]
    return FeeRedirect(page_url=page_link(info.context.environment, order), action=form.url, fields=fields)


_PAYMENT = "The order as it now is; null when refused."


@strawberry.type
class FeePayingMutation:
    start_fee_payment = action_mutation(
        _start_fee_payment,
        thing_payload(
            "What became of beginning to pay a fee.",
            payment=Thing(FeePayment, _PAYMENT, lambda started: FeePayment.of(started.order)),
            redirect=Thing(
                FeeRedirect,
                "How to go on to pay; null where the order is settled already, or money came that does not fit it.",
                view_for=_redirect,
            ),
        ),
        "Begin to pay the fee of an application online. The order is kept before anybody is sent away; "
        "while it is not settled, the same order is given again. It counts as paid when the treasury or CSC says so.",
        input_fields(
            "The fee of an application, to be paid online.",
            application_id=id_of(TypeCode.APPLICATION, "The application; it waits for its fee."),
            route="By which way; left out, the wallet for an operator and else the treasury.",
            idempotency_key=_FOR_EVER,
        ),
        name="start_fee_payment",
    )
    record_fee_refund = action_mutation(
        record_fee_refund,
        thing_payload("What became of noting a refund.", payment=Thing(FeePayment, _PAYMENT, FeePayment.of)),
        "Note that a fee went back, by a finance officer; the treasury refunds on paper.",
        input_fields(
            "A refund of a fee that was done outside, by the treasury's order.",
            number="The number of the payment.",
            refund_reference="The number of the refund order, at most 40 characters.",
            expected_version=VERSION_DESCRIPTION,
            idempotency_key=_FOR_EVER,
        ),
    )


@strawberry.type
class FeesMutation:
    record_fee = action_mutation(
        record_fee,
        application_payload("What became of a fee."),
        "Enter a fee that an operator or an officer took; scrutiny begins and the legal clock starts.",
        input_fields(
            "A fee that was taken.",
            application_id=id_of(TypeCode.APPLICATION, "The application."),
            receipt="The number of the receipt, at most 40 characters.",
            amount_paise=paise("What was taken; it must be the fee of the application.", "amount"),
            paid_on="The day on which it was paid, where it is entered later; left out today.",
            expected_version="The version that was seen; with another one the answer is CONFLICT.",
        ),
    )
