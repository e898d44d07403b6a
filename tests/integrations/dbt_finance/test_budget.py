"""The balance of a head of account, asked at the sandbox of the treasury."""

from datetime import date

import httpx
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
    before = await client.head_balance(HEAD, "uk-widow-pension", BILL_DAY)
    assert (before.available_paise, before.head_of_account) == (200_000, HEAD)
    await client.instruct(order())
    after = await client.head_balance(None, "uk-widow-pension", BILL_DAY)
    assert before.available_paise - after.available_paise == order().net_paise
    assert after.as_of == treasury.clock.now()


async def test_an_order_for_more_than_its_head_holds_is_refused_and_takes_nothing(treasury: Treasury):
    act(treasury, "set_head", head=HEAD, paise=order().net_paise - 1)
    client = treasury.client()
    with pytest.raises(Refused) as refusal:
        await client.instruct(order())
    assert refusal.value.code == "INSUFFICIENT_FUND"
    assert (await client.head_balance(HEAD, "s", BILL_DAY)).available_paise == order().net_paise - 1


async def test_other_heads_keep_what_they_have(treasury: Treasury):
    act(treasury, "set_head", head=OTHER, paise=700)
    client = treasury.client()
    await client.instruct(order())
    assert (await client.head_balance(OTHER, "s", BILL_DAY)).available_paise == 700


async def test_a_head_that_is_none_is_told_as_unknown(treasury: Treasury):
    with pytest.raises(Refused) as refusal:
        await treasury.client().head_balance("pensions", "s", date(2026, 4, 1))
    assert refusal.value.code == "HEAD_UNKNOWN"


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"kind": "signature"}, IntegrityFailure),
        ({"kind": "html"}, Unavailable),
        ({"kind": "status", "params": {"status": 503}}, Unavailable),
    ],
)
async def test_what_is_not_a_balance_is_never_taken_for_one(
    treasury: Treasury, fault: dict[str, object], raised: type[Exception]
):
    treasury.sandbox.faults.set([{**fault, "route": "/jit/BHB"}])
    with pytest.raises(raised):
        await treasury.client().head_balance(HEAD, "s", BILL_DAY)


async def test_the_balance_of_another_head_is_refused(treasury: Treasury):
    class Swaps(httpx.AsyncBaseTransport):
        """Answers with what the treasury said of another head, rightly signed for the request that it was given."""

        def __init__(self) -> None:
            self._inner = httpx.ASGITransport(app=treasury.sandbox.app)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await self._inner.handle_async_request(request)
            body = (await response.aread()).replace(HEAD.encode(), OTHER.encode())
            headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-length"]
            return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(body), request=request)

    with pytest.raises((IntegrityFailure, Garbled)):
        await treasury.client(Swaps()).head_balance(HEAD, "s", BILL_DAY)
