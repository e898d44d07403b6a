"""The page of figures in a browser: no serious fault by axe, no sideways scrolling at 360 px, usable by keyboard."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page
from starlette.applications import Starlette

from domain.applications.lifecycle import Status
from domain.kernel import ManualClock
from domain.statistics.figures import figure_inputs, marks_of
from gateway.pages.dashboard import dashboard_routes
from gateway.runtime.baseline import baseline_figures
from states.packages import state_folder
from store.applications import applications
from store.database import Keyrings
from store.statistics import figures
from tests.store.builders import application
from tests.support.catalogued import Filled, a_copy
from tests.support.databases import NOW

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => one.id + ": " + one.nodes.map(node => node.html).join(" "))"""
USABLE = "a[href], button, summary, [tabindex]:not([tabindex='-1'])"
FOCUS = f"""() => {{ const n = document.activeElement; if (!n || n === document.body) return null;
  return [[...document.querySelectorAll("{USABLE}")].indexOf(n), getComputedStyle(n).outlineStyle]; }}"""
ADDRESSES = ("/dashboard", "/dashboard?district=49&months=24")


async def _answers(filled: Filled, keyrings: Keyrings, clock: ManualClock, folder: Path) -> dict[tuple[str, str], str]:
    """The pages as a stranger gets them, with enough cases behind them for plots by place and channel."""
    async with a_copy(filled, keyrings, clock, folder) as env:
        asha = filled.people["asha"].person_id
        async with env.store.write_transaction() as tx:
            for number in range(60):
                key, day = env.ids.key(), NOW - timedelta(days=9 * (number % 40) + 9)
                case = application(
                    key,
                    citizen_id=asha,
                    number=f"1{key}",
                    acknowledgement=key,
                    district=("49", "45")[number % 2],
                    tehsil="304" if number % 2 == 0 else None,
                    status=Status.DELIVERED,
                    submitted_at=day,
                    delivered_at=day + timedelta(days=number % 15),
                    due_at=day + timedelta(days=10),
                )
                await applications.add(tx, case)
                await figures.add(tx, marks_of(figure_inputs(case)), case.id)
        told = replace(env, rules=replace(env.rules, baseline=baseline_figures(state_folder())))
        app = Starlette(routes=dashboard_routes(told))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
            found = {}
            for language in ("hi", "en"):
                for address in ADDRESSES:
                    answer = await client.get(address, headers={"Accept-Language": language})
                    assert answer.status_code == 200, address
                    found[address, language] = answer.text
    return found


@pytest.fixture
def pages(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> Mapping[tuple[str, str], str]:
    """Made in a thread of its own, since Playwright keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as apart:
        made = apart.submit(asyncio.run, _answers(catalogue_and_people, store_keyrings, store_clock, tmp_path))
        return made.result()


def opened(browser: BrowserContext, text: str) -> Page:
    """A page on a small telephone."""
    page = browser.new_page()
    page.set_viewport_size({"width": 360, "height": 640})
    page.set_content(text)
    return page


def test_the_page_has_no_serious_fault_and_does_not_scroll_sideways_in_either_language(
    browser: BrowserContext, pages: Mapping[tuple[str, str], str]
):
    for (address, language), text in pages.items():
        page = opened(browser, text)
        assert page.evaluate("document.documentElement.lang") == language
        assert page.locator("svg").count() >= 4
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, (address, language)
        page.add_script_tag(path=AXE)
        assert page.evaluate(RUN) == [], (address, language)
        page.close()


def test_everything_on_the_page_is_reached_by_the_tabulator_and_seen_to_have_the_focus(
    browser: BrowserContext, pages: Mapping[tuple[str, str], str]
):
    for text in pages.values():
        page = opened(browser, text)
        usable = page.locator(USABLE).count()
        reached = set()
        for _ in range(usable):
            page.keyboard.press("Tab")
            place, outline = page.evaluate(FOCUS)
            assert outline != "none"
            reached.add(place)
        assert usable >= 4
        assert reached == set(range(usable))
        page.close()


def test_every_plot_says_in_words_and_in_a_table_what_it_draws(
    browser: BrowserContext, pages: Mapping[tuple[str, str], str]
):
    page = opened(browser, pages["/dashboard", "hi"])
    for place in range(page.locator("svg[role=img], svg[aria-labelledby]").count()):
        named = page.locator("svg[role=img], svg[aria-labelledby]").nth(place)
        words = [
            page.locator(f"#{one}").text_content() for one in (named.get_attribute("aria-labelledby") or "").split()
        ]
        assert len(words) == 2
        assert all(words)
    assert page.locator("table caption").count() >= 4
    page.close()


def test_on_a_telephone_each_of_the_states_own_figures_takes_the_whole_width(
    browser: BrowserContext, pages: Mapping[tuple[str, str], str]
):
    page = opened(browser, pages["/dashboard", "hi"])
    figures_of_the_state = page.locator("table:has(span[lang=en])")

    widths = figures_of_the_state.locator("td:visible").evaluate_all("all => all.map(one => one.offsetWidth)")

    assert widths
    assert min(widths) > 240
    page.close()
