"""Due dates against a count by hand: leap years, month ends, long holidays, pauses across midnight, and the end."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.applications.deadline import (
    DayUnit,
    Fixed,
    TimeLimit,
    WorkCalendar,
    breaches_at,
    deadline_at,
    due_on,
    end_of_day,
)
from domain.kernel import IST, ist_date

LONG = {date(2026, 10, 17) + timedelta(days=offset): frozenset[str]() for offset in range(7)}
HOLIDAYS = {**LONG, date(2028, 2, 29): frozenset[str](), date(2026, 12, 31): frozenset({"49"})}
CALENDAR = WorkCalendar("long", HOLIDAYS)
instants = st.builds(
    lambda day, seconds: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds),
    st.dates(date(2026, 1, 1), date(2029, 1, 31)),
    st.integers(0, 86_399),
)


def by_hand(start: date, limit: TimeLimit, district: str | None, paused: int) -> date:
    """Counted on the fingers, by rules written down a second time."""
    day, left = start, limit.days or 0
    while left:
        day += timedelta(days=1)
        second_saturday = day.isoweekday() == 6 and day.day in range(8, 15)
        off = day.isoweekday() == 7 or second_saturday
        off = off or (day in HOLIDAYS and (not HOLIDAYS[day] or district in HOLIDAYS[day]))
        left -= limit.unit is DayUnit.CALENDAR_DAYS or not off
    return day + timedelta(days=paused)


@given(
    st.dates(date(2026, 1, 1), date(2029, 1, 31)),
    st.integers(0, 90),
    st.sampled_from(DayUnit),
    st.sampled_from([None, "49", "51"]),
    st.integers(0, 40),
)
def test_due_days_are_those_counted_by_hand(start, count, unit, district, paused):
    limit = TimeLimit(count, unit, "long")
    assert due_on(start, limit, CALENDAR, district=district, paused_days=paused) == by_hand(
        start, limit, district, paused
    )


@pytest.mark.parametrize(
    ("start", "count", "unit", "due"),
    [
        (date(2028, 2, 28), 1, DayUnit.CALENDAR_DAYS, date(2028, 2, 29)),
        (date(2028, 2, 28), 1, DayUnit.WORKING_DAYS, date(2028, 3, 1)),
        (date(2027, 2, 28), 1, DayUnit.CALENDAR_DAYS, date(2027, 3, 1)),
        (date(2026, 1, 31), 30, DayUnit.CALENDAR_DAYS, date(2026, 3, 2)),
        (date(2026, 10, 16), 1, DayUnit.WORKING_DAYS, date(2026, 10, 24)),
        (date(2026, 12, 30), 1, DayUnit.WORKING_DAYS, date(2027, 1, 1)),
    ],
)
def test_leap_years_month_ends_and_long_holidays(start, count, unit, due):
    assert due_on(start, TimeLimit(count, unit, "long"), CALENDAR, district="49") == due


@given(instants, st.timedeltas(timedelta(0), timedelta(days=60)), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_a_pause_adds_the_midnights_in_india_that_it_crosses(started, until_pause, paused):
    limit = TimeLimit(15, DayUnit.WORKING_DAYS, "long")
    due_at = end_of_day(by_hand(ist_date(started), limit, "49", 0))
    since = started + until_pause
    at = deadline_at(
        since + paused,
        started_at=started,
        limit=limit,
        calendar=CALENDAR,
        district="49",
        paused_since=since,
        fixed=Fixed(due_at),
    )
    midnights = (ist_date(since + paused) - ist_date(since)).days
    assert at.due_at == end_of_day(ist_date(due_at) + timedelta(days=midnights))
    assert at.paused_days == midnights


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (datetime(2026, 11, 4, 23, 59, tzinfo=IST), datetime(2026, 11, 5, 0, 1, tzinfo=IST), 1),
        (datetime(2026, 11, 4, 0, 1, tzinfo=IST), datetime(2026, 11, 4, 23, 59, tzinfo=IST), 0),
        (datetime(2026, 11, 4, 18, 29, tzinfo=UTC), datetime(2026, 11, 4, 18, 31, tzinfo=UTC), 1),
    ],
)
def test_pauses_across_midnight(since, until, days):
    limit = TimeLimit(10, DayUnit.CALENDAR_DAYS, "long")
    at = deadline_at(until, started_at=since, limit=limit, calendar=CALENDAR, district=None, paused_since=since)
    assert at.paused_days == days


def test_once_the_clock_has_ended_the_date_stays_and_no_days_are_left():
    started = datetime(2026, 11, 2, 9, tzinfo=IST)
    limit = TimeLimit(3, DayUnit.WORKING_DAYS, "long")
    due_at = end_of_day(date(2026, 11, 5))
    at = deadline_at(
        started + timedelta(days=30),
        started_at=started,
        limit=limit,
        calendar=CALENDAR,
        district=None,
        fixed=Fixed(due_at, started + timedelta(days=1)),
        paused_since=started,
    )
    assert (at.due_at, at.working_days_left, at.paused) == (due_at, None, False)


def test_a_calendar_imported_later_does_not_move_the_stored_date():
    started = datetime(2026, 10, 12, 9, tzinfo=IST)
    limit = TimeLimit(5, DayUnit.WORKING_DAYS, "short")
    due_at = end_of_day(date(2026, 10, 17))
    at = deadline_at(started, started_at=started, limit=limit, calendar=CALENDAR, district="49", fixed=Fixed(due_at))
    assert at.due_at == due_at
    assert breaches_at(due_at) == datetime(2026, 10, 18, 0, 0, 0, tzinfo=IST)
