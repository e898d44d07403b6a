"""A citizen's payments are asked for from the step that they had reached, by one call each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.benefits.benefits import PaymentStatus
from integrations.dbt_finance import BillReference
from tests.integrations.dbt_finance.conftest import BILL_DAY, Treasury, order


async def reached(treasury: Treasury, number: str = "9") -> BillReference:
    """The bill with what the worker's enquiry has heard of it."""
    bill = BillReference(f"UKB{number}", BILL_DAY, f"UKE{number}")
    return replace(bill, reached=(await treasury.client().enquire(bill)).reached)


@pytest.mark.parametrize(
    ("after", "call", "status"),
    [
        (timedelta(minutes=31), "PAG answered", PaymentStatus.INSTRUCTED),
        (timedelta(hours=3), "PD answered", PaymentStatus.AT_BANK),
        (timedelta(days=2), "FD answered", PaymentStatus.CREDITED),
    ],
)
async def test_a_bill_is_asked_for_its_next_step_alone(
    treasury: Treasury, after: timedelta, call: str, status: PaymentStatus
):
    await treasury.client().instruct(order())
    treasury.clock.advance(after)
    bill = await reached(treasury)
    before = len(treasury.effects())

    states = (await treasury.client().payment_statuses("citizen", [bill])).value

    assert treasury.effects()[before:] == [call]
    assert states[bill.end_to_end_id].status is status


@pytest.mark.parametrize(
    ("known", "later", "call", "status"),
    [
        (timedelta(minutes=31), timedelta(hours=3), "PAG answered", PaymentStatus.AT_BANK),
        (timedelta(hours=3), timedelta(days=2), "PD answered", PaymentStatus.CREDITED),
    ],
)
async def test_a_step_that_was_taken_since_is_heard_by_the_one_call(
    treasury: Treasury, known: timedelta, later: timedelta, call: str, status: PaymentStatus
):
    await treasury.client().instruct(order())
    treasury.clock.advance(known)
    bill = await reached(treasury)
    treasury.clock.advance(later)
    before = len(treasury.effects())

    states = (await treasury.client().payment_statuses("citizen", [bill])).value

    assert (treasury.effects()[before:], states[bill.end_to_end_id].status) == ([call], status)


async def test_a_credit_that_came_back_is_heard_by_the_one_call(treasury: Treasury):
    await treasury.client().instruct(order())
    treasury.clock.advance(timedelta(days=2))
    bill = await reached(treasury)
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB9", "code": "53"})
    before = len(treasury.effects())

    state = (await treasury.client().payment_statuses("citizen", [bill])).value[bill.end_to_end_id]

    assert treasury.effects()[before:] == ["FD answered"]
    assert (state.status, state.return_code) == (PaymentStatus.RETURNED, "53")


async def test_an_enquiry_gives_what_later_calls_ask_back_and_no_account(treasury: Treasury):
    await treasury.client().instruct(order())
    treasury.clock.advance(timedelta(days=2))

    bill = await reached(treasury)

    assert {"instruction_id", "voucher_date", "bill_reference", "token_number", "paid_at"} <= bill.reached.keys()
    assert order().payees[0].account_number not in bill.reached.values()
