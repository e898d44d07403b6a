"""Types of an officer's queue: filters, counts, and the offline pack."""

from datetime import date, datetime
from typing import Any, Self

import strawberry

from actions.kernel import hash_of
from actions.officers.offline import GivenPack
from actions.officers.queue import digits_of, states
from actions.rosters.rosters import number_of
from domain.applications.applications import Channel
from domain.applications.lifecycle import WITH_OFFICER, Status
from domain.officers import desk
from domain.officers.desk import DaysLeft, Holder, QueueSort
from schema.kernel import Mapped


@strawberry.input(description="Which applications of the queue are listed; what is left out filters nothing.")
class QueueFilter:
    statuses: list[Status] | None = strawberry.field(
        default=None, description="Only these states; left out, those that wait for an officer."
    )
    services: list[str] | None = strawberry.field(default=None, description="Only services with these codes.")
    tehsils: list[str] | None = strawberry.field(default=None, description="Only tehsils with these codes.")
    channels: list[Channel] | None = strawberry.field(default=None, description="Only what came in there.")
    due_before: datetime | None = strawberry.field(default=None, description="Only what is due before this moment.")
    overdue: bool = strawberry.field(default=False, description="Only what is past its legal due date.")
    clearance_overdue: bool = strawberry.field(
        default=False, description="Only what another department owes a clearance for that is overdue."
    )
    claimed_by: Holder | None = strawberry.field(default=None, description="Only what is claimed by them.")
    assigned_to: Holder | None = strawberry.field(default=None, description="Only what is assigned to them.")
    proposed_by: Holder | None = strawberry.field(
        default=None, description="Only what waits for a second officer on a decision that they proposed."
    )
    number: str | None = strawberry.field(default=None, description="The number, or the first digits of it, as keyed.")
    roster: str | None = strawberry.field(
        default=None, description="Only what a school or camp filed by the roster with this number."
    )
    filed_by_paper: bool = strawberry.field(
        default=False, description="Only what a centre's operator filed on a paper that the citizen signed."
    )
    paper_to_check: bool = strawberry.field(
        default=False,
        description="Of that only what was drawn for the district to look at, and waits; left out, `statuses` are all.",
    )
    days_left: DaysLeft | None = strawberry.field(
        default=None, description="Only what is so near its legal due date, as queueCounts counts it."
    )

    def to_criteria(self) -> desk.QueueFilter:
        """The filter in the words of the domain; raises NUMBER_MISTYPED."""
        return desk.QueueFilter(
            statuses=states(self.statuses, frozenset(Status) if self.paper_to_check else WITH_OFFICER),
            services=tuple(self.services or ()),
            tehsils=tuple(self.tehsils or ()),
            channels=tuple(self.channels or ()),
            due_before=self.due_before,
            overdue=self.overdue,
            clearance_overdue=self.clearance_overdue,
            claimed_by=self.claimed_by,
            assigned_to=self.assigned_to,
            proposed_by=self.proposed_by,
            number=digits_of(self.number, "filter", "number") if self.number else None,
            roster=number_of(self.roster, "filter", "roster") if self.roster else None,
            filed_by_paper=self.filed_by_paper,
            paper_to_check=self.paper_to_check,
            days_left=self.days_left,
        )


def criteria_of(given: QueueFilter | None) -> desk.QueueFilter:
    """The filter that was given, or the usual one."""
    return given.to_criteria() if given else desk.QueueFilter()


def list_name(officer_id: str, wanted: desk.QueueFilter, sort: QueueSort) -> str:
    """What cursors of the list are bound to: officer, filter and order."""
    said: dict[str, Any] = {
        "statuses": sorted(wanted.statuses),
        "services": sorted(wanted.services),
        "tehsils": sorted(wanted.tehsils),
        "channels": sorted(wanted.channels),
        "dueBefore": wanted.due_before.isoformat() if wanted.due_before else None,
        "overdue": wanted.overdue,
        "clearanceOverdue": wanted.clearance_overdue,
        "holders": [wanted.claimed_by, wanted.assigned_to, wanted.proposed_by],
        "number": wanted.number,
        "roster": wanted.roster,
        "filedByPaper": wanted.filed_by_paper,
        "paperToCheck": wanted.paper_to_check,
        "daysLeft": wanted.days_left,
        "sort": sort,
    }
    return f"queue:{officer_id}:{hash_of(said)}"


@strawberry.type(description="How many cases are in a state.")
class QueueStatusCount:
    status: Status = strawberry.field(description="The state.")
    count: int = strawberry.field(description="How many cases.")


@strawberry.type(description="How many cases are so near their legal due date.")
class DaysLeftCount:
    days_left: DaysLeft = strawberry.field(description="How near, in calendar days in India.")
    count: int = strawberry.field(description="How many cases.")


@strawberry.type(description="How many cases wait for an officer.")
class QueueCounts(Mapped[desk.QueueCounts]):
    total: int = strawberry.field(description="All that the filter lets through.")
    by_status: list[QueueStatusCount] = strawberry.field(description="By state; states without a case are left out.")
    by_days_left: list[DaysLeftCount] = strawberry.field(description="By days left, the nearest first; zeros too.")
    claimed_by_me: int = strawberry.field(description="Cases of the queue that she claimed.")
    proposals: int = strawberry.field(description="Colleagues' decisions that wait for her to confirm or send back.")
    clearance_overdue: int = strawberry.field(description="Cases for which another department's clearance is overdue.")

    @classmethod
    def of(cls, counts: desk.QueueCounts) -> Self:
        return cls.read(
            counts,
            by_status=[
                QueueStatusCount(status=status, count=counts.by_status[status])
                for status in Status
                if status in counts.by_status
            ],
            by_days_left=[DaysLeftCount(days_left=near, count=counts.by_days_left.get(near, 0)) for near in DaysLeft],
        )


@strawberry.type(description="An officer's own open cases of a day, signed, to take where there is no signal.")
class QueuePack(Mapped[desk.Pack]):
    id: str = strawberry.field(description="Give it with the decisions that come back.")
    day: date = strawberry.field(description="The day it was made for.")
    issued_at: datetime = strawberry.field(description="When it was given out.")
    expires_at: datetime = strawberry.field(description="Decisions are taken until then: the end of the next day.")
    case_count: int = strawberry.field(description="How many cases it holds, at most 200, those due first.")
    signed: str = strawberry.field(
        description="The pack: a compact JWS (ES256) whose content is JSON with `packId`, `cases` and `grounds`."
    )

    @classmethod
    def of(cls, given: GivenPack) -> Self:
        return cls.read(given.pack, case_count=len(given.pack.cases), signed=given.signed)
