"""The plan of a sanction against brute force: every day is paid once, whatever the months are like."""

from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.benefits.plans import (
    Plan,
    add_months,
    certificate_cutoff,
    certified_enough,
    demo_day,
    period_end,
    review_due_on,
)

DAYS = st.dates(date(1999, 1, 1), date(2105, 12, 31))
TERMS = st.sampled_from([1, 2, 3, 4, 5, 7, 12])


def slow_add(day: date, months: int) -> date:
    """The same day so many months later, found by walking day by day from the first of the month."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    found = date(year, month, 1)
    while found.day < day.day and (found + timedelta(days=1)).month == month:
        found += timedelta(days=1)
    return found


@settings(deadline=None)
@given(DAYS, st.integers(0, 300))
def test_months_are_added_as_by_walking_through_the_calendar(day: date, months: int):
    assert add_months(day, months) == slow_add(day, months)


@settings(deadline=None)
@given(DAYS, st.sampled_from(["monthly", "yearly"]), TERMS, st.integers(1, 10**9))
def test_periods_lie_side_by_side_and_their_amounts_add_up(anchor: date, period: str, terms: int, amount: int):
    terms = 1 if period == "monthly" else terms
    plan = Plan.of(anchor, period, amount, terms)
    found = list(islice(plan.periods(), terms * 6))
    assert found[0].begins == anchor
    for earlier, later in pairwise(found):
        assert later.begins == earlier.ends + timedelta(days=1)
        assert earlier.begins <= earlier.ends
    for first in range(0, len(found), terms):
        assert sum(one.amount_paise for one in found[first : first + terms]) == amount
    whole = add_months(anchor, (12 if period == "yearly" else 1) * 6)
    assert found[-1].ends == whole - timedelta(days=1)


@settings(deadline=None)
@given(DAYS, st.sampled_from(["monthly", "yearly"]), TERMS, st.integers(-40, 1500))
def test_the_period_of_a_day_is_the_one_that_a_search_finds(anchor: date, period: str, terms: int, ahead: int):
    plan = Plan.of(anchor, period, 1000, 1 if period == "monthly" else terms)
    day = anchor + timedelta(days=ahead)
    searched = next((one for one in islice(plan.periods(), 80) if one.begins <= day <= one.ends), None)
    assert plan.period_on(day) == searched
    following = next(one for one in islice(plan.periods(), 80) if one.begins > day)
    assert plan.first_period_after(day) == following


def test_the_last_of_a_long_month_is_kept_through_short_ones():
    plan = Plan.of(date(2024, 1, 31), "monthly", 150_000)
    begins = [one.begins for one in islice(plan.periods(), 5)]
    assert begins == [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31)]
    leap = Plan.of(date(2024, 2, 29), "yearly", 600_000)
    assert [one.begins for one in islice(leap.periods(), 5)] == [
        date(2024, 2, 29),
        date(2025, 2, 28),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]


def test_a_benefit_paid_once_has_one_period_of_one_day():
    plan = Plan.of(date(2026, 11, 24), "one-time", 5_100_000)
    assert [(one.begins, one.ends, one.amount_paise) for one in plan.periods()] == [
        (date(2026, 11, 24), date(2026, 11, 24), 5_100_000)
    ]
    assert plan.first_period_after(date(2026, 11, 24)) is None
    assert plan.first_period_after(date(2026, 11, 1)) == plan.period(0)
    with pytest.raises(IndexError):
        plan.period(1)


def test_a_plan_ends_with_its_last_day_and_a_period_that_began_by_then_is_paid():
    plan = Plan.of(date(2026, 1, 10), "monthly", 100, last_day=date(2026, 3, 10))
    assert [one.begins for one in plan.periods()] == [date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10)]
    assert plan.first_period_after(date(2026, 3, 10)) is None


@pytest.mark.parametrize(("period", "terms"), [("monthly", 2), ("yearly", 13), ("one-time", 2), ("yearly", -1)])
def test_terms_that_a_period_cannot_have_are_refused(period: str, terms: int):
    with pytest.raises(ValueError, match="term"):
        Plan.of(date(2026, 1, 1), period, 100, terms)


def test_outside_of_a_plan_a_period_has_its_months_from_its_own_day():
    assert period_end(date(2027, 1, 31), "monthly") == date(2027, 2, 27)
    assert period_end(date(2027, 1, 31), None) == date(2027, 1, 31)


@settings(deadline=None)
@given(DAYS, st.integers(1, 12))
def test_the_cutoff_of_life_certificates_is_the_newest_end_of_their_month_before_the_day(day: date, month: int):
    cutoff = certificate_cutoff(day, month)
    assert cutoff < day
    assert cutoff.month == month
    assert (cutoff + timedelta(days=1)).day == 1
    assert all(
        not (one.month == month and (one + timedelta(days=1)).month != month)
        for one in (cutoff + timedelta(days=step) for step in range(1, (day - cutoff).days))
    )


@pytest.mark.parametrize(
    ("begins", "given_on", "sanctioned_on", "enough"),
    [
        (date(2026, 11, 30), None, date(2026, 3, 1), True),  # sanctioned after the month of 2025 began
        (date(2026, 12, 1), None, date(2026, 3, 1), False),
        (date(2026, 12, 1), date(2026, 10, 31), date(2026, 3, 1), False),  # before the month began
        (date(2026, 12, 1), date(2026, 11, 1), date(2026, 3, 1), True),
        (date(2027, 6, 1), date(2027, 3, 9), date(2020, 3, 1), True),  # late, and it counts from then on
        (date(2026, 12, 1), None, date(2026, 11, 24), True),  # applied in the month itself
    ],
)
def test_who_has_shown_that_she_lives(begins: date, given_on: date | None, sanctioned_on: date, enough: bool):
    assert certified_enough(begins, 11, given_on, sanctioned_on) is enough


def test_a_review_is_due_a_year_after_the_last_one():
    assert review_due_on(None, date(2024, 2, 29)) == date(2025, 2, 28)
    assert review_due_on(date(2026, 5, 6), date(2024, 2, 29)) == date(2027, 5, 6)


@pytest.mark.parametrize("today", [date(2027, 3, 1), date(2027, 3, 31), date(2027, 5, 31), date(2028, 2, 29)])
def test_the_days_of_a_demo_pension_are_those_of_its_plan_and_the_latest_is_near(today: date):
    days = [demo_day(today, 2, months) for months in (3, 2, 1, 0)]
    plan = Plan.of(days[0], "monthly", 150000)
    assert [period.begins for period in islice(plan.periods(), 4)] == days
    assert timedelta(days=2) <= today - days[-1] <= timedelta(days=5)
