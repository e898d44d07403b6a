"""Types for clearances of other departments, field verification reports and due-date warnings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ClearanceState(StrEnum):
    """The state of a clearance."""

    ASKED = "ASKED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    LAPSED = "LAPSED"
    """The application was decided without it, after its due date or by a refusal."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """What one department asks of another about an application, with a due date of its own."""

    id: str
    citizen_id: str
    application_id: str
    department: str
    district: str
    tehsil: str | None
    state: ClearanceState
    question: str
    asked_by: str | None
    asked_at: datetime
    due_at: datetime
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    reminded_at: datetime | None = None
    """When the department was reminded that its day is near."""
    escalated_at: datetime | None = None
    """When it went before the level above of the department, because the day was over."""
    escalated_to: str | None = None
    """The officer of that level; None where none is posted."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth in millionths of a degree."""

    latitude: int
    longitude: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph in the object store."""

    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What an officer saw in the field; `tehsil` names the place where no point was taken."""

    id: str
    citizen_id: str
    application_id: str
    officer_id: str | None
    text: str
    photos: tuple[Photo, ...]
    place: Place | None
    observed_at: datetime
    reported_at: datetime
    tehsil: str | None = None


class EscalationKind(StrEnum):
    """Why somebody is warned about an application."""

    DUE_SOON = "DUE_SOON"
    DUE_TOMORROW = "DUE_TOMORROW"
    OVERDUE = "OVERDUE"
    APPEAL_DUE_SOON = "APPEAL_DUE_SOON"
    POST_VACANT = "POST_VACANT"
    CLEARANCE_OVERDUE = "CLEARANCE_OVERDUE"
    HEARING = "HEARING"
    """An appeal about the officer's work is heard on that date, or was to be: it may have been moved or cancelled."""
    TIME_DOUBTED = "TIME_DOUBTED"
    """A decision made without a connection names that time, which does not count: its device does not prove it."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A warning about an application; `due_at` is the date that it warns of."""

    id: str
    citizen_id: str
    application_id: str
    kind: EscalationKind
    officer_id: str | None
    above_id: str | None
    due_at: datetime
    at: datetime
