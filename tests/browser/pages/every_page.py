"""Every page that people of a role come to by links alone: found, free of serious faults by axe, and 360 pixels wide.

The links of each page are followed, and of the pages of one address pattern the first is looked at, in both languages.
"""

from collections import deque
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser
from starlette.routing import compile_path

from gateway.pages.addresses import PAGES
from tests.browser.test_accessibility import AXE, OVERFLOW, RUN, SERIOUS
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

PATTERNS = {path: compile_path(path)[0] for path in (*(page.path for page in PAGES), "/dashboard", "/nesda")}
HOMES = {
    "citizen": "/my",
    "operator": "/counter",
    "principal": "/counter/rosters",
    "agent": "/counter/visits",
    "officer": "/desk",
    "appellate": "/desk",
    "commission": "/desk/overdue",
    "finance": "/finance",
    "department-admin": "/staff",
    "admin": "/staff",
    "auditor": "/desk",
    "helpline": "/desk/conversations",
    "developer": "/developer",
}
LINKS = "() => [...document.querySelectorAll('header a[href], main a[href]')].map(one => one.href)"


def pattern_of(address: str) -> str | None:
    """The pattern of the page at an address; None for what is no page of these."""
    path = urlsplit(address).path
    return next((name for name, pattern in PATTERNS.items() if pattern.match(path)), None)


@pytest.mark.parametrize("role", [None, *HOMES])
def test_every_page_of_a_role_is_there_and_can_be_read(started: Browser, running: Running, role: str | None):
    context = started.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True)
    if role is not None:
        context.add_cookies([{"name": "apuni_session", "value": running.token(role), "url": running.url}])
    page = context.new_page()
    waiting, seen, faults = deque([HOMES.get(role or "", "/")]), set[str](), list[object]()

    while waiting:
        address = urljoin(running.url, waiting.popleft())
        pattern = pattern_of(address)
        if pattern is None or pattern in seen or not address.startswith(running.url):
            continue
        seen.add(pattern)
        for language in ("hi", "en"):
            shown = f"{address.partition('#')[0]}{'&' if '?' in address else '?'}language={language}"
            answer = page.goto(shown)
            if answer is None or answer.status != 200:
                faults.append((pattern, shown, answer and answer.status))
                continue
            page.evaluate(AXE.read_text(encoding="utf-8"))
            faults += [(pattern, language, *one) for one in page.evaluate(RUN) if one[0] in SERIOUS]
            faults += [(pattern, language, "scrolls sideways")] if page.evaluate(OVERFLOW) > 0 else []
        waiting.extend(page.evaluate(LINKS))
    context.close()

    assert not faults, "\n".join(map(str, faults))
    assert len(seen) > 1
    assert role != "helpline" or "/desk/conversations/{conversationId}" in seen
