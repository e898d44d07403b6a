"""The citizen's own query in a browser, against the whole demo: session cookie, five systems, Hindi."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.running import Running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("demo"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="session")
def citizen_token(running: Running) -> str:
    """Made before the browser opens: Playwright keeps a loop running in this thread."""
    return running.token("citizen")


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


def test_a_citizen_who_signed_in_sees_her_page_answered(
    running: Running, citizen_token: str, browser: BrowserContext, tmp_path: Path
):
    browser.add_cookies([{"name": "apuni_session", "value": citizen_token, "url": running.url, "httpOnly": True}])
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
