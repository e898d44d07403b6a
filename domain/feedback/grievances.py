"""A citizen's grievance about an application, as a pure state machine with a due date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.kernel import ErrorCode, Problem, Problems


class GrievanceCategory(StrEnum):
    """What a grievance is about; PERSONAL_DATA is one under the Digital Personal Data Protection Act 2023."""

    DELAY = "DELAY"
    CONDUCT = "CONDUCT"
    DEMAND_FOR_MONEY = "DEMAND_FOR_MONEY"
    WRONG_DECISION = "WRONG_DECISION"
    ERROR_IN_PAPER = "ERROR_IN_PAPER"
    PORTAL = "PORTAL"
    PERSONAL_DATA = "PERSONAL_DATA"
    OTHER = "OTHER"


class GrievanceState(StrEnum):
    """The state of a grievance."""

    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"
    ESCALATED = "ESCALATED"


class GrievanceMove(StrEnum):
    """A transition of a grievance."""

    ANSWER = "ANSWER"
    ESCALATE = "ESCALATE"
    CLOSE = "CLOSE"


_S, _M = GrievanceState, GrievanceMove

TRANSITIONS: Mapping[tuple[GrievanceState, GrievanceMove], GrievanceState] = {
    (_S.OPEN, _M.ANSWER): _S.ANSWERED,
    (_S.ESCALATED, _M.ANSWER): _S.ANSWERED,
    (_S.OPEN, _M.ESCALATE): _S.ESCALATED,
    (_S.ANSWERED, _M.ESCALATE): _S.ESCALATED,
    **{(state, _M.CLOSE): _S.CLOSED for state in (_S.OPEN, _S.ANSWERED, _S.ESCALATED)},
}
"""Every lawful step; an open one is escalated only when its time is over, which `may_escalate` says."""

WAITING = frozenset({_S.OPEN, _S.ESCALATED})
"""The office owes a reply."""


@dataclass(frozen=True, slots=True)
class Grievance:
    """One grievance; the place and department are those of its application."""

    id: str
    number: str
    application_id: str
    citizen_id: str
    service_code: str
    department: str | None
    district: str
    tehsil: str | None
    category: GrievanceCategory
    text: str = field(repr=False)
    state: GrievanceState
    due_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime
    escalated: bool = False
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrievanceReply:
    """An officer's reply."""

    id: str
    grievance_id: str
    officer_id: str
    text: str
    at: datetime


def advance(state: GrievanceState, move: GrievanceMove) -> GrievanceState:
    """The state after a step; raises STEP_NOT_ALLOWED."""
    after = TRANSITIONS.get((state, move))
    if after is None:
        raise not_now(state)
    return after


def check_may_escalate(grievance: Grievance, now: datetime) -> None:
    """A citizen may go up one level after a reply that does not help, or when the time for it is over.

    Raises STEP_NOT_ALLOWED before that.
    """
    advance(grievance.state, GrievanceMove.ESCALATE)
    if grievance.state is GrievanceState.OPEN and now <= grievance.due_at:
        raise not_now(grievance.state)


def not_now(state: GrievanceState) -> Problems:
    """The step does not lead on from this state."""
    path = ("input", "grievanceId")
    return Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, path, params={"state": state.value}))
