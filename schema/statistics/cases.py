"""Cases behind the figures, and reasons of delays, for supervisors and the Commission."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.appeals.delays import reasons_of, record_delay_reason, reviewer_postings
from actions.officers.dashboards import Case, case_count, case_page, days_late, place_of, supervisor_postings
from domain.appeals import delays
from domain.appeals.delays import CaseList, DelayCause, ListSize
from domain.applications import applications
from domain.applications.lifecycle import Status
from domain.kernel import Scope, TypeCode, ist_date
from domain.officers.dashboards import DashboardRole
from domain.officers.desk import ReadPurpose
from domain.statistics.figures import month_of
from schema.catalogue.places import Tehsil, district_field, tehsil_by_code
from schema.catalogue.services import service_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    Mapped,
    Part,
    Position,
    View,
    Window,
    connection_field,
    label_field,
    node_id,
    requires_scopes,
    resolver_field,
    stored_listing,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import officer_field
from store.database import StoreError

_SUPERVISING = [AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.COUNTS)]


@strawberry.type(directives=[AUTHENTICATED], description="Why an application, or an office in a month, is late.")
class DelayReason(
    View[delays.DelayReason], department_slug="department", district_code="district", tehsil_code="tehsil"
):
    item: strawberry.Private[delays.DelayReason]
    application_id: strawberry.ID | None = strawberry.field(description="The application; null for a whole month.")
    month: date = strawberry.field(description="The month of the due date, or the month that is explained.")
    department_slug: str | None = strawberry.field(description="The department; null for every one.")
    district_code: str | None = strawberry.field(description="The district; null for every one.")
    tehsil_code: str | None = strawberry.field(description="The tehsil; null for every one of the district.")
    cause: DelayCause = strawberry.field(description="The coded reason.")
    text: str | None = strawberry.field(description="The officer's words, with Aadhaar numbers masked.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")

    cause_label = label_field("delay_cause", "cause", description="The coded reason in words.")
    recorded_by = officer_field("item.officer_id", description="Who recorded it.")


@strawberry.type(
    directives=[AUTHENTICATED],
    description="An application behind a figure: number, place and dates, and nothing of the citizen. Ask "
    "`application` with its id for more, where that is allowed.",
)
class CaseLine(
    Mapped[applications.Application], department_slug="department", district_code="district", tehsil_code="tehsil"
):
    item: strawberry.Private[Case]
    application_id: strawberry.ID = strawberry.field(description="The application.")
    number: str = strawberry.field(description="Its reference number.")
    status: Status = strawberry.field(description="Where it stands.")
    service_code: str = strawberry.field(description="The service's code.")
    department_slug: str | None = strawberry.field(description="The department.")
    district_code: str = strawberry.field(description="The district's code.")
    tehsil_code: str | None = strawberry.field(description="The tehsil's code.")
    channel: applications.Channel = strawberry.field(description="Where it came in.")
    received_on: date | None = strawberry.field(description="The day of submission in India.")
    due_on: date | None = strawberry.field(description="The due day; null where there is none.")
    days_late: int = strawberry.field(
        description="Calendar days since the due day, for an ended case until its end; 0 before it."
    )
    delay_reason: DelayReason | None = strawberry.field(description="The reason that was recorded last.")

    @classmethod
    def of(cls, info: Info, item: Case) -> Self:
        one = item.application
        return cls.read(
            one,
            item=item,
            application_id=node_id(TypeCode.APPLICATION, one.id),
            received_on=ist_date(one.submitted_at) if one.submitted_at else None,
            due_on=ist_date(one.due_at) if one.due_at else None,
            days_late=days_late(one, info.context.environment.clock.now()),
            delay_reason=DelayReason.of(item.reason) if item.reason else None,
        )

    service = service_field("item.application.service_code", description="The service.")
    district = district_field("item.application.district", description="The district.")

    @resolver_field(description="The tehsil, where one was named.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.district_code, self.tehsil_code)

    officer = officer_field("item.application.officer_id", description="Who has it.")


@strawberry.type(
    description="A page of a list of cases. In `totalCount` cases are counted up to 1,000 where the list is narrowed "
    "by service, cause or reason, and all of them otherwise."
)
class CaseLineConnection(Connection[CaseLine]):
    size: strawberry.Private[Callable[[], Awaitable[ListSize]]]

    @resolver_field(description="Whether there are more cases than `totalCount`; null where they could not be counted.")
    async def more_than_counted(self) -> bool | None:
        try:
            return (await self.size()).more
        except (StoreError, TimeoutError):
            return None


@strawberry.input(description="Which cases of a list are shown; what is left out lets every value through.")
class CaseFilter:
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    service_code: str | None = strawberry.field(default=None, description="Only this service.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")
    tehsil: str | None = strawberry.field(default=None, description="Only this tehsil, by its code.")
    cause: DelayCause | None = strawberry.field(default=None, description="Only those whose last reason is this one.")
    explained: bool | None = strawberry.field(
        default=None, description="True for those with a recorded reason, false for those without."
    )
    dashboard: DashboardRole | None = strawberry.field(
        default=None,
        description="Only what this dashboard of one's own counts: its posts, and the whole district for a district "
        "magistrate. Left out, all of one's posts.",
    )

    def to_criteria(self) -> delays.CaseFilter:
        """The filter as the actions know it."""
        return delays.CaseFilter(
            self.department, self.service_code, self.district, self.tehsil, self.cause, self.explained
        )


@strawberry.input(description="Which reasons are listed; what is left out lets every value through.")
class DelayReasonFilter:
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")
    cause: DelayCause | None = strawberry.field(default=None, description="Only this reason.")
    from_month: date | None = strawberry.field(default=None, description="Any day of the first month.")
    to_month: date | None = strawberry.field(default=None, description="Any day of the last month.")

    def to_criteria(self) -> delays.ReasonFilter:
        """The filter as the actions know it."""
        first, last = (month_of(day) if day else None for day in (self.from_month, self.to_month))
        return delays.ReasonFilter(self.department, self.district, self.cause, first, last)


@strawberry.type
class FigureCasesQuery:
    @connection_field(
        CaseLineConnection | None,
        description="The applications behind a tile within one's jurisdiction, for officers, authorities, heads of "
        "departments, auditors and the Commission; null with NOT_FOUND for everybody else. The purpose is kept in the "
        "audit log, and each citizen sees it with the read.",
        directives=_SUPERVISING,
    )
    async def figure_cases(
        self,
        info: Info,
        list: Annotated[CaseList, strawberry.argument(description="Which list.")],  # noqa: A002 - as above
        purpose: Annotated[ReadPurpose, strawberry.argument(description="Why it is read.")],
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            CaseFilter | None, strawberry.argument(description="Which cases are shown.")
        ] = None,
    ) -> Listing[Case]:
        given = filter or CaseFilter()
        supervisor_postings(info.context.subject, given.dashboard)
        return _cases(info, list, given, purpose)

    @connection_field(
        Connection[DelayReason] | None,
        description="Reasons of delays that officers recorded within one's jurisdiction, the newest first: the "
        "Commission's monthly review. Null with NOT_FOUND for those who review nothing.",
        directives=_SUPERVISING,
    )
    async def delay_reasons(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            DelayReasonFilter | None, strawberry.argument(description="Which reasons are listed.")
        ] = None,
    ) -> Listing[delays.DelayReason]:
        reviewer_postings(info.context.subject)
        wanted = (filter or DelayReasonFilter()).to_criteria()
        found = reasons_of(info.context.subject, wanted)
        return stored_listing(info, f"delayReasons:{wanted}", found, DelayReason.of)


@strawberry.type
class DelaysMutation:
    record_delay_reason = action_mutation(
        record_delay_reason,
        thing_payload(
            "What became of recording a reason.",
            delay_reason=Thing(DelayReason, "The reason; null when refused.", DelayReason.of),
        ),
        "Record why a late application, or an office in a month, is late; the last reason counts and "
        "earlier ones stay.",
        input_fields(
            "Why one late application, or an office in a month, is late.",
            application_id=id_of(TypeCode.APPLICATION, "The late application; name either this or a month."),
            month="Any day of the month, at most two years back.",
            department="With a month: the department. Left out with the places, one's own post.",
            district="With a month: the district's code.",
            tehsil="With a month: the tehsil's code.",
            cause="The coded reason.",
            text="More in words, at most 500 characters. Nothing about a person belongs here.",
        ),
        scopes=[Scope.COUNTS],
    )


def _cases(info: Info, wanted: CaseList, given: CaseFilter, purpose: ReadPurpose) -> Listing[Case]:
    environment, subject = info.context.environment, info.context.subject
    filtered, board = given.to_criteria(), given.dashboard

    async def rows(window: Window) -> list[Case]:
        return await case_page(environment, subject, wanted, filtered, purpose, board=board, **Part.of(window).where)

    counted: list[asyncio.Task[ListSize]] = []

    async def size() -> ListSize:
        """Counted once, however many fields ask for it."""
        if not counted:
            counted.append(asyncio.ensure_future(case_count(environment, subject, wanted, filtered, board)))
        return await counted[0]

    async def count() -> int:
        return (await size()).many

    def position(case: Case) -> Position:
        one = case.application
        return place_of(wanted, one).isoformat(), one.id

    def make_connection(page: Connection[CaseLine]) -> CaseLineConnection:
        return CaseLineConnection(nodes=page.nodes, place=page.place, count=page.count, size=size)

    name = f"figureCases:{wanted}:{filtered}" + (f":{board}" if board else "")
    return Listing(name, rows, count, position, lambda case: CaseLine.of(info, case), make_connection)
