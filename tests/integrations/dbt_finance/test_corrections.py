"""COR: a failed payment is paid once more to the corrected account, and nothing but a failed one is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.benefits.benefits import PaymentStatus
from integrations.calling.errors import Refused
from integrations.dbt_finance import BankAccount, BillReference, Correction, Declined, InstructionOutcome
from tests.integrations.dbt_finance.conftest import BILL_DAY, LosesAnswers, Treasury, asked, order

CLOSED, GOOD, OTHER, OTHER_CLOSED = "30001234501", "30001234500", "30009999900", "30005555551"
FAILED = timedelta(days=2, minutes=1)
"""When a payment to a closed account is told as failed."""


def account(number: str) -> BankAccount:
    return BankAccount(number, "SBIN0000630")


def correction(number: str = "10", failed: str = "9", was: str = CLOSED, now: str = GOOD, **changes: Any) -> Correction:
    """The correction of a failed payment of the first bill, which went to a closed account."""
    given: dict[str, Any] = {
        "bill_number": f"UKB{number}",
        "bill_date": BILL_DAY,
        "end_to_end_id": f"UKE{number}",
        "amount_paise": 150005,
        "first": asked("9"),
        "first_account": account(CLOSED),
        "failed": asked(failed) if failed == "9" else corrected_bill(failed),
        "failed_account": account(was),
        "corrected": account(now),
    }
    return Correction(**{**given, **changes})


def corrected_bill(number: str = "10") -> BillReference:
    return replace(asked(number), corrects=asked("9"))


async def a_failed_payment(treasury: Treasury) -> None:
    await treasury.client().instruct(order(account=CLOSED))
    treasury.clock.advance(FAILED)


async def test_a_failed_payment_is_paid_to_the_corrected_account_without_new_money(treasury: Treasury):
    await a_failed_payment(treasury)
    treasury.sandbox.actions["set_fund"]({"paise": 0})
    receipt = await treasury.client().correct(correction())
    assert (receipt.outcome, receipt.bill_number) == (InstructionOutcome.ACCEPTED, "UKB10")
    in_process = await treasury.client().enquire(corrected_bill())
    assert in_process.state.status is PaymentStatus.INSTRUCTED
    treasury.clock.advance(timedelta(days=1, minutes=1))
    found = await treasury.client().enquire(corrected_bill())
    assert (found.state.status, found.strangers) == (PaymentStatus.CREDITED, ())
    first = await treasury.client().enquire(asked("9"))
    assert first.state.status is PaymentStatus.RETURNED


async def test_a_lost_answer_is_enquired_and_nothing_is_paid_twice(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client(LosesAnswers(treasury, "COR", 1))
    assert (await client.correct(correction())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 2


async def test_after_a_lost_answer_a_correction_that_was_paid_is_not_sent_again(treasury: Treasury):
    await a_failed_payment(treasury)
    await treasury.client().correct(correction())
    treasury.clock.advance(timedelta(days=1, minutes=1))

    client = treasury.client(LosesAnswers(treasury, "COR", 1))
    receipt = await client.correct(correction())

    sent = [entry for entry in treasury.sandbox.ledger.entries() if entry["route"] == "/jit/COR"]
    assert receipt.outcome is InstructionOutcome.ALREADY_KNOWN
    assert len(sent) == 2


async def test_the_same_correction_again_is_reconciled(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client()
    await client.correct(correction())
    assert (await client.correct(correction())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 2


async def test_a_correction_that_failed_too_is_corrected_under_the_first_order(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client()
    await client.correct(correction(now=OTHER_CLOSED))
    treasury.clock.advance(FAILED)
    await client.correct(correction("11", failed="10", was=OTHER_CLOSED, now=OTHER))
    treasury.clock.advance(FAILED)
    bills = (asked("9"), corrected_bill("10"), corrected_bill("11"))
    states = [(await client.enquire(bill)).state for bill in bills]
    assert [(state.status, state.return_code) for state in states] == [
        (PaymentStatus.RETURNED, "01"),
        (PaymentStatus.RETURNED, "51"),
        (PaymentStatus.CREDITED, None),
    ]


async def test_a_correction_is_followed_by_its_own_lists_and_never_by_those_of_instructions(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client()
    await client.correct(correction())
    treasury.clock.advance(timedelta(days=1, minutes=1))
    before = len(treasury.sandbox.ledger.entries())
    await client.enquire(corrected_bill())
    asked_for = [(entry["route"], entry["key"]) for entry in treasury.sandbox.ledger.entries()[before:]]
    assert [one for one in asked_for if one[1] == "UKB10"] == [("/jit/FTPS", "UKB10"), ("/jit/FTFPS", "UKB10")]


async def test_a_wrong_branch_refuses_a_correction(treasury: Treasury):
    await a_failed_payment(treasury)
    with pytest.raises(Declined) as refusal:
        await treasury.client().correct(correction(corrected=BankAccount(GOOD, "SBIN0009999")))
    assert (refusal.value.code, refusal.value.told[:14]) == ("WRONG_IFSC", "322 Wrong IFSC")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"first": replace(asked("9"), end_to_end_id="UKE77")}, "NOT_IN_ORIGINAL"),
        ({"first_account": account(OTHER)}, "NOT_IN_ORIGINAL"),
        ({"failed_account": account(OTHER)}, "NOT_IN_ORIGINAL"),
        ({"first": asked("3"), "failed": asked("3")}, "NOT_FAILED"),
        ({"first": asked("77"), "failed": asked("77")}, "NOT_FAILED"),
    ],
)
async def test_what_was_not_in_the_first_order_or_has_not_failed_is_refused(
    treasury: Treasury, changes: dict[str, Any], code: str
):
    await a_failed_payment(treasury)
    with pytest.raises(Refused) as refusal:
        await treasury.client().correct(correction(**changes))
    assert refusal.value.code == code
    assert treasury.effects().count("instruction accepted") == 1


async def test_a_payment_is_corrected_once_for_each_time_that_it_failed(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client()
    await client.correct(correction())
    with pytest.raises(Refused) as refusal:
        await client.correct(correction("12"))
    assert refusal.value.code == "NOT_FAILED"


async def test_a_credited_payment_is_not_corrected(treasury: Treasury):
    await treasury.client().instruct(order(account=GOOD))
    treasury.clock.advance(timedelta(days=1, minutes=1))
    with pytest.raises(Refused) as refusal:
        await treasury.client().correct(correction(was=GOOD, first_account=account(GOOD), now=OTHER))
    assert refusal.value.code == "NOT_FAILED"
