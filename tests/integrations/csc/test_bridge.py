"""CSC Bridge's envelope, client and sandbox against each other and against the contract's own vectors."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from domain.fees.fees import FeeNews, FeeReceipt, ReportedState
from domain.kernel import IST, ManualClock, Source
from integrations.calling.errors import Foreign, Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable, Unreadable
from integrations.csc import BridgeSettings, CscBridge, Outcome, Refund, WalletPayment
from integrations.csc import wire_bridge as wire
from sandbox.city.kit import Sandbox
from sandbox.csc.server import create_sandbox
from tests.support.fees import sandbox
from tests.support.remotes import PARTNER, remote_over

NOON = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
REFERENCE, CSC_ID, OWN = "UKAS42600000000127", "500100010011", "000127"
XML = {"content-type": "application/xml"}


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

    async def receipt(self, paise: int = 5000) -> FeeReceipt:
        """What shows that a payment was taken."""
        await self.paid(paise)
        news = await self.client.verify(REFERENCE)
        assert news.receipt is not None
        return news.receipt

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
    assert news.receipt.paid_at == NOON
    assert not news.receipt.paid_at_heard
    assert {entry["route"] for entry in town.csc.ledger.entries()} == {"/v2/{group}/{method}"}


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


async def test_a_payment_of_today_is_reversed_by_its_creation_date(town: Town):
    receipt = await town.receipt()
    answer = await town.client.reverse(REFERENCE, receipt.paid_at, OWN)
    assert answer.outcome is Outcome.DONE
    assert answer.reference.startswith("CSCV")
    assert (await town.client.reverse(REFERENCE, receipt.paid_at, OWN)).outcome is Outcome.DECLINED
    assert town.effects().count("reversed") == 1
    assert (await town.client.verify(REFERENCE)).state is ReportedState.REFUNDED


async def test_a_payment_of_yesterday_is_not_reversed(town: Town):
    receipt = await town.receipt()
    town.clock.advance(timedelta(days=1))
    assert (await town.client.reverse(REFERENCE, receipt.paid_at, OWN)).outcome is Outcome.DECLINED


async def test_a_refund_of_the_whole_amount_is_accepted_and_later_paid(town: Town):
    receipt = await town.receipt()
    answer = await town.client.refund(Refund(REFERENCE, receipt.grn, OWN, 5000, "SECOND_PAYMENT"))
    assert answer.outcome is Outcome.ACCEPTED
    status = town.client.refund_status
    assert await status(REFERENCE, receipt.grn, answer.reference) is ReportedState.PENDING
    town.clock.advance(timedelta(hours=1))
    assert await status(REFERENCE, receipt.grn, answer.reference) is ReportedState.REFUNDED
    assert (await town.csc.act("wallet_payment", {"reference": REFERENCE}))["refund"]["amount"] == 5000


async def test_a_declined_refund_says_so(town: Town):
    receipt = await town.receipt(5025)
    answer = await town.client.refund(Refund(REFERENCE, receipt.grn, OWN, 5025, "WITHDRAWN"))
    assert answer.outcome is Outcome.DECLINED


@pytest.mark.parametrize(
    "spoilt", [{"receipt": "CSCW9"}, {"paise": 0}, {"paise": 5001}, {"reason": ""}, {"refund_reference": "R1"}]
)
async def test_a_refund_with_a_wrong_field_is_answered_without_an_envelope_and_counts_as_unclear(
    town: Town, spoilt: dict[str, Any]
):
    receipt = await town.receipt()
    asked = replace(Refund(REFERENCE, receipt.grn, OWN, 5000, "WITHDRAWN"), **spoilt)
    assert (await town.client.refund(asked)).outcome is Outcome.UNCLEAR
    assert town.effects()[-1].startswith("not as agreed")


async def test_a_reversal_with_another_time_than_the_creation_date_is_unclear(town: Town):
    receipt = await town.receipt()
    answer = await town.client.reverse(REFERENCE, receipt.paid_at + timedelta(seconds=1), OWN)
    assert (answer.outcome, town.effects()[-1]) == (Outcome.UNCLEAR, "not as agreed: merchant_txn_datetime")


async def test_an_answer_without_an_envelope_says_nothing_of_a_payment(town: Town):
    await town.paid(5029)
    with pytest.raises(Refused) as told:
        await town.client.verify(REFERENCE)
    assert told.value.code == "nothing_sealed"


@respx.mock
async def test_a_code_of_the_settings_says_that_nobody_came_to_pay(town: Town):
    answer = b"<xml><response_status>Fail</response_status><response_code>E7</response_code>"
    answer += b"<response_data>NA</response_data></xml>"
    told = httpx.Response(200, content=answer, headers={"content-type": "text/xml"})
    respx.post(f"{PARTNER}/v2/transaction/status").mock(return_value=told)
    settings = replace(town.settings, unknown_codes=frozenset({"E7"}))
    client = CscBridge(remote_over(None, Source.CSC, clock=town.clock), settings)
    assert (await client.verify(REFERENCE)).state is ReportedState.UNKNOWN


async def test_a_success_without_a_time_is_a_success_at_the_time_of_hearing(town: Town):
    receipt = await town.receipt(5027)
    assert (receipt.paid_at_heard, receipt.paid_at) == (True, NOON)


async def test_the_kit_of_2016_is_served_by_its_own_addresses(town: Town):
    await town.csc.act("serve_generation", {"generation": "v1"})
    await town.paid()
    with pytest.raises(NotLetIn):  # another generation than the one that is served: somebody must look
        await town.client.verify(REFERENCE)
    old = replace(town, settings=replace(town.settings, generation="v1"))
    assert (await old.client.verify(REFERENCE)).state is ReportedState.SUCCESS


async def test_a_refund_by_the_kit_of_2016_names_the_product(town: Town):
    await town.csc.act("serve_generation", {"generation": "v1"})
    old = replace(town, settings=replace(town.settings, generation="v1"))
    receipt = await old.receipt()
    answer = await old.client.refund(Refund(REFERENCE, receipt.grn, OWN, 5000, "WITHDRAWN"))
    assert (answer.outcome, town.effects()[-1]) == (Outcome.ACCEPTED, "refund taken")


FIELDS = {
    "transaction/status": "csc_txn",
    "transaction/reverse": "merchant_txn merchant_txn_datetime merchant_reference",
    "refund/log": "csc_txn merchant_txn merchant_txn_param merchant_txn_status merchant_reference refund_deduction "
    "refund_mode refund_type refund_trigger refund_reason",
    "refund/status": "csc_txn merchant_txn refund_reference",
    "recon/log": "merchant_txn csc_txn cscuser_id product_id txn_amount merchant_date merchant_txn_status "
    "merchant_reciept",
}


@pytest.mark.parametrize(("method", "field"), [(call, each) for call in FIELDS for each in FIELDS[call].split()])
async def test_a_call_with_a_spoilt_field_is_answered_by_the_name_of_the_field(town: Town, method: str, field: str):
    receipt = await town.receipt()
    paid_at = wire.time_text(receipt.paid_at)
    pairs = wire.refund_pairs(Refund(REFERENCE, receipt.grn, OWN, 5000, "WITHDRAWN"), town.settings) | {
        "merchant_txn_datetime": paid_at,
        "refund_reference": "CSCR0000000001",
        "cscuser_id": CSC_ID,
        "product_id": town.settings.product_id,
        "txn_amount": "50.00",
        "merchant_date": paid_at,
        "merchant_reciept": REFERENCE,
        field: "",
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.csc.app), base_url=PARTNER) as caller:
        answer = await caller.post(f"/v2/{method}", content=wire.request_body(pairs, town.settings))
    assert b"<response_data>NA</response_data>" in answer.content
    assert town.effects()[-1] == f"not as agreed: {field}"


async def test_a_call_whose_pairs_do_not_name_the_merchant_is_not_let_in(town: Town):
    await town.paid()
    sealed = wire.envelope(
        f"merchant_txn={REFERENCE}|csc_txn=N|", signer=town.settings.private_key, reader=town.settings.csc_key
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.csc.app), base_url=PARTNER) as caller:
        body = {"merchant_id": town.settings.merchant_id, "request_data": sealed}
        answer = await caller.post("/v2/transaction/status", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/xml")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"product_id": "4961300009"},
        {"txn_amount": "50"},
        {"txn_mode": "C"},
        {"return_url": ""},
        {"cancel_url": ""},
        {"merchant_txn": "7" * 31},
        {"merchant_txn_date_time": "today"},
        {"product_name": ""},
        {"merchant_receipt_no": ""},
        {"pay_to_email": ""},
        {"csc_share_amount": "none"},
        {"Discount": "none"},
        {"Currency": "USD"},
        {"csc_id": ""},
    ],
    ids=str,
)
async def test_a_form_with_a_wrong_field_is_refused_at_the_wallet(town: Town, spoilt: dict[str, str]):
    pairs = wire.payment_pairs(town.payment(), town.settings) | spoilt
    sealed = wire.envelope(wire.pairs_text(pairs), signer=town.settings.private_key, reader=town.settings.csc_key)
    address = f"/v1/payment/{wire.frac(NOON)}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.csc.app), base_url=PARTNER) as browser:
        good = await browser.post(address, data=dict(town.client.payment_form(town.payment()).fields))
        bad = await browser.post(address, data={"message": f"{town.settings.merchant_id}|{sealed}"})
        other = await browser.post(f"{address}1", data=dict(town.client.payment_form(town.payment()).fields))
    assert (good.status_code, bad.status_code, other.status_code) == (200, 400, 400)


async def test_a_reference_is_the_name_of_one_amount_for_ever(town: Town):
    await town.paid()
    with pytest.raises(ValueError, match="another amount"):
        await town.paid(6000)


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
        (httpx.Response(200, content=b"<xml><response_data>AAAA</response_data></xml>", headers=XML), IntegrityFailure),
        (httpx.Response(200, content=b"<xml><response_status>Fail</response_status></xml>", headers=XML), Garbled),
        (httpx.Response(200, content=b"<!DOCTYPE xml [<!ENTITY a 'b'>]><xml>&a;</xml>", headers=XML), Garbled),
        (httpx.Response(404, text="Not found"), NotLetIn),
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
    respx.post(f"{PARTNER}/v2/transaction/status").mock(return_value=answer)
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
    ],
)
def test_what_is_not_as_the_contract_says_is_unreadable(pairs: dict[str, str]):
    with pytest.raises(Unreadable):
        wire.news(pairs, NOON)


def test_a_receipt_of_the_wallet_is_its_own_number():
    pairs = {"txn_status": "100", "txn_amount": "5.00", "csc_txn": "C1", "creation_date": "2026-11-26 12:00:00"}
    at = datetime(2026, 11, 26, 12, 0, tzinfo=IST)
    assert wire.news(pairs, NOON).receipt == FeeReceipt("C1", None, None, None, "WALLET", at)


@pytest.mark.parametrize("said", ["", "today", "2026-11-26"])
def test_a_time_that_cannot_be_read_does_not_make_a_success_unreadable(said: str):
    pairs = {"txn_status": "100", "txn_amount": "5.00", "csc_txn": "C1", "creation_date": said}
    receipt = FeeReceipt("C1", None, None, None, "WALLET", NOON, paid_at_heard=True)
    assert wire.news(pairs, NOON) == FeeNews(ReportedState.SUCCESS, 500, receipt)


def test_a_code_that_nobody_explains_is_no_success_and_ends_nothing():
    assert wire.news({"txn_status": "777"}, NOON) == FeeNews(ReportedState.PENDING)
