"""e-Challan's wire, client and sandbox against each other and against the contract's own sample."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.fees.fees import FeeNews, ReportedState
from domain.kernel import IST, ManualClock, Source
from integrations.calling.errors import Foreign, Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable, Unreadable
from integrations.treasury import Challan, Treasury, TreasurySettings, wire
from sandbox.city.kit import Sandbox
from sandbox.treasury.server import create_sandbox
from tests.support.fees import sandbox
from tests.support.remotes import PARTNER, remote_over

NOON = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
SAMPLE = "UKAS2026000123|UKGRN0012345678|0001|05103082411202600012|SBI123|50.00|S|2026-11-24 11:03:22|NB"
"""The return of docs/contracts/other_systems.md section 4, decrypted."""
OURS = TreasurySettings("http://b", "UKAS", "D", "T", {"*": "007060800010000"}, None, b"k" * 32, b"c" * 32)


@dataclass
class Town:
    """A treasury of its own, and how to talk to it."""

    treasury: Sandbox
    clock: ManualClock
    settings: TreasurySettings

    @property
    def client(self) -> Treasury:
        return Treasury(remote_over(self.treasury.app, Source.TREASURY, clock=self.clock), self.settings)

    def challan(self, reference: str = "UKAS42600000000127", paise: int = 5000, **changes: Any) -> Challan:
        given: dict[str, Any] = {
            "reference": reference,
            "service_code": "ES09",
            "heads": (("007060800010000", paise),),
            "payer_name": "Asha Negi",
            "payer_mobile": "9800000001",
            "period": (date(2026, 4, 1), date(2027, 3, 31)),
            "return_url": "http://gateway.test/hooks/treasury",
        }
        return Challan(**given | changes)

    async def paid(self, challan: Challan, mode: str = "NB", outcome: str = "pay") -> dict[str, Any]:
        fields = self.client.payment_form(challan).fields
        return await self.treasury.act("pay", {"encdata": fields["encdata"], "mode": mode, "outcome": outcome})


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = ManualClock(NOON)
    treasury, given = sandbox(create_sandbox, clock, tmp_path, "treasury")
    yield Town(treasury, clock, TreasurySettings.from_onboarding("http://treasury.test", given))
    treasury.close()


def test_the_sample_of_the_contract_is_read():
    reference, news = wire.read_news(SAMPLE, NOON)
    assert (reference, news.state, news.amount_paise) == ("UKAS2026000123", ReportedState.SUCCESS, 5000)
    assert news.receipt is not None
    receipt = news.receipt
    assert (receipt.grn, receipt.challan_no, receipt.bank_reference, receipt.mode) == (
        "UKGRN0012345678",
        "0001",
        "SBI123",
        "NB",
    )
    assert receipt.cin == "05103082411202600012"
    assert receipt.paid_at == datetime(2026, 11, 24, 11, 3, 22, tzinfo=IST)


def test_encdata_is_base64_of_iv_and_aes_256_gcm():
    raw = base64.b64decode(wire.seal(b"k" * 32, SAMPLE, nonce=b"n" * 12))
    assert raw[:12] == b"n" * 12
    assert AESGCM(b"k" * 32).decrypt(b"n" * 12, raw[12:], None).decode() == SAMPLE
    assert wire.unseal(b"k" * 32, base64.b64encode(raw).decode()) == SAMPLE


@pytest.mark.parametrize("change", ["", "x", "A" * 40, "%%%"])
def test_what_the_key_did_not_seal_is_spoilt(change: str):
    with pytest.raises(Foreign):
        wire.unseal(b"k" * 32, change)
    with pytest.raises(Foreign):
        wire.unseal(b"K" * 32, wire.seal(b"k" * 32, SAMPLE))


def test_the_checksum_covers_all_that_is_before_it(town: Town):
    text = wire.challan_text(town.challan(), OURS)
    covered, _, checksum = text.rpartition("|")
    assert checksum == hmac.new(b"c" * 32, f"{covered}|".encode(), hashlib.sha256).hexdigest()
    assert covered.split("|")[4:6] == ["007060800010000", "50.00"]


def test_a_pipe_in_a_name_ends_no_part(town: Town):
    text = wire.challan_text(town.challan(payer_name="Asha|9999.00|Negi"), OURS)
    assert len(text.split("|")) == 22


@pytest.mark.parametrize("heads", [(), (("1", 100),), tuple((f"00706080001000{n}", 100) for n in range(6))])
def test_one_to_five_heads_of_13_to_15_digits(town: Town, heads: tuple[tuple[str, int], ...]):
    with pytest.raises(ValueError, match="head"):
        wire.challan_text(town.challan(heads=heads), OURS)


@pytest.mark.parametrize(
    "text",
    ["", "a|b", SAMPLE.replace("|S|", "|Q|"), SAMPLE.replace("50.00", "50.001"), SAMPLE.replace("UKGRN0012345678", "")],
)
def test_what_is_not_as_the_contract_says_is_unreadable(text: str):
    with pytest.raises(Unreadable):
        wire.read_news(text, NOON)


@pytest.mark.parametrize("told", ["", "24-11-2026", "2026-11-24"])
def test_a_time_that_cannot_be_read_does_not_make_a_success_unreadable(told: str):
    _, news = wire.read_news(SAMPLE.replace("2026-11-24 11:03:22", told), NOON)
    assert news.state is ReportedState.SUCCESS
    assert news.receipt is not None
    assert (news.receipt.paid_at, news.receipt.paid_at_heard) == (NOON, True)


async def test_a_paid_order_is_told_by_an_enquiry(town: Town):
    assert (await town.client.verify("UKAS42600000000127")).state is ReportedState.UNKNOWN
    town.clock.advance(timedelta(seconds=11))
    await town.paid(town.challan())
    news = await town.client.verify("UKAS42600000000127")
    assert (news.state, news.amount_paise) == (ReportedState.SUCCESS, 5000)
    assert news.receipt is not None
    assert news.receipt.grn.startswith("UKGRN")


async def test_one_enquiry_about_an_order_in_ten_seconds(town: Town):
    await town.client.verify("UKAS42600000000127")
    with pytest.raises(Unavailable) as told:
        await town.client.verify("UKAS42600000000127")
    assert told.value.code == "http_429"
    await town.client.verify("UKAS42600000000999")


@pytest.mark.parametrize(
    ("kind", "error"), [("signature", IntegrityFailure), ("foreign", IntegrityFailure), ("partial", Garbled)]
)
async def test_a_spoilt_answer_says_nothing(town: Town, kind: str, error: type[Exception]):
    await town.paid(town.challan())
    town.treasury.faults.set([{"kind": kind}])
    with pytest.raises(error):
        await town.client.verify("UKAS42600000000127")


async def test_the_magic_totals_do_what_the_readme_says(town: Town):
    async def state(reference: str) -> FeeNews:
        town.clock.advance(timedelta(seconds=11))
        return await town.client.verify(reference)

    late, other, never = (town.challan(f"UKAS0{paise}", paise) for paise in (5012, 5013, 5016))
    await town.paid(late, "COUNTER")
    await town.paid(other)
    await town.paid(never, "COUNTER")
    assert (await state("UKAS05012")).state is ReportedState.PENDING
    assert (await state("UKAS05013")).amount_paise == 4913
    town.clock.advance(timedelta(days=3))
    assert (await state("UKAS05012")).state is ReportedState.SUCCESS
    assert (await state("UKAS05016")).state is ReportedState.PENDING
    town.clock.advance(timedelta(days=4))
    assert (await state("UKAS05016")).state is ReportedState.EXPIRED


async def test_the_treasury_takes_only_what_is_whole_and_once_for_a_reference(town: Town):
    async def code(challan: Challan, settings: TreasurySettings | None = None) -> str:
        own = settings or town.settings
        sealed = wire.seal(own.key, wire.challan_text(challan, own))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(town.treasury.app), base_url=PARTNER) as browser:
            page = await browser.post("/echallan/pay", data={"encdata": sealed})
        return page.text.partition("Error ")[2][:3] or "shown"

    good = town.challan()
    wrong_key = TreasurySettings(
        "b", "UKAS", "DDN4217", "DDN01", {}, None, key=town.settings.key, checksum_key=b"other" * 7
    )
    assert await code(good) == "shown"
    assert await code(good) == "shown"
    assert await code(town.challan(paise=6000)) == "E02"
    assert await code(town.challan("UKAS2", heads=(("999999999999999", 100),))) == "E03"
    assert await code(good, wrong_key) == "E01"
    await town.treasury.act("close_year", {})
    assert await code(town.challan("UKAS3")) == "E05"


async def test_the_way_of_a_browser(town: Town):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.treasury.app), base_url=PARTNER) as browser:
        form = town.client.payment_form(town.challan())
        page = await browser.post("/echallan/pay", data=dict(form.fields))
        assert "UKAS42600000000127" in page.text
        assert "Asha" not in page.text
        choice = {"reference": "UKAS42600000000127", "mode": "UPI", "outcome": "pay"}
        back = await browser.post("/echallan/pay/choose", data=choice)
    encdata = back.text.partition('name="encdata" value="')[2].partition('"')[0]
    assert town.client.open_return(encdata) == "UKAS42600000000127"
    assert "http://gateway.test/hooks/treasury" in back.text


async def test_a_return_that_somebody_made_is_not_opened(town: Town):
    with pytest.raises(IntegrityFailure):
        town.client.open_return(wire.seal(b"z" * 32, SAMPLE))
    with pytest.raises(Garbled):
        town.client.open_return(wire.seal(town.settings.key, "nothing|at|all"))


async def test_the_scroll_of_a_day_is_there_on_the_next_day_at_six(town: Town):
    await town.paid(town.challan())
    await town.treasury.act("add_unknown_to_scroll", {"paise": 700})
    day = NOON.astimezone(IST).date()
    assert await town.client.scroll(day) is None
    town.clock.advance(timedelta(hours=18))
    found = await town.client.scroll(day)
    assert found is not None
    name, content, lines = found
    assert name == "ECH_UKAS_26112026.csv"
    assert [line.amount_paise for line in lines] == [5000, 700]
    assert content.startswith(b"grn,cin,deptRefNo,head,amount,scrollDate,status\n")


@pytest.mark.parametrize(("kind", "error"), [("signature", IntegrityFailure), ("partial", Garbled)])
async def test_a_scroll_that_is_not_whole_or_not_theirs_is_refused_whole(town: Town, kind: str, error: type[Exception]):
    await town.paid(town.challan())
    town.clock.advance(timedelta(days=1))
    town.treasury.faults.set([{"kind": kind}])
    with pytest.raises(error):
        await town.client.scroll(NOON.astimezone(IST).date())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n",
        "grn,cin,deptRefNo,head,amount,scrollDate,status\nG,C,R,007060800010000,1.00,25-11-2026,S\n",
        "grn,cin,deptRefNo,head,amount,scrollDate,status\nG,C,R,007060800010000,-1.00,26-11-2026,S\n",
        'grn,cin,deptRefNo,head,amount,scrollDate,status\nG,C,"R,007060800010000,1.00,26-11-2026,S\n',
        "grn,cin,deptRefNo,head,amount,scrollDate,status\nG,C,R,12,1.00,26-11-2026,S\n",
    ],
)
def test_one_bad_line_spoils_a_scroll(text: str):
    with pytest.raises(Unreadable):
        wire.read_scroll(text.encode(), date(2026, 11, 26))
    with pytest.raises(Unreadable):
        wire.read_scroll(text.encode("utf-16"), date(2026, 11, 26))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json={"errorCode": "E01"}), NotLetIn),
        (httpx.Response(200, json={"errorCode": "E03"}), NotLetIn),
        (httpx.Response(200, json={"errorCode": "E04"}), Refused),
        (httpx.Response(200, json={"errorCode": "E05"}), Unavailable),
        (httpx.Response(200, json={"errorCode": "E99"}), Unavailable),
        (httpx.Response(200, json={"errorCode": "?"}), Garbled),
        (httpx.Response(200, json=[]), Garbled),
        (httpx.Response(200, content=b"[" * 20_000, headers={"content-type": "application/json"}), Garbled),
        (httpx.Response(200, content=b"", headers={"content-type": "application/json"}), Garbled),
        (httpx.Response(200, html="<p>Login</p>"), Unavailable),
        (httpx.Response(500), Unavailable),
        (httpx.Response(403, json={}), NotLetIn),
    ],
)
@respx.mock
async def test_what_the_treasurys_answers_mean(answer: httpx.Response, error: type[Exception]):
    respx.post(f"{PARTNER}{wire.VERIFY}").mock(return_value=answer)
    client = Treasury(remote_over(None, Source.TREASURY, clock=ManualClock(NOON)), OURS)
    with pytest.raises(error):
        await client.verify("UKAS1")


@respx.mock
async def test_an_enquiry_is_signed_and_never_repeated():
    route = respx.post(f"{PARTNER}{wire.VERIFY}").mock(return_value=httpx.Response(503))
    client = Treasury(remote_over(None, Source.TREASURY, clock=ManualClock(NOON)), OURS)
    with pytest.raises(Unavailable):
        await client.verify("UKAS1")
    assert route.call_count == 1
    sent = route.calls.last.request
    assert json.loads(sent.content) == {"deptRefNo": "UKAS1"}
    assert sent.headers["x-checksum"] == hmac.new(b"c" * 32, sent.content, hashlib.sha256).hexdigest()


def test_nothing_of_a_person_or_a_key_shows_in_a_repr(town: Town):
    assert "Asha" not in repr(town.challan())
    assert "9800000001" not in repr(town.challan())
    assert base64.b64encode(town.settings.key).decode() not in repr(town.settings)
    assert repr(town.settings.key) not in repr(town.settings)


@pytest.mark.parametrize(
    "change", [{"key": "AAAA"}, {"key": "%"}, {"heads": {"*": "123"}}, {"charge_head": "12345"}, {"heads": None}]
)
def test_a_spoilt_onboarding_is_refused_before_anybody_pays(town: Town, change: dict[str, Any]):
    key, checksum_key = (base64.b64encode(word * 32).decode() for word in (b"k", b"c"))
    given: dict[str, Any] = {"dept_code": "UKAS", "ddo_code": "D", "treasury_code": "T", "key": key}
    given |= {"heads": {"*": "007060800010000"}, "checksum_key": checksum_key}
    assert TreasurySettings.from_onboarding("http://b", given).head_of("revenue") == "007060800010000"
    with pytest.raises((ValueError, TypeError)):
        TreasurySettings.from_onboarding("http://b", given | change)
