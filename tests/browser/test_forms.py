"""Every form in a browser: no serious fault by axe, no sideways scrolling at 360 px, usable by keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from starlette.requests import Request

from domain.catalogue.forms import Form
from domain.kernel import Language
from gateway.pages.form_drawing import FormView, draw, id_of
from gateway.pages.frame import respond
from tests.support.bounds import rounds
from tests.support.forms import own_forms

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => one.id + ": " + one.nodes.map(node => node.html).join(" "))"""
FORMS = own_forms()


def opened(browser: BrowserContext, form: Form, language: Language) -> Page:
    """The page of a form with a fault at every question, on a small telephone."""
    page = browser.new_page()
    page.set_viewport_size({"width": 360, "height": 640})
    faults = {question.name: "कृपया इसे ठीक करें" for question in form.all_questions()}
    scope = {"type": "http", "method": "GET", "path": "/forms/x", "query_string": b"", "headers": []}
    body = draw(FormView(form, language, faults=faults), "/forms/x")
    page.set_content(bytes(respond(Request(scope), language, form.label, body).body).decode())
    return page


def test_no_form_has_a_serious_fault_or_scrolls_sideways(browser: BrowserContext):
    both = (Language.HI, Language.EN)
    for number, form in enumerate(FORMS.values()):
        examined = rounds((both[number % 2],), ci=both, full=both)
        for language in both:
            page = opened(browser, form, language)
            if language in examined:
                page.add_script_tag(path=AXE)
                assert page.evaluate(RUN) == [], form.name
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, form.name
            page.close()


def test_a_form_is_filled_in_by_keyboard_alone(browser: BrowserContext):
    form = FORMS["minority-certificate"]
    page = opened(browser, form, Language.HI)
    reached = []
    for _ in range(200):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.name || document.activeElement.tagName")
        if name == "BUTTON":
            break
        reached.append(name)
    asked = [question.name for question in form.all_questions()]
    assert [name for name in dict.fromkeys(reached) if name in asked] == asked
    page.focus(f"#{id_of('applicant_name')}")
    page.keyboard.type("आशा नेगी")
    assert page.input_value(f"#{id_of('applicant_name')}") == "आशा नेगी"
