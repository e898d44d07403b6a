"""Every form in a browser: no serious fault by axe, no sideways scrolling at 360 px, usable by keyboard alone."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from actions.catalogue.form_import import import_forms
from domain.kernel import Language, ManualClock
from gateway.pages.rendering import field_id
from store.database import Keyrings
from tests.support.bounds import rounds
from tests.support.built import built
from tests.support.catalogued import Filled, a_copy
from tests.support.forms import own_forms
from tests.support.pages import browser_of, pages_app
from tests.support.state import form_files

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => one.id + ": " + one.nodes.map(node => node.html).join(" "))"""
FORMS = own_forms()
BOTH = (Language.HI, Language.EN)
Drawn = Mapping[tuple[str, Language], str]


async def _answers(filled: Filled, keyrings: Keyrings, clock: ManualClock, folder: Path) -> Drawn:
    """The page of every form with a fault at every question, in both languages."""
    async with a_copy(filled, keyrings, clock, folder) as env:
        assert not (await import_forms(env.store, form_files())).refused
        app, found = pages_app(built(), env), {}
        for language in BOTH:
            async with browser_of(app, language=language.value) as client:
                for form in FORMS.values():
                    slug = form.services[0] if form.services else "generic"
                    wrong = {f"input.form.{one.name}": "<" for one in form.all_questions() if not one.questions}
                    sent = {"_form": "CheckForm", "input.slug": slug, **wrong}
                    found[form.name, language] = (await client.post(f"/forms/{slug}", data=sent)).text
    return found


@pytest.fixture
def pages(catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path) -> Drawn:
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


def test_no_form_has_a_serious_fault_or_scrolls_sideways(browser: BrowserContext, pages: Drawn):
    for number, name in enumerate(FORMS):
        examined = rounds((BOTH[number % 2],), ci=BOTH, full=BOTH)
        for language in BOTH:
            page = opened(browser, pages[name, language])
            if language in examined:
                page.add_script_tag(path=AXE)
                assert page.evaluate(RUN) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
            page.close()


def test_a_form_is_filled_in_by_keyboard_alone(browser: BrowserContext, pages: Drawn):
    page = opened(browser, pages["minority-certificate", Language.HI])
    last = page.locator("main form [name]:not([type=hidden])").last
    asked = [f"input.form.{question.name}" for question in FORMS["minority-certificate"].all_questions()]
    reached = []

    for _ in range(200):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
        if last.evaluate("node => node === document.activeElement"):
            break

    assert [name for name in dict.fromkeys(reached) if name in asked] == asked
    applicant = f"#{field_id('input.form.applicant_name')}"
    page.fill(applicant, "")
    page.focus(applicant)
    page.keyboard.type("आशा नेगी")
    assert page.input_value(applicant) == "आशा नेगी"
