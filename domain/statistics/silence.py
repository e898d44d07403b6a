"""Detects silent offices: tehsils without activity for much longer than is usual there.

The rule: over the last LOOK_BACK_DAYS a tehsil's own norm is the average number of working days from one active day
to the next, a day being active on which an application was submitted or disposed of. The office is silent once the
working days since its last active day, today not counted, are at least SILENT_TIMES its norm and at least
FEWEST_WORKING_DAYS. A tehsil with fewer than FEWEST_ACTIVE_DAYS has no norm and raises nothing.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from domain.applications.deadline import WorkCalendar

LOOK_BACK_DAYS = 180
FEWEST_ACTIVE_DAYS = 10
FEWEST_WORKING_DAYS = 5
SILENT_TIMES = 4


@dataclass(frozen=True, slots=True)
class Activity:
    """The days of a tehsil on which anything came in or went out, since some day."""

    district: str
    tehsil: str
    days: int
    first: date
    last: date

    @property
    def about(self) -> str:
        """The tehsil as alarms name it: the codes of district and tehsil."""
        return f"{self.district}:{self.tehsil}"


def silent_for(active: Activity, calendar: WorkCalendar, today: date) -> int | None:
    """The working days for which the office has been silent; None where it is not."""
    if active.days < FEWEST_ACTIVE_DAYS:
        return None
    yesterday = today - timedelta(days=1)
    quiet = calendar.working_days_between(active.last, yesterday, active.district)
    spanned = calendar.working_days_between(active.first, active.last, active.district)
    far = quiet * (active.days - 1) >= SILENT_TIMES * spanned
    return quiet if far and quiet >= FEWEST_WORKING_DAYS else None
