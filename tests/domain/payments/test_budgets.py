"""What a sanction needs of a financial year, which runs from 1 April to 31 March."""

from dataclasses import replace
from datetime import date

import pytest

from domain.catalogue.catalogue import Scheme
from domain.kernel import Bilingual
from domain.payments.budgets import SanctionNeed, granted_until, need_of, year_name, year_of

NAME = Bilingual(None, "a scheme")
PENSION = Scheme("1", "a-scheme", NAME, NAME, "pension", 150_000, "monthly", None, "a source", True)


@pytest.mark.parametrize(
    ("day", "first", "last", "name"),
    [
        (date(2026, 3, 31), date(2025, 4, 1), date(2026, 3, 31), "2025-26"),
        (date(2026, 4, 1), date(2026, 4, 1), date(2027, 3, 31), "2026-27"),
        (date(1999, 12, 31), date(1999, 4, 1), date(2000, 3, 31), "1999-00"),
    ],
)
def test_a_financial_year_runs_from_april_to_march(day: date, first: date, last: date, name: str):
    assert (year_of(day), year_name(day)) == ((first, last), name)


@pytest.mark.parametrize(
    ("day", "months_after"), [(date(2026, 4, 1), 11), (date(2026, 11, 24), 4), (date(2027, 3, 31), 0)]
)
def test_a_pension_needs_each_month_that_begins_until_the_end_of_march(day: date, months_after: int):
    assert need_of(PENSION, day) == SanctionNeed(150_000, months_after * 150_000)


def test_a_grant_is_paid_once_and_an_unknown_amount_has_no_need():
    assert need_of(replace(PENSION, period="one-time"), date(2026, 4, 1)) == SanctionNeed(150_000, 0)
    assert need_of(replace(PENSION, amount_paise=None), date(2026, 4, 1)) is None


def test_terms_of_a_scholarship_that_begin_next_year_are_not_this_years_need():
    scholarship = replace(PENSION, benefit_type="scholarship", period="yearly", amount_paise=1_000_01, terms=2)
    assert granted_until(scholarship, date(2026, 11, 24)) == date(2027, 11, 23)
    assert need_of(scholarship, date(2026, 11, 24)) == SanctionNeed(50_000, 0)
    in_april = need_of(scholarship, date(2026, 4, 1))
    assert in_april == SanctionNeed(50_000, 50_001)
    assert in_april.year_paise == 1_000_01
