"""Fee orders as citizens, officers, finance officers and auditors see them, and their lists."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Annotated, Any, Self

import strawberry

from actions.fees.fee_cases import of_order
from actions.fees.fees import offered_routes
from actions.kernel import permitted_postings
from domain.applications import applications
from domain.applications.lifecycle import Status
from domain.fees import fees
from domain.fees.fees import FeeOrder, FeeRoute, FeeState, RefundCause, fee_due
from domain.fees.words import fee_state_text
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import people, show_number
from schema.applications.loaders import application_field
from schema.kernel import (
    AUTHENTICATED,
    Connection,
    Info,
    InLanguage,
    Listing,
    Paise,
    View,
    connection_field,
    field_language,
    label_field,
    many_by_key,
    one_by_key,
    resolver_field,
    stored_listing,
)
from store.fees import fee_orders

fee_order_by_id = one_by_key(fee_orders.by_ids, of_order)
fee_orders_of_application = many_by_key(fee_orders.of_applications, of_order)


@strawberry.type(description="What is to be paid for an application, and by which ways.")
class FeeDue:
    fee: Paise = strawberry.field(description="The fee of the service.")
    charge: Paise = strawberry.field(description="The portal's charge where it is paid online.")
    charge_source: str | None = strawberry.field(description="The order that sets the charge.")
    total: Paise = strawberry.field(description="Both together.")
    routes: list[FeeRoute] = strawberry.field(
        description="The ways by which one can pay it online oneself; empty where it is paid at a counter."
    )

    @classmethod
    def of(cls, info: Info, application: applications.Application) -> Self | None:
        """What is due now; None where nothing is."""
        environment = info.context.environment
        due = fee_due(application.fee_paise, environment.rules.fees)
        if due is None or application.status is not Status.FEE_PENDING:
            return None
        return cls(
            fee=Paise(due.fee_paise),
            charge=Paise(due.charge_paise),
            charge_source=due.charge_source,
            total=Paise(due.total_paise),
            routes=offered_routes(environment, info.context.subject, application),
        )


@strawberry.type(description="What shows that a fee was taken.")
class FeePaymentReceipt(View[fees.FeeReceipt], challan_number="challan_no"):
    grn: str = strawberry.field(description="The government reference number; for the wallet, its own number.")
    challan_number: str | None = strawberry.field(description="The number of the challan.")
    cin: str | None = strawberry.field(description="The challan identification number: branch, day, serial.")
    bank_reference: str | None = strawberry.field(description="The bank's number.")
    mode: str | None = strawberry.field(description="How it was paid, such as NB, UPI, CARD, COUNTER, WALLET.")
    paid_at: datetime = strawberry.field(description="When the money was taken.")
    paid_at_heard: bool = strawberry.field(
        description="Whether paidAt is when it was first heard of, since the source told no time."
    )


@strawberry.type(description="A fee that goes back.")
class FeeRefund:
    cause: RefundCause = strawberry.field(description="Why it goes back.")
    requested_at: datetime | None = strawberry.field(description="When it was asked for.")
    reference: str | None = strawberry.field(description="The number of the refund.")
    refunded_at: datetime | None = strawberry.field(description="When it was done.")

    cause_label = label_field("refund_cause", "cause", description="Why it goes back, in words.")


@strawberry.type(
    directives=[AUTHENTICATED],
    description="An order to pay the fee of an application. Its state is what the treasury or CSC said itself.",
)
class FeePayment(
    View[fees.FeeOrder],
    amount="total_paise",
    taken_amount="taken_paise",
    as_of="confirmed_at",
    next_enquiry_at="due_at",
):
    item: strawberry.Private[fees.FeeOrder]
    number: str = strawberry.field(description="Its number: fourteen digits, the first one 4.")
    application_id: strawberry.ID = strawberry.field(description="The application whose fee it pays.")
    route: FeeRoute = strawberry.field(description="By which way it is paid.")
    state: FeeState = strawberry.field(description="Where it stands.")
    amount: Paise = strawberry.field(description="What is paid: fee and charge.")
    fee: Paise = strawberry.field(description="The fee of the service in it.")
    charge: Paise = strawberry.field(description="The portal's charge in it.")
    head: str = strawberry.field(description="The head of account that the fee goes to.")
    taken_amount: Paise | None = strawberry.field(
        description="What was taken where it is another amount, which pays for nothing; null for every other payment."
    )
    problem: str | None = strawberry.field(description="A short code where somebody must look at it.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    as_of: datetime | None = strawberry.field(
        description="When the treasury or CSC last answered about it; null where neither has yet."
    )
    next_enquiry_at: datetime | None = strawberry.field(description="When it is asked about next, by itself.")
    scrolled_on: date | None = strawberry.field(description="The day of the treasury's scroll that tells of it.")
    version: int = strawberry.field(description="Grows by one with every change.")

    @resolver_field(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.item.number)

    @resolver_field(
        description="Where it stands, in words; where money came that is not taken for the fee, where that is."
    )
    def state_label(self, info: Info, language: InLanguage = None) -> str:
        return fee_state_text(self.item, field_language(info, language))

    route_label = label_field("fee_route", "item.route", description="By which way it is paid, in words.")

    @resolver_field(description="What shows that money was taken; with a takenAmount, another amount than the fee's.")
    def receipt(self) -> FeePaymentReceipt | None:
        return FeePaymentReceipt.of(self.item.receipt) if self.item.receipt else None

    @resolver_field(description="What goes back of it; null where nothing does.")
    def refund(self) -> FeeRefund | None:
        item = self.item
        if item.refund_cause is None:
            return None
        return FeeRefund(
            cause=item.refund_cause,
            requested_at=item.refund_requested_at,
            reference=item.refund_reference,
            refunded_at=item.refunded_at,
        )

    application = application_field(description="The application, for those who may see it.")


def fee_payments_of_citizen(info: Info, citizen_id: str, *, view: Callable[[FeeOrder], Any]) -> Listing[FeeOrder]:
    """Her orders, the newest first; empty for those who may not see them."""
    found = fee_orders.of_citizen(citizen_id)
    return stored_listing(info, f"fee-payments:{citizen_id}", found, view, resource=of_order)


def fee_payments_of_office(
    info: Info, states: Collection[FeeState] | None, *, problems_only: bool, view: Callable[[FeeOrder], Any]
) -> Listing[FeeOrder]:
    """Orders of the places that the asking officer keeps or audits the accounts of, the newest first."""
    subject = info.context.subject
    reach = [
        posting
        for purpose in (Purpose.PAY_BENEFIT, Purpose.AUDIT)
        for posting in permitted_postings(subject, ObjectKind.FEE_ORDER, purpose)
    ]

    asked = sorted(states) if states is not None else "all"
    name = f"office-fee-payments:{subject.person_id}:{asked}:{problems_only}"
    found = fee_orders.orders_within(reach, states=states, problems_only=problems_only)
    return stored_listing(info, name, found, view, resource=of_order)


@strawberry.type
class OfficeFees:
    item: strawberry.Private[people.Officer]

    @connection_field(
        Connection[FeePayment],
        description="Orders to pay fees in the places of a finance officer or an auditor, the newest first.",
    )
    async def fee_payments(
        self,
        info: Info,
        states: Annotated[
            list[FeeState] | None, strawberry.argument(description="Only these; left out, all of them.")
        ] = None,
        problems_only: Annotated[
            bool, strawberry.argument(description="Only those that somebody must look at.")
        ] = False,
    ) -> Listing[FeeOrder]:
        wanted = frozenset(states) if states is not None else None
        return fee_payments_of_office(info, wanted, problems_only=problems_only, view=FeePayment.of)
