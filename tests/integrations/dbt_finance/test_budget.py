"""The balance of a head of account, asked at the sandbox of the treasury."""

import pytest

from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from tests.integrations.dbt_finance.conftest import BILL_DAY, Treasury, order

HEAD = "2235-60-102-03-00-42"
OTHER = "2235-02-103-06-00-42"


def act(treasury: Treasury, action: str, **arguments: object) -> None:
    treasury.sandbox.actions[action](arguments)


async def test_what_is_left_falls_with_each_order_of_the_head(treasury: Treasury):
    act(treasury, "set_head", head=HEAD, paise=200_000)
    client = treasury.client()
    before = await client.head_balance(HEAD, BILL_DAY)
    assert (before.available_paise, before.head_of_account) == (200_000, HEAD)
    await client.instruct(order())
    after = await client.head_balance(None, BILL_DAY)
    assert before.available_paise - after.available_paise == order().net_paise
    assert after.as_of == treasury.clock.now()


async def test_an_order_for_more_than_its_head_holds_is_refused_and_takes_nothing(treasury: Treasury):
    act(treasury, "set_head", head=HEAD, paise=order().net_paise - 1)
    client = treasury.client()
    with pytest.raises(Refused) as refusal:
        await client.instruct(order())
    assert refusal.value.code == "INSUFFICIENT_FUND"
    assert (await client.head_balance(HEAD, BILL_DAY)).available_paise == order().net_paise - 1


async def test_other_heads_keep_what_they_have(treasury: Treasury):
    act(treasury, "set_head", head=OTHER, paise=700)
    client = treasury.client()
    await client.instruct(order())
    assert (await client.head_balance(OTHER, BILL_DAY)).available_paise == 700


async def test_a_head_to_which_nothing_was_allotted_holds_nothing(treasury: Treasury):
    assert (await treasury.client().head_balance("pensions", BILL_DAY)).available_paise == 0


async def test_a_rejected_order_gives_its_money_back_to_its_head(treasury: Treasury):
    act(treasury, "set_head", head=HEAD, paise=200_000)
    await treasury.client().instruct(order())
    act(treasury, "reject", bill_number="UKB9")
    assert (await treasury.client().head_balance(HEAD, BILL_DAY)).available_paise == 200_000


async def test_an_allotment_to_another_office_is_never_taken_for_ours(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "foreign", "route": "/jit/VA"}])
    with pytest.raises(IntegrityFailure):
        await treasury.client().head_balance(HEAD, BILL_DAY)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"kind": "signature"}, Garbled),
        ({"kind": "html"}, Unavailable),
        ({"kind": "status", "params": {"status": 503}}, Unavailable),
    ],
)
async def test_what_is_not_a_balance_is_never_taken_for_one(
    treasury: Treasury, fault: dict[str, object], raised: type[Exception]
):
    treasury.sandbox.faults.set([{**fault, "route": "/jit/VA"}])
    with pytest.raises(raised):
        await treasury.client().head_balance(HEAD, BILL_DAY)
