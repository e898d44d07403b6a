"""Benefits for deciding and finance officers: benefits already drawn, budget, waiting and stopped payments."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Annotated, Self

import strawberry

from actions.benefits.benefits import BenefitView, InstalmentView
from actions.benefits.budget import told_balance
from actions.benefits.drawn_benefits import concurrent_benefits, may_see_drawn_benefits
from actions.benefits.held_benefits import reach_of_benefits
from actions.benefits.payment_orders import waiting_approvals
from actions.benefits.plans import PAID_OUT, paid_out
from actions.kernel import Environment, of_sanction
from domain.applications.applications import Application
from domain.benefits.benefits import Sanction, SanctionState
from domain.kernel import Sourced, Subject, ist_date
from domain.kernel.messages import label
from domain.payments import budgets
from domain.payments.budgets import year_name
from schema.benefits.course import PaymentApproval
from schema.benefits.types import Benefit, instalments_of_sanction, sanctions_of_citizen, stops_of_sanction
from schema.catalogue.places import district_field
from schema.catalogue.services import Scheme, scheme_by_code, service_as_filed
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    InLanguage,
    Listing,
    Loader,
    Mapped,
    Paise,
    Provenance,
    View,
    assumed_list_size,
    connection_field,
    field_language,
    resolver_field,
    stored_listing,
)
from store.reconciliation import held_benefits


@strawberry.type(directives=[AUTHENTICATED], description="A benefit that the applicant has already.")
class DrawnBenefit(View[Sanction]):
    """A benefit of the same scheme, whichever office granted it."""

    item: strawberry.Private[Sanction]
    number: str = strawberry.field(description="The number of the sanction.")
    state: SanctionState = strawberry.field(description="Whether it pays, waits or is suspended.")
    sanctioned_at: datetime = strawberry.field(description="When it was granted.")

    @resolver_field(description="The state in words; also that all of it has been paid out.")
    async def state_label(self, info: Info, language: InLanguage = None) -> str:
        made = await info.context.load(instalments_of_sanction, self.item.id)
        stops = await info.context.load(stops_of_sanction, self.item.id)
        over = paid_out(self.item, made, stops, [one.status for one in made])
        return label(f"sanction_state.{PAID_OUT if over else self.state.value}", field_language(info, language))

    district = district_field("item.district", description="The district that granted it.")


async def drawn_by_applicant(info: Info, application: Application) -> list[DrawnBenefit]:
    """What the applicant draws of the same scheme; nothing for those who do not decide the application."""
    if not may_see_drawn_benefits(info.context.subject, application):
        return []
    service = await info.context.load(service_as_filed, (application.service_code, application.service_version))
    if service is None or service.scheme_id is None:
        return []
    held = await info.context.load(sanctions_of_citizen, application.citizen_id)
    return [DrawnBenefit.of(one) for one in concurrent_benefits(service, held)]


async def _read_balances(
    env: Environment, _subject: Subject, scheme_codes: list[str]
) -> list[budgets.ReportedBalance | BaseException]:
    """What is left of the heads of account of schemes now; one that cannot be read fails alone."""
    today = ist_date(env.clock.now())
    return await asyncio.gather(*(told_balance(env, code, today) for code in scheme_codes), return_exceptions=True)


balance_of_scheme: Loader[str, budgets.ReportedBalance] = Loader(_read_balances)


@strawberry.type(directives=[AUTHENTICATED], description="What a sanction would need of the budget, and what is left.")
class SanctionBudget(
    Mapped[budgets.SanctionBudget],
    head_of_account="balance.head_of_account",
    balance="balance.available_paise",
    as_of="balance.as_of",
):
    """The need of a sanction that is made today beside its head of account."""

    scheme: Scheme = strawberry.field(description="The scheme that would pay.")
    head_of_account: str = strawberry.field(description="The head of account that it is paid from.")
    financial_year: str = strawberry.field(description="The year of the budget, from 1 April: 2026-27.")
    first_payment: Paise | None = strawberry.field(
        description="What is paid first; null where no source gives the scheme's amount."
    )
    rest_of_year: Paise | None = strawberry.field(
        description="What would be paid after it up to 31 March; null where the amount is not known."
    )
    balance: Paise = strawberry.field(description="What the treasury says is left of the head of account.")
    set_aside: Paise = strawberry.field(
        description="What other payments were promised of that and the treasury does not show yet."
    )
    enough: bool | None = strawberry.field(
        description="Whether what nobody was promised covers the first payment; null where the amount is not known. "
        "Where it does not, the sanction is made and waits as BUDGET_WAIT."
    )
    enough_for_year: bool | None = strawberry.field(
        description="Whether it covers the whole of the financial year; null where the amount is not known."
    )
    as_of: datetime = strawberry.field(description="When the treasury told the balance.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")

    @classmethod
    def of(cls, info: Info, sourced: Sourced[budgets.SanctionBudget]) -> Self:
        item = sourced.value
        need, balance = item.need, item.balance
        return cls.read(
            item,
            financial_year=year_name(ist_date(balance.asked_at)),
            first_payment=None if need is None else Paise(need.first_paise),
            rest_of_year=None if need is None else Paise(need.rest_of_year_paise),
            enough=None if need is None else need.first_paise <= item.free_paise,
            enough_for_year=None if need is None else need.year_paise <= item.free_paise,
            provenance=[Provenance.of(info, (sourced.source, sourced.state, sourced.as_of))],
        )


@strawberry.type
class HeldBenefitsQuery:
    @connection_field(
        Connection[Benefit] | None,
        description="Benefits in one's places that a state holds back, such as BUDGET_WAIT, the longest granted first; "
        "payments as our own record has them. Each leaves a receipt. Null with NOT_FOUND for those who neither decide "
        "nor pay benefits.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def held_benefits(
        self, info: Info, state: Annotated[SanctionState, strawberry.argument(description="What holds them back.")]
    ) -> Listing[BenefitView]:
        subject = info.context.subject
        return stored_listing(
            info,
            f"held-benefits:{subject.person_id}:{state}",
            held_benefits.held_sanctions(reach_of_benefits(subject), state),
            Benefit.of,
            resource=of_sanction,
            complete=partial(_views, info),
            row_of=attrgetter("sanction"),
        )


async def _views(info: Info, sanctions: Sequence[Sanction]) -> list[BenefitView]:
    loaders = info.context.loaders
    schemes = await loaders[scheme_by_code].load_many([one.scheme_code for one in sanctions])
    made = await loaders[instalments_of_sanction].load_many([one.id for one in sanctions])
    return [
        BenefitView(sanction, scheme, tuple(InstalmentView(one, None) for one in payments))
        for sanction, scheme, payments in zip(sanctions, schemes, made, strict=True)
    ]


@strawberry.type(directives=[AUTHENTICATED], description="A step of public money that waits for another person.")
class WaitingApproval:
    benefit: Benefit = strawberry.field(description="The benefit that it is about.")
    approval: PaymentApproval = strawberry.field(description="What is asked.")


@strawberry.type
class ApprovalsQuery:
    @resolver_field(
        description="What waits for a second approval in one's jurisdiction, the longest first, at most 200; what one "
        "asked for oneself is left out. Null with NOT_FOUND for those who pay nothing.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(20)],
    )
    async def waiting_approvals(self, info: Info) -> list[WaitingApproval] | None:
        found = await waiting_approvals(info.context.environment, info.context.subject)
        return [
            WaitingApproval(
                benefit=await Benefit.of_sanction(info, sanction), approval=PaymentApproval.of(number, approval)
            )
            for sanction, number, approval in found
        ]
