"""Tracking without sign-in: a reference number and a second factor that the applicant is likely to know."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.appeals.appeals import Appeal
from domain.applications.applications import Application, TimelineEntry
from domain.applications.lifecycle import Move, Status
from domain.kernel import Bilingual, Citizen, ist_date, latin_digits
from domain.kernel.secret_comparison import is_same_secret

MOBILE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Exactly one of the two: the last four digits of the applicant's mobile, or the date of birth."""

    mobile_last4: str | None = None
    born_on: date | None = None

    @property
    def usable(self) -> bool:
        """Whether exactly one is given, and in its form."""
        if self.mobile_last4 is None:
            return self.born_on is not None
        digits = latin_digits(self.mobile_last4)
        return self.born_on is None and len(digits) == MOBILE_DIGITS and digits.isascii() and digits.isdigit()


@dataclass(frozen=True, slots=True)
class Stage:
    """One step that was taken; who took it and what was written are not for the public."""

    move: Move
    after: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Tracked:
    """The data shown for a number and a second factor: no name, no form, no notes."""

    number: str
    status: Status
    service: Bilingual
    department: Bilingual | None
    submitted_at: datetime | None
    due_at: datetime | None
    delivered_at: datetime | None
    stages: tuple[Stage, ...]
    ended_at: datetime | None = None
    """When the legal clock ended."""

    paused: bool = False
    """Whether the clock stands still, because a query is with the applicant."""

    appeals: tuple[Appeal, ...] = ()
    being_signed: bool = False
    """Whether an officer has to sign what was decided."""

    @property
    def status_text(self) -> str:
        """The text that says where it stands."""
        return "shown_status.BEING_SIGNED" if self.being_signed else f"status.{self.status.value}"

    def days_late(self, now: datetime) -> int:
        """Calendar days since the last lawful day, until the clock ended or today; 0 where it is not over."""
        if self.due_at is None or self.paused:
            return 0
        return max((ist_date(self.ended_at or now) - ist_date(self.due_at)).days, 0)


def matches(citizen: Citizen | None, factor: SecondFactor) -> bool:
    """Whether the second factor is the applicant's; the comparison takes the same time for every outcome."""
    if factor.mobile_last4 is not None:
        given, kept = latin_digits(factor.mobile_last4), (citizen.mobile or "")[-MOBILE_DIGITS:] if citizen else ""
    else:
        given = factor.born_on.isoformat() if factor.born_on else ""
        kept = citizen.born_on.isoformat() if citizen and citizen.born_on else ""
    return is_same_secret(given, kept) and bool(kept)


def stages_of(entries: list[TimelineEntry]) -> tuple[Stage, ...]:
    """The steps of a timeline as the public may see them; drafts are the citizen's own."""
    return tuple(Stage(entry.move, entry.after, entry.at) for entry in entries if entry.move is not Move.SAVE_DRAFT)


HANDED_IN = frozenset(Status) - {Status.DRAFT}
"""The states of what can be tracked: a draft was not handed in."""


def is_public(application: Application | None) -> bool:
    """Whether there is something to track."""
    return application is not None and application.status in HANDED_IN
