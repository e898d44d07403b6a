"""GraphiQL over the demo: who is signed in, the explorer, one column on a telephone, and no serious fault by axe."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_accessibility import AXE, OVERFLOW, RUN
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]


def opened(running: Running, browser: BrowserContext, role: str | None = None, query: str = "") -> Page:
    """GraphiQL, once it knows the graph."""
    if role:
        browser.add_cookies([{"name": "apuni_session", "value": running.token(role), "url": running.url}])
    page = browser.pages[0]
    page.goto(f"{running.url}/graphql{query}")
    expect(page.locator("button.graphiql-execute-button")).to_be_enabled(timeout=30_000)
    return page


def test_it_says_who_is_signed_in_and_signs_out(running: Running, browser: BrowserContext):
    page = opened(running, browser, "officer")
    expect(page.locator("#who")).to_contain_text(",")
    expect(page.locator("#nobody")).to_be_hidden()

    page.locator("#somebody button").click()
    del running.tokens["officer:None"]  # its session is over
    page.wait_for_url(f"{running.url}/sign-in**")
    page.goto(f"{running.url}/graphql")

    expect(page.locator("#nobody")).to_be_visible()
    expect(page.locator("#somebody")).to_be_hidden()


def test_it_says_why_viewer_is_null_and_leads_to_sign_in(running: Running, browser: BrowserContext):
    page = opened(running, browser)

    page.locator("button.graphiql-execute-button").click()

    expect(page.locator("#hint")).to_contain_text("viewer", timeout=30_000)
    page.locator("#nobody a").click()
    page.wait_for_url(f"{running.url}/sign-in?return_to=/graphql")


def test_in_the_demo_one_becomes_another_person_by_the_providers_own_page(running: Running, browser: BrowserContext):
    page = opened(running, browser, "citizen")
    expect(page.locator("#who")).to_have_text("आशा नेगी")

    page.locator(".bar summary").click()
    page.locator(".bar details a[href*=parichay]").last.click()
    page.locator("input[name=person][value=admin-1]").check()
    page.locator("button[value=allow]").click()
    page.wait_for_url(f"{running.url}/graphql")

    expect(page.locator("#who")).not_to_be_empty()
    expect(page.locator("#who")).not_to_have_text("आशा नेगी")


def test_the_explorer_takes_a_field_out_of_the_query_by_a_click(running: Running, browser: BrowserContext):
    page = opened(running, browser, query="?subject=services")

    expect(page.locator(".graphiql-query-editor")).to_contain_text("totalCount")
    page.get_by_label("Show GraphiQL Explorer").click()
    page.locator(".docExplorerWrap, .graphiql-explorer-root").get_by_text("totalCount").first.click()

    expect(page.locator(".graphiql-query-editor")).not_to_contain_text("totalCount")


def test_on_a_telephone_the_answer_is_under_the_query_and_nothing_scrolls_sideways(
    running: Running, browser: BrowserContext
):
    page = opened(running, browser)
    page.set_viewport_size({"width": 360, "height": 740})

    query, answer = (page.locator(f".graphiql-{part}").bounding_box() for part in ("editors", "response"))

    assert query is not None
    assert answer is not None
    assert answer["y"] >= query["y"] + query["height"]
    assert min(query["width"], answer["width"]) > 300
    assert page.evaluate(OVERFLOW) == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_it_has_no_fault_by_axe(running: Running, browser: BrowserContext, width: int):
    page = opened(running, browser)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(AXE.read_text(encoding="utf-8"))

    assert page.evaluate(RUN) == []
