"""An officer of the demo signs by pages, with the token of the sandbox behind the bridge's wire, over real sockets."""

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from asn1crypto import x509
from lxml import html
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from demo.seed.signing import SERVICE
from gateway.runtime import runfiles
from integrations.trust_services import TrustSettings
from tests.gateway.pages.test_site import form_of
from tests.journeys.test_issuing import FILES
from tests.journeys.test_write_path import approve, submit
from tests.support.databases import run_apart
from tests.support.eventually import eventually
from tests.support.forked import apuni_forked
from tests.support.forms import answers_of
from tests.support.running import FOLLOWING, Running

CASE = """query($id: ID!) { node(id: $id) { ... on Application {
  shownNumber status statusLabel(language: EN) certificate { number signatures { name(language: EN) } } } } }"""


def filed(running: Running, person: str, key: str) -> dict[str, Any]:
    """An application for a certificate that the officer who decides signs herself."""
    request = {
        "serviceCode": SERVICE,
        "district": "49",
        "tehsil": "304",
        "form": answers_of("solvency-haisiyat-certificate"),
        "documents": [],
        "channel": "MOBILE",
        "idempotencyKey": key,
    }
    return submit(running, running.token("citizen", person), request)


def case_of(running: Running, person: str, application_id: str) -> dict[str, Any]:
    found: dict[str, Any] = running.data(CASE, {"id": application_id}, token=running.token("citizen", person))["node"]
    return found


def officers_browser(running: Running) -> httpx.Client:
    headers = {"accept": "text/html", "accept-language": "en", "sec-fetch-site": "same-origin"}
    cookies = {"apuni_session": running.token("officer")}
    return httpx.Client(base_url=running.url, headers=headers, cookies=cookies, trust_env=False, timeout=30)


def signatures_by_bridge(running: Running, form: Any) -> dict[str, str]:
    """What the page's script does: the hashes to the bridge, its signatures into the form."""
    items = [{"id": one.get("data-item"), "sha256": one.get("data-digest")} for one in form.xpath(".//fieldset")]
    with httpx.Client(headers={"Origin": running.url}, trust_env=False, timeout=30) as page:
        bridge = f"{form.get('data-signs')}/v1"
        nonce = page.post(f"{bridge}/nonce", json={}).json()["nonce"]
        body = {"nonce": nonce, "certSha256": form.get("data-certificate"), "items": items}
        answer = page.post(f"{bridge}/sign", json=body).json()["items"]
    given: dict[str, str] = {}
    for place, (asked, signed) in enumerate(zip(items, answer, strict=True)):
        at = f"input.signatures.{place}"
        given |= {
            f"{at}.signingId": asked["id"],
            f"{at}.sha256": asked["sha256"],
            f"{at}.signature": signed["signature"],
        }
    return given


async def validated(pdf: bytes, trust: TrustSettings) -> list[bool]:
    """What pyHanko says of each officer's signature, below the roots that are pinned."""
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(one) for one in trust.anchors],
        other_certs=[x509.Certificate.load(one) for one in trust.authorities],
        allow_fetching=False,
    )
    found = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return [(await async_validate_pdf_signature(one, context)).bottom_line for one in found]


def test_from_the_decision_by_page_and_bridge_to_a_certificate_that_is_validated(running: Running, tmp_path: Path):
    person = "rekha-panwar"
    application = filed(running, person, "signing-journey")
    approve(running, running.token("officer"), application["id"], "signing-approve")
    waiting = eventually(
        lambda: case_of(running, person, application["id"]), lambda seen: seen["statusLabel"] == "Decided, being signed"
    )
    assert (waiting["status"], waiting["certificate"]) == ("APPROVED", None)

    with officers_browser(running) as browser:
        page = browser.get("/desk/signing").text
        [signing] = html.fromstring(page).xpath(f'//input[@aria-label="{waiting["shownNumber"]}"]/@value')
        fields = form_of(page, "PrepareDeskSignatures") | {"input.signingIds": signing}
        batch = browser.post("/desk/signing", data=fields).headers["location"].partition("?")[0]
        text = eventually(lambda: browser.get(batch).text, lambda seen: "data-signs" in seen)
        [form] = html.fromstring(text).xpath("//form[@data-signs]")
        given = form_of(text, "HandInDeskSignatures") | signatures_by_bridge(running, form)
        assert browser.post(batch, data=given).status_code == 303

    done = eventually(lambda: case_of(running, person, application["id"]), lambda seen: seen["status"] == "DELIVERED")
    assert [one["name"] for one in done["certificate"]["signatures"]] == ["Anita Uniyal"]
    token = running.token("citizen", person)
    address = running.data(FILES, {"id": application["id"]}, token=token)["node"]["certificate"]["pdf"]["url"]
    pdf = httpx.get(address, timeout=10, trust_env=False).content
    trust = TrustSettings.from_onboarding(runfiles.onboarding(running.home, "trust_services"))
    assert run_apart(validated, pdf, trust) == [True]

    file = tmp_path / "certificate.pdf"
    file.write_bytes(pdf)
    own = {**os.environ, **FOLLOWING, "APUNI_HOME": str(running.home), "APUNI_PORT": running.url.rpartition(":")[2]}
    said = apuni_forked(["verify-certificate", str(file), "--json"], own)
    assert json.loads(said.stdout) == dict.fromkeys(("pdf", "xml", "qr", "register", "status"), "OK"), said.stderr
