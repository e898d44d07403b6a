"""Types for the officers' desk: queue filters, claims, second approvals, offline packs and reads with a purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.applications.applications import Application, Channel, RejectionGround
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import WITH_OFFICER, Status
from domain.identity.policy import Purpose
from domain.kernel import ist_date
from domain.officers.staff import AbsenceRule

CLAIM_MINUTES, OUTSIDE_READS_AN_HOUR = 240, 50
"""What holds where an installation sets nothing."""

MOST_AT_ONCE = 50
"""Applications in one bulk action, and decisions in one replay call."""

PACK_SIZE = 200
"""Cases in one queue pack."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of an officer's telephone may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class DeskRules:
    """What an installation sets: how long a claim holds, how many reads outside the queue are usual in an hour.

    `absence` says who has the work of an officer who is away, or of a vacant post; `hr_at_once` whether changes
    that the state's HR system sends need no administrator.
    """

    claim_minutes: int = CLAIM_MINUTES
    outside_reads_an_hour: int = OUTSIDE_READS_AN_HOUR
    absence: AbsenceRule = AbsenceRule.STAND_IN
    hr_at_once: bool = False


class QueueSort(StrEnum):
    """In which order a queue is listed."""

    DUE = "DUE"
    RECEIVED = "RECEIVED"


class Holder(StrEnum):
    """Who holds a case, relative to the requesting officer."""

    ME = "ME"
    NOBODY = "NOBODY"
    OTHERS = "OTHERS"


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which cases of a queue are listed; an empty tuple or None leaves a filter out.

    `number` holds the first Latin digits of a reference number, or all of them.
    """

    statuses: frozenset[Status] = WITH_OFFICER
    services: tuple[str, ...] = ()
    tehsils: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    due_before: datetime | None = None
    overdue: bool = False
    clearance_overdue: bool = False
    claimed_by: Holder | None = None
    assigned_to: Holder | None = None
    proposed_by: Holder | None = None
    number: str | None = None
    roster: str | None = None
    """The number of a roster of a school or camp: only what was filed by it."""
    filed_by_paper: bool = False
    """Only what an operator filed on a signed paper."""
    paper_to_check: bool = False
    """Of that only what was drawn for the district to look at the paper, and waits."""
    days_left: "DaysLeft | None" = None


class DaysLeft(StrEnum):
    """How near the legal due date is, in calendar days in India."""

    OVERDUE = "OVERDUE"
    TODAY = "TODAY"
    WITHIN_3_DAYS = "WITHIN_3_DAYS"
    WITHIN_7_DAYS = "WITHIN_7_DAYS"
    LATER = "LATER"
    NO_DUE_DATE = "NO_DUE_DATE"


DAYS_LEFT_LIMITS: Mapping[DaysLeft, int] = {
    DaysLeft.OVERDUE: -1,
    DaysLeft.TODAY: 0,
    DaysLeft.WITHIN_3_DAYS: 3,
    DaysLeft.WITHIN_7_DAYS: 7,
}
"""The most days left of each kind, the nearest first; what has more is LATER."""


def days_left_limits(now: datetime) -> list[tuple[DaysLeft, datetime]]:
    """The last instant of a due date of each kind, the nearest first."""
    today = ist_date(now)
    return [(kind, end_of_day(today + timedelta(days=days))) for kind, days in DAYS_LEFT_LIMITS.items()]


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many cases wait: by state, by days left, and those that concern this officer."""

    total: int
    by_status: Mapping[Status, int]
    by_days_left: Mapping[DaysLeft, int]
    claimed_by_me: int
    proposals: int
    clearance_overdue: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """An officer works on a case until `expires_at`; then anybody may take it up."""

    application_id: str
    officer_id: str
    claimed_at: datetime
    expires_at: datetime


class OpinionState(StrEnum):
    """The state of a decision that needs a second approval."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    SENT_BACK = "SENT_BACK"
    OVERTAKEN = "OVERTAKEN"
    """The application changed before anybody answered, for example because the citizen withdrew it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A verdict that may have to wait; its reason is clean already."""

    verdict: str
    ground: RejectionGround | None
    reason: str | None
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A first officer's verdict that waits for a second one; `version` is the application's at that time.

    `verdict` is APPROVE or REJECT, `documents` are keys of the notified papers that it is about.
    `answer_note` is why it was sent back.
    """

    id: str
    application_id: str
    citizen_id: str
    version: int
    state: OpinionState
    verdict: str
    ground: RejectionGround | None
    reason: str | None
    proposed_by: str
    proposed_at: datetime
    documents: tuple[str, ...] = ()
    answered_by: str | None = None
    answered_at: datetime | None = None
    answer_note: str | None = None
    agreed_by: tuple[str, ...] = ()
    """The members of a committee who agreed before it was decided, beside the one who proposed it."""
    against: tuple[str, ...] = ()
    """The members who did not; their notes stand in `answer_note`."""

    def waits(self, version: int) -> bool:
        """Whether it still waits, and the application is as the first officer saw it."""
        return self.state is OpinionState.PROPOSED and self.version == version


@dataclass(frozen=True, slots=True)
class Pack:
    """A day's queue that was given out; `cases` holds the version of each application by its id."""

    id: str
    officer_id: str
    day: date
    issued_at: datetime
    expires_at: datetime
    cases: Mapping[str, int]
    device_key: str | None = None
    """The public key that the device signs decisions with, as a JWK; None where it gave none."""
    device_ahead_ms: int | None = None
    """How far the device's clock was ahead of ours when it took the pack."""


@dataclass(frozen=True, slots=True)
class Chain:
    """How far the signed decisions of a pack have come in: the last one's digest and time; None before the first."""

    digest: str | None
    at: datetime | None


def pack_expires_at(day: date) -> datetime:
    """A pack holds until the end of the day after the one that it was made for."""
    return end_of_day(day + timedelta(days=1))


class ReadPurpose(StrEnum):
    """Why an officer reads a case that is assigned to a colleague: a closed list."""

    COVER_COLLEAGUE = "COVER_COLLEAGUE"
    SECOND_OPINION = "SECOND_OPINION"
    CITIZEN_REQUEST = "CITIZEN_REQUEST"
    SUPERVISE = "SUPERVISE"
    INQUIRY = "INQUIRY"

    @property
    def purpose(self) -> Purpose:
        """The same reason in the list of all purposes, as a receipt bears it."""
        return Purpose(self.value)


@dataclass(frozen=True, slots=True)
class UnusualReads:
    """An officer read unusually many cases outside the own queue within an hour."""

    officer_id: str
    count: int
    at: datetime


def in_own_queue(
    officer_id: str | None, application: Application, claim: Claim | None, proposal: Proposal | None
) -> bool:
    """Whether a case is an officer's own work.

    It is assigned to her or to nobody, she claimed it, or it waits for her opinion on a colleague's
    decision. `claim` is one that has not expired.
    """
    if application.officer_id in (None, officer_id):
        return True
    if claim is not None and claim.officer_id == officer_id:
        return True
    return proposal is not None and proposal.proposed_by != officer_id and proposal.waits(application.version)
