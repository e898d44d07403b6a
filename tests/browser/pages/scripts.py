"""The script of forms: saved as typed, nothing lost when the line drops, files in pieces that go on where they were."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.files import PNG
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

SERVICE = "ES22"
WRITTEN = "textarea[name^='input.form.'], input[type=text][name^='input.form.']"
TOLD = "[data-told]"
SECONDS = 30_000


def opened(running: Running, browser: BrowserContext, person: str, service: str = SERVICE) -> Page:
    """A new form of a service, opened by a citizen in English."""
    token = running.token("citizen", person)
    browser.add_cookies([{"name": "apuni_session", "value": token, "url": running.url}])
    page = browser.pages[0]
    page.goto(f"{running.url}/my/apply/{service}?language=en")
    return page


def test_what_is_typed_is_saved_under_the_address_of_the_draft(running: Running, browser: BrowserContext):
    page = opened(running, browser, "hema-tamta")

    page.locator(WRITTEN).first.fill("Lalit")

    expect(page.locator(TOLD)).to_contain_text("Saved at", timeout=SECONDS)
    expect(page).to_have_url(re.compile(rf"/my/apply/{SERVICE}/[0-9]+$"))
    page.locator(WRITTEN).first.fill("Lalit Pant")
    expect(page.locator("[name='input.expectedVersion']")).not_to_have_value("1", timeout=SECONDS)
    page.reload()
    expect(page.locator(WRITTEN).first).to_have_value("Lalit Pant")


def test_on_ones_own_device_what_was_typed_without_a_line_is_there_after_a_reload(
    running: Running, browser: BrowserContext
):
    page = opened(running, browser, "devendra-kunwar")
    page.get_by_label("This is my own device").check()
    page.route("**/my/apply/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())

    page.locator(WRITTEN).first.fill("Rohan")
    expect(page.locator(TOLD)).to_contain_text("There is no connection", timeout=SECONDS)
    page.unroute_all()
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()

    expect(page.locator(WRITTEN).first).to_have_value("Rohan")
    expect(page.locator(TOLD)).to_contain_text("Saved at", timeout=SECONDS)
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_a_device_that_nobody_called_her_own_keeps_nothing(running: Running, browser: BrowserContext):
    page = opened(running, browser, "devendra-kunwar")

    page.locator(WRITTEN).first.fill("Rohan")

    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_at_the_counter_there_is_no_own_device(running: Running, browser: BrowserContext):
    browser.add_cookies([{"name": "apuni_session", "value": running.token("operator"), "url": running.url}])
    page = browser.pages[0]

    page.goto(f"{running.url}/counter/apply/{SERVICE}")

    expect(page.locator("[data-own-device]")).to_have_count(0)


def test_a_paper_goes_on_where_it_was_when_the_line_dropped(running: Running, browser: BrowserContext):
    page = opened(running, browser, "lalit-pant", "ES09")
    dropped: list[str] = []

    def drop_once(route: Route) -> None:
        if route.request.method == "PATCH" and not dropped:
            dropped.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/**", drop_once)
    control = page.locator("input[type=file]").first
    control.set_input_files({"name": "scan.png", "mimeType": "image/png", "buffer": PNG})

    expect(page.locator(TOLD)).to_contain_text("scan.png has been sent", timeout=SECONDS)
    assert len(dropped) == 1
    chosen = page.locator("select[name='input.documents.0']")
    expect(chosen).to_have_value(re.compile("^key=.*&uri=[0-9a-f]{64}&source=UPLOAD$"))
    assert control.evaluate("one => one.files.length") == 0


def test_a_paper_that_is_refused_is_told_in_the_words_of_the_answer(running: Running, browser: BrowserContext):
    page = opened(running, browser, "lalit-pant", "ES09")

    page.locator("input[type=file]").first.set_input_files(
        {"name": "scan.png", "mimeType": "image/png", "buffer": b"MZ no picture"}
    )

    expect(page.locator(TOLD)).to_contain_text(re.compile(r"^scan\.png: .{10}"), timeout=SECONDS)
    assert page.locator("input[type=file]").first.evaluate("one => one.files.length") == 0
