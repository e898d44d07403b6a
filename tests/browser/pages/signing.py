"""The script of /desk/signing in a browser: it reads the token and has the bridge sign; without a bridge it says so."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.test_signing import case_of, filed
from tests.journeys.test_write_path import approve
from tests.support.eventually import eventually
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

SECONDS = 60_000


def opened(running: Running, browser: BrowserContext, address: str = "/desk/signing") -> Page:
    """A page of the officer, in English."""
    browser.add_cookies([{"name": "apuni_session", "value": running.token("officer"), "url": running.url}])
    page = browser.pages[0]
    page.goto(f"{running.url}{address}?language=en")
    return page


def batch_of(running: Running, browser: BrowserContext, person: str, key: str) -> tuple[Page, str]:
    """The page of a batch with one decided application, ready to be signed."""
    application = filed(running, person, key)
    approve(running, running.token("officer"), application["id"], f"{key}-approve")
    shown = eventually(
        lambda: case_of(running, person, application["id"]), lambda seen: seen["statusLabel"] == "Decided, being signed"
    )["shownNumber"]
    page = opened(running, browser)
    for box in page.locator("input[name='input.signingIds']").all():
        box.set_checked(box.get_attribute("aria-label") == shown)
    page.locator("form:has(input[value=PrepareDeskSignatures]) button").last.click()
    expect(page).to_have_url(re.compile("/desk/signing/"))
    expect(page.locator("[data-sign]")).to_be_visible(timeout=SECONDS)
    return page, application["id"]


def test_the_script_has_the_bridge_sign_and_hands_in_until_the_certificate_is_released(
    running: Running, browser: BrowserContext
):
    page, application = batch_of(running, browser, "mohit-thapliyal", "signing-browser")

    page.locator("[data-sign]").click()

    expect(page.locator("progress")).to_have_attribute("value", "1", timeout=SECONDS)
    done = eventually(
        lambda: case_of(running, "mohit-thapliyal", application), lambda seen: seen["status"] == "DELIVERED"
    )
    assert done["certificate"]["signatures"]


def test_without_the_bridge_the_page_says_so_and_nothing_is_handed_in(running: Running, browser: BrowserContext):
    page, application = batch_of(running, browser, "kamla-bisht", "signing-away")
    page.route("**/bridge/v1/**", lambda route: route.abort())

    page.locator("[data-sign]").click()

    expect(page.locator("[data-told]")).to_have_text(
        page.locator("[data-told]").get_attribute("data-away") or "", timeout=SECONDS
    )
    assert case_of(running, "kamla-bisht", application)["status"] == "APPROVED"


def test_the_script_reads_the_certificate_of_the_token_into_the_form(running: Running, browser: BrowserContext):
    page = opened(running, browser)

    page.locator("[data-read]").click()

    expect(page.locator("textarea[name='input.certificate']")).to_have_value(re.compile("^MII"), timeout=SECONDS)
