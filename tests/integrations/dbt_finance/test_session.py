"""Sessions with the treasury: opened once, renewed in time and when they are lost, and nothing of them shown."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from integrations.calling.errors import Garbled, NotLetIn, Unavailable
from integrations.dbt_finance import DbtFinance, DbtFinanceSettings, InstructionOutcome
from integrations.dbt_finance.jit.session import Session
from sandbox.dbt_finance import envelope
from tests.integrations.dbt_finance.conftest import NOON, Treasury, asked, order


def opened(treasury: Treasury) -> int:
    return [entry["effect"] for entry in treasury.sandbox.ledger.entries()].count("session opened")


async def test_one_session_serves_all_calls_of_half_an_hour_and_then_a_new_one(treasury: Treasury):
    client = treasury.client()
    for number in "1234":
        await client.enquire(asked(number))
    assert opened(treasury) == 1
    treasury.clock.advance(timedelta(minutes=30))
    await client.enquire(asked("1"))
    assert opened(treasury) == 2


async def test_calls_at_once_share_the_session_that_the_first_of_them_opens(treasury: Treasury):
    class TakesTime(httpx.AsyncBaseTransport):
        """Lets the other calls run before each answer, as a network does."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0)
            return await httpx.ASGITransport(app=treasury.sandbox.app).handle_async_request(request)

    client = treasury.client(TakesTime())
    await asyncio.gather(*(client.enquire(asked(number)) for number in "1234"))
    assert opened(treasury) == 1


async def test_a_lost_session_is_opened_anew_and_the_call_is_made_once_more(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    await treasury.sandbox.act("forget_sessions", {})
    assert (await client.instruct(order("10"))).outcome is InstructionOutcome.ACCEPTED
    assert opened(treasury) == 2
    assert treasury.effects().count("session not known") == 1


async def test_an_order_in_a_lost_session_is_taken_once(treasury: Treasury):
    class Forgets(httpx.AsyncBaseTransport):
        """Ends all sessions before the order goes out."""

        left = 1

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            entries = treasury.sandbox.ledger.entries()
            if entries and entries[-1]["route"] == "/jit/VA" and self.left:
                self.left = 0
                await treasury.sandbox.act("forget_sessions", {})
            return await httpx.ASGITransport(app=treasury.sandbox.app).handle_async_request(request)

    assert (await treasury.client(Forgets()).instruct(order())).outcome is InstructionOutcome.ACCEPTED
    assert treasury.effects().count("instruction accepted") == 1


class Answers(httpx.AsyncBaseTransport):
    """Opens sessions truly, and answers every other call with one body."""

    def __init__(self, treasury: Treasury, status: int, body: bytes) -> None:
        self._inner = httpx.ASGITransport(app=treasury.sandbox.app)
        self._status, self._body = status, body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == envelope.AUTHENTICATE:
            return await self._inner.handle_async_request(request)
        return httpx.Response(
            self._status, headers={"content-type": "text/plain"}, stream=httpx.ByteStream(self._body), request=request
        )


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (200, b"No valid session encryption key", Unavailable),
        (500, b"java.lang.Exception: No valid session encryption key for client", Unavailable),
        (401, b"", NotLetIn),
        (403, b"", NotLetIn),
        (200, b"not base64!", Garbled),
        (200, b"QUJDREVGR0hJSktMTU5PUA==", Garbled),
        (200, b"", Garbled),
    ],
)
async def test_what_is_no_answer_of_the_session_is_none(
    treasury: Treasury, status: int, body: bytes, raised: type[Exception]
):
    with pytest.raises(raised):
        await treasury.client(Answers(treasury, status, body)).enquire(asked())
    assert opened(treasury) == (2 if raised in {Unavailable, NotLetIn} else 1)


@pytest.mark.parametrize("call", [lambda client: client.enquire(asked()), lambda client: client.instruct(order())])
async def test_a_service_that_is_not_found_is_away_and_has_declined_nothing(
    treasury: Treasury, call: Callable[[DbtFinance], Awaitable[object]]
):
    with pytest.raises(Unavailable, match="http_404"):
        await call(treasury.client(Answers(treasury, 404, b"")))


async def test_the_answer_to_another_request_is_never_believed(treasury: Treasury):
    class Repeats(httpx.AsyncBaseTransport):
        """Gives the first answer of a service to all later calls."""

        kept: bytes | None = None

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await httpx.ASGITransport(app=treasury.sandbox.app).handle_async_request(request)
            body = await response.aread()
            if request.url.path == envelope.DATA:
                self.kept = body = self.kept or body
            return httpx.Response(
                200, headers={"content-type": response.headers["content-type"]}, stream=httpx.ByteStream(body)
            )

    client = treasury.client(Repeats())
    first = await client.enquire(asked())
    assert first.net_paise is None
    with pytest.raises(Garbled, match=r"not_sealed|not_json"):
        await client.enquire(asked())


def test_neither_keys_nor_tokens_show(treasury: Treasury):
    shown = repr(Session("a token", b"a key", NOON)) + repr(treasury.settings)
    assert "a token" not in shown
    assert "a key" not in shown
    assert treasury.settings.client_secret not in shown


@pytest.mark.parametrize(
    "change", [{"public_key": "QUJD"}, {"public_key": "%"}, {"oaep_hash": "MD5"}, {"failures_by": "day"}]
)
def test_spoilt_onboarding_refuses_the_start(treasury: Treasury, change: dict[str, str]):
    given = {**treasury.given(), **change}
    with pytest.raises(ValueError, match=r".+"):
        DbtFinanceSettings.from_onboarding(given)


async def test_a_route_behind_the_envelope_cannot_be_asked_from_outside(treasury: Treasury):
    transport = httpx.ASGITransport(app=treasury.sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://partner.test") as caller:
        answer = await caller.post("/jit/PIS", json={"serviceId": "PIS", "params": {"jitBillNo": "UKB1"}})
    assert answer.status_code == 404
