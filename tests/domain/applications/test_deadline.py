"""The legal clock against a count by hand, day by day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.applications.deadline import DayUnit, Pause, TimeLimit, WorkCalendar, deadline_at, due_on, end_of_day
from domain.kernel import IST, ist_date

DISTRICT = "49"
HOLIDAYS = {
    date(2026, 1, 26): frozenset[str](),
    date(2026, 8, 15): frozenset[str](),
    date(2026, 10, 2): frozenset[str](),
    date(2026, 3, 4): frozenset({"49", "50"}),
    date(2026, 11, 25): frozenset({"51"}),
}
CALENDAR = WorkCalendar("test", HOLIDAYS)
days = st.dates(date(2025, 12, 1), date(2027, 1, 31))


def works_by_hand(day: date, district: str | None) -> bool:
    """Sundays, the Saturday that is the second of its month, and holidays of the district are off."""
    saturdays = [one for one in range(1, day.day + 1) if day.replace(day=one).isoweekday() == 6]
    second_saturday = day.isoweekday() == 6 and len(saturdays) == 2
    holiday = day in HOLIDAYS and (not HOLIDAYS[day] or district in HOLIDAYS[day])
    return not (day.isoweekday() == 7 or second_saturday or holiday)


@given(days, st.sampled_from([None, "49", "51", "57"]))
def test_working_days_are_those_of_the_calendar_on_the_wall(day: date, district: str | None):
    assert CALENDAR.is_working(day, district) == works_by_hand(day, district)


@given(days, st.integers(0, 60), st.sampled_from([None, "49", "51"]))
def test_adding_working_days_counts_them_one_by_one(start: date, count: int, district: str | None):
    day, left = start, count
    while left:
        day += timedelta(days=1)
        left -= works_by_hand(day, district)
    assert CALENDAR.add_working_days(start, count, district) == day


@given(days, st.integers(1, 60), st.sampled_from([None, "49", "51"]))
def test_between_start_and_due_day_lie_exactly_the_days_of_the_limit(start: date, count: int, district: str | None):
    due = CALENDAR.add_working_days(start, count, district)
    assert CALENDAR.is_working(due, district)
    assert CALENDAR.working_days_between(start, due, district) == count
    assert CALENDAR.working_days_between(due, start, district) == -count


@given(days, days, st.integers(0, 45))
def test_a_later_start_never_gives_an_earlier_due_day(one: date, other: date, count: int):
    early, late = sorted((one, other))
    limit = TimeLimit(count, DayUnit.WORKING_DAYS, "test")
    first = due_on(early, limit, CALENDAR, district=DISTRICT)
    second = due_on(late, limit, CALENDAR, district=DISTRICT)
    assert first is not None
    assert second is not None
    assert first <= second


@given(days, st.integers(0, 60))
def test_calendar_days_end_on_the_first_open_day_from_their_last_one_on(start: date, count: int):
    due = due_on(start, TimeLimit(count, DayUnit.CALENDAR_DAYS, "test"), CALENDAR, district=DISTRICT)
    assert due is not None
    assert works_by_hand(due, DISTRICT)
    last = start + timedelta(days=count)
    assert due >= last
    assert not any(works_by_hand(last + timedelta(days=one), DISTRICT) for one in range((due - last).days))


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        (date(2026, 11, 24), 15, date(2026, 12, 11)),  # two Sundays, no second Saturday in between
        (date(2026, 11, 27), 10, date(2026, 12, 9)),
        (date(2026, 12, 11), 1, date(2026, 12, 14)),  # the second Saturday and a Sunday follow
        (date(2026, 1, 23), 2, date(2026, 1, 27)),  # Saturday counts, Sunday and Republic Day do not
        (date(2026, 3, 3), 1, date(2026, 3, 5)),  # a holiday of the district
    ],
)
def test_examples_counted_by_hand(start: date, count: int, due: date):
    assert due_on(start, TimeLimit(count, DayUnit.WORKING_DAYS, "test"), CALENDAR, district=DISTRICT) == due


def test_a_holiday_of_another_district_does_not_count_here():
    limit = TimeLimit(1, DayUnit.WORKING_DAYS, "test")
    assert due_on(date(2026, 11, 24), limit, CALENDAR, district="49") == date(2026, 11, 25)
    assert due_on(date(2026, 11, 24), limit, CALENDAR, district="51") == date(2026, 11, 26)


def test_the_due_instant_is_the_last_second_of_the_day_in_india():
    due = end_of_day(date(2026, 11, 24))
    assert due == datetime(2026, 11, 24, 18, 29, 59, tzinfo=UTC)
    assert ist_date(due) == date(2026, 11, 24)
    assert ist_date(due + timedelta(seconds=1)) == date(2026, 11, 25)


def test_an_application_after_half_past_six_utc_is_of_the_next_day_in_india():
    started = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)
    limit = TimeLimit(1, DayUnit.CALENDAR_DAYS, "test")
    deadline = deadline_at(started, started_at=started, limit=limit, calendar=CALENDAR, district=None)
    assert deadline.due_at == end_of_day(date(2026, 11, 26))


def test_an_unknown_limit_has_no_date_and_a_clock_that_did_not_start_neither():
    now = datetime(2026, 11, 24, 6, tzinfo=UTC)
    unknown = TimeLimit(None, DayUnit.WORKING_DAYS, "test")
    known = TimeLimit(5, DayUnit.WORKING_DAYS, "test")
    assert deadline_at(now, started_at=now, limit=unknown, calendar=CALENDAR, district=None).basis == "UNKNOWN"
    assert deadline_at(now, started_at=None, limit=known, calendar=CALENDAR, district=None).basis == "NOT_STARTED"
    assert deadline_at(now, started_at=None, limit=None, calendar=CALENDAR, district=None).due_at is None


def test_while_paused_the_date_is_that_of_an_answer_today():
    started = datetime(2026, 11, 2, 9, tzinfo=IST)
    paused = datetime(2026, 11, 4, 9, tzinfo=IST)
    limit = TimeLimit(10, DayUnit.CALENDAR_DAYS, "test")

    def at(now: datetime) -> date | None:
        deadline = deadline_at(
            now,
            started_at=started,
            limit=limit,
            calendar=CALENDAR,
            district=None,
            pause=Pause(paused, left=8),
            paused_days=3,
        )
        assert deadline.paused
        return ist_date(deadline.due_at) if deadline.due_at else None

    assert at(paused) == date(2026, 11, 12)
    assert at(paused + timedelta(days=4)) == date(2026, 11, 16)
    assert at(paused + timedelta(days=11)) == date(2026, 11, 23)


def test_days_left_turn_negative_after_the_due_day():
    started = datetime(2026, 11, 2, 9, tzinfo=IST)
    limit = TimeLimit(3, DayUnit.WORKING_DAYS, "test")
    left = [
        deadline_at(
            started + timedelta(days=days), started_at=started, limit=limit, calendar=CALENDAR, district=None
        ).working_days_left
        for days in range(6)
    ]
    assert left == [3, 2, 1, 0, -1, -2]
