"""Queries of the Right to Service Commission: hearings by date, unpaid awards, monthly reviews of delays."""

from datetime import date, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Annotated, Any, Self

import strawberry

from actions.appeals.awards import award_postings, awards_of
from actions.appeals.delay_review import reviews_made, shown_review
from actions.appeals.hearing_lists import hearing_scope, hearings_of, with_appeals
from domain.appeals import appeals, commission
from domain.appeals.appeals import AppealLevel, AwardState, HearingState
from domain.appeals.delays import DelayCause
from domain.kernel import Scope, TypeCode, ist_midnight, people
from domain.statistics.figures import month_of
from schema.appeals.types import Appeal, Award, appeal_by_id
from schema.catalogue.places import department_field, district_field
from schema.catalogue.services import service_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    Long,
    View,
    assumed_list_size,
    connection_field,
    field_by_key,
    label_field,
    node_id,
    require_signed_in,
    requires_scopes,
    resolver_field,
    stored_listing,
)
from store.appeals.hearing_calendar import HearingWanted

_SUPERVISING = [AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.COUNTS)]
MOST_REVIEWS = 24
"""Months of reviews that are listed."""


@strawberry.type(directives=[AUTHENTICATED], description="A date of hearing with the appeal that is heard.")
class CalendarHearing:
    item: strawberry.Private[tuple[appeals.Hearing, appeals.Appeal]]
    at: datetime = strawberry.field(description="When it is heard.")
    place: str = strawberry.field(description="Where it is heard.")
    state: HearingState = strawberry.field(description="Whether it is still to be held.")
    appeal_number: str = strawberry.field(description="The number of the appeal.")
    level: AppealLevel = strawberry.field(description="Who hears it.")
    department_slug: str | None = strawberry.field(description="The department whose work it is about.")
    district_code: str = strawberry.field(description="The district of the application.")

    @classmethod
    def of(cls, item: tuple[appeals.Hearing, appeals.Appeal]) -> Self:
        hearing, appeal = item
        return cls(
            item=item,
            at=hearing.at,
            place=hearing.place,
            state=hearing.state,
            appeal_number=appeal.number,
            level=appeal.level,
            department_slug=appeal.department,
            district_code=appeal.district,
        )

    appeal = field_by_key(
        appeal_by_id, Appeal.of, lambda one: one.item[1].id, description="The appeal, for those who may see it."
    )
    service = service_field(lambda one: one.item[1].service_code, description="The service that it is about.")


@strawberry.input(description="Which hearings are listed; what is left out lets every one through.")
class HearingFilter:
    from_on: date | None = strawberry.field(default=None, description="The first day, in India.")
    until_on: date | None = strawberry.field(default=None, description="The last day, in India.")
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")
    place: str | None = strawberry.field(default=None, description="Only places that hold these words.")
    states: list[HearingState] | None = strawberry.field(
        default=None, description="Only these; left out, those that are to be held or were."
    )

    def to_criteria(self) -> HearingWanted:
        """The filter as the store knows it."""
        return HearingWanted(
            since=ist_midnight(self.from_on) if self.from_on else None,
            until=ist_midnight(self.until_on + timedelta(days=1))
            if self.until_on and self.until_on < date.max
            else None,
            department=self.department,
            district=self.district,
            place=(self.place or "").strip() or None,
            states=frozenset(self.states or (HearingState.FIXED,)),
        )


@strawberry.type(directives=[AUTHENTICATED], description="A penalty or compensation that is to be recovered or paid.")
class DueAward:
    appeal_id: strawberry.ID = strawberry.field(description="The appeal; give it to settleAward.")
    appeal_number: str = strawberry.field(description="The number of the appeal.")
    department_slug: str | None = strawberry.field(description="The department whose work it is about.")
    district_code: str = strawberry.field(description="The district of the application.")
    award: Award = strawberry.field(description="What was ordered, and where its money stands.")

    @classmethod
    def of(cls, item: tuple[appeals.Award, appeals.Appeal]) -> Self:
        award, appeal = item
        return cls(
            appeal_id=node_id(TypeCode.APPEAL, appeal.id),
            appeal_number=appeal.number,
            department_slug=appeal.department,
            district_code=appeal.district,
            award=Award.of(award),
        )


@strawberry.type(description="How often a cause was given.")
class CauseCount:
    cause: DelayCause = strawberry.field(description="The coded reason.")
    count: int = strawberry.field(description="How often it was recorded.")

    label = label_field("delay_cause", "cause", description="The coded reason in words.")


@strawberry.type(directives=[AUTHENTICATED], description="One department in one district in a month.")
class DelayReviewRow:
    department_slug: str | None = strawberry.field(description="The department; null where none is known.")
    district_code: str | None = strawberry.field(description="The district; null where none is known.")
    received: Long = strawberry.field(description="Applications received.")
    disposed: Long = strawberry.field(description="Applications disposed of.")
    delivered: Long = strawberry.field(description="The delivered ones among them.")
    on_time: Long = strawberry.field(description="Of those with a known limit, the ones that ended in time.")
    late: Long = strawberry.field(description="Of those with a known limit, the ones that ended late.")
    pending_beyond_limit: Long = strawberry.field(description="Open ones whose due day lay in the month or before.")
    first_appeals: Long = strawberry.field(description="Appeals that came to first authorities.")
    second_appeals: Long = strawberry.field(description="Appeals that came to second authorities.")
    commission_appeals: Long = strawberry.field(description="Appeals that came to the Commission.")
    reasons: list[CauseCount] = strawberry.field(description="The causes that officers recorded for the month.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls(
            department_slug=row.get("department") or None,
            district_code=row.get("district") or None,
            received=Long(row["received"]),
            disposed=Long(row["disposed"]),
            delivered=Long(row["delivered"]),
            on_time=Long(row["onTime"]),
            late=Long(row["late"]),
            pending_beyond_limit=Long(row["pendingBeyondLimit"]),
            first_appeals=Long(row["firstAppeals"]),
            second_appeals=Long(row["secondAppeals"]),
            commission_appeals=Long(row["commissionAppeals"]),
            reasons=[CauseCount(cause=DelayCause(cause), count=many) for cause, many in row["reasons"].items()],
        )

    department = department_field("department_slug", description="The department.")
    district = district_field("district_code", description="The district.")


@strawberry.type(directives=[AUTHENTICATED], description="The review of delays of one month, made once.")
class DelayReview(View[commission.DelayReview]):
    item: strawberry.Private[commission.DelayReview]
    month: date = strawberry.field(description="The first day of the month.")
    sha256: str = strawberry.field(description="The SHA-256 of the canonical JSON of the whole review.")
    made_at: datetime = strawberry.field(description="When it was made.")
    sent_at: datetime | None = strawberry.field(description="When the Commission's system took it; null until then.")

    @resolver_field(description="The departments and districts of one's jurisdictions.")
    def rows(self) -> list[DelayReviewRow]:
        return [DelayReviewRow.of(row) for row in self.item.content["rows"]]


@strawberry.type
class CommissionQuery:
    @connection_field(
        Connection[CalendarHearing] | None,
        description="Hearings by date, the earliest first: a citizen's own; those that an authority or the Commission "
        "hears; those about an officer's own work. Null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def hearings(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            HearingFilter | None, strawberry.argument(description="Which hearings are listed.")
        ] = None,
    ) -> Listing[tuple[appeals.Hearing, appeals.Appeal]]:
        hearing_scope(require_signed_in(info))
        wanted = (filter or HearingFilter()).to_criteria()
        subject, complete = info.context.subject, partial(with_appeals, info.context.environment)
        name = f"hearings:{subject.person_id}:{sorted(wanted.states)}:{wanted.since}:{wanted.until}"
        name += f":{wanted.department}:{wanted.district}:{wanted.place!r}"
        found = hearings_of(subject, wanted)
        return stored_listing(info, name, found, CalendarHearing.of, complete=complete, row_of=itemgetter(0))

    @resolver_field(
        description="The monthly review of delays: figures and recorded reasons of each department and district within "
        "one's jurisdictions. Null where the month has none, and with NOT_FOUND for those who review nothing.",
        directives=_SUPERVISING,
    )
    async def delay_review(
        self, info: Info, month: Annotated[date, strawberry.argument(description="Any day of the month.")]
    ) -> DelayReview | None:
        found = await shown_review(info.context.environment, info.context.subject, month_of(month))
        return None if found is None else DelayReview.of(found)

    @resolver_field(
        description="The latest reviews, at most 24, the newest month first.",
        directives=[*_SUPERVISING, assumed_list_size(MOST_REVIEWS)],
    )
    async def delay_reviews(self, info: Info) -> list[DelayReview] | None:
        found = await reviews_made(info.context.environment, info.context.subject, MOST_REVIEWS)
        return [DelayReview.of(one) for one in found]


@strawberry.type
class OfficeAwards:
    item: strawberry.Private[people.Officer]

    @connection_field(
        Connection[DueAward] | None,
        description="Penalties and compensations of her jurisdictions by where their money stands, the oldest order "
        "first; for finance officers, heads of departments and the Commission.",
        directives=[NEVER_SILENTLY_NULL],
    )
    async def awards(
        self,
        info: Info,
        states: Annotated[
            list[AwardState] | None, strawberry.argument(description="Only these; left out, the unsettled ones.")
        ] = None,
    ) -> Listing[tuple[appeals.Award, appeals.Appeal]]:
        award_postings(info.context.subject)
        return _awards(info, frozenset(states or (AwardState.ORDERED,)))


def _awards(info: Info, states: frozenset[AwardState]) -> Listing[tuple[appeals.Award, appeals.Appeal]]:
    subject, complete = info.context.subject, partial(with_appeals, info.context.environment)
    name = f"awards:{subject.person_id}:{sorted(states)}"
    return stored_listing(info, name, awards_of(subject, states), DueAward.of, complete=complete, row_of=itemgetter(0))
