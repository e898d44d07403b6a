"""CSC Bridge's envelope, client and sandbox against each other and against the contract's own vectors."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from domain.fees.fees import FeeReceipt, ReportedState
from domain.kernel import IST, ManualClock, Source
from integrations.calling.errors import Foreign, Garbled, IntegrityFailure, NotLetIn, Unavailable, Unreadable
from integrations.csc import BridgeSettings, CscBridge, Refund, WalletPayment
from integrations.csc import wire_bridge as wire
from sandbox.city.kit import Sandbox
from sandbox.csc.server import create_sandbox
from tests.support.fees import sandbox
from tests.support.remotes import PARTNER, remote_over

NOON = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
REFERENCE, CSC_ID = "UKAS42600000000127", "500100010011"


@dataclass
class Town:
    """A wallet of its own, and how to talk to it."""

    csc: Sandbox
    clock: ManualClock
    settings: BridgeSettings

    @property
    def client(self) -> CscBridge:
        return CscBridge(remote_over(self.csc.app, Source.CSC, clock=self.clock), self.settings)

    def payment(self, paise: int = 5000, reference: str = REFERENCE) -> WalletPayment:
        back = "http://gateway.test/hooks/csc"
        return WalletPayment(reference, NOON, "Income Certificate", paise, CSC_ID, back, back)

    async def paid(self, paise: int = 5000, reference: str = REFERENCE) -> dict[str, Any]:
        message = self.client.payment_form(self.payment(paise, reference)).fields["message"]
        return await self.csc.act("pay_from_wallet", {"message": message})

    def effects(self) -> list[str]:
        return [str(entry["effect"]) for entry in self.csc.ledger.entries()]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = ManualClock(NOON)
    csc, given = sandbox(create_sandbox, clock, tmp_path, "csc")
    settings = BridgeSettings.from_onboarding(given)
    assert settings is not None
    yield Town(csc, clock, settings)
    csc.close()


def test_frac_is_as_the_contract_says():
    assert wire.frac(datetime(2016, 6, 21, 18, 11, 58, tzinfo=IST)) == 141828502962631


def test_an_enrolment_for_the_sign_in_alone_has_no_wallet():
    assert BridgeSettings.from_onboarding({"client_id": "x"}) is None


def test_the_envelope_is_a_key_of_128_octets_and_a_text_with_its_signature(town: Town):
    own = town.settings
    key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    sealed = wire.envelope("a=1|b=2|", signer=own.private_key, reader=own.private_key.public_key(), key=key)
    raw = base64.b64decode(sealed)
    assert (len(raw) - 128) % 16 == 0
    with pytest.raises(Foreign):  # our own signature is not CSC's
        wire.open_envelope(sealed, reader=own.private_key, signer=own.csc_key)
    assert wire.open_envelope(sealed, reader=own.private_key, signer=own.private_key.public_key()) == {
        "a": "1",
        "b": "2",
    }


@pytest.mark.parametrize("spoil", [lambda m: "", lambda m: m[:-8], lambda m: "AAAA" + m[4:], lambda m: m + "!"])
async def test_a_message_with_one_octet_changed_is_spoilt(town: Town, spoil: Any):
    posted = await town.paid()
    with pytest.raises(IntegrityFailure):
        town.client.open_return(spoil(posted["message"]))


def test_the_pairs_come_in_the_order_of_the_kit(town: Town):
    merchant, _, _ = wire.browser_message(town.payment(), town.settings).partition("|")
    assert merchant == town.settings.merchant_id
    assert wire.pairs_text({"a": "x|y=z", "b": "http://h/p"}) == "a=x y z|b=http://h/p|"


async def test_a_payment_is_found_and_confirmed(town: Town):
    assert (await town.client.verify(REFERENCE)).state is ReportedState.UNKNOWN
    posted = await town.paid()
    assert town.client.open_return(posted["message"]) == REFERENCE
    news = await town.client.verify(REFERENCE)
    assert (news.state, news.amount_paise) == (ReportedState.SUCCESS, 5000)
    assert news.receipt is not None
    assert news.receipt.mode == "WALLET"
    routes = [entry["route"] for entry in town.csc.ledger.entries()]
    assert len(routes) == 3  # an enquiry in vain; an enquiry and a status


async def test_pending_for_ten_minutes_and_then_paid(town: Town):
    await town.paid(5022)
    assert (await town.client.verify(REFERENCE)).state is ReportedState.PENDING
    town.clock.advance(timedelta(minutes=10))
    assert (await town.client.verify(REFERENCE)).state is ReportedState.SUCCESS


async def test_a_failed_payment_and_a_low_balance(town: Town):
    await town.csc.act("set_balance", {"csc_id": CSC_ID, "paise": 4999})
    assert (await town.paid())["status"] == "LOW_BALANCE"
    assert (await town.client.verify(REFERENCE)).state is ReportedState.UNKNOWN
    await town.csc.act("fail_payment", {"reference": REFERENCE})
    assert (await town.client.verify(REFERENCE)).state is ReportedState.FAILED


@pytest.mark.parametrize(
    ("kind", "error"), [("signature", IntegrityFailure), ("foreign", IntegrityFailure), ("partial", Garbled)]
)
async def test_a_spoilt_answer_says_nothing(town: Town, kind: str, error: type[Exception]):
    await town.paid()
    town.csc.faults.set([{"kind": kind}])
    with pytest.raises(error):
        await town.client.verify(REFERENCE)


async def test_status_200_with_an_empty_body_says_nothing(town: Town):
    await town.paid(5024)
    with pytest.raises(Garbled) as told:
        await town.client.verify(REFERENCE)
    assert told.value.code == "empty_body"


async def test_a_tampered_return_names_the_order_and_no_more(town: Town):
    await town.paid()
    asked = {"reference": REFERENCE, "pairs": {"txn_amount": "1.00"}}
    posted = await town.csc.act("wallet_return", asked)
    assert town.client.open_return(posted["message"]) == REFERENCE
    assert (await town.client.verify(REFERENCE)).amount_paise == 5000


async def test_a_payment_is_reversed_once_however_often_it_is_asked(town: Town):
    await town.paid()
    news = await town.client.verify(REFERENCE)
    assert news.receipt is not None
    for _ in range(2):
        assert await town.client.reverse(REFERENCE, news.receipt.paid_at, "R1")
    assert town.effects().count("reversed") == 1
    assert (await town.client.verify(REFERENCE)).state is ReportedState.REFUNDED


@pytest.mark.parametrize(("paise", "end"), [(5026, ReportedState.REFUNDED), (5025, ReportedState.FAILED)])
async def test_a_refund_is_taken_once_and_followed(town: Town, paise: int, end: ReportedState):
    await town.paid(paise)
    news = await town.client.verify(REFERENCE)
    assert news.receipt is not None
    if paise == 5026:
        assert not await town.client.reverse(REFERENCE, news.receipt.paid_at, "R1")
    refund = Refund(REFERENCE, news.receipt.grn, "R1", "WITHDRAWN")
    number = await town.client.refund(refund)
    assert await town.client.refund(refund) == number
    town.clock.advance(timedelta(hours=1))
    assert await town.client.refund_status(REFERENCE, news.receipt.grn, number) is end


async def test_what_a_payment_was_taken_for_is_logged(town: Town):
    await town.paid()
    news = await town.client.verify(REFERENCE)
    assert news.receipt is not None
    for _ in range(2):
        await town.client.log_reconciled(REFERENCE, news.receipt, CSC_ID, "50.00")
    assert (await town.csc.act("wallet_payment", {"reference": REFERENCE}))["reconciled"]
    assert town.effects()[-2:] == ["logged", "logged before"]


async def test_the_way_of_a_browser(town: Town):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.csc.app), base_url=PARTNER) as browser:
        form = town.client.payment_form(town.payment())
        path = form.url.removeprefix("http://csc.test")
        page = await browser.post(path, data=dict(form.fields))
        assert "50.00" in page.text
        back = await browser.post("/v1/payment/confirm", data={"reference": REFERENCE, "decision": "pay"})
        forged = await browser.post(path, data={"message": f"{town.settings.merchant_id}|AAAA"})
    message = back.text.partition('name="bridgeResponseMessage" value="')[2].partition('"')[0]
    assert town.client.open_return(message) == REFERENCE
    assert forged.status_code == 400


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json={"response_data": "AAAA"}), IntegrityFailure),
        (httpx.Response(200, json={"response_status": "Error"}), Garbled),
        (httpx.Response(200, json=[]), Garbled),
        (httpx.Response(200, content=b"[" * 20_000, headers={"content-type": "application/json"}), Garbled),
        (httpx.Response(401, json={}), NotLetIn),
        (httpx.Response(500), Unavailable),
        (httpx.Response(200, html="<p>Login</p>"), Unavailable),
    ],
)
@respx.mock
async def test_what_cscs_answers_mean(town: Town, answer: httpx.Response, error: type[Exception]):
    respx.post(f"{PARTNER}/v1/transaction/enquiry/format/json").mock(return_value=answer)
    client = CscBridge(remote_over(None, Source.CSC, clock=town.clock), town.settings)
    with pytest.raises(error):
        await client.verify(REFERENCE)


def test_a_pair_that_comes_twice_spoils_the_message(town: Town):
    own = town.settings
    public = own.private_key.public_key()
    sealed = wire.envelope("a=1|a=2|", signer=own.private_key, reader=public)
    with pytest.raises(Foreign):
        wire.open_envelope(sealed, reader=own.private_key, signer=public)


@pytest.mark.parametrize(
    "pairs",
    [
        {},
        {"txn_status": "100"},
        {"txn_status": "100", "txn_amount": "5.001"},
        {"txn_status": "100", "txn_amount": "5.00"},
        {"txn_status": "100", "txn_amount": "5.00", "csc_txn": "C1", "txn_date_time": "today"},
    ],
)
def test_what_is_not_as_the_contract_says_is_unreadable(pairs: dict[str, str]):
    with pytest.raises(Unreadable):
        wire.news(pairs)


def test_a_receipt_of_the_wallet_is_its_own_number():
    pairs = {"txn_status": "100", "txn_amount": "5.00", "csc_txn": "C1", "txn_date_time": "2026-11-26 12:00:00"}
    at = datetime(2026, 11, 26, 12, 0, tzinfo=IST)
    assert wire.news(pairs).receipt == FeeReceipt("C1", None, None, None, "WALLET", at)
