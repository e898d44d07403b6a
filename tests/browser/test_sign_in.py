"""A citizen signs in with a browser: our page, MeriPehchaan's page, and back with a session."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

ASK = """async () => (await (await fetch("/graphql", {
  method: "POST", headers: {"content-type": "application/json"},
  body: JSON.stringify({query: "{ viewer { __typename ... on Citizen { name } } }"})})).json()).data.viewer"""


def test_a_citizen_signs_in_by_meri_pehchaan_and_is_known_to_the_graph(running: Running, browser: BrowserContext):
    page = browser.new_page()
    page.goto(f"{running.url}/sign-in?return_to=/graphql")
    expect(page.locator("html")).to_have_attribute("lang", "hi")

    page.locator("a[href*='meri-pehchaan']").click()
    page.locator("input[name=person][value=sunil-rawat]").check()
    page.locator("button[value=allow]").click()

    page.wait_for_url(f"{running.url}/graphql")
    assert page.evaluate(ASK) == {"__typename": "Citizen", "name": "सुनील रावत"}
    cookie = next(cookie for cookie in browser.cookies(running.url) if cookie["name"] == "apuni_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"


def test_a_citizen_who_refuses_is_told_so_and_can_go_back(running: Running, browser: BrowserContext):
    page = browser.new_page()
    page.goto(f"{running.url}/sign-in")

    page.locator("a[href*='meri-pehchaan']").click()
    page.locator("button[value=refuse]").click()

    expect(page.get_by_role("alert")).to_contain_text("आपने अनुमति नहीं दी")
    expect(page.locator("a[href*='/sign-in']").first).to_be_visible()
