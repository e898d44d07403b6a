"""What people see in a browser, against the whole demo: a citizen's own query, and the figures by keyboard alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.running import Running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.timeout(900),
]


def run_until(page: Page, answer: Locator, expected: str) -> None:
    """Run the tab's query. Just after a change of tabs GraphiQL may still send the old tab's operation name."""
    for left in reversed(range(5)):
        page.locator("button.graphiql-execute-button").click()
        try:
            expect(answer).to_contain_text(expected, timeout=15_000)
        except AssertionError:
            if not left:
                raise
        else:
            return


def test_a_citizen_who_signed_in_sees_her_page_answered(running: Running, browser: BrowserContext, tmp_path: Path):
    browser.add_cookies(
        [{"name": "apuni_session", "value": running.token("citizen"), "url": running.url, "httpOnly": True}]
    )
    addresses: list[str] = []
    browser.on("request", lambda request: addresses.append(request.url))
    page = browser.pages[0]
    page.goto(f"{running.url}/graphql")

    page.locator(".graphiql-tab-button", has_text="CitizenHome").click(timeout=60_000)
    expect(page.locator(".graphiql-query-editor")).to_contain_text("CitizenHome")
    answer = page.locator(".graphiql-response")
    run_until(page, answer, '"__typename": "Citizen"')
    assert any("\u0900" <= letter <= "\u097f" for letter in answer.inner_text())
    assert [address for address in addresses if not address.startswith((running.url, "data:", "blob:"))] == []
    page.screenshot(path=os.environ.get("APUNI_SCREENSHOT") or tmp_path / "graphiql.png")


FOCUS = """() => { const n = document.activeElement; if (!n || n === document.body) return null;
  const style = getComputedStyle(n), box = n.getBoundingClientRect();
  return { href: n.getAttribute("href") || "", drawn: n.closest("svg") !== null, lang: n.lang,
    framed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inSight: box.height > 0 && box.left >= -1 && box.right <= innerWidth + 1 && box.top < innerHeight && box.bottom > 0
  }; }"""
"""What has the focus, whether it is framed, and whether it is within the window."""


def gone_through(page: Page) -> list[dict[str, Any]]:
    """All that the tabulator comes to, from the top of the page to its end."""
    found: list[dict[str, Any]] = []
    while len(found) < 300:
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            return found
        found.append(stop)
    raise AssertionError("the tabulator does not come to an end")


def entered(page: Page, is_wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Go to a link by the tabulator and follow it by the Enter key."""
    for _ in range(300):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is not None and is_wanted(stop):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError("there is no such link")


def words(page: Page) -> tuple[str | None, str]:
    """The language of the page, and what it is about."""
    return page.evaluate("document.documentElement.lang"), page.locator("main > p strong").inner_text()


@pytest.mark.parametrize("language", ["hi", "en"])
def test_the_figures_are_gone_through_by_keyboard_alone_on_a_small_telephone_without_script(
    running: Running, started: Browser, language: str
):
    context = started.new_context(
        locale=f"{language}-IN", viewport={"width": 360, "height": 640}, java_script_enabled=False
    )
    context.add_cookies(
        [{"name": "apuni_session", "value": running.token("officer"), "url": running.url, "httpOnly": True}]
    )
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.resource_type))
    page = context.new_page()
    page.goto(f"{running.url}/dashboard")
    assert words(page)[0] == language

    stops = gone_through(page)
    assert len(stops) == page.locator("a[href], button").count() > 20
    assert [stop for stop in stops if not (stop["framed"] and stop["inSight"])] == []
    assert {stop["drawn"] for stop in stops} == {True, False}
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("svg[aria-labelledby]").count() == page.locator(".plot table caption").count() == 7

    page.goto(f"{running.url}/dashboard")
    entered(page, lambda stop: stop["drawn"] and "district=49" in stop["href"])
    entered(page, lambda stop: stop["href"].endswith("months=24"))
    whole_state, place = words(page)[0], words(page)[1]
    assert (whole_state, "months=24" in page.url, "district=49" in page.url) == (language, True, True)
    other = {"hi": "en", "en": "hi"}[language]
    entered(page, lambda stop: stop["lang"] == other)
    assert words(page)[0] == other
    assert words(page)[1] != place
    assert ("months=24" in page.url, "district=49" in page.url) == (True, True)
    entered(page, lambda stop: stop["href"].endswith("department=revenue-department&months=24&language=" + other))
    assert page.url.endswith("district=49&department=revenue-department&months=24&language=" + other)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    entered(page, lambda stop: stop["href"] == f"/dashboard?months=24&language={other}")
    assert words(page)[0] == other
    assert set(asked) <= {"document", "font"}
    context.close()


@pytest.mark.parametrize("address", ["/status", "/notified-services", "/forms", "/track", "/dashboard?district=0"])
@pytest.mark.parametrize("language", ["hi", "en"])
def test_a_public_page_fits_a_small_telephone_and_a_wide_screen(
    running: Running, started: Browser, address: str, language: str
):
    context = started.new_context(locale=f"{language}-IN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.url}{address}")
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    assert page.locator("table").count() == page.locator("table caption").count()
    context.close()
