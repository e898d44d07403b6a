"""Appeals: level, ground, hearings, order, penalty, compensation, and their cases at the Commission."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.kernel import of_appeal
from domain.appeals import appeals, commission, law
from domain.appeals.appeals import (
    AppealGround,
    AppealLevel,
    AppealMove,
    AppealOrigin,
    AppealState,
    AwardKind,
    AwardState,
    HearingState,
)
from domain.appeals.commission import Bench, CommissionWord, MessageState
from domain.applications.applications import clock_end_of, heard_late_at
from domain.identity.policy import Purpose, decide
from domain.kernel import NumberKind, Role, TypeCode, from_global_id, ist_date, parse_number, show_number
from schema.applications.loaders import application_by_id, application_field
from schema.applications.progress import timeline_of_application
from schema.kernel import (
    AUTHENTICATED,
    VIEWS,
    Info,
    Mapped,
    Node,
    Paise,
    View,
    label_field,
    many_by_key,
    one_by_key,
    require_signed_in,
    resolver_field,
)
from schema.officers.staff import officer_field
from store.appeals import appeal_course
from store.appeals import appeals as appeal_store
from store.appeals import commission as commission_store

# Keyed by appeals that were let through before.
case_by_appeal, messages_of_case = one_by_key(commission_store.cases), many_by_key(commission_store.messages)


@strawberry.type(directives=[AUTHENTICATED], description="A message of the Commission about a case.")
class CommissionMessage(View[commission.CommissionMessage]):
    word: CommissionWord = strawberry.field(description="What it tells.")
    at: datetime = strawberry.field(description="When it happened, by the Commission's clock.")
    received_at: datetime = strawberry.field(description="When it came to us.")
    state: MessageState = strawberry.field(description="What became of it.")
    code: str | None = strawberry.field(description="Why it was refused; null where it was not.")

    label = label_field("commission_word", "word", description="What it tells, in words.")


@strawberry.type(directives=[AUTHENTICATED], description="An appeal at the Commission, as its own system has it.")
class CommissionCase(
    View[commission.CommissionCase],
    decide_by_at="decide_by",
    case_file_sha256="bundle",
    case_file_sent_at="bundle_sent_at",
):
    item: strawberry.Private[commission.CommissionCase]
    reference: str = strawberry.field(description="Our name for it, unique for application, level and ground.")
    number: str | None = strawberry.field(description="The Commission's number; null until it took the case.")
    filed_at: datetime = strawberry.field(description="When the appeal went there.")
    received_at: datetime | None = strawberry.field(description="When the Commission took it.")
    decide_by_at: datetime | None = strawberry.field(description="By when it means to decide; null where unknown.")
    bench: Bench | None = strawberry.field(description="How many members hear it; null where it did not say.")
    case_file_sha256: str | None = strawberry.field(description="The SHA-256 of the signed case file it was given.")
    case_file_sent_at: datetime | None = strawberry.field(description="When the case file was told of.")
    compared_at: datetime | None = strawberry.field(description="When its history was last asked for, to be compared.")

    @resolver_field(description="What the Commission told of it, in the order in which it happened there.")
    async def messages(self, info: Info) -> list[CommissionMessage]:
        found = await info.context.load(messages_of_case, self.item.appeal_id)
        return [CommissionMessage.of(one) for one in found]


async def case_of_appeal(info: Info, appeal_id: str) -> CommissionCase | None:
    """The case of an appeal that the asker may see."""
    item = await info.context.load(case_by_appeal, appeal_id)
    return None if item is None else CommissionCase.of(item)


appeal_by_id = one_by_key(appeal_store.by_ids, of_appeal)
appeal_by_number = one_by_key(appeal_store.by_numbers, of_appeal)
# The loaders below are keyed by appeals that were let through before.
events_of_appeal = many_by_key(appeal_course.events)
hearings_of_appeal = many_by_key(appeal_course.hearings)
awards_of_appeal = many_by_key(appeal_course.awards)


@strawberry.type(description="A step in the life of an appeal.")
class AppealEvent(Mapped[appeals.AppealEvent]):
    """One step, never changed afterwards."""

    sequence: int = strawberry.field(description="Its place, from 1; also the appeal's version after it.")
    move: AppealMove = strawberry.field(description="What happened.")
    before: AppealState | None = strawberry.field(description="The state before; null for the first step.")
    after: AppealState = strawberry.field(description="The state after.")
    actor_role: Role = strawberry.field(description="In which role somebody did it; SYSTEM for the legal clock.")
    note: str | None = strawberry.field(description="A text meant for the citizen.")
    at: datetime = strawberry.field(description="When it happened.")

    @classmethod
    def of(cls, item: appeals.AppealEvent) -> Self:
        return cls.read(item, actor_role=Role(item.actor_role))

    label = label_field("appeal_move", "move", description="What happened, in words.")


@strawberry.type(description="A date on which an appeal is heard.")
class Hearing:
    at: datetime = strawberry.field(description="When it is heard.")
    place: str = strawberry.field(description="Where it is heard.")
    state: HearingState = strawberry.field(description="Whether it is still to be held: fixed, moved or cancelled.")


@strawberry.type(description="A penalty on an officer or a compensation to the citizen, as an order imposed it.")
class Award(View[appeals.Award], settlement_reference="settlement"):
    kind: AwardKind = strawberry.field(description="Penalty or compensation.")
    amount: Paise = strawberry.field(description="How much.")
    reason: str = strawberry.field(description="Why.")
    section: str = strawberry.field(description="The section that it rests on.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    state: AwardState = strawberry.field(description="Whether it was recovered from the officer, or paid.")
    settled_on: date | None = strawberry.field(description="The day of the recovery or payment.")
    settlement_reference: str | None = strawberry.field(description="The number of the challan or voucher.")

    state_label = label_field("award_state", "state", description="Where its money stands, in words.")


@strawberry.type(description="What the delay would give by the day. It advises the authority and imposes nothing.")
class PenaltyProposal:
    delay_days: int = strawberry.field(
        description="Calendar days beyond the lawful due date, or beyond the day on which a payment was heard of late, "
        "up to when the result was made available or to today."
    )
    amount: Paise = strawberry.field(description="The amount, up to the cap.")
    section: str = strawberry.field(description="The section that the numbers come from.")
    confirmed: bool = strawberry.field(description="Whether the numbers were read in the gazette of the state.")


@strawberry.type(description="How an appeal was decided.")
class AppealOrder:
    officer_id: strawberry.Private[str | None]
    text: str = strawberry.field(description="The order with its reasons.")
    decided_at: datetime = strawberry.field(description="When it was passed.")
    direct_until_on: date | None = strawberry.field(description="The day by which the service must be given.")

    officer = officer_field("officer_id", description="The officer who passed it.")


@strawberry.type(directives=[AUTHENTICATED], description="An appeal: one for an application, a level and a ground.")
class Appeal(Node, View[appeals.Appeal], id_of=TypeCode.APPEAL, decide_by_at="decide_by"):
    item: strawberry.Private[appeals.Appeal]
    number: str = strawberry.field(description="Its number: fourteen digits, the first one 3.")
    level: AppealLevel = strawberry.field(description="Who hears it.")
    ground: AppealGround = strawberry.field(description="Why there is an appeal.")
    origin: AppealOrigin = strawberry.field(description="Who filed it.")
    state: AppealState = strawberry.field(description="Where it stands.")
    version: int = strawberry.field(description="Grows by one with every change; give it back with an order.")
    text: str | None = strawberry.field(description="What the citizen wrote; null for one that filed itself.")
    late_reason: str | None = strawberry.field(description="Why it came late, where it did.")
    received_at: datetime = strawberry.field(description="When it came in.")
    decide_by_at: datetime | None = strawberry.field(
        description="The last second in which it can be decided before it goes up; null at the Commission."
    )
    breached_on: date | None = strawberry.field(description="The first day beyond the limit, where it was breached.")
    vacant: bool = strawberry.field(description="Whether it went to the level above because a post is vacant.")

    @resolver_field(
        description="The last lawful day by the newest list of holidays, where that is later than the date that was "
        "promised; the officer is measured by it. Else null."
    )
    async def lawful_due_on(self, info: Info) -> date | None:
        application = await info.context.load(application_by_id, self.item.application_id)
        return ist_date(application.lawful_due_at) if application and application.lawful_due_at else None

    @resolver_field(
        description="When its authority could first see it, from which the authority's own time is judged where an "
        "outage made that later than when it came in. The Commission's is in `commissionCase`."
    )
    async def handed_over_at(self, info: Info) -> datetime:
        steps = await info.context.load(events_of_appeal, self.item.id)
        return next((one.at for one in steps), self.item.received_at)

    @resolver_field(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.item.number)

    state_label = label_field("appeal_state", "item.state", description="Where it stands, in words.")
    ground_label = label_field("appeal_ground", "item.ground", description="The ground, in words.")

    application = application_field(description="The application, for those who may see it.")
    designated_officer = officer_field("item.designated_id", description="The designated officer when it was filed.")
    first_appellate = officer_field("item.first_id", description="The first appellate authority when it was filed.")
    second_appellate = officer_field("item.second_id", description="The second appellate authority when it was filed.")
    authority = officer_field(
        "item.authority_id", description="Who has it now; null at the Commission and where nobody is posted."
    )

    @resolver_field(description="The dates of hearing.")
    async def hearings(self, info: Info) -> list[Hearing]:
        found = await info.context.load(hearings_of_appeal, self.item.id)
        return [Hearing(at=one.at, place=one.place, state=one.state) for one in found]

    @resolver_field(description="The case as the Commission's own system has it; null at the levels below.")
    async def commission_case(self, info: Info) -> CommissionCase | None:
        return await case_of_appeal(info, self.item.id)

    @resolver_field(description="The order; null while there is none.")
    def order(self) -> AppealOrder | None:
        order = self.item.order
        if order is None:
            return None
        return AppealOrder(
            officer_id=order.decided_by,
            text=order.text,
            decided_at=order.decided_at,
            direct_until_on=order.direct_until,
        )

    @resolver_field(description="Penalty and compensation, as the order imposed them.")
    async def awards(self, info: Info) -> list[Award]:
        found = await info.context.load(awards_of_appeal, self.item.id)
        return [Award.of(one) for one in found]

    @resolver_field(description="For those who hear appeals: the penalty that the delay would give. Null for others.")
    async def penalty_proposal(self, info: Info) -> PenaltyProposal | None:
        hears = decide(info.context.subject, of_appeal(self.item), Purpose.HEAR_APPEAL)
        if not hears or self.item.due_at is None or self.item.breached_on is None:
            return None
        application = await info.context.load(application_by_id, self.item.application_id)
        until = clock_end_of(application) if application else None
        last = ist_date(until or info.context.environment.clock.now())
        steps = await info.context.load(timeline_of_application, self.item.application_id) if application else []
        heard_at = heard_late_at(application, steps) if application else None
        due_at = (application.lawful_due_at if application else None) or self.item.due_at
        days = (last - max(ist_date(due_at), ist_date(heard_at or due_at))).days
        proposed = law.proposed_penalty(days, info.context.environment.rules.law)
        return PenaltyProposal(
            delay_days=proposed.delay_days,
            amount=Paise(proposed.amount_paise),
            section=proposed.section,
            confirmed=proposed.confirmed,
        )

    @resolver_field(description="The appeal before it, from which it came.")
    async def previous(self, info: Info) -> Annotated["Appeal", strawberry.lazy("schema.appeals.types")] | None:
        previous = self.item.previous_id
        item = await info.context.load(appeal_by_id, previous) if previous else None
        return None if item is None else Appeal.of(item)

    @resolver_field(description="Every step so far, the first one first.")
    async def events(self, info: Info) -> list[AppealEvent]:
        return [AppealEvent.of(item) for item in await info.context.load(events_of_appeal, self.item.id)]


VIEWS[TypeCode.APPEAL] = Appeal.of


@strawberry.input(one_of=True, description="How an appeal is named: exactly one of these.")
class AppealBy:
    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Its opaque id.")
    number: strawberry.Maybe[str] = strawberry.field(
        description="Its number as keyed; spaces, hyphens and Devanagari digits are accepted."
    )


@strawberry.type
class AppealsQuery:
    @resolver_field(
        description="One appeal, for those who may see it; null where there is none.", directives=[AUTHENTICATED]
    )
    async def appeal(
        self, info: Info, by: Annotated[AppealBy, strawberry.argument(description="Its id or number.")]
    ) -> Appeal | None:
        require_signed_in(info)
        item = await _find(info, by)
        return None if item is None else Appeal.of(item)


async def _find(info: Info, by: AppealBy) -> appeals.Appeal | None:
    if by.id is not None:
        code, key = from_global_id(by.id.value)
        return await info.context.load(appeal_by_id, key) if code is TypeCode.APPEAL else None
    if by.number is not None:
        return await info.context.load(appeal_by_number, parse_number(by.number.value, NumberKind.APPEAL))
    return None
