"""The course of a benefit: steps of each payment, plan, stops and recoveries."""

from datetime import date, datetime
from typing import Self

import strawberry

from actions.benefits.plans import Certificate
from domain.benefits import benefits, recoveries, sanction_course
from domain.benefits.benefits import BudgetState, PaymentStatus, Rail
from domain.benefits.plans import Period
from domain.benefits.recoveries import RecoveryGround, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import ApprovalKind, StopGround, StopKind
from domain.kernel.messages import label
from integrations.dbt_finance import ReturnReason, return_reason
from schema.kernel import Info, InLanguage, Mapped, Paise, View, field_language, label_field, resolver_field, text_field


@strawberry.type(description="Why a payment came back, and what the citizen can do.")
class PaymentReason:
    item: strawberry.Private[ReturnReason]
    code: str = strawberry.field(description="The code of the bank network, or one of ours.")

    @classmethod
    def of(cls, code: str | None) -> Self | None:
        return cls(item=return_reason(code), code=code) if code else None

    text = text_field("item.reason", description="The reason.")
    action = text_field("item.action", description="What to do about it.")


@strawberry.type(description="One step of a payment, as it was heard.")
class PaymentEvent(Mapped[benefits.PaymentEvent], bank_reference_last4="utr_last4"):
    status: PaymentStatus = strawberry.field(description="Where it came to stand.")
    at: datetime = strawberry.field(description="When that happened.")
    heard_at: datetime | None = strawberry.field(description="When we learned of it; null for an older release's.")
    rail: Rail | None = strawberry.field(description="Which way told it; null where an older release did not note it.")
    reason: PaymentReason | None = strawberry.field(description="Why it came back or was refused.")
    bank_reference_last4: str | None = strawberry.field(description="The end of the bank's payment reference.")

    @classmethod
    def of(cls, item: benefits.PaymentEvent) -> Self:
        return cls.read(item, reason=PaymentReason.of(item.return_code))

    @resolver_field(description="Where it came to stand, in words.")
    def status_label(self, info: Info, language: InLanguage = None) -> str:
        """That one is reissued is noted when the new order is made, and not when that one is sent."""
        ordered = self.status is PaymentStatus.REISSUED
        name = "payment_reissue.ORDERED" if ordered else f"payment.{self.status.value}"
        return label(name, field_language(info, language))


@strawberry.type(description="What the treasury said of the budget of a sanction.")
class BenefitBudget:
    """The last status received."""

    state: BudgetState = strawberry.field(description="Whether there is enough, or whether that is known.")
    as_of: datetime | None = strawberry.field(description="When the treasury said so; null where it did not answer.")

    @classmethod
    def of(cls, sanction: benefits.Sanction) -> Self | None:
        """The graph's view; None where nobody asked."""
        return None if sanction.budget is None else cls(state=sanction.budget, as_of=sanction.budget_at)

    state_label = label_field("budget_state", "state", description="What that means, in words.")


@strawberry.type(description="A payment that is still to come.")
class PlannedPayment(View[Period], period_from="begins", period_to="ends"):
    period_from: date = strawberry.field(description="First day of the period; it is paid from that day on.")
    period_to: date = strawberry.field(description="Last day of that period.")
    amount: Paise = strawberry.field(description="What is planned, before anything is recovered from it.")


@strawberry.type(description="What stopped a benefit.")
class BenefitStop(View[sanction_course.Stop], unpaid_until_on="unpaid_until"):
    kind: StopKind = strawberry.field(description="What it is.")
    ground: StopGround = strawberry.field(description="Why.")
    from_on: date = strawberry.field(description="No period that begins on or after this day is paid.")
    made_at: datetime = strawberry.field(description="When it was ordered.")
    lifted_at: datetime | None = strawberry.field(description="When it was lifted; null while it holds.")
    unpaid_until_on: date | None = strawberry.field(
        description="It was lifted without arrears: no period that begins from `fromOn` to this day is ever paid, "
        "whatever is decided of other stops. Null where nothing was left unpaid, or while it holds."
    )

    ground_label = label_field("stop_ground", "ground", description="The ground in words.")
    what_to_do = label_field("stop_advice", "kind", description="What the citizen can do about it.")


@strawberry.type(description="The yearly life certificate that a benefit asks for.")
class LifeCertificateNeed(View[Certificate], needed_on="due_by"):
    needed_on: date = strawberry.field(
        description="The last day to give it; without it nothing is paid after that day."
    )
    given_on: date | None = strawberry.field(description="When the last one was given; null where none is on record.")
    overdue: bool = strawberry.field(description="Whether the benefit is stopped for the want of it.")


@strawberry.type(description="Money under a benefit that was not due and is to come back.")
class BenefitRecovery(Mapped[recoveries.Recovery]):
    number: int = strawberry.field(description="Its place among the recoveries of the benefit, from 1.")
    amount: Paise = strawberry.field(description="What is to come back.")
    recovered: Paise = strawberry.field(description="What has come back.")
    outstanding: Paise = strawberry.field(description="What has not; nothing more where it was cancelled.")
    ground: RecoveryGround = strawberry.field(description="Why it was not due.")
    way: RecoveryWay = strawberry.field(description="How it comes back.")
    state: RecoveryState = strawberry.field(description="How far it has come.")
    made_at: datetime = strawberry.field(description="When it was ordered.")

    @classmethod
    def of(cls, item: recoveries.Recovery) -> Self:
        cancelled = item.state is RecoveryState.CANCELLED
        return cls.read(item, outstanding=Paise(0 if cancelled else item.outstanding_paise))

    ground_label = label_field("recovery_ground", "ground", description="The ground in words.")


@strawberry.type(description="A step of public money that waits for, or got, the word of another person.")
class PaymentApproval(Mapped[sanction_course.Approval]):
    """A second approval; who gave it is in the audit log."""

    number: int = strawberry.field(description="Its place among the approvals of the benefit, from 1.")
    kind: ApprovalKind = strawberry.field(description="What is approved.")
    amount: Paise = strawberry.field(description="How much it is about.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    decided_at: datetime | None = strawberry.field(description="When it was decided; null while it waits.")
    approved: bool | None = strawberry.field(description="Whether it was approved; null while it waits.")

    @classmethod
    def of(cls, number: int, item: sanction_course.Approval) -> Self:
        return cls.read(item, number=number)
