"""The console of operators by keyboard alone, in both languages: tab order, a dead letter tried again, an incident.

Reader (tests/browser/pages/people.py) has a small telephone without scripts; axe looks at each page beside it.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from domain.kernel import Bilingual, ManualClock, Officer, PersonKind, Posting, Role, Subject
from gateway.http.edge import Edge
from gateway.pages.fonts import font_routes
from gateway.pages.portal import portal_routes
from gateway.settings.portal import Portal
from store.database import Keyrings
from store.identity import people
from store.platform import outbox
from tests.browser.pages.people import Reader, posting
from tests.support.built import built
from tests.support.catalogued import Filled, a_copy
from tests.support.databases import NOW
from tests.support.page_threads import PagesThread
from tests.support.pages import pages_app
from tests.support.served import Gate, served

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

PLACE = "/staff/systems"
ADMIN = "01930000-0000-7000-8000-000000000399"
POSTING = Posting(Role.ADMIN)
USABLE = "a[href], button, select, textarea, summary, input:not([type=hidden])"
FOCUSED = f"""() => [
  [...document.querySelectorAll("{USABLE}")].filter(one => one.checkVisibility()).indexOf(document.activeElement),
  getComputedStyle(document.activeElement).outlineStyle]"""
COUNT = f"""() => [...document.querySelectorAll("{USABLE}")].filter(one => one.checkVisibility()).length"""
TEXTS = {
    f"input.{name}{language}": f"{name} {language}"
    for name in ("title", "text", "meanwhile")
    for language in ("Hi", "En")
}


@dataclass
class Console(PagesThread):
    """The pages with an administrator and one message that was given up."""

    filled: Filled
    keyrings: Keyrings
    clock: ManualClock
    folder: Path
    number: int = 0

    async def _serve(self) -> None:
        pages = Gate()
        async with a_copy(self.filled, self.keyrings, self.clock, self.folder) as env, served(pages) as self.url:
            async with env.store.write_transaction() as tx:
                title = Bilingual("प्रशासक", "Administrator")
                await people.add_officer(
                    tx, Officer(ADMIN, Bilingual("आभा", "Abha"), title, "console@officer.example", (POSTING,))
                )
                await outbox.add(tx, "locker.push", "1", {"certificate_id": "c1"})
                [message] = await outbox.claim(tx, "w", 1, 30)
                await outbox.record_failure(tx, message.id, NOW, "HTTP_503", final=True)
            self.number = message.id
            admin = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, ADMIN, (POSTING,))
            app = pages_app(built(), env, {"admin": admin}, edge=Edge(env.clock, env.ids, origins=(self.url,)))
            app.router.routes[:0] = [*portal_routes(Portal()), *font_routes()]
            pages.app = app
            self._up.set()
            while not self._over.is_set():
                await asyncio.sleep(0.02)


@pytest.fixture
def console(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> Iterator[Console]:
    made = Console(catalogue_and_people, store_keyrings, store_clock, tmp_path)
    made.start()
    yield made
    made.end()


@pytest.fixture
def admin(started: Browser, console: Console) -> Iterator[Reader]:
    reader = Reader(started, console, "admin")
    yield reader
    reader.close()


@pytest.mark.parametrize("language", ["hi", "en"])
def test_the_tabulator_reaches_every_control_in_the_order_of_the_page_and_shows_where_it_is(
    admin: Reader, language: str
):
    admin.open(f"{PLACE}?language={language}")

    controls = admin.page.evaluate(COUNT)
    seen = []
    while not seen or seen[-1][0] < controls - 1:
        admin.page.keyboard.press("Tab")
        seen.append(admin.page.evaluate(FOCUSED))
        assert len(seen) < 2 * controls

    # A field for a moment has a stop for each of its parts, of which the browser outlines the last by itself.
    stops = {place: [outline for _, outline in some] for place, some in groupby(seen, lambda stop: stop[0])}
    assert list(stops) == list(range(controls))
    assert [place for place, outlines in stops.items() if outlines[0] == "none"] == []


@pytest.mark.parametrize("language", ["hi", "en"])
def test_a_dead_letter_is_tried_again_by_the_keyboard_alone(admin: Reader, console: Console, language: str):
    page = admin.page
    admin.open(f"{PLACE}?language={language}")
    assert admin.faults() == []

    admin.press(page.locator("main a[href*='#retry']"))
    assert admin.faults() == []
    expect(page.locator("input[name='input.number']")).to_have_value(str(console.number))
    admin.fill({"input.reason": "The partner is back."})
    admin.press(posting(page, "RetryStaffMessages"))

    expect(page.locator(".summary")).to_have_count(0)
    expect(page.locator("main a[href*='#retry']")).to_have_count(0)


@pytest.mark.parametrize("language", ["hi", "en"])
def test_an_incident_is_told_and_ended_by_the_keyboard_alone(admin: Reader, language: str):
    page = admin.page
    admin.open(f"{PLACE}?language={language}")
    admin.fill({"input.source": "DIGILOCKER", **TEXTS})
    admin.press(posting(page, "ReportStaffIncident"))

    told = page.locator("main li strong", has_text=f"title {language.title()}")
    expect(told).to_have_class("bad")
    admin.press(page.locator("main a[href*='incident=']"))
    assert admin.faults() == []
    expect(page.locator("textarea[name='input.titleEn']")).to_have_value("title En")
    admin.reach(page.locator("input[name='input.ended']"))
    page.keyboard.press("Space")
    admin.press(posting(page, "ReportStaffIncident"))

    expect(told).not_to_have_class(re.compile("bad"))
