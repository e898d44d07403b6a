"""Due dates against a count by hand: leap years, month ends, long holidays, pauses across midnight, and the end."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.applications.deadline import (
    DayUnit,
    Fixed,
    Pause,
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


def is_shut(day: date, district: str | None) -> bool:
    second_saturday = day.isoweekday() == 6 and day.day in range(8, 15)
    off = day.isoweekday() == 7 or second_saturday
    return off or (day in HOLIDAYS and (not HOLIDAYS[day] or district in HOLIDAYS[day]))


def by_hand(start: date, limit: TimeLimit, district: str | None) -> date:
    """Counted on the fingers, by rules written down a second time."""
    day, left = start, limit.days or 0
    while left:
        day += timedelta(days=1)
        left -= limit.unit is DayUnit.CALENDAR_DAYS or not is_shut(day, district)
    while limit.unit is DayUnit.CALENDAR_DAYS and is_shut(day, district):
        day += timedelta(days=1)
    return day


@given(
    st.dates(date(2026, 1, 1), date(2029, 1, 31)),
    st.integers(0, 90),
    st.sampled_from(DayUnit),
    st.sampled_from([None, "49", "51"]),
)
def test_due_days_are_those_counted_by_hand(start, count, unit, district):
    limit = TimeLimit(count, unit, "long")
    assert due_on(start, limit, CALENDAR, district=district) == by_hand(start, limit, district)


@pytest.mark.parametrize(
    ("start", "count", "unit", "due"),
    [
        (date(2028, 2, 27), 2, DayUnit.CALENDAR_DAYS, date(2028, 3, 1)),  # a holiday on the leap day
        (date(2024, 2, 28), 1, DayUnit.CALENDAR_DAYS, date(2024, 2, 29)),
        (date(2028, 2, 28), 1, DayUnit.WORKING_DAYS, date(2028, 3, 1)),
        (date(2027, 2, 28), 1, DayUnit.CALENDAR_DAYS, date(2027, 3, 1)),
        (date(2026, 1, 31), 30, DayUnit.CALENDAR_DAYS, date(2026, 3, 2)),
        (date(2026, 10, 16), 1, DayUnit.WORKING_DAYS, date(2026, 10, 24)),
        (date(2026, 12, 30), 1, DayUnit.WORKING_DAYS, date(2027, 1, 1)),
    ],
)
def test_leap_years_month_ends_and_long_holidays(start, count, unit, due):
    assert due_on(start, TimeLimit(count, unit, "long"), CALENDAR, district="49") == due


@given(
    instants,
    st.timedeltas(timedelta(0), timedelta(days=60)),
    st.timedeltas(timedelta(0), timedelta(days=20)),
    st.sampled_from(DayUnit),
)
def test_a_pause_gives_back_the_days_that_were_left_and_ends_on_an_open_day(started, until_pause, paused, unit):
    limit = TimeLimit(15, unit, "long")
    due = by_hand(ist_date(started), limit, "49")
    since = min(started + until_pause, end_of_day(due))
    asked, answered = ist_date(since), ist_date(since + paused)
    at = deadline_at(
        since + paused,
        started_at=started,
        limit=limit,
        calendar=CALENDAR,
        district="49",
        pause=Pause(since),
        fixed=Fixed(end_of_day(due)),
    )
    after = ist_date(at.due_at)
    assert at.paused_days == (answered - asked).days
    assert not is_shut(after, "49") or answered == asked
    assert lasting(answered, after, unit) >= lasting(asked, due, unit)
    if unit is DayUnit.WORKING_DAYS and answered > asked:
        assert lasting(answered, after, unit) == max(lasting(asked, due, unit), 1)


def lasting(after: date, last: date, unit: DayUnit) -> int:
    span = [after + timedelta(days=one) for one in range(1, (last - after).days + 1)]
    return sum(unit is DayUnit.CALENDAR_DAYS or not is_shut(day, "49") for day in span)


@pytest.mark.parametrize(
    ("due", "asked", "answered", "after"),
    [
        (date(2026, 12, 5), date(2026, 12, 2), date(2026, 12, 4), date(2026, 12, 8)),
        (date(2026, 11, 7), date(2026, 11, 6), date(2026, 11, 13), date(2026, 11, 16)),
        (date(2026, 11, 19), date(2026, 11, 13), date(2026, 11, 18), date(2026, 11, 25)),
        (date(2026, 11, 19), date(2026, 11, 19), date(2026, 11, 21), date(2026, 11, 23)),
        (date(2026, 12, 11), date(2026, 12, 8), date(2026, 12, 10), date(2026, 12, 15)),
        (date(2026, 11, 19), date(2026, 11, 19), date(2026, 11, 19), date(2026, 11, 19)),
    ],
)
def test_worked_examples_of_pauses(due, asked, answered, after):
    """The table of docs/contracts/right_to_service.md section 3.2, a second Saturday, and a quick reply."""
    calendar = WorkCalendar("2026", {date(2026, 11, day): frozenset[str]() for day in (8, 10, 20, 24)})
    limit = TimeLimit(15, DayUnit.WORKING_DAYS, "2026")
    given_back = deadline_at(
        datetime.combine(answered, time(11), tzinfo=IST),
        started_at=datetime(2026, 10, 1, 9, tzinfo=IST),
        limit=limit,
        calendar=calendar,
        district="49",
        pause=Pause(datetime.combine(asked, time(10), tzinfo=IST)),
        fixed=Fixed(end_of_day(due)),
    )
    assert given_back.due_at == end_of_day(after)


def test_worked_example_of_a_limit_over_deepawali():
    """Received on Friday 30 October 2026, due on Thursday 19 November (docs/contracts/right_to_service.md 3.3)."""
    calendar = WorkCalendar("2026", {date(2026, 11, day): frozenset[str]() for day in (8, 10, 20, 24)})
    limit = TimeLimit(15, DayUnit.WORKING_DAYS, "2026")
    assert due_on(date(2026, 10, 30), limit, calendar, district="49") == date(2026, 11, 19)


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
    at = deadline_at(until, started_at=since, limit=limit, calendar=CALENDAR, district=None, pause=Pause(since))
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
        pause=Pause(started),
    )
    assert (at.due_at, at.working_days_left, at.paused) == (due_at, None, False)


def test_a_calendar_imported_later_does_not_move_the_stored_date():
    started = datetime(2026, 10, 12, 9, tzinfo=IST)
    limit = TimeLimit(5, DayUnit.WORKING_DAYS, "short")
    due_at = end_of_day(date(2026, 10, 17))
    at = deadline_at(started, started_at=started, limit=limit, calendar=CALENDAR, district="49", fixed=Fixed(due_at))
    assert at.due_at == due_at
    assert breaches_at(due_at) == datetime(2026, 10, 18, 0, 0, 0, tzinfo=IST)
