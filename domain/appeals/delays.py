"""Overdue cases as supervisors see them, and the reasons that officers give for delays.

The Commission reviews delays each month (docs/commission.md). An officer records a reason for one late
application, or for a month of the office; the last one that was recorded counts, and earlier ones stay.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

LONGEST_TEXT = 500
"""Characters of a reason."""

DUE_SOON_DAYS = 3
"""Calendar days ahead within which a case is due soon."""

OLDEST_MONTHS = 24
"""For how many months back a reason for a month is taken."""


MOST_COUNTED = 1_000
"""How far cases of a list are counted one by one where no counter gives their number."""


class DelayCause(StrEnum):
    """Coded reasons of a delay; a closed list, so that they can be counted."""

    STAFF_SHORTAGE = "STAFF_SHORTAGE"
    OTHER_DEPARTMENT = "OTHER_DEPARTMENT"
    FIELD_VERIFICATION = "FIELD_VERIFICATION"
    RECORD_NOT_FOUND = "RECORD_NOT_FOUND"
    APPLICANT_AWAITED = "APPLICANT_AWAITED"
    TECHNICAL_FAULT = "TECHNICAL_FAULT"
    ELECTION_OR_DISASTER_DUTY = "ELECTION_OR_DISASTER_DUTY"
    OTHER = "OTHER"


class CaseList(StrEnum):
    """Lists of applications behind the tiles of a dashboard."""

    PENDING = "PENDING"
    """Submitted and not ended; the one handed in first comes first."""
    DUE_SOON = "DUE_SOON"
    """On the running clock, due within DUE_SOON_DAYS; the one due first comes first."""
    OVERDUE = "OVERDUE"
    """On the running clock beyond the due instant; the one due first comes first."""
    DISPOSED_LATE = "DISPOSED_LATE"
    """Delivered or refused in this month after the due instant; the one that changed first comes first."""
    TIME_DOUBTED = "TIME_DOUBTED"
    """Decided without a connection at a time that its device does not prove; the one that changed first comes first."""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases of a list are shown; None lets every value through."""

    department: str | None = None
    service_code: str | None = None
    district: str | None = None
    tehsil: str | None = None
    cause: DelayCause | None = None
    explained: bool | None = None
    """True for those with a recorded reason, False for those without."""


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many cases a list has; `more` says that there are more than `many`, beyond which nobody counted."""

    many: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class ReasonFilter:
    """Which recorded reasons are listed; months by their first days, both ends included."""

    department: str | None = None
    district: str | None = None
    cause: DelayCause | None = None
    first_month: date | None = None
    last_month: date | None = None


@dataclass(frozen=True, slots=True)
class DelayReason:
    """Why one application, or an office in a month, is late. `application_id` is None for a month."""

    id: str
    application_id: str | None
    citizen_id: str | None
    month: date
    department: str | None
    district: str | None
    tehsil: str | None
    cause: DelayCause
    text: str | None
    officer_id: str
    recorded_at: datetime
