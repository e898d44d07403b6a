"""Types for events during a sanction: stops, life certificates, approvals and account corrections."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.benefits.benefits import SanctionState
from domain.benefits.plans import Plan
from domain.kernel import mask_account


class StopKind(StrEnum):
    """The reason of a stop; each kind at most once at a time."""

    LIFE_CERTIFICATE = "LIFE_CERTIFICATE"
    ANNUAL_REVIEW = "ANNUAL_REVIEW"
    SUSPENSION = "SUSPENSION"
    CESSATION = "CESSATION"


class StopGround(StrEnum):
    """Why, by code: the first two are set by the calendar, the others by an officer."""

    CERTIFICATE_NOT_GIVEN = "CERTIFICATE_NOT_GIVEN"
    REVIEW_NOT_DONE = "REVIEW_NOT_DONE"
    ENQUIRY_PENDING = "ENQUIRY_PENDING"
    """An enquiry into the citizen's entitlement is under way."""
    ACCOUNT_DOUBTFUL = "ACCOUNT_DOUBTFUL"
    DUPLICATE_BENEFIT = "DUPLICATE_BENEFIT"
    """The citizen draws another benefit that excludes this one."""
    NOT_FOUND_AT_ADDRESS = "NOT_FOUND_AT_ADDRESS"
    COURT_ORDER = "COURT_ORDER"
    OWN_REQUEST = "OWN_REQUEST"
    APPROVAL_REFUSED = "APPROVAL_REFUSED"
    """The second officer did not approve the sanction."""
    DEATH = "DEATH"
    NO_LONGER_ELIGIBLE = "NO_LONGER_ELIGIBLE"
    MOVED_OUT_OF_STATE = "MOVED_OUT_OF_STATE"
    REMARRIED = "REMARRIED"


SUSPENSION_GROUNDS = frozenset(
    {
        StopGround.ENQUIRY_PENDING,
        StopGround.ACCOUNT_DOUBTFUL,
        StopGround.DUPLICATE_BENEFIT,
        StopGround.NOT_FOUND_AT_ADDRESS,
        StopGround.COURT_ORDER,
        StopGround.OWN_REQUEST,
    }
)
"""Grounds on which an officer may suspend."""

CESSATION_GROUNDS = frozenset(
    {
        StopGround.DEATH,
        StopGround.NO_LONGER_ELIGIBLE,
        StopGround.MOVED_OUT_OF_STATE,
        StopGround.REMARRIED,
        StopGround.OWN_REQUEST,
    }
)
"""Grounds on which a sanction ends for good."""


class ResumeGround(StrEnum):
    """Why a suspension is lifted, by code."""

    ENQUIRY_CLEARED = "ENQUIRY_CLEARED"
    ACCOUNT_CONFIRMED = "ACCOUNT_CONFIRMED"
    FOUND_ELIGIBLE = "FOUND_ELIGIBLE"
    COURT_ORDER = "COURT_ORDER"
    OWN_REQUEST = "OWN_REQUEST"
    MADE_IN_ERROR = "MADE_IN_ERROR"


class LifeProof(StrEnum):
    """The kind of life certificate."""

    JEEVAN_PRAMAAN = "JEEVAN_PRAMAAN"
    """The digital life certificate by Aadhaar."""
    IN_PERSON = "IN_PERSON"
    """Before the officer."""
    HOME_VISIT = "HOME_VISIT"
    SIGNED_PAPER = "SIGNED_PAPER"
    """A life certificate signed by one who may: bank manager, gazetted officer, head of the village."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A reason for which no period that begins on or after `from_on` is paid until it is lifted."""

    id: str
    citizen_id: str
    sanction_id: str
    kind: StopKind
    ground: StopGround
    from_on: date
    made_by: str
    made_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None
    lift_ground: str | None = None
    unpaid_until: date | None = None
    """Where it was lifted without arrears: no period that began from its first day until this one is ever paid."""

    @property
    def open(self) -> bool:
        """Whether it still holds."""
        return self.lifted_at is None

    def keeps_back(self, begins: date) -> bool:
        """Whether a period that begins on a day is not paid for it: as long as it holds, or for ever."""
        return begins >= self.from_on and (self.open or self.gave_up(begins))

    def gave_up(self, begins: date) -> bool:
        """Whether it was decided when it was lifted that a period that begins on a day is never paid."""
        return self.unpaid_until is not None and self.from_on <= begins <= self.unpaid_until


_STATES: Mapping[StopKind, SanctionState] = {
    StopKind.CESSATION: SanctionState.ENDED,
    StopKind.SUSPENSION: SanctionState.SUSPENDED,
    StopKind.LIFE_CERTIFICATE: SanctionState.LIFE_CERTIFICATE_DUE,
    StopKind.ANNUAL_REVIEW: SanctionState.REVIEW_DUE,
}
"""The state under each stop, the one that weighs most first."""


def state_under(stops: Iterable[Stop]) -> SanctionState:
    """The state of a sanction that was approved and has its budget, under its stops."""
    kinds = {stop.kind for stop in stops if stop.open}
    return next((state for kind, state in _STATES.items() if kind in kinds), SanctionState.ACTIVE)


def given_up(stops: Iterable[Stop], begins: date) -> bool:
    """Whether a period that begins on a day is never paid, whatever stops came after that was decided."""
    return any(stop.gave_up(begins) for stop in stops)


def payable_from(plan: Plan | None, begins: date | None, stops: Sequence[Stop]) -> date | None:
    """The first day of the period that is paid next where the one of a day would be; None where none is left."""
    if plan is None or begins is None or not given_up(stops, begins):
        return begins
    following = plan.first_period_after(begins)
    while following is not None and given_up(stops, following.begins):
        following = plan.first_period_after(following.begins)
    return following.begins if following else None


@dataclass(frozen=True, slots=True)
class LifeCertificate:
    """That the citizen lived on a day, and who took the proof."""

    id: str
    citizen_id: str
    sanction_id: str
    given_on: date
    proof: LifeProof
    taken_by: str
    at: datetime


class ApprovalKind(StrEnum):
    """What needs another person's approval above the set amount."""

    SANCTION = "SANCTION"
    RESUMPTION = "RESUMPTION"
    REISSUE = "REISSUE"
    RECOVERY = "RECOVERY"


CONFIRMED_BY = "confirmed_by"
"""Under this name `wanted` says who confirmed the decision of the one who asked, where somebody had to."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A step that waits for, or got, the word of another person. `wanted` holds codes and keys only."""

    id: str
    citizen_id: str
    sanction_id: str
    kind: ApprovalKind
    subject_id: str
    """What it is about: the sanction, the stop, the instalment or the recovery."""
    amount_paise: int
    wanted: Mapping[str, str]
    asked_by: str
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    approved: bool | None = None

    def is_from(self, person: str) -> bool:
        """Whether somebody asked for it, or confirmed the decision behind it: then another person must approve."""
        return person in {self.asked_by, self.wanted.get(CONFIRMED_BY)}


@dataclass(frozen=True, slots=True)
class PaymentAccount:
    """The account that a sanction is paid to since the citizen corrected it."""

    sanction_id: str
    citizen_id: str
    number: str = field(repr=False)
    ifsc: str
    strength: str
    corrected_at: datetime

    @property
    def masked(self) -> str:
        """With only its last four digits shown."""
        return mask_account(self.number)
