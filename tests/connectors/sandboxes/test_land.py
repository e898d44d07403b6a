"""The sandbox of the land records is as docs/contracts/other_systems.md section 11 says."""

import base64
import hashlib
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from lxml import etree

from domain.kernel import ManualClock
from sandbox.city.kit import load_demo
from sandbox.city.serving import City
from sandbox.connectors.usernames import PROFILE, WSSE, WSU
from sandbox.land.server import create_sandbox
from tests.support.connecting import NOON, ROOT, Partner, partner_of

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LAND = "http://land.example/"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def land(tmp_path: Path, clock: ManualClock) -> Iterator[Partner]:
    partner = partner_of(create_sandbox, "land", tmp_path, clock)
    yield partner
    partner.sandbox.close()


def token(land: Partner, nonce: bytes, *, password: str | None = None, minutes: int = 0) -> str:
    created = (land.sandbox.ledger._clock.now() - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    secret = password or land.given["user"]["password"]
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + secret.encode()).digest()).decode()
    return (
        f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}"><w:UsernameToken><w:Username>apuni</w:Username>'
        f'<w:Password Type="{PROFILE}PasswordDigest">{digest}</w:Password>'
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
        "</w:UsernameToken></w:Security>"
    )


async def ask(
    land: Partner, header: str, *, khata: str = "71", key: str | None = None, action: str = "GetKhata"
) -> httpx.Response:
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{header}</s:Header><s:Body><GetKhata xmlns="{LAND}">'
        f"<Key>{key or land.given['key']}</Key><VCode>800123</VCode><KhataNo>{khata}</KhataNo>"
        "</GetKhata></s:Body></s:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{LAND}{action}"'}
    return await land.client.post("/ws/Khata.asmx", content=body.encode(), headers=headers)


def result(answer: httpx.Response) -> etree._Element:
    """The document within the text of the result."""
    text = etree.fromstring(answer.content).findtext(f".//{{{LAND}}}GetKhataResult")
    assert text is not None
    return etree.fromstring(text)


def fault(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, etree.fromstring(answer.content).findtext(".//faultcode")


async def test_the_result_is_a_text_that_holds_xml_with_devanagari_digits(land: Partner):
    data = result(await ask(land, token(land, b"n1")))

    assert (data.findtext("Code"), data.findtext("Khata/KhataNo")) == ("00", "७१")
    assert len(data.findall("Khata/Owner/Name")) == 2


async def test_the_first_question_opens_a_clearance_that_is_answered_after_a_day(land: Partner, clock: ManualClock):
    answers = []
    for number, khata in enumerate(("71", "79") * 2):
        if number == 2:
            clock.advance(timedelta(days=1))
        answers.append(result(await ask(land, token(land, bytes([number])), khata=khata)).findtext("Khata/Clr"))

    assert answers == ["P", "P", "Y", "N"]


async def test_a_nonce_is_taken_once(land: Partner):
    header = token(land, b"n1")
    await ask(land, header)

    assert fault(await ask(land, header)) == (500, "wsse:FailedAuthentication")
    assert len((await land.act("clearances"))["clearances"]) == 1


async def test_a_wrong_password_an_old_token_and_none_are_told_apart_by_fault_codes(land: Partner):
    faults = [
        fault(await ask(land, header))
        for header in (token(land, b"n1", password="guessed"), token(land, b"n2", minutes=6), "")
    ]

    assert faults == [(500, "wsse:FailedAuthentication"), (500, "wsu:MessageExpired"), (500, "wsse:InvalidSecurity")]
    assert (await land.act("clearances"))["clearances"] == {}


async def test_a_wrong_key_and_an_unknown_holding_are_codes_of_the_result(land: Partner):
    codes = [
        result(await ask(land, token(land, b"n1"), key="guessed")).findtext("Code"),
        result(await ask(land, token(land, b"n2"), khata="1234567")).findtext("Code"),
    ]

    assert codes == ["99", "01"]


async def test_another_soap_action_is_a_fault_of_the_client(land: Partner):
    assert fault(await ask(land, token(land, b"n1"), action="DropKhata")) == (500, "soap:Client")


@pytest.mark.integration
async def test_its_tls_port_takes_only_callers_with_a_certificate(tmp_path: Path):
    city = City(tmp_path, load_demo(ROOT / "demo"), port=0, gateway_url="", factories={"land": create_sandbox})
    await city.start()
    try:
        url = f"https://localhost:{city.ports['tls']['land']}/land/ws/Khata.asmx"
        without = ssl.create_default_context(cadata=city.authority)
        own = ssl.create_default_context(cadata=city.authority)
        own.load_cert_chain(tmp_path / "run" / "client.pem", tmp_path / "run" / "client.key")
        async with httpx.AsyncClient(verify=without) as stranger:
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await stranger.post(url, content=b"<a/>")
        async with httpx.AsyncClient(verify=own) as known:
            assert (await known.post(url, content=b"<a/>")).status_code == 500
        assert len(city.sandboxes["land"].ledger.entries()) == 1
    finally:
        await city.stop()
