"""Holidays by their kinds: whom each binds, and the years whose list is missing or not verified."""

from dataclasses import replace
from datetime import date

import pytest

from domain.applications.deadline import ListState, OfficeWeek, WorkCalendar
from domain.applications.holidays import (
    Holiday,
    HolidayKind,
    better_lists,
    calendar_of,
    lists_in_doubt,
    version_of,
    years_in_use,
)
from domain.kernel import Bilingual
from domain.payments.files import PaymentRules

WEDNESDAY = date(2026, 9, 16)


def holiday(kind: HolidayKind, day: date = WEDNESDAY, district: str | None = None, *, verified: bool = True) -> Holiday:
    return Holiday(day, Bilingual("अवकाश", "Holiday"), kind, district, "the gazette", verified)


@pytest.mark.parametrize("kind", [HolidayKind.GENERAL, HolidayKind.ADDED, HolidayKind.FIXED])
@pytest.mark.parametrize("week", OfficeWeek)
def test_general_added_and_fixed_holidays_bind_every_office(kind, week):
    calendar = calendar_of([holiday(kind)]).for_week(week)

    assert [calendar.is_working(WEDNESDAY, district) for district in ("49", "56", None)] == [False] * 3


def test_annexure_2_binds_offices_with_a_six_day_week_alone():
    calendar = calendar_of([holiday(HolidayKind.SIX_DAY)])

    assert not calendar.is_working(WEDNESDAY, "49")
    assert calendar.for_week(OfficeWeek.FIVE_DAY).is_working(WEDNESDAY, "49")


def test_a_holiday_of_a_district_binds_its_offices_alone():
    calendar = calendar_of([holiday(HolidayKind.DISTRICT, district="56")])

    assert [calendar.is_working(WEDNESDAY, district) for district in ("56", "49", None)] == [False, True, True]


@pytest.mark.parametrize(
    ("day", "six", "five"),
    [
        (date(2026, 11, 7), True, False),  # the first Saturday
        (date(2026, 11, 14), False, False),  # the second
        (date(2026, 11, 21), True, False),
        (date(2026, 11, 28), True, False),
        (date(2026, 11, 15), False, False),  # a Sunday
        (date(2026, 11, 16), True, True),
    ],
)
def test_a_six_day_office_is_shut_on_second_saturdays_and_a_five_day_one_on_all(day, six, five):
    calendar = WorkCalendar("test")

    assert (calendar.is_working(day), calendar.for_week(OfficeWeek.FIVE_DAY).is_working(day)) == (six, five)


@pytest.mark.parametrize(
    ("kind", "district", "shut"),
    [
        (HolidayKind.GENERAL, None, True),
        (HolidayKind.ADDED, None, True),
        (HolidayKind.SIX_DAY, None, False),
        (HolidayKind.DISTRICT, "49", False),
    ],
)
def test_banks_keep_the_holidays_of_all_offices_and_not_those_of_some(kind, district, shut):
    calendar = calendar_of([holiday(kind, district=district)])

    assert PaymentRules().is_bank_day(WEDNESDAY, calendar) is not shut


@pytest.mark.parametrize(
    ("holidays", "state"),
    [
        ([], ListState.MISSING),
        ([holiday(HolidayKind.FIXED)], ListState.MISSING),
        ([holiday(HolidayKind.DISTRICT, district="49")], ListState.MISSING),
        ([holiday(HolidayKind.GENERAL)], ListState.VERIFIED),
        ([holiday(HolidayKind.GENERAL, verified=False)], ListState.UNVERIFIED),
        (
            [holiday(HolidayKind.GENERAL), holiday(HolidayKind.SIX_DAY, date(2026, 9, 17), verified=False)],
            ListState.UNVERIFIED,
        ),
    ],
)
def test_a_list_is_verified_where_it_is_notified_and_every_day_of_it_was_verified(holidays, state):
    assert calendar_of(holidays).list_of(2026) is state


def test_the_next_year_comes_into_use_on_the_first_of_december():
    calendar = calendar_of([holiday(HolidayKind.GENERAL), holiday(HolidayKind.FIXED, date(2027, 1, 26))])

    assert years_in_use(date(2026, 11, 30)) == (2026,)
    assert lists_in_doubt(calendar, date(2026, 11, 30)) == {}
    assert lists_in_doubt(calendar, date(2026, 12, 1)) == {2027: ListState.MISSING}
    assert lists_in_doubt(calendar, date(2027, 1, 1)) == {2027: ListState.MISSING}


def test_the_version_names_what_counts_and_what_was_verified():
    one = holiday(HolidayKind.GENERAL)
    others = [replace(one, kind=HolidayKind.SIX_DAY), replace(one, verified=False), replace(one, day=date(2026, 9, 17))]

    assert len({version_of([each]) for each in (one, *others)}) == 4
    assert version_of([one, others[2]]) == version_of([others[2], one])
    assert version_of([replace(one, source="another page")]) == version_of([one])


def test_a_list_that_was_verified_is_not_replaced_by_one_that_is_not():
    verified, other = holiday(HolidayKind.GENERAL), holiday(HolidayKind.GENERAL, date(2026, 9, 17), verified=False)
    next_year = holiday(HolidayKind.FIXED, date(2027, 1, 26), verified=False)

    assert better_lists([verified], [other, next_year]) == [verified, next_year]
    assert better_lists([other], [verified]) == [verified]
    assert better_lists([other], [replace(other, day=WEDNESDAY)]) == [replace(other, day=WEDNESDAY)]
    assert better_lists([next_year], []) == [next_year]
