"""The pages of sign-in by keyboard alone, at 360 pixels, and without a serious fault by axe."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
"""axe-core, of the lock in tests/node."""

SERIOUS = ("serious", "critical")
RUN = "async () => (await axe.run({resultTypes: ['violations']})).violations.map(v => [v.impact, v.id])"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTRAST = """() => {
  const shade = text => { const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = node => { for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (!/rgba\\(.*, 0\\)/.test(colour)) return colour; } return "rgb(255, 255, 255)"; };
  const texts = [...document.querySelectorAll("h1, h2, p, a, button, label, strong")];
  return texts.filter(n => n.innerText.trim()).map(n => {
    const [a, b] = [shade(getComputedStyle(n).color), shade(behind(n))];
    return [n.tagName + ": " + n.innerText.slice(0, 30), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5); }"""
"""Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""


def sign_in(page: Page, running: Running, person: str = "sunil-rawat") -> None:
    page.goto(f"{running.url}/sign-in")
    page.locator("a[href*='meri-pehchaan']").click()
    page.locator(f"input[name=person][value={person}]").check()
    page.locator("button[value=allow]").click()
    page.wait_for_url(f"{running.url}/my")


@pytest.fixture(params=["sign-in", "devices", "accounts", "problem"])
def shown(request: pytest.FixtureRequest, running: Running, browser: BrowserContext) -> Page:
    """A page of sign-in on a narrow telephone."""
    page = browser.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    if request.param == "problem":
        page.goto(f"{running.url}/sign-in/callback/meri-pehchaan")
    elif request.param == "sign-in":
        page.goto(f"{running.url}/sign-in")
    else:
        sign_in(page, running)
        page.goto(f"{running.url}/sign-in/{request.param}")
    expect(page.locator("h1")).to_be_visible()
    return page


def test_a_page_fits_a_telephone_of_360_pixels_and_can_be_read(shown: Page):
    assert shown.evaluate(OVERFLOW) == 0
    assert shown.evaluate(CONTRAST) == []


def test_everything_that_can_be_used_is_reached_by_the_tabulator_and_seen_to_have_the_focus(shown: Page):
    usable = shown.locator("a[href], button, input:not([type=hidden])")
    reached: set[Any] = set()
    for _ in range(usable.count() + 1):
        shown.keyboard.press("Tab")
        found = shown.evaluate(
            """() => { const n = document.activeElement; if (!n || n === document.body) return null;
            return [[...document.querySelectorAll("a[href], button, input:not([type=hidden])")].indexOf(n),
                    getComputedStyle(n).outlineStyle, n.getBoundingClientRect().height]; }"""
        )
        if found is not None:
            place, outline, _height = found
            assert outline != "none"
            reached.add(place)

    assert reached == set(range(usable.count()))


def test_a_page_has_one_heading_a_language_and_names_for_all_that_can_be_used(shown: Page):
    assert shown.locator("h1").count() == 1
    assert shown.locator("html").get_attribute("lang") in ("hi", "en")
    for element in shown.locator("a[href], button").all():
        assert element.inner_text().strip() or element.get_attribute("aria-label")
    for field in shown.locator("input:not([type=hidden])").all():
        assert shown.locator(f"label[for={field.get_attribute('id')}]").count() == 1


def test_a_citizen_signs_in_by_keyboard_alone(running: Running, browser: BrowserContext):
    page = browser.new_page()
    page.goto(f"{running.url}/sign-in")
    while not str(page.evaluate("document.activeElement.href || ''")).count("meri-pehchaan"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("input[name=person][value=sunil-rawat]").focus()
    page.keyboard.press("Space")
    page.locator("button[value=allow]").focus()
    page.keyboard.press("Enter")

    page.wait_for_url(f"{running.url}/my")
    expect(page.locator("h1")).to_be_visible()


def test_axe_finds_no_serious_fault(shown: Page):
    shown.evaluate(AXE.read_text(encoding="utf-8"))  # not a script element: the page's own policy refuses those

    assert [fault for fault in shown.evaluate(RUN) if fault[0] in SERIOUS] == []
