"""Whom the treasury says that it pays is compared with what was sent, before a word of it counts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.benefits.benefits import PaymentStatus
from integrations.dbt_finance import BankAccount, BillReference, DbtFinanceSettings
from integrations.dbt_finance.jit import records
from tests.integrations.dbt_finance.conftest import Treasury, asked, order
from tests.integrations.dbt_finance.test_corrections import (
    GOOD,
    a_failed_payment,
    account,
    corrected_bill,
    correction,
)
from tests.support.jit_examples import of_service

PAID = timedelta(days=1, minutes=1)


def sent(bill: BillReference, number: str = GOOD, paise: int = 150005) -> BillReference:
    """The bill with what was sent under it."""
    return replace(bill, account=account(number), amount_paise=paise)


def pays_elsewhere(treasury: Treasury, number: str, **changes: Any) -> None:
    """Let the treasury's books name another payee for a bill than the one that was sent."""
    bill = treasury.sandbox.state.get("bill", number)
    assert bill is not None
    treasury.sandbox.state.put("bill", number, {**bill, "payees": [{**bill["payees"][0], **changes}]})


@pytest.mark.parametrize("change", [{"last4": "0055"}, {"ifsc": "HDFC0000001"}])
async def test_a_correction_that_was_paid_to_another_account_than_was_sent_is_told(
    treasury: Treasury, change: dict[str, str]
):
    await a_failed_payment(treasury)
    await treasury.client().correct(correction())
    treasury.clock.advance(PAID)
    same = await treasury.client().enquire(sent(corrected_bill()))
    pays_elsewhere(treasury, "UKB10", **change)

    other = await treasury.client().enquire(sent(corrected_bill()))

    assert (same.other_payee, same.state.status) == (False, PaymentStatus.CREDITED)
    assert other.other_payee
    assert dict(other.reached) == {}


@pytest.mark.parametrize("change", [{"last4": "0055"}, {"ifsc": "HDFC0000001"}])
@pytest.mark.parametrize("after", [timedelta(hours=2), PAID])
async def test_an_instruction_that_names_another_account_than_was_sent_is_told_as_soon_as_it_is_advised(
    treasury: Treasury, after: timedelta, change: dict[str, str]
):
    await treasury.client().instruct(order(account=GOOD))
    treasury.clock.advance(after)
    same = await treasury.client().enquire(sent(asked()))
    pays_elsewhere(treasury, "UKB9", **change)

    assert not same.other_payee
    assert (await treasury.client().enquire(sent(asked()))).other_payee


async def test_an_advice_of_another_amount_for_the_payee_is_told(treasury: Treasury):
    await treasury.client().instruct(order(account=GOOD))
    treasury.clock.advance(timedelta(hours=2))
    pays_elsewhere(treasury, "UKB9", paise=150006)

    assert (await treasury.client().enquire(sent(asked()))).other_payee


async def test_an_approval_of_more_payees_than_the_one_that_was_sent_is_told(treasury: Treasury):
    payees = (*order(account=GOOD).payees, replace(order(account="30001234577").payees[0], end_to_end_id="UKEX"))
    await treasury.client().instruct(order(payees=payees))
    treasury.approve()

    assert (await treasury.client().enquire(sent(asked()))).other_payee


async def test_a_payee_of_an_advice_that_is_not_ours_is_told_before_it_is_paid(treasury: Treasury):
    payees = (*order(account=GOOD).payees, replace(order(account="30001234577").payees[0], end_to_end_id="UKEX"))
    await treasury.client().instruct(order(payees=payees))
    treasury.clock.advance(timedelta(hours=2))

    assert (await treasury.client().enquire(sent(asked()))).strangers == ("UKEX",)


async def test_a_page_shows_no_credit_to_another_account_than_was_sent(treasury: Treasury):
    await treasury.client().instruct(order(account=GOOD))
    treasury.clock.advance(timedelta(hours=2))
    known = replace(sent(asked()), reached=(await treasury.client().enquire(sent(asked()))).reached)
    treasury.clock.advance(PAID)
    pays_elsewhere(treasury, "UKB9", last4="0055")

    assert dict((await treasury.client().payment_statuses("citizen", [known])).value) == {}


async def test_what_was_sent_long_ago_to_an_account_that_nobody_noted_is_believed(treasury: Treasury):
    await treasury.client().instruct(order(account=GOOD))
    treasury.clock.advance(PAID)

    assert not (await treasury.client().enquire(asked())).other_payee


@pytest.mark.parametrize(
    ("compared", "told", "same"),
    [
        ("last_four", "50XXXXXX0055", True),
        ("last_four", "50XXXXXX0056", False),
        ("whole", "50XXXXXX0055", False),
        ("whole", "50100000000055", True),
        ("none", "XXXXXXXXXXXX", True),
    ],
)
def test_a_setting_says_how_much_of_an_account_is_compared(compared: str, told: str, same: bool):
    ours = BankAccount("50100000000055", "ABCD0000012")

    assert records.is_same_account(BankAccount(told, "abcd0000012"), ours, compared) is same
    assert not records.is_same_account(BankAccount(told, "ABCD0000011"), ours, compared)


def test_by_default_an_account_is_compared_as_the_samples_of_the_contract_mask_it():
    compared = DbtFinanceSettings.accounts_compared
    told = of_service("FTPS")[0].records[0]["benfDtls"][0]
    ours = BankAccount("50100000000055", "ABCD0000012")

    assert told["benfAcctNo"] == "50XXXXXX0055"
    assert records.is_same_account(BankAccount(told["benfAcctNo"], told["benfBankIfscCode"]), ours, compared)


def test_an_unknown_way_of_comparing_refuses_the_start(treasury: Treasury):
    with pytest.raises(ValueError, match="none of those that are known"):
        DbtFinanceSettings.from_onboarding({**treasury.given(), "accounts_compared": "some"})


@pytest.mark.parametrize("compared", ["whole", "none"])
async def test_the_same_setting_decides_whether_a_bill_is_the_order_that_was_sent(treasury: Treasury, compared: str):
    await treasury.client().instruct(order(account=GOOD))
    treasury.clock.advance(timedelta(hours=2))
    client = treasury.client(accounts_compared=compared)

    if compared == "none":
        assert await client.confirm(asked(), order(account="30009999955")) is not None
    else:
        with pytest.raises(Exception, match="DUPLICATE_WITH_OTHER_CONTENT"):
            await client.confirm(asked(), order(account=GOOD))


async def test_a_failed_correction_that_names_no_payee_is_found_by_its_account(treasury: Treasury):
    told, paid = of_service("FTFPS")[0].records[0], of_service("FTPS")[0].records[0]
    line = {name: value for name, value in told["benfDtls"][0].items() if name not in {"benfId", "endToEndId"}}
    bill = BillReference(
        "UKSW/2026-27/000131", asked().bill_date, "BN-2/2", corrects=replace(asked(), end_to_end_id="BN-2")
    )
    failures = records.correction_failures({**told, "benfDtls": [line]}, bill, "202612030004")
    corrected = records.correction_paid(paid, bill, "202611260011")

    assert corrected is not None
    assert set(records.failed_payees(failures, corrected.scroll.debits, ())) == {"BN-2"}
