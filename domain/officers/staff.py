"""Rules for covering absent officers: leave, transfers, vacant posts and the cases in cover."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.kernel import Posting


class AbsenceRule(StrEnum):
    """Who has the work of an officer on leave, or of a vacant post; an installation sets it."""

    STAND_IN = "STAND_IN"
    """The officer who was named to stand in; without one the level above."""
    LEVEL_ABOVE = "LEVEL_ABOVE"
    """Always the level above."""


class Confirmation(StrEnum):
    """What a second administrator has said of an order; None where none is needed."""

    WAITING = "WAITING"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"


LONGEST_COVER_ALONE = 15
"""Days for which one administrator may name a substitute; a longer cover waits for a second one."""


class LeaveState(StrEnum):
    """The state of a leave on a day."""

    PROPOSED = "PROPOSED"
    """Its substitute waits for a second administrator."""
    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    OVER = "OVER"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Leave:
    """An officer's leave from one day to another, both included; without a substitute the level above has the work.

    `begun_at` is when the cases moved, `ended_at` when they came back. A leave begins once and ends once, also
    where the clock steps back afterwards; its substitute's authority ends with its last day in any case.
    """

    id: str
    officer_id: str
    substitute_id: str | None
    from_on: date
    until_on: date
    recorded_by: str | None
    recorded_at: datetime
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    confirmation: Confirmation | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None

    def state_on(self, day: date) -> LeaveState:
        if self.cancelled_at is not None:
            return LeaveState.CANCELLED
        if self.ended_at is not None or self.until_on < day:
            return LeaveState.OVER
        if self.confirmation is Confirmation.WAITING:
            return LeaveState.PROPOSED
        begun = self.begun_at is not None or self.from_on <= day
        return LeaveState.RUNNING if begun else LeaveState.PLANNED


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as it was ordered. `left` are the postings given up, `taken` the officer's new ones.

    `done_at` is when everything that was open had moved.
    """

    id: str
    officer_id: str
    successor_id: str | None
    cover_id: str | None
    left: tuple[Posting, ...]
    taken: tuple[Posting, ...]
    recorded_by: str | None
    recorded_at: datetime
    done_at: datetime | None = None
    moved_cases: int = 0
    moved_appeals: int = 0
    confirmation: Confirmation | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A post that was left without a successor. `cover_id` has its work until `filled_by` is posted there."""

    id: str
    transfer_id: str
    posting: Posting
    former_id: str
    cover_id: str | None
    since: datetime
    filled_by: str | None = None
    filled_at: datetime | None = None


class PostChangeKind(StrEnum):
    """What a change of posts means for whoever is told of it; its text is `post_change.<kind>` of the catalogues."""

    MOVED = "MOVED"
    TAKEN = "TAKEN"
    CHARGE = "CHARGE"
    COVERED = "COVERED"
    STANDS_IN = "STANDS_IN"
    RETURNED = "RETURNED"
    """Her leave is over, and with it the substitution."""
    ENDED = "ENDED"
    """She is no longer substitute, or in charge."""
    HEADED = "HEADED"
    """It is a post that she administers."""


@dataclass(frozen=True, slots=True)
class PostChange:
    """A transfer, charge or substitution that took effect, as it concerns one person.

    `at` is when it took effect, `ordered_at` when it was ordered (None where the order was another change), and
    `confirmed_at` when the second administrator confirmed it, where one had to.
    """

    kind: PostChangeKind
    officer_id: str
    taker_id: str | None
    posts: tuple[Posting, ...]
    at: datetime
    ordered_at: datetime | None
    confirmed_at: datetime | None


class CoverKind(StrEnum):
    """The kinds of work that somebody else holds while an officer is away."""

    CASE = "CASE"
    APPEAL = "APPEAL"


@dataclass(frozen=True, slots=True)
class CoveredCase:
    """A case or appeal that another officer holds during an absence, returned when that is over.

    `absence_id` is a leave or a vacancy, `holder_id` who has it meanwhile; None where nobody could be found.
    """

    absence_id: str
    kind: CoverKind
    case_id: str
    citizen_id: str
    application_id: str
    holder_id: str | None
    since: datetime
    over_at: datetime | None = None
