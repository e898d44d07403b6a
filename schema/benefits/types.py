"""Benefits: the sanction, each payment, the reason for a return, and what is still to be paid."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.benefits.asked_bills import waits_for_approval
from actions.benefits.benefits import BenefitView, InstalmentView
from actions.benefits.plans import (
    MOST_COMING,
    PAID_OUT,
    arrears_paise,
    certificate_of,
    next_payment_on,
    paid_out,
    review_due_of,
    upcoming_periods,
)
from actions.kernel import of_sanction
from domain.benefits.benefits import UNSENT, Hold, InstalmentKind, PaymentStatus, Rail, Sanction, SanctionState
from domain.benefits.benefits import Instalment as InstalmentItem
from domain.benefits.benefits import PaymentEvent as EventItem
from domain.benefits.sanction_course import Stop
from domain.kernel import ErrorCode, Problem, Problems, TypeCode, account_of_last4, ist_date
from domain.kernel.messages import label
from integrations.dbt_finance import code_of_status
from schema.benefits.course import (
    BenefitBudget,
    BenefitRecovery,
    BenefitStop,
    LifeCertificateNeed,
    PaymentApproval,
    PaymentEvent,
    PaymentReason,
    PlannedPayment,
)
from schema.catalogue.services import Scheme, scheme_by_code
from schema.kernel import (
    AUTHENTICATED,
    Info,
    InLanguage,
    Mapped,
    Node,
    Paise,
    Provenance,
    field_language,
    many_by_key,
    one_by_key,
    resolver_field,
    sliced_list_size,
)
from store.benefits import benefits, payment_enquiries, recoveries, sanction_course

sanction_by_id = one_by_key(benefits.sanctions, of_sanction)
sanction_of_application = one_by_key(benefits.sanction_of_applications, of_sanction)
# The loaders below are keyed by citizens, sanctions and instalments that were let through before.
sanctions_of_citizen = many_by_key(benefits.sanctions_of_citizens)
instalments_of_sanction = many_by_key(benefits.instalments)
events_of_instalment = many_by_key(benefits.payment_events)
last_heard_of_instalment = one_by_key(payment_enquiries.last_heard)
stops_of_sanction = many_by_key(sanction_course.stops)
recoveries_of_sanction = many_by_key(recoveries.of_sanctions)
approvals_of_sanction = many_by_key(sanction_course.approvals)


@strawberry.type(description="One payment of a benefit.")
class Instalment(Mapped[InstalmentItem]):
    view: strawberry.Private[InstalmentView]
    sequence: int = strawberry.field(description="Its place, from 1.")
    period_from: date = strawberry.field(description="First day of the period that it pays for.")
    period_to: date = strawberry.field(description="Last day of that period.")
    amount: Paise = strawberry.field(description="What is paid.")
    deducted: Paise = strawberry.field(description="What was kept back from it for a recovery.")
    kind: InstalmentKind = strawberry.field(description="What it is for.")
    rail: Rail = strawberry.field(description="The way that its money goes.")
    status: PaymentStatus = strawberry.field(description="Where it stands.")
    status_at: datetime = strawberry.field(description="Since when.")
    source_heard: bool = strawberry.field(description="Whether the payment system itself was heard for this answer.")
    hold: Hold | None = strawberry.field(description="What keeps it from being sent; null where nothing does.")

    @classmethod
    def of(cls, view: InstalmentView) -> Self:
        """The payment system's status where it answered, else our own record.

        What was reissued stays so: the payment system continues to tell of the first order that it came back.
        """
        item, state = view.instalment, view.state
        if item.status is PaymentStatus.REISSUED:
            state = None
        return cls.read(
            item,
            view=view,
            status=state.status if state else item.status,
            status_at=state.at if state else item.status_at,
            source_heard=state is not None,
        )

    @resolver_field(
        description="Where it stands, in words, and whether it waits there for approval. What came back is said to be "
        "paid again once its new order was sent."
    )
    async def status_label(self, info: Info, language: InLanguage = None) -> str:
        name = f"payment.{self.status.value}"
        if self.status is PaymentStatus.REISSUED and await self._reissue_waits(info):
            name = "payment_reissue.ORDERED"
        elif await self.awaits_approval(info):
            name = "payment_approval.AWAITED"
        return label(name, field_language(info, language))

    @resolver_field(
        description="Whether its order is at the state treasury and waits there for the approval of the spending "
        "unit's officer, which may take weeks: as the treasury says, else as we last heard."
    )
    async def awaits_approval(self, info: Info) -> bool:
        if self.status is not PaymentStatus.INSTRUCTED:
            return False
        if self.view.state is not None:
            return self.view.state.awaits_approval
        item = self.view.instalment
        last = await info.context.load(last_heard_of_instalment, item.id) if item.rail is Rail.IFMS else None
        return waits_for_approval(item, await self._payment_events(info), last)

    @resolver_field(
        description="What keeps it from being sent, in words; so for ever where a stop was lifted without arrears. "
        "Null where nothing does."
    )
    async def hold_label(self, info: Info, language: InLanguage = None) -> str | None:
        if self.hold is None:
            return None
        stop = await self.stopped_by(info)
        word = self.hold.value if stop is None or stop.unpaid_until_on is None else "NEVER_PAID"
        return label(f"payment_hold.{word}", field_language(info, language))

    @resolver_field(
        description="The stop that keeps it back: for ever, where that one was lifted without arrears. Null where "
        "nothing stops it, and where an older release noted no reason."
    )
    async def stopped_by(self, info: Info) -> BenefitStop | None:
        if self.hold is not Hold.STOPPED:
            return None
        begins, stops = self.period_from, await self._stops(info)
        found = [one for one in stops if one.gave_up(begins)] or [one for one in stops if one.keeps_back(begins)]
        return BenefitStop.of(found[0]) if found else None

    @resolver_field(
        description="When the status was told: by the payment system for this answer, else when we last heard of it."
    )
    async def as_of(self, info: Info) -> datetime:
        heard_at = self.heard_at(info)
        if heard_at is not None:
            return heard_at
        last = await self._latest_event(info)
        return self.status_at if last is None else last.heard_at or last.at

    @resolver_field(
        description="Why it came back or was refused, also where the bank named no reason; null where it did not."
    )
    async def reason(self, info: Info) -> PaymentReason | None:
        if self.source_heard and self.view.state is not None:
            code = self.view.state.return_code
        else:
            last = await self._latest_event(info)
            code = None if last is None else last.return_code
        return PaymentReason.of(code_of_status(self.status, code))

    @resolver_field(description="The last four characters of the bank's payment reference, where it is known.")
    async def bank_reference_last4(self, info: Info) -> str | None:
        if self.source_heard and self.view.state is not None:
            return self.view.state.utr_last4
        known = [one.utr_last4 for one in await self._payment_events(info) if one.utr_last4]
        return known[-1] if known else None

    @resolver_field(description="What it went through, the earliest first, as far as we recorded it.")
    async def events(self, info: Info) -> list[PaymentEvent]:
        return [PaymentEvent.of(one) for one in await self._payment_events(info)]

    @resolver_field(description="The place of the payment that this one pays again; null where it is a first order.")
    async def reissue_of(self, info: Info) -> int | None:
        first = self.view.instalment.reissue_of
        if first is None:
            return None
        made = await info.context.load(instalments_of_sanction, self.view.instalment.sanction_id)
        return next((one.sequence for one in made if one.id == first), None)

    def heard_at(self, info: Info) -> datetime | None:
        """When the payment system told of it for this answer, which is told anew each time though nothing changed."""
        if self.source_heard:
            info.context.sources.note_age(info.path)
        return self.view.heard_at if self.source_heard else None

    async def _reissue_waits(self, info: Info) -> bool:
        made = await info.context.load(instalments_of_sanction, self.view.instalment.sanction_id)
        return any(one.reissue_of == self.view.instalment.id and one.status in UNSENT for one in made)

    async def _stops(self, info: Info) -> Sequence[Stop]:
        return await info.context.load(stops_of_sanction, self.view.instalment.sanction_id)

    async def _payment_events(self, info: Info) -> Sequence[EventItem]:
        return await info.context.load(events_of_instalment, self.view.instalment.id)

    async def _latest_event(self, info: Info) -> EventItem | None:
        """The event that led to its present state."""
        heard = [one for one in await self._payment_events(info) if one.status is self.status]
        return heard[-1] if heard else None


@strawberry.federation.type(
    keys=["id"], directives=[AUTHENTICATED], description="A benefit that was sanctioned to a citizen."
)
class Benefit(Node, Mapped[Sanction], id_of=TypeCode.BENEFIT):
    view: strawberry.Private[BenefitView]
    number: str = strawberry.field(description="The number of the sanction order.")
    amount: Paise | None = strawberry.field(description="The amount of one period; null where it is not fixed.")
    period: str | None = strawberry.field(description="How often it is paid.")
    bank_account_last4: str | None = strawberry.field(description="The last four digits of the account.")
    sanctioned_at: datetime = strawberry.field(description="When it was sanctioned.")
    instalments: list[Instalment] = strawberry.field(description="Its payments, the first one first.")
    state: SanctionState = strawberry.field(description="Whether it pays, and what holds it back where it does not.")
    ended_on: date | None = strawberry.field(description="The last day that it covers; null where it has none.")
    status: PaymentStatus = strawberry.field(description="Where its latest payment stands.")

    @classmethod
    def of(cls, view: BenefitView) -> Self:
        sanction = view.sanction
        instalments = [Instalment.of(one) for one in view.instalments]
        latest = max(instalments, key=lambda one: one.sequence, default=None)
        return cls.read(
            sanction, view=view, instalments=instalments, status=latest.status if latest else PaymentStatus.SANCTIONED
        )

    @resolver_field(description="When the status was told; else when our own record was made.")
    def as_of(self, info: Info) -> datetime:
        latest = max(self.instalments, key=lambda one: one.sequence, default=None)
        if latest is None:
            return self.sanctioned_at
        return latest.heard_at(info) or latest.view.instalment.status_at

    @classmethod
    async def of_sanction(cls, info: Info, sanction: Sanction) -> Self:
        """A benefit as our own store knows it, without asking the payment system."""
        scheme = await info.context.load(scheme_by_code, sanction.scheme_code)
        made = await info.context.load(instalments_of_sanction, sanction.id)
        return cls.of(BenefitView(sanction, scheme, tuple(InstalmentView(one, None) for one in made)))

    @resolver_field(description="The scheme that grants it.")
    def scheme(self) -> Scheme | None:
        return Scheme.of(self.view.scheme) if self.view.scheme else None

    @resolver_field(description="Where its latest payment stands, in words, and whether it waits there for approval.")
    async def status_label(self, info: Info, language: InLanguage = None) -> str:
        waits = self._latest is not None and await self._latest.awaits_approval(info)
        name = "payment_approval.AWAITED" if waits else f"payment.{self.status.value}"
        return label(name, field_language(info, language))

    @resolver_field(description="Why its latest payment came back; null where it did not.")
    async def reason(self, info: Info) -> PaymentReason | None:
        return None if self._latest is None else await self._latest.reason(info)

    @resolver_field(
        description="Whether it pays, in words, and what holds it back; also that all of it has been paid out."
    )
    async def state_label(self, info: Info, language: InLanguage = None) -> str:
        standing = [one.status for one in self.instalments]
        over = paid_out(self.view.sanction, self._made, await self._stops(info), standing)
        return label(f"sanction_state.{PAID_OUT if over else self.state.value}", field_language(info, language))

    @resolver_field(
        description="The account that it is paid to, with only its last four digits; null where none is known."
    )
    def masked_account(self) -> str | None:
        return account_of_last4(self.view.sanction.bank_account_last4)

    @resolver_field(
        description="The day from which the next payment is made; null where none comes, or it is held back."
    )
    async def next_payment_on(self, info: Info) -> date | None:
        return next_payment_on(self.view.sanction, self._made, await self._stops(info), self._today(info))

    @resolver_field(
        description="The coming payments of its plan, also while it is held back; at most 24.",
        directives=[sliced_list_size("first")],
    )
    async def plan(
        self, info: Info, first: Annotated[int, strawberry.argument(description="How many, 1 to 24.")] = 6
    ) -> list[PlannedPayment]:
        if not 1 <= first <= MOST_COMING:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("first",), params={"most": str(MOST_COMING)}))
        following = upcoming_periods(self.view.sanction, self._made, await self._stops(info), first)
        return [PlannedPayment.of(period) for period in following]

    @resolver_field(
        description="What periods come to that are over and were not paid; each is paid once when nothing holds."
    )
    async def arrears(self, info: Info) -> Paise:
        return Paise(arrears_paise(self.view.sanction, self._made, await self._stops(info), self._today(info)))

    @resolver_field(
        description="What the treasury said of its budget when it was sanctioned or its money was set aside since; "
        "null where nobody asked."
    )
    def budget(self) -> BenefitBudget | None:
        return BenefitBudget.of(self.view.sanction)

    @resolver_field(description="What stopped it, the earliest first.")
    async def stops(self, info: Info) -> list[BenefitStop]:
        return [BenefitStop.of(one) for one in await self._stops(info)]

    @resolver_field(description="The yearly life certificate; null where it asks for none.")
    def life_certificate(self, info: Info) -> LifeCertificateNeed | None:
        need = certificate_of(info.context.environment, self.view.sanction, self.view.scheme)
        return None if need is None else LifeCertificateNeed.of(need)

    @resolver_field(description="The day by which the department reviews it; null where it has no yearly review.")
    def review_due_on(self) -> date | None:
        return review_due_of(self.view.sanction, self.view.scheme)

    @resolver_field(description="Money under it that is to come back.")
    async def recoveries(self, info: Info) -> list[BenefitRecovery]:
        known = await info.context.load(recoveries_of_sanction, self.view.sanction.id)
        return [BenefitRecovery.of(one) for one in known]

    @resolver_field(description="Steps of it that waited, or wait, for another person's approval.")
    async def approvals(self, info: Info) -> list[PaymentApproval]:
        asked = await info.context.load(approvals_of_sanction, self.view.sanction.id)
        return [PaymentApproval.of(number, one) for number, one in enumerate(asked, start=1)]

    async def _stops(self, info: Info) -> Sequence[Stop]:
        return await info.context.load(stops_of_sanction, self.view.sanction.id)

    @property
    def _latest(self) -> Instalment | None:
        return max(self.instalments, key=lambda one: one.sequence, default=None)

    @property
    def _made(self) -> list[InstalmentItem]:
        return [one.instalment for one in self.view.instalments]

    @staticmethod
    def _today(info: Info) -> date:
        return ist_date(info.context.environment.clock.now())


@strawberry.type(description="A citizen's benefits: our sanctions, and where the payment system says payments stand.")
class BenefitList:
    nodes: list[Benefit] = strawberry.field(description="The benefits, the newest first. At most 200.")
    complete: bool = strawberry.field(description="Whether the payment system answered and nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="Each source with its state.")
