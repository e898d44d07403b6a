"""Incidents that people are told of on the status page, and what counts as a day of a system."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import Bilingual, Source

SHOWN_DAYS = 90
"""Days of the status page; older ones are deleted."""

LONGEST_TITLE, LONGEST_TEXT = 120, 1000


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: of a system, or of the portal itself where none is named.

    `meanwhile` is what works until it is over. `reported_by` is an officer's inner key or an account of the machine.
    """

    id: str
    source: Source | None
    title: Bilingual
    text: Bilingual
    meanwhile: Bilingual
    began_at: datetime
    ended_at: datetime | None
    updated_at: datetime
    reported_by: str


@dataclass(frozen=True, slots=True)
class SourceDay:
    """How often a system was found to answer, and not to answer, at the looks of a day in India."""

    on_day: date
    good: int
    bad: int

    @property
    def hundredths(self) -> int | None:
        """The share of looks at which it answered, in hundredths of a per cent; None without a look."""
        looks = self.good + self.bad
        return self.good * 10_000 // looks if looks else None
