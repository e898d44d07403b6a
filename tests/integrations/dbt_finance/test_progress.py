"""A citizen's payments are asked for from the step that they had reached, by one call each."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.benefits.benefits import PaymentStatus
from integrations.calling.errors import Unavailable
from integrations.dbt_finance import BillReference
from tests.integrations.dbt_finance.conftest import Treasury, asked, known, order
from tests.integrations.dbt_finance.test_corrections import a_failed_payment, corrected_bill, correction


async def reached(treasury: Treasury) -> BillReference:
    """The bill with what the worker's enquiry has heard of it."""
    return (await known(treasury.client(), "9"))[0]


@pytest.mark.parametrize(
    ("after", "call", "status"),
    [
        (timedelta(), "PIS answered", PaymentStatus.INSTRUCTED),
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


async def test_a_bill_that_was_never_asked_for_costs_a_page_one_call_however_far_it_has_come(treasury: Treasury):
    await treasury.client().instruct(order())
    treasury.clock.advance(timedelta(days=2))
    before = len(treasury.effects())

    states = (await treasury.client().payment_statuses("citizen", [asked()])).value

    assert treasury.effects()[before:] == ["PIS answered"]
    assert (states["UKE9"].status, states["UKE9"].awaits_approval) == (PaymentStatus.INSTRUCTED, False)


async def a_correction(treasury: Treasury) -> BillReference:
    """A correction that was ordered and never asked for, of an order that the worker has asked for."""
    await a_failed_payment(treasury)
    client = treasury.client()
    (first,) = await known(client, "9")
    await client.correct(correction())
    return replace(corrected_bill(), corrects=first)


async def test_a_correction_is_asked_for_its_next_step_alone_from_what_was_heard_of_the_first_order(treasury: Treasury):
    bill = await a_correction(treasury)
    before = len(treasury.effects())

    in_process = (await treasury.client().payment_statuses("citizen", [bill])).value["UKE10"]
    treasury.clock.advance(timedelta(days=1, minutes=1))
    paid = (await treasury.client().payment_statuses("citizen", [bill])).value["UKE10"]

    assert treasury.effects()[before:] == ["FTPS answered", "FTPS answered"]
    assert (in_process.status, in_process.awaits_approval) == (PaymentStatus.INSTRUCTED, False)
    assert paid.status is PaymentStatus.CREDITED


async def test_a_correction_that_was_paid_is_asked_for_its_return_alone(treasury: Treasury):
    bill = await a_correction(treasury)
    treasury.clock.advance(timedelta(days=1, minutes=1))
    before = len(treasury.effects())
    bill = replace(bill, reached=(await treasury.client().enquire(bill)).reached)
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB10", "code": "54"})

    state = (await treasury.client().payment_statuses("citizen", [bill])).value["UKE10"]

    assert treasury.effects()[before:] == ["FTPS answered", "FTFPS answered", "FTFPS answered"]
    assert (state.status, state.return_code) == (PaymentStatus.RETURNED, "54")


async def test_a_correction_whose_first_order_was_never_asked_for_is_left_to_the_store(treasury: Treasury):
    await a_correction(treasury)
    before = len(treasury.effects())

    told = await treasury.client().payment_statuses("citizen", [corrected_bill()])

    assert dict(told.value) == {}
    assert treasury.effects()[before:] == []


async def paid_on_one_day(treasury: Treasury, *numbers: str) -> None:
    for number in numbers:
        await treasury.client().instruct(order(number, account=f"300012345{number}0"))
    treasury.clock.advance(timedelta(days=1, minutes=1))


async def test_bills_that_were_paid_on_a_day_are_asked_for_their_failures_by_one_call(treasury: Treasury):
    await paid_on_one_day(treasury, "7", "8", "9")
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB8", "code": "54"})
    client, before = treasury.client(), len(treasury.effects())

    told = await asyncio.gather(*(client.enquire(asked(number)) for number in "789"))

    assert treasury.effects()[before:].count("FD answered") == 1
    credited, returned = PaymentStatus.CREDITED, PaymentStatus.RETURNED
    assert [one.state.status for one in told] == [credited, returned, credited]


async def test_the_failures_of_a_day_are_asked_for_anew_half_a_minute_later(treasury: Treasury):
    await paid_on_one_day(treasury, "8")
    client = treasury.client()
    await client.enquire(asked("8"))
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB8", "code": "54"})
    treasury.clock.advance(timedelta(seconds=30))

    assert (await client.enquire(asked("8"))).state.status is PaymentStatus.RETURNED


async def test_bills_of_two_days_are_asked_for_by_a_call_for_each(treasury: Treasury):
    await paid_on_one_day(treasury, "7")
    await paid_on_one_day(treasury, "8")
    client, before = treasury.client(), len(treasury.effects())

    await asyncio.gather(*(client.enquire(asked(number)) for number in "78"))

    assert treasury.effects()[before:].count("FD answered") == 2


async def test_a_list_of_failures_that_did_not_come_is_asked_for_again_by_the_next_bill(treasury: Treasury):
    await paid_on_one_day(treasury, "8")
    client = treasury.client()
    treasury.sandbox.faults.set([{"kind": "html", "route": "/jit/FD"}])
    with pytest.raises(Unavailable):
        await client.enquire(asked("8"))
    treasury.sandbox.faults.clear()

    assert (await client.enquire(asked("8"))).state.status is PaymentStatus.CREDITED


async def test_a_page_asks_once_for_the_failures_of_all_its_bills_of_a_day_and_takes_no_list_of_before(
    treasury: Treasury,
):
    await paid_on_one_day(treasury, "7", "8")
    client = treasury.client()
    bills = await known(client, "7", "8")
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB8", "code": "54"})
    before = len(treasury.effects())

    states = (await client.payment_statuses("citizen", bills)).value

    assert treasury.effects()[before:] == ["FD answered"]
    assert [states[name].status for name in ("UKE7", "UKE8")] == [PaymentStatus.CREDITED, PaymentStatus.RETURNED]
