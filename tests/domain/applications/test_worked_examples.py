"""The worked examples of docs/deadlines.md, by the holidays that are shipped (docs/contracts/right_to_service.md)."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from actions.catalogue.rows import read_catalogue
from domain.applications.deadline import (
    DayUnit,
    Fixed,
    ListState,
    OfficeWeek,
    TimeLimit,
    WorkCalendar,
    breaches_at,
    deadline_at,
    due_on,
    end_of_day,
)
from domain.applications.holidays import calendar_of
from domain.kernel import IST
from tests.support.actions import shipped_rows

READ = read_catalogue(shipped_rows())
SHIPPED = calendar_of(READ.holidays)
FRIDAY = date(2026, 10, 30)
"""The day on which the application of the example comes in."""


def counted(start: date, days: int, calendar: WorkCalendar = SHIPPED, district: str | None = "49") -> date | None:
    return due_on(start, TimeLimit(days, DayUnit.WORKING_DAYS, calendar.version), calendar, district=district)


def test_fifteen_working_days_from_30_october_2026_end_on_19_november():
    assert counted(FRIDAY, 15) == date(2026, 11, 19)


def test_each_day_of_the_example_is_counted_as_the_contract_counts_it():
    shut = [day for day in (FRIDAY + timedelta(days=offset) for offset in range(1, 21)) if not SHIPPED.is_working(day)]

    assert [day.isoformat() for day in shut] == [
        "2026-11-01",  # a Sunday
        "2026-11-08",  # a Sunday, and Deepawali
        "2026-11-10",  # Govardhan Puja
        "2026-11-14",  # the second Saturday
        "2026-11-15",  # a Sunday
    ]


def test_the_breach_of_the_example_is_the_first_second_of_20_november_though_that_is_a_holiday():
    assert breaches_at(end_of_day(date(2026, 11, 19))) == datetime(2026, 11, 20, tzinfo=IST)
    assert not SHIPPED.is_working(date(2026, 11, 20), "49")


def test_in_an_office_with_a_five_day_week_the_example_ends_on_25_november():
    assert counted(FRIDAY, 15, SHIPPED.for_week(OfficeWeek.FIVE_DAY)) == date(2026, 11, 25)


def test_a_calendar_without_10_november_would_breach_the_example_a_day_early():
    without = calendar_of([holiday for holiday in READ.holidays if holiday.day != date(2026, 11, 10)])

    assert counted(FRIDAY, 15, without) == date(2026, 11, 18)


def test_thirty_working_days_of_the_first_authority_from_20_november_end_on_29_december():
    assert counted(date(2026, 11, 20), 30) == date(2026, 12, 29)


def test_a_fee_that_was_paid_on_a_holiday_starts_the_clock_on_that_day():
    assert not SHIPPED.is_working(date(2026, 11, 24), "49")
    assert counted(date(2026, 11, 24), 3) == date(2026, 11, 27)
    assert counted(date(2026, 11, 28), 3) == date(2026, 12, 2)


def test_a_local_holiday_shuts_the_offices_of_its_district_alone():
    chhath = date(2025, 10, 27)

    assert counted(date(2025, 10, 26), 1, district="56") == date(2025, 10, 28)
    assert counted(date(2025, 10, 26), 1, district="49") == chhath


def test_a_holiday_of_annexure_2_shuts_the_six_day_offices_alone():
    vishwakarma = date(2025, 9, 17)

    assert counted(date(2025, 9, 16), 1) == date(2025, 9, 18)
    assert counted(date(2025, 9, 16), 1, SHIPPED.for_week(OfficeWeek.FIVE_DAY)) == vishwakarma


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (date(2026, 12, 29), "; holidays of 2026 not verified"),
        (date(2027, 1, 4), "; holidays of 2027 not notified"),
    ],
)
def test_a_due_date_in_a_year_without_a_verified_list_says_so(due, said):
    started = datetime(2026, 12, 1, 9, tzinfo=IST)
    limit = TimeLimit(25, DayUnit.WORKING_DAYS, SHIPPED.version)
    fixed = Fixed(end_of_day(due))

    at = deadline_at(started, started_at=started, limit=limit, calendar=SHIPPED, district="49", fixed=fixed)

    assert at.basis.endswith(said)


def test_a_due_date_in_a_year_with_a_verified_list_names_calendar_and_law_only():
    started = datetime(2026, 12, 1, 9, tzinfo=IST)
    calendar = WorkCalendar("UK-1", lists={2026: ListState.VERIFIED})

    at = deadline_at(
        started,
        started_at=started,
        limit=TimeLimit(5, DayUnit.WORKING_DAYS, "UK-1"),
        calendar=calendar,
        district="49",
    )

    assert at.basis == "5 WORKING_DAYS; calendar UK-1; Uttarakhand Right to Service Act 2011, section 4"


def test_the_shipped_lists_are_those_of_the_contract():
    kinds = Counter((holiday.day.year, holiday.kind.value) for holiday in READ.holidays)

    assert kinds == {
        (2025, "GENERAL"): 24,
        (2025, "SIX_DAY"): 4,
        (2025, "ADDED"): 3,
        (2025, "DISTRICT"): 1,
        (2026, "GENERAL"): 25,
        (2027, "FIXED"): 6,
    }
    assert all(holiday.source for holiday in READ.holidays)
    assert SHIPPED.lists == {2025: ListState.UNVERIFIED, 2026: ListState.UNVERIFIED, 2027: ListState.MISSING}
