"""Visits to citizens, at the door or to inspect: their slots and their states as a pure state machine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.applications.deadline import WorkCalendar
from domain.kernel import IST, ErrorCode, Problem, Problems

MOST_FAILURES = 3
"""Visits that failed by the citizen, after which the paper waits at the office."""

MOST_CHANGES = 3
"""How often a citizen may change the slot before a visit sets out."""

OTP_DIGITS = 6
OTP_TRIES = 5
DAYS_OFFERED = 5
"""Working days, from the next one on, whose slots are offered."""


class VisitPurpose(StrEnum):
    """Why somebody comes: a doorstep agent, or the officer who inspects."""

    DELIVERY = "DELIVERY"
    PICK_UP = "PICK_UP"
    INSPECTION = "INSPECTION"


class VisitState(StrEnum):
    """The state of a visit. A changed slot or a failed visit is followed by another visit."""

    SCHEDULED = "SCHEDULED"
    OUT = "OUT"
    HANDED_OVER = "HANDED_OVER"
    FAILED = "FAILED"
    RESCHEDULED = "RESCHEDULED"
    CANCELLED = "CANCELLED"
    INSPECTED = "INSPECTED"


class VisitMove(StrEnum):
    """A transition of a visit."""

    SET_OUT = "SET_OUT"
    HAND_OVER = "HAND_OVER"
    FAIL = "FAIL"
    RESCHEDULE = "RESCHEDULE"
    CANCEL = "CANCEL"
    MISS = "MISS"
    """Nobody came, or nobody noted what became of it."""
    CALL_OFF = "CALL_OFF"
    """Its application needs it no more."""
    INSPECT = "INSPECT"
    """The officer reported on it."""


class VisitFailure(StrEnum):
    """Why a visit failed."""

    NOBODY_HOME = "NOBODY_HOME"
    ADDRESS_NOT_FOUND = "ADDRESS_NOT_FOUND"
    IDENTITY_NOT_PROVEN = "IDENTITY_NOT_PROVEN"
    REFUSED_BY_CITIZEN = "REFUSED_BY_CITIZEN"
    ROAD_CLOSED = "ROAD_CLOSED"
    AGENT_UNABLE = "AGENT_UNABLE"


class SlotWindow(StrEnum):
    """Parts of a day in which an agent comes."""

    MORNING = "MORNING"
    MIDDAY = "MIDDAY"
    AFTERNOON = "AFTERNOON"


class HandOverProof(StrEnum):
    """The proof of a hand-over."""

    OTP = "OTP"
    SIGNED_PAPER = "SIGNED_PAPER"


_HOURS: Mapping[SlotWindow, tuple[time, time]] = {
    SlotWindow.MORNING: (time(9), time(12)),
    SlotWindow.MIDDAY: (time(12), time(15)),
    SlotWindow.AFTERNOON: (time(15), time(18)),
}
_S, _M = VisitState, VisitMove

TRANSITIONS: Mapping[tuple[VisitState, VisitMove], VisitState] = {
    (_S.SCHEDULED, _M.SET_OUT): _S.OUT,
    (_S.SCHEDULED, _M.RESCHEDULE): _S.RESCHEDULED,
    (_S.SCHEDULED, _M.CANCEL): _S.CANCELLED,
    (_S.SCHEDULED, _M.INSPECT): _S.INSPECTED,
    (_S.OUT, _M.HAND_OVER): _S.HANDED_OVER,
    (_S.OUT, _M.FAIL): _S.FAILED,
    **{(state, _M.MISS): _S.FAILED for state in (_S.SCHEDULED, _S.OUT)},
    **{(state, _M.CALL_OFF): _S.CANCELLED for state in (_S.SCHEDULED, _S.OUT)},
}
"""Every lawful step of a visit."""

OPEN = frozenset({_S.SCHEDULED, _S.OUT})
"""The agent still has to do something."""


OURS = frozenset({VisitFailure.AGENT_UNABLE, VisitFailure.ROAD_CLOSED})
"""Failures that are not held against the citizen."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a day in India."""

    on: date
    window: SlotWindow

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.on, _HOURS[self.window][0], tzinfo=IST)

    @property
    def ends_at(self) -> datetime:
        """Its last moment."""
        return datetime.combine(self.on, _HOURS[self.window][1], tzinfo=IST)


@dataclass(frozen=True, slots=True)
class DoorstepAgent:
    """Somebody on the register of centre operators who visits homes in a district, or in one tehsil."""

    operator_id: str
    district: str
    tehsil: str | None


@dataclass(frozen=True, slots=True)
class Handover:
    """How a visit ended well: by the code, or by a signed paper (its SHA-256) before a witness."""

    proof: HandOverProof
    paper_sha256: str | None = None
    witness: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. `sequence` numbers the visits for one application and purpose, whatever came of them.

    `agent_id` is who comes: an operator of the register of agents, or to inspect an officer.
    """

    id: str
    application_id: str
    citizen_id: str
    purpose: VisitPurpose
    sequence: int
    state: VisitState
    slot: Slot
    agent_id: str
    department: str | None
    district: str
    tehsil: str | None
    fee_paise: int | None
    version: int
    created_at: datetime
    updated_at: datetime
    fee_receipt: str | None = None
    failure: VisitFailure | None = None
    handover: Handover | None = None
    otp: str | None = field(default=None, repr=False)
    otp_hash: str | None = field(default=None, repr=False)
    otp_tries: int = 0
    otp_expires_at: datetime | None = None
    closed_at: datetime | None = None

    def otp_holds(self, now: datetime) -> bool:
        """Whether the code may still be tried."""
        alive = self.otp_expires_at is not None and now <= self.otp_expires_at
        return self.state is VisitState.OUT and alive and self.otp_tries < OTP_TRIES


def advance(state: VisitState, move: VisitMove) -> VisitState:
    """The state after a step; raises STEP_NOT_ALLOWED."""
    after = TRANSITIONS.get((state, move))
    if after is None:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "visitId"), params={"state": state.value}))
    return after


def offered_slots(today: date, calendar: WorkCalendar, district: str) -> Iterator[Slot]:
    """The slots of the next working days of a district, the earliest first."""
    day, days = today, 0
    while days < DAYS_OFFERED:
        day += timedelta(days=1)
        if calendar.is_working(day, district):
            days += 1
            for window in SlotWindow:
                yield Slot(day, window)


def may_report(visits: Iterable[Visit], now: datetime) -> bool:
    """Whether an inspection may be reported on: its slot has begun, or the citizen missed it."""
    return any(
        one.purpose is VisitPurpose.INSPECTION
        and one.slot.starts_at <= now
        and (one.state is _S.SCHEDULED or (one.state is _S.FAILED and one.failure not in OURS))
        for one in visits
    )


def check_may_visit_again(visits: list[Visit]) -> None:
    """Raise VISITS_EXHAUSTED after three visits that the citizen missed, or three changes of the slot.

    An inspection is then fixed by its officer, who is not bound by it: nothing is decided before it.
    """
    failures = sum(visit.state is VisitState.FAILED and visit.failure not in OURS for visit in visits)
    changes = sum(visit.state in (VisitState.RESCHEDULED, VisitState.CANCELLED) for visit in visits)
    if failures >= MOST_FAILURES or changes > MOST_CHANGES:
        path = ("input", "applicationId")
        inspection = any(visit.purpose is VisitPurpose.INSPECTION for visit in visits)
        sentence = "visit.inspection_by_officer" if inspection else None
        params = {"most": str(MOST_FAILURES)}
        raise Problems(Problem(ErrorCode.VISITS_EXHAUSTED, path, params=params, sentence=sentence))
