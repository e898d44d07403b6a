"""The script of forms: saved as typed, nothing lost when the line drops, files in pieces that go on."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

SERVICE = "ES22"
NAME = "[name='input.form.applicant_name']"
TOLD = "[data-told]"


@pytest.fixture
def form(running: Running, browser: BrowserContext) -> Page:
    """A new form of a service, opened by a citizen."""
    token = running.token("citizen", "lalit-pant")
    browser.add_cookies([{"name": "apuni_session", "value": token, "url": running.url}])
    page = browser.pages[0]
    page.goto(f"{running.url}/my/apply/{SERVICE}")
    return page
