"""Computes legal due dates in working or calendar days (docs/contracts/right_to_service.md section 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.kernel import IST, ist_date
from domain.kernel.state import installed_state

ORDER = "ORDER:"
"""How the calendar version of a limit begins that was set by an order on appeal; the appeal's number follows."""

FIVE_DAYS = "/FIVE_DAY"
"""How the calendar version of a limit ends that was counted by a five-day week."""

_SATURDAY, _SUNDAY = 5, 6


class DayUnit(StrEnum):
    """How a service's time limit is counted."""

    WORKING_DAYS = "WORKING_DAYS"
    CALENDAR_DAYS = "CALENDAR_DAYS"


class OfficeWeek(StrEnum):
    """The working week of an office."""

    SIX_DAY = "SIX_DAY"
    """Shut on Sundays and second Saturdays: tehsil and district offices (INFERRED)."""
    FIVE_DAY = "FIVE_DAY"
    """Shut on Sundays and all Saturdays: the Secretariat and others; some holidays do not bind it."""


class ListState(StrEnum):
    """What is known of a year's list of holidays, the best first."""

    VERIFIED = "VERIFIED"
    UNVERIFIED = "UNVERIFIED"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Days on which offices are shut: Sundays, Saturdays by the office's week, and holidays by date.

    `holidays` maps a date to the districts that observe it; an empty set means the whole state. Those of `six_day` bind
    offices with a six-day week alone. `lists` says what is known of each year's list; another year has none.
    """

    version: str
    holidays: Mapping[date, frozenset[str]] = field(default_factory=dict)
    six_day: frozenset[date] = frozenset()
    lists: Mapping[int, ListState] = field(default_factory=dict)
    week: OfficeWeek = OfficeWeek.SIX_DAY

    def for_week(self, week: OfficeWeek) -> "WorkCalendar":
        """The same calendar for offices with a working week."""
        return replace(self, week=week)

    @property
    def counted_by(self) -> str:
        """What a limit keeps of the calendar: its version, and the week where that is of five days."""
        return self.version + FIVE_DAYS if self.week is OfficeWeek.FIVE_DAY else self.version

    def list_of(self, year: int) -> ListState:
        """What is known of a year's list of holidays."""
        return self.lists.get(year, ListState.MISSING)

    def is_working(self, day: date, district: str | None = None) -> bool:
        """Whether offices of the district are open on a day."""
        if day.weekday() == _SUNDAY or (day.weekday() == _SATURDAY and self._is_shut_saturday(day)):
            return False
        if self.week is OfficeWeek.SIX_DAY and day in self.six_day:
            return False
        districts = self.holidays.get(day)
        return districts is None or (bool(districts) and district not in districts)

    def is_holiday_of_all(self, day: date) -> bool:
        """Whether a day is a holiday of all offices of the state, whatever their week; Sundays alone are none."""
        return self.holidays.get(day) == frozenset()

    def _is_shut_saturday(self, day: date) -> bool:
        return self.week is OfficeWeek.FIVE_DAY or 8 <= day.day <= 14

    def add_working_days(self, start: date, count: int, district: str | None = None) -> date:
        """The day that is so many working days after `start`, which itself is not counted."""
        day = start
        while count > 0:
            day += timedelta(days=1)
            if self.is_working(day, district):
                count -= 1
        return day

    def first_working_day(self, day: date, district: str | None = None) -> date:
        """The day itself where offices are open on it, else the next one on which they are."""
        while not self.is_working(day, district):
            day += timedelta(days=1)
        return day

    def working_days_between(self, start: date, end: date, district: str | None = None) -> int:
        """Working days after `start` up to and with `end`; negative where `end` is before `start`."""
        if end < start:
            return -self.working_days_between(end, start, district)
        days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
        return sum(self.is_working(day, district) for day in days)


_DOUBTS: Mapping[ListState, str] = {ListState.UNVERIFIED: "not verified", ListState.MISSING: "not notified"}


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
        """Whether an order on appeal set it; no query pauses such a limit."""
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
class Pause:
    """A pause that is not over: since when, and the days of the limit's unit that were left at its beginning.

    `left` is None for one that began before it was kept; then it is counted by the calendar that is given.
    """

    since: datetime
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is kept of a deadline: the due date as it was fixed at the start, and when the clock ended."""

    due_at: datetime | None = None
    ended_at: datetime | None = None


_NOTHING_FIXED = Fixed()


def due_on(start: date, limit: TimeLimit, calendar: WorkCalendar, *, district: str | None) -> date | None:
    """The last lawful day: the limit counted from the day after `start`; None without a known limit.

    Calendar days that end on a shut day end on the next open one (General Clauses Act 1897 section 10).
    """
    if limit.days is None:
        return None
    if limit.unit is DayUnit.CALENDAR_DAYS:
        return calendar.first_working_day(start + timedelta(days=limit.days), district)
    return calendar.add_working_days(start, limit.days, district)


def days_left(due: date, since: date, unit: DayUnit, calendar: WorkCalendar, *, district: str | None) -> int:
    """Days of a limit's unit after the day of a notice up to and with the due date: what a pause gives back."""
    if unit is DayUnit.CALENDAR_DAYS:
        return max((due - since).days, 0)
    return max(calendar.working_days_between(since, due, district), 0)


def due_after_pause(replied: date, left: int, unit: DayUnit, calendar: WorkCalendar, *, district: str | None) -> date:
    """The last lawful day after a pause: what was left, counted anew from the day of the reply, never a shut day.

    Source: docs/contracts/right_to_service.md section 3.2. The reply's own day is not counted, so that of working days
    one is left even where the notice came on the last one.
    """
    if unit is DayUnit.CALENDAR_DAYS:
        return calendar.first_working_day(replied + timedelta(days=left), district)
    return calendar.add_working_days(replied, max(left, 1), district)


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
    pause: Pause | None = None,
    paused_days: int = 0,
    fixed: Fixed = _NOTHING_FIXED,
) -> Deadline:
    """The current deadline. While the clock is paused the date is provisional: that of an answer given today.

    A due date that is fixed is never moved by a calendar that is imported later; without one it is counted
    anew. Once the clock has ended the date stays and no days are left. `paused_days` is told and not counted by.
    """
    due_at, ended_at = fixed.due_at, fixed.ended_at
    pause = None if ended_at else pause
    if limit is None or limit.days is None or started_at is None:
        basis = "UNKNOWN" if limit is not None and limit.days is None else "NOT_STARTED"
        return Deadline(None, None, pause is not None, paused_days, basis)
    today = ist_date(now)
    if due_at is None:
        counted = due_on(ist_date(started_at), limit, calendar, district=district)
        if counted is None:
            raise AssertionError("a known limit has a due day")
        due_at = end_of_day(counted)
    last_day = due_if_answered(ist_date(due_at), today, pause, limit.unit, calendar, district=district)
    return Deadline(
        end_of_day(last_day),
        None if ended_at else calendar.working_days_between(today, last_day, district),
        pause is not None,
        paused_days + ((today - ist_date(pause.since)).days if pause else 0),
        _basis(limit, last_day, calendar),
    )


def due_if_answered(
    due: date, today: date, pause: Pause | None, unit: DayUnit, calendar: WorkCalendar, *, district: str | None
) -> date:
    """The last lawful day where the answer comes today; an answer on the day of the notice changes nothing."""
    if pause is None or today <= (since := ist_date(pause.since)):
        return due
    left = days_left(due, since, unit, calendar, district=district) if pause.left is None else pause.left
    return due_after_pause(today, left, unit, calendar, district=district)


def recounted_due(
    started: datetime,
    pauses: Sequence[tuple[datetime, datetime]],
    limit: TimeLimit,
    calendar: WorkCalendar,
    *,
    district: str | None,
) -> date | None:
    """The last lawful day by a calendar, from the start over the pauses that are over; None without a known limit.

    A notice after the due instant pauses nothing.
    """
    due = due_on(ist_date(started), limit, calendar, district=district)
    for since, until in pauses:
        if due is not None and ist_date(since) <= due:
            due = due_if_answered(due, ist_date(until), Pause(since), limit.unit, calendar, district=district)
    return due


def _basis(limit: TimeLimit, due: date, calendar: WorkCalendar) -> str:
    if limit.by_order:
        return f"order on appeal {limit.calendar_version.removeprefix(ORDER)}; {installed_state().order_section}"
    state = calendar.list_of(due.year)
    doubt = "" if state is ListState.VERIFIED else f"; holidays of {due.year} {_DOUBTS[state]}"
    return (
        f"{limit.days} {limit.unit.value}; calendar {limit.calendar_version}; {installed_state().limit_section}{doubt}"
    )
