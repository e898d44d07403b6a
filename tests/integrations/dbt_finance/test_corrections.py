"""COR: a failed payment is paid once more to the corrected account, and nothing but a failed one is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.benefits.benefits import PaymentStatus
from integrations.calling.errors import Refused
from integrations.dbt_finance import BankAccount, Correction, InstructionOutcome
from integrations.dbt_finance.jit.wire import correction_params
from tests.integrations.dbt_finance.conftest import BILL_DAY, Treasury, asked, order

CLOSED, GOOD, OTHER = "30001234501", "30001234500", "30009999900"


class LosesAnswers(httpx.AsyncBaseTransport):
    """Delivers every request, and loses the answers of COR as often as told."""

    def __init__(self, app: Any, times: int) -> None:
        self._inner, self.left = httpx.ASGITransport(app=app), times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.url.path.endswith("/COR") and self.left:
            self.left -= 1
            raise httpx.ReadError("the answer was lost", request=request)
        return response


def account(number: str) -> BankAccount:
    return BankAccount(number, "SBIN0000630")


def correction(number: str = "10", failed: str = "9", was: str = CLOSED, now: str = GOOD, **changes: Any) -> Correction:
    """The correction of a failed payment of the first bill, which went to a closed account."""
    given: dict[str, Any] = {
        "bill_number": f"UKB{number}",
        "bill_date": BILL_DAY,
        "end_to_end_id": f"UKE{number}",
        "amount_paise": 150005,
        "scheme_code": "uk-old-age-pension",
        "first": asked("9"),
        "first_account": account(CLOSED),
        "failed": asked(failed),
        "failed_account": account(was),
        "corrected": account(now),
    }
    return Correction(**{**given, **changes})


async def a_failed_payment(treasury: Treasury) -> None:
    await treasury.client().instruct(order(account=CLOSED))
    treasury.clock.advance(timedelta(days=1, minutes=1))


def test_the_message_bears_the_first_order_and_the_accounts_of_both(treasury: Treasury):
    params = correction_params(correction(), "OBR1", "OBR2", treasury.settings)
    assert params == {
        "jitCorBillNo": "UKB10",
        "jitCorBillDate": "2026-11-24",
        "jitCorBillDeptCode": "APUNISARKAR",
        "jitOrgBillRefNo": "OBR1",
        "jitOrgBillNo": "UKB9",
        "jitOrgBillDate": "2026-11-24",
        "beneficiaryDtls": [
            {
                "benefId": "UKE9",
                "endToEndId": "UKE10",
                "jitCurBillRefNo": "OBR2",
                "orgAccountNo": CLOSED,
                "orgIfsc": "SBIN0000630",
                "curAccountNo": CLOSED,
                "curIfsc": "SBIN0000630",
                "correctedAccountNo": GOOD,
                "correctedIfsc": "SBIN0000630",
            }
        ],
    }
    assert GOOD not in repr(correction())


async def test_a_failed_payment_is_paid_to_the_corrected_account_without_new_money(treasury: Treasury):
    await a_failed_payment(treasury)
    treasury.sandbox.actions["set_fund"]({"paise": 0})
    receipt = await treasury.client().correct(correction())
    assert (receipt.outcome, receipt.bill_number) == (InstructionOutcome.ACCEPTED, "UKB10")
    treasury.clock.advance(timedelta(days=1, minutes=1))
    found = await treasury.client().enquire(asked("10"))
    assert found.state is not None
    assert (found.state.status, found.net_paise, found.strangers) == (PaymentStatus.CREDITED, 150005, ())
    first = await treasury.client().enquire(asked("9"))
    assert first.state is not None
    assert first.state.status is PaymentStatus.RETURNED


async def test_a_lost_answer_is_enquired_and_nothing_is_paid_twice(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client(LosesAnswers(treasury.sandbox.app, 1))
    assert (await client.correct(correction())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 2


async def test_the_same_correction_again_is_reconciled(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client()
    await client.correct(correction())
    assert (await client.correct(correction())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 2


async def test_a_correction_that_failed_too_is_corrected_under_the_first_order(treasury: Treasury):
    await a_failed_payment(treasury)
    client = treasury.client()
    await client.correct(correction(now="30005555551"))
    treasury.clock.advance(timedelta(days=1, minutes=1))
    await client.correct(correction("11", failed="10", was="30005555551", now=OTHER))
    treasury.clock.advance(timedelta(days=1, minutes=1))
    states = {number: (await client.enquire(asked(number))).state for number in ("9", "10", "11")}
    assert {number: state.status if state else None for number, state in states.items()} == {
        "9": PaymentStatus.RETURNED,
        "10": PaymentStatus.RETURNED,
        "11": PaymentStatus.CREDITED,
    }


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
