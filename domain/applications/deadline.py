"""Computes legal due dates in working or calendar days (docs/contracts/right_to_service.md section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.kernel import IST, ist_date

LAW = "Uttarakhand Right to Service Act 2011, section 4"
ORDER_LAW = "Uttarakhand Right to Service Act 2011, section 6(2)"

ORDER = "ORDER:"
"""How the calendar version of a limit begins that was set by an order on appeal; the appeal's number follows."""

_SATURDAY, _SUNDAY = 5, 6


class DayUnit(StrEnum):
    """How a service's time limit is counted."""

    WORKING_DAYS = "WORKING_DAYS"
    CALENDAR_DAYS = "CALENDAR_DAYS"


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Days on which offices are shut: Sundays, second Saturdays, and holidays by date.

    `holidays` maps a date to the districts that observe it; an empty set means the whole state.
    """

    version: str
    holidays: Mapping[date, frozenset[str]] = field(default_factory=dict)

    def is_working(self, day: date, district: str | None = None) -> bool:
        """Whether offices of the district are open on a day."""
        if day.weekday() == _SUNDAY or (day.weekday() == _SATURDAY and 8 <= day.day <= 14):
            return False
        districts = self.holidays.get(day)
        return districts is None or (bool(districts) and district not in districts)

    def add_working_days(self, start: date, count: int, district: str | None = None) -> date:
        """The day that is so many working days after `start`, which itself is not counted."""
        day = start
        while count > 0:
            day += timedelta(days=1)
            if self.is_working(day, district):
                count -= 1
        return day

    def working_days_between(self, start: date, end: date, district: str | None = None) -> int:
        """Working days after `start` up to and with `end`; negative where `end` is before `start`."""
        if end < start:
            return -self.working_days_between(end, start, district)
        days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
        return sum(self.is_working(day, district) for day in days)


class CalendarBoard:
    """The calendar as this process last read it; None until it has read one since its start."""

    def __init__(self) -> None:
        self.latest: WorkCalendar | None = None


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """What is stored on an application when its clock starts, so that the date can be recomputed.

    `days` is None where the notified limit is not known: such an application has no due date.
    """

    days: int | None
    unit: DayUnit
    calendar_version: str

    @property
    def by_order(self) -> bool:
        """Whether an order on appeal set it; such a limit is never paused."""
        return self.calendar_version.startswith(ORDER)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The legal deadline of one application at one moment; `working_days_left` is None once the clock has ended."""

    due_at: datetime | None
    working_days_left: int | None
    paused: bool
    paused_days: int
    basis: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is kept of a deadline: the due date as it was fixed at the start, and when the clock ended."""

    due_at: datetime | None = None
    ended_at: datetime | None = None


_NOTHING_FIXED = Fixed()


def due_on(
    start: date, limit: TimeLimit, calendar: WorkCalendar, *, district: str | None, paused_days: int = 0
) -> date | None:
    """The last lawful day: the limit counted from the day after a complete application, plus pauses."""
    if limit.days is None:
        return None
    if limit.unit is DayUnit.CALENDAR_DAYS:
        due = start + timedelta(days=limit.days)
    else:
        due = calendar.add_working_days(start, limit.days, district)
    return due + timedelta(days=paused_days)


def end_of_day(day: date) -> datetime:
    """The last second of a day in India."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=IST)


def breaches_at(due_at: datetime) -> datetime:
    """The first second after the due instant."""
    return due_at + timedelta(seconds=1)


def deadline_at(
    now: datetime,
    *,
    started_at: datetime | None,
    limit: TimeLimit | None,
    calendar: WorkCalendar,
    district: str | None,
    paused_since: datetime | None = None,
    paused_days: int = 0,
    fixed: Fixed = _NOTHING_FIXED,
) -> Deadline:
    """The current deadline. While the clock is paused the pause so far is added.

    A due date that is fixed is never moved by a calendar that is imported later; without one it is counted
    anew. Once the clock has ended the date stays and no days are left.
    """
    due_at, ended_at = fixed.due_at, fixed.ended_at
    if limit is None or limit.days is None or started_at is None:
        basis = "UNKNOWN" if limit is not None and limit.days is None else "NOT_STARTED"
        return Deadline(None, None, paused_since is not None and ended_at is None, paused_days, basis)
    today = ist_date(now)
    pause = (today - ist_date(paused_since)).days if paused_since and ended_at is None else 0
    if due_at is None:
        counted = due_on(ist_date(started_at), limit, calendar, district=district, paused_days=paused_days)
        if counted is None:
            raise AssertionError("a known limit has a due day")
        due_at = end_of_day(counted)
    last_day = ist_date(due_at) + timedelta(days=pause)
    return Deadline(
        end_of_day(last_day),
        None if ended_at else calendar.working_days_between(today, last_day, district),
        paused_since is not None and ended_at is None,
        paused_days + pause,
        _basis(limit),
    )


def _basis(limit: TimeLimit) -> str:
    if limit.by_order:
        return f"order on appeal {limit.calendar_version.removeprefix(ORDER)}; {ORDER_LAW}"
    return f"{limit.days} {limit.unit.value}; calendar {limit.calendar_version}; {LAW}"
