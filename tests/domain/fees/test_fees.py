"""What is due, how an order moves, and when it is asked about."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.fees.fees import (
    BETWEEN,
    ENQUIRIES,
    FOLLOWED,
    PAID,
    FeeRules,
    FeeState,
    fee_due,
    is_over,
    may_be_asked,
    may_become,
    next_enquiry,
    reference_of,
)

BEGAN = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("fee", [None, 0])
def test_without_a_fee_nothing_is_due_and_no_charge_either(fee: int | None):
    assert fee_due(fee, FeeRules(1000, "Order 17")) is None


def test_the_charge_comes_on_top_and_names_its_source():
    due = fee_due(4000, FeeRules(1000, "Order 17"))
    assert due is not None
    assert (due.fee_paise, due.charge_paise, due.total_paise, due.charge_source) == (4000, 1000, 5000, "Order 17")


def test_no_step_leads_from_paid_back_to_unpaid():
    unpaid = set(FeeState) - set(PAID)
    assert not any(may_become(before, after) for before in PAID for after in unpaid)
    assert may_become(FeeState.EXPIRED, FeeState.SUCCESS)
    assert not may_become(FeeState.FAILED, FeeState.PENDING)
    assert not may_become(FeeState.REFUNDED, FeeState.REFUND_REQUESTED)


def test_it_is_asked_about_as_the_contract_says():
    first = [timedelta(minutes=minutes) for minutes in (2, 5, 15, 60)]
    assert list(ENQUIRIES[:4]) == first
    assert all(later - earlier <= 6 * HOUR for earlier, later in pairwise(ENQUIRIES))
    assert ENQUIRIES[-1] == FOLLOWED == timedelta(days=7)
    assert list(ENQUIRIES) == sorted(ENQUIRIES)


def test_after_its_days_it_is_asked_about_until_somebody_answers():
    late = BEGAN + timedelta(days=9)
    assert next_enquiry(BEGAN, late) == late + 6 * HOUR
    assert (is_over(BEGAN, BEGAN + FOLLOWED), is_over(BEGAN, BEGAN + FOLLOWED - HOUR)) == (True, False)


def test_one_enquiry_in_ten_seconds():
    assert may_be_asked(None, BEGAN)
    assert not may_be_asked(BEGAN, BEGAN + BETWEEN - timedelta(seconds=1))
    assert may_be_asked(BEGAN, BEGAN + BETWEEN)


def test_a_reference_has_at_most_twenty_letters_and_digits():
    reference = reference_of("42600000000127")
    assert reference.isalnum()
    assert len(reference) <= 20
