"""Encoding of open cases in the figure counters: by state, by due day, and by whether the clock is paused.

What is counted so has no month of its own. All goes into one number, the day before the rest, so that the cases of
one office are adjacent in the table and those due before a day are a range of them.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from domain.applications.lifecycle import Status
from domain.kernel import ist_date

STANDING = date(2000, 1, 1)
"""The day under which they are all kept: they count until they end, and not in a month."""

STATES: Mapping[Status, int] = {
    Status.SUBMITTED: 1,
    Status.FEE_PENDING: 2,
    Status.IN_SCRUTINY: 3,
    Status.QUERY_RAISED: 4,
    Status.IN_VERIFICATION: 5,
    Status.APPROVED: 6,
    Status.CERTIFICATE_ISSUED: 7,
    Status.BENEFIT_SANCTIONED: 8,
}
"""The number of each open state. It is written down: a number is never given to another state."""

NUMBERS_OF_A_DAY = 64
"""How many numbers a day has; the first 64 are of cases without a due day."""


def number_of(status: Status, due_at: datetime | None, *, paused: bool) -> int:
    """The number of an open state with a due instant, which counts by its day in India; KeyError for another state."""
    return 2 * STATES[status] + int(paused) + (0 if due_at is None else first_of(ist_date(due_at)))


def first_of(day: date) -> int:
    """Where the numbers of a day begin; all that is due before is less, and all that is due later is not."""
    return day.toordinal() * NUMBERS_OF_A_DAY


def numbers_of(statuses: Iterable[Status], *, paused: bool | None = None) -> list[int]:
    """Which remainders by NUMBERS_OF_A_DAY belong to some open states; `paused` takes only those, or only others."""
    both = (False, True) if paused is None else (paused,)
    return sorted(2 * STATES[status] + int(one) for status in statuses for one in both)
