"""Certificates verified in a browser without a network: the page, its keys and its lists are kept while there is one.

The gateway is ended in the middle of a test, so that nothing answers any more. The browser's date is that of the
gateway's clock.
"""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import segno
from joserfc.jwk import ECKey
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from actions.certificates.cwt import STATUS, read_cwt, sign_cwt
from actions.certificates.qr_codes import PATH, make_qr
from actions.certificates.status_lists import PLACES
from domain.certificates.certificates import CertificateStatus
from domain.kernel import ManualClock
from gateway.credentials.issuance import issuance_routes
from gateway.credentials.status_lists import status_list_routes
from gateway.documents.authority import Authority
from gateway.pages.fonts import font_routes
from gateway.pages.portal import portal_routes
from gateway.settings.portal import Portal
from store.certificates import certificates
from store.database import Keyrings
from tests.browser.conftest import FLAGS
from tests.browser.test_accessibility import AXE, OVERFLOW, RUN, SERIOUS
from tests.gateway.documents.conftest import CONTENT
from tests.store.builders import application, certificate, sow
from tests.support.built import built
from tests.support.catalogued import Filled, a_copy
from tests.support.databases import NOW
from tests.support.page_threads import PagesThread
from tests.support.pages import pages_app
from tests.support.qr_texts import base32, token_of
from tests.support.served import served

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

HOLDS, ENDED = 7, PLACES + 9
"""Status indexes: the second is of the second list."""
READY = {"en": "Ready without a network.", "hi": "बिना नेटवर्क के लिए तैयार।"}


@dataclass
class Gateway(PagesThread):
    """The pages in a thread of their own, until the network is cut. `codes` are texts of QR codes by what they are."""

    filled: Filled
    keyrings: Keyrings
    clock: ManualClock
    folder: Path
    codes: dict[str, str] = field(default_factory=dict)

    async def _serve(self) -> None:
        async with a_copy(self.filled, self.keyrings, self.clock, self.folder) as env:
            async with env.store.write_transaction() as tx:
                await sow(tx, application(), citizens=("c1",))
                await certificates.add(
                    tx, certificate(status=CertificateStatus.REVOKED, status_index=ENDED, number=CONTENT.number)
                )
            app = pages_app(built(), env)
            app.router.routes[:0] = [
                *portal_routes(Portal()),
                *font_routes(),
                *status_list_routes(env),
                *issuance_routes(env, Authority(self.keyrings, self.folder, self.clock)),
            ]
            self.codes = codes_of(env.public_url, self.keyrings.active("qr"))
            async with served(app) as self.url:
                self._up.set()
                while not self._over.is_set():
                    await asyncio.sleep(0.02)


def codes_of(public_url: str, key: object) -> dict[str, str]:
    """Codes that are ours, and codes with one thing wrong."""
    content = replace(CONTENT, verify_url=f"{public_url}/verify/{CONTENT.number}", status_index=HOLDS)
    good, token = make_qr(content, key), token_of(make_qr(content, key))
    front, claims = good.partition(PATH)[0] + PATH, read_cwt(token, [key])  # type: ignore[list-item]
    beyond = {**claims, STATUS: {"status_list": {**claims[STATUS]["status_list"], "idx": PLACES}}}
    return {
        "good": good,
        "ended": make_qr(replace(content, status_index=ENDED), key),
        "expired": make_qr(replace(content, valid_until=NOW.date() - timedelta(days=1)), key),
        "flipped": front + base32(token[:-1] + bytes([token[-1] ^ 1])),
        "changed": front + base32(token.replace(b"120000", b"920000")),
        "unknown": make_qr(content, ECKey.generate_key("P-256", {"kid": "ffffffff"})),
        "beyond": front + base32(sign_cwt(beyond, key)),
        "short": good[:-9],
        "typed": front + base32(sign_cwt(claims, key, "application/statuslist+cwt")),
        "tagless": front + base32(token[1:]),
        "number": CONTENT.number,
        "nested": front + base32(b"\x81" * 500),
        "long": good + "A" * 1000,
    }


@pytest.fixture
def gateway(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> Iterator[Gateway]:
    made = Gateway(catalogue_and_people, store_keyrings, store_clock, tmp_path)
    made.start()
    yield made
    made.end()


@pytest.fixture
def telephone(started: Browser) -> Iterator[BrowserContext]:
    """A browser of 360 pixels whose date is that of the tests."""
    context = started.new_context(viewport={"width": 360, "height": 740})
    context.clock.set_fixed_time(NOW)
    yield context
    context.close()


def opened(gateway: Gateway, telephone: BrowserContext, language: str = "en") -> Page:
    """The page, once it has kept what it needs."""
    page = telephone.new_page()
    page.goto(f"{gateway.url}/verify-offline?language={language}")
    expect(page.locator("[data-kept]")).to_contain_text(READY[language], timeout=30_000)
    return page


def verified(page: Page, text: str) -> str:
    """What the page says of a code."""
    page.locator("textarea").fill(text)
    page.locator("form[data-offline] button:not([type])").click()
    told = page.locator("[data-shown] p")
    expect(told).to_be_visible()
    return told.inner_text()


def test_without_a_network_the_page_opens_in_both_languages_and_verifies(gateway: Gateway, telephone: BrowserContext):
    page = opened(gateway, telephone)
    gateway.end()

    for language, words, name in (("en", "the certificate holds", "Annual"), ("hi", "प्रमाण-पत्र मान्य है", "वार्षिक")):
        page.goto(f"{gateway.url}/verify-offline?language={language}")
        expect(page.locator("[data-kept]")).to_contain_text(READY[language])
        assert words in verified(page, gateway.codes["good"])
        assert page.locator("html").get_attribute("lang") == language
        facts = page.locator("[data-shown] dl").inner_text()
        assert "आशा क्षेत्री / Asha Kshetri" in facts
        assert ("2261 23456 78906" in facts, "120000" in facts, name in facts) == (True, True, True)
        assert ("24-11-2026" in facts, "23-11-2027" in facts) == (True, True)


def test_a_code_that_a_camera_opens_without_a_network_is_verified_at_once(gateway: Gateway, telephone: BrowserContext):
    page = opened(gateway, telephone)
    gateway.end()

    page.goto(gateway.url + PATH + gateway.codes["good"].partition(PATH)[2])

    expect(page.locator("[data-shown] p")).to_contain_text("the certificate holds")
    assert "24-11-2026 12:00" in page.locator("[data-shown] p").inner_text()  # NOW in India, as of which the list is


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ended", "ENDED"),
        ("expired", "EXPIRED"),
        ("flipped", "BAD_SIGNATURE"),
        ("changed", "BAD_SIGNATURE"),
        ("unknown", "UNKNOWN_KEY"),
        ("beyond", "BAD_INDEX"),
        ("short", "MALFORMED"),
        ("typed", "MALFORMED"),
        ("tagless", "MALFORMED"),
        ("number", "MALFORMED"),
        ("nested", "MALFORMED"),
        ("long", "MALFORMED"),
    ],
)
def test_what_is_wrong_with_a_code_is_told_with_a_code(
    gateway: Gateway, telephone: BrowserContext, code: str, told: str
):
    page = opened(gateway, telephone)
    gateway.end()

    said = verified(page, gateway.codes[code])

    assert (said.endswith(told), "holds, as of" in said) == (True, False)
    assert page.locator("[data-shown] dl").count() == (told in ("ENDED", "EXPIRED", "BAD_INDEX"))


def test_a_list_that_is_too_old_says_nothing_of_the_certificate_but_the_signature_stands(
    gateway: Gateway, telephone: BrowserContext
):
    page = opened(gateway, telephone)
    gateway.end()
    page.clock.set_fixed_time(NOW + timedelta(hours=13))

    said = verified(page, gateway.codes["good"])

    assert (said.startswith("We signed this code."), said.endswith("OLD_LIST")) == (True, True)
    assert "Asha Kshetri" in page.locator("[data-shown] dl").inner_text()


def test_a_device_that_never_had_a_network_says_that_it_has_no_keys(gateway: Gateway, telephone: BrowserContext):
    page = telephone.new_page()
    page.route("**/.well-known/**", lambda route: route.abort())
    page.route("**/status-lists**", lambda route: route.abort())
    page.goto(f"{gateway.url}/verify-offline?language=en")

    assert verified(page, gateway.codes["good"]).endswith("NO_KEYS")
    expect(page.locator("[data-kept]")).to_have_text("Nothing is kept on this device yet.")


def test_a_photograph_of_the_code_is_read_without_a_network(gateway: Gateway, telephone: BrowserContext):
    page = opened(gateway, telephone)
    gateway.end()
    pictures = {name: io.BytesIO() for name in ("code", "other")}
    segno.make(gateway.codes["good"], error="m").save(pictures["code"], kind="png", scale=5, border=4)
    segno.make("HTTPS://EVIL.TEST/", error="m", micro=False).save(pictures["other"], kind="png", scale=5, border=4)

    found = {}
    for name, picture in pictures.items():
        page.locator("[data-shown]").evaluate("node => node.replaceChildren()")
        page.set_input_files("#photograph", {"name": "a.png", "mimeType": "image/png", "buffer": picture.getvalue()})
        expect(page.locator("[data-shown] p")).to_be_visible(timeout=30_000)
        found[name] = page.locator("[data-shown] p").inner_text()

    assert "the certificate holds" in found["code"]
    assert found["other"].endswith("MALFORMED")


def test_the_camera_is_read_and_let_go_of(gateway: Gateway, started: Browser, chromium: str, tmp_path: Path):
    """The camera is a file in which the code fills a picture of 640 by 480."""
    code, picture = io.BytesIO(), Image.new("RGB", (640, 480), "#777")
    segno.make(gateway.codes["good"], error="m").save(code, kind="png", scale=5, border=4)
    picture.paste(Image.open(code), (90, 20))
    picture.save(tmp_path / "camera.mjpeg", format="JPEG", quality=90)
    camera = f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}"
    flags = [*FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", camera]
    with_camera = started.browser_type.launch(executable_path=chromium, args=flags)
    telephone = with_camera.new_context(viewport={"width": 360, "height": 740})
    telephone.clock.set_fixed_time(NOW)
    page = opened(gateway, telephone)
    gateway.end()

    page.locator("[data-camera]").click()

    expect(page.locator("[data-shown] p")).to_contain_text("the certificate holds", timeout=30_000)
    assert page.locator("video").count() == 0
    assert page.locator("textarea").input_value() == gateway.codes["good"]
    with_camera.close()


def test_without_a_camera_the_other_ways_are_named(gateway: Gateway, telephone: BrowserContext):
    page = opened(gateway, telephone)

    page.locator("[data-camera]").click()

    expect(page.locator("[data-shown] p")).to_contain_text("choose a photograph or paste the address")


@pytest.mark.parametrize("language", ["en", "hi"])
def test_the_page_is_free_of_serious_faults_and_breaks_no_policy(
    gateway: Gateway, telephone: BrowserContext, language: str
):
    refused: list[Any] = []
    telephone.on("console", lambda one: refused.append(one.text) if "Content Security Policy" in one.text else None)
    telephone.on("weberror", lambda one: refused.append(str(one.error)))
    page = opened(gateway, telephone, language)
    verified(page, gateway.codes["ended"])
    page.evaluate(AXE.read_text(encoding="utf-8"))

    assert [fault for fault in page.evaluate(RUN) if fault[0] in SERIOUS] == []
    assert page.evaluate(OVERFLOW) == 0
    assert refused == []


def test_nothing_of_who_is_signed_in_is_kept(gateway: Gateway, telephone: BrowserContext):
    telephone.add_cookies([{"name": "apuni_session", "value": "of-asha", "url": gateway.url}])
    page = telephone.new_page()
    sent: list[dict[str, str]] = []
    page.on("request", lambda request: sent.append(request.all_headers()) if request.resource_type == "fetch" else None)

    page.goto(f"{gateway.url}/verify-offline?language=en")
    expect(page.locator("[data-kept]")).to_contain_text(READY["en"], timeout=30_000)

    assert len(sent) > 16
    assert [headers for headers in sent if "cookie" in headers] == []
