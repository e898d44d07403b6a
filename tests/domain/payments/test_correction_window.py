"""How long the treasury takes the correction of an order (docs/contracts/dbt_finance.md section 5.4)."""

from datetime import date

import pytest

from domain.payments.files import PaymentRules


@pytest.mark.parametrize(
    ("ordered", "today", "taken"),
    [
        (date(2026, 5, 1), date(2026, 7, 30), True),
        (date(2026, 5, 1), date(2026, 7, 31), False),
        (date(2027, 3, 31), date(2027, 3, 31), True),
        (date(2027, 3, 31), date(2027, 4, 30), True),
        (date(2027, 3, 31), date(2027, 5, 1), False),
        (date(2026, 5, 1), date(2027, 4, 30), True),
        (date(2026, 5, 1), date(2028, 4, 30), False),
    ],
)
def test_a_correction_is_taken_for_ninety_days_or_until_the_april_after_the_year(
    ordered: date, today: date, taken: bool
):
    assert PaymentRules().may_be_corrected(ordered, today) is taken
