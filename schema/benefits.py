"""Benefits: what was sanctioned, each payment, and why one came back."""

from datetime import date, datetime
from typing import Self

import strawberry

from actions.benefits import BenefitView, InstalmentView
from domain.benefits import Instalment as InstalmentItem
from domain.benefits import PaymentStatus, Sanction
from domain.global_ids import TypeCode
from domain.messages import label
from integrations.dbt_finance import ReturnReason, return_reason
from schema.context import Info, InLanguage, spoken
from schema.directives import AUTHENTICATED
from schema.fields import resolved
from schema.node import Node, node_id
from schema.provenance import Provenance
from schema.scalars import Paise
from schema.services import Scheme


@strawberry.type(description="Why a payment came back, and what the citizen can do.")
class PaymentReason:
    """A reason in words that a citizen can read."""

    item: strawberry.Private[ReturnReason]
    code: str = strawberry.field(description="The code of the bank network, or one of ours.")

    @resolved(description="The reason.")
    def text(self, info: Info, language: InLanguage = None) -> str:
        return self.item.reason.in_language(spoken(info, language))

    @resolved(description="What to do about it.")
    def action(self, info: Info, language: InLanguage = None) -> str:
        return self.item.action.in_language(spoken(info, language))


@strawberry.type(description="One payment of a benefit.")
class Instalment:
    """One instalment with what is known of its payment."""

    view: strawberry.Private[InstalmentView]
    sequence: int = strawberry.field(description="Its place, from 1.")
    period_from: date = strawberry.field(description="First day of the period that it pays for.")
    period_to: date = strawberry.field(description="Last day of that period.")
    amount: Paise = strawberry.field(description="What is paid.")
    status: PaymentStatus = strawberry.field(description="Where it stands.")
    status_at: datetime = strawberry.field(description="Since when.")
    source_heard: bool = strawberry.field(description="Whether the payment system itself was heard for this answer.")

    @classmethod
    def of(cls, view: InstalmentView) -> Self:
        """The payment system's word where it was heard, else our own record."""
        item, state = view.instalment, view.state
        return cls(
            view=view,
            sequence=item.sequence,
            period_from=item.period_from,
            period_to=item.period_to,
            amount=Paise(item.amount_paise),
            status=state.status if state else item.status,
            status_at=state.at if state else item.status_at,
            source_heard=state is not None,
        )

    @resolved(description="Where it stands, in words.")
    def status_label(self, info: Info, language: InLanguage = None) -> str:
        return label(f"payment.{self.status.value}", spoken(info, language))

    @resolved(description="Why it came back; null where it did not.")
    def reason(self) -> PaymentReason | None:
        code = self.view.state.return_code if self.view.state else None
        return PaymentReason(item=return_reason(code), code=code) if code else None

    @resolved(description="The last four characters of the bank's payment reference, where it is known.")
    def bank_reference_last4(self) -> str | None:
        return self.view.state.utr_last4 if self.view.state else None


@strawberry.federation.type(
    keys=["id"], directives=[AUTHENTICATED], description="A benefit that was sanctioned to a citizen."
)
class Benefit(Node):
    """A sanction with its payments."""

    view: strawberry.Private[BenefitView]
    number: str = strawberry.field(description="The number of the sanction order.")
    amount: Paise | None = strawberry.field(description="The amount of one period; null where it is not fixed.")
    period: str | None = strawberry.field(description="How often it is paid.")
    bank_account_last4: str | None = strawberry.field(description="The last four digits of the account.")
    sanctioned_at: datetime = strawberry.field(description="When it was sanctioned.")
    instalments: list[Instalment] = strawberry.field(description="Its payments, the first one first.")
    status: PaymentStatus = strawberry.field(description="Where its latest payment stands.")
    as_of: datetime = strawberry.field(description="When the status was told; else when our own record was made.")

    @classmethod
    def of(cls, view: BenefitView, heard_at: datetime | None = None) -> Self:
        """The graph's view of a benefit; `heard_at` is when the payment system answered."""
        sanction = view.sanction
        instalments = [Instalment.of(one) for one in view.instalments]
        latest = max(instalments, key=lambda one: one.sequence, default=None)
        recorded = latest.view.instalment.status_at if latest else sanction.sanctioned_at
        return cls(
            id=node_id(TypeCode.BENEFIT, sanction.id),
            view=view,
            number=sanction.number,
            amount=None if sanction.amount_paise is None else Paise(sanction.amount_paise),
            period=sanction.period,
            bank_account_last4=sanction.bank_account_last4,
            sanctioned_at=sanction.sanctioned_at,
            instalments=instalments,
            status=latest.status if latest else PaymentStatus.SANCTIONED,
            as_of=heard_at if heard_at and latest and latest.source_heard else recorded,
        )

    @classmethod
    async def of_sanction(cls, info: Info, sanction: Sanction) -> Self:
        """A benefit as our own store knows it, without asking the payment system."""
        loaders = info.context.loaders
        scheme = await loaders.schemes.load(sanction.scheme_code)
        made: list[InstalmentItem] = list(await loaders.instalments.load(sanction.id))
        return cls.of(BenefitView(sanction, scheme, tuple(InstalmentView(one, None) for one in made)))

    @resolved(description="The scheme that grants it.")
    def scheme(self) -> Scheme | None:
        return Scheme.of(self.view.scheme) if self.view.scheme else None

    @resolved(description="Where its latest payment stands, in words.")
    def status_label(self, info: Info, language: InLanguage = None) -> str:
        return label(f"payment.{self.status.value}", spoken(info, language))

    @resolved(description="Why its latest payment came back; null where it did not.")
    def reason(self) -> PaymentReason | None:
        latest = max(self.view.instalments, key=lambda one: one.instalment.sequence, default=None)
        code = latest.state.return_code if latest and latest.state else None
        return PaymentReason(item=return_reason(code), code=code) if code else None


@strawberry.type(description="A citizen's benefits: our sanctions, and where the payment system says payments stand.")
class BenefitList:
    """A merged list."""

    nodes: list[Benefit] = strawberry.field(description="The benefits, the newest first. At most 200.")
    complete: bool = strawberry.field(description="Whether the payment system answered and nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="Each source with its state.")
