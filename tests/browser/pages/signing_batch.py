"""A batch of more certificates than one request holds: the page hands it in by parts, and goes on where it was cut off.

Site, worker and bridge are in a thread of their own and are reached over sockets.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect
from starlette.applications import Starlette

from domain.certificates.officer_signatures import MOST_IN_PART
from domain.kernel import ManualClock
from gateway.http.edge import Edge
from gateway.pages.portal import portal_routes
from gateway.settings.portal import Portal
from store.certificates import certificates
from store.database import Keyrings
from tests.actions.certificates.test_signing_batches import decided_for_many
from tests.support.built import built
from tests.support.catalogued import Filled, a_copy, inhabited
from tests.support.page_threads import PagesThread
from tests.support.pages import pages_app
from tests.support.served import Gate, served
from tests.support.signing import Signing, signing_in

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(1800)]

MANY = MOST_IN_PART + 20
PATIENCE = 900_000
"""Milliseconds: a certificate takes a fifth of a second of a processor, for which others wait too."""


@dataclass
class Desk(PagesThread):
    """The pages of an officer for whom many certificates wait, until it is over; `made` then has their numbers."""

    filled: Filled
    keyrings: Keyrings
    clock: ManualClock
    folder: Path
    made: list[str] = field(default_factory=list)

    async def _serve(self) -> None:
        pages = Gate()
        async with a_copy(self.filled, self.keyrings, self.clock, self.folder) as bare, served(pages) as self.url:
            world = inhabited(bare, self.filled.people, self.clock)
            signing = await signing_in(world, self.folder, gateway=self.url)
            async with served(signing.sandbox.app) as bridge:
                decided = await decided_for_many(signing, MANY)
                await signing.enrolled()
                pages.app = self._pages(signing, Portal(bridge=f"{bridge}/bridge"))
                self._up.set()
                while not self._over.is_set():
                    await signing.work()
                    await asyncio.sleep(0.02)
                made = await signing.world.env.store.read(lambda tx: certificates.of_applications(tx, decided))
                self.made = [one.number for one in made.values()]

    def _pages(self, signing: Signing, portal: Portal) -> Starlette:
        env = signing.world.env
        edge = Edge(env.clock, env.ids, origins=(self.url,))
        app = pages_app(built(), env, {"registrar": signing.world.registrar}, edge=edge, portal=portal)
        app.router.routes[:0] = portal_routes(portal)
        return app


@pytest.fixture
def desk(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> Iterator[Desk]:
    made = Desk(catalogue_and_people, store_keyrings, store_clock, tmp_path)
    made.start()
    yield made
    made.end()


def prepared(desk: Desk, browser: BrowserContext) -> Page:
    """The page of a batch of all that waits, ready to be signed."""
    browser.add_cookies([{"name": "apuni_session", "value": "registrar", "url": desk.url}])
    page = browser.pages[0]
    page.goto(f"{desk.url}/desk/signing?language=en")
    boxes = page.locator("input[name='input.signingIds']")
    expect(boxes).to_have_count(MANY)
    boxes.evaluate_all("boxes => boxes.forEach((one) => { one.checked = true; })")
    page.locator("form:has(input[value=PrepareDeskSignatures]) button").last.click()
    expect(page).to_have_url(re.compile("/desk/signing/"))
    expect(page.locator("[data-item]")).to_have_count(MANY, timeout=PATIENCE)
    return page


def released(page: Page, many: int) -> None:
    """Wait until the page shows that so many are released."""
    expect(page.locator("progress")).to_have_attribute("value", str(many), timeout=PATIENCE)


def test_a_batch_above_a_hundred_is_signed_by_one_call_of_the_bridge_and_handed_in_by_parts(
    desk: Desk, browser: BrowserContext
):
    page, posts = prepared(desk, browser), list[str]()

    def note(request: Request) -> None:
        if request.method == "POST":
            posts.append(request.url)

    page.on("request", note)
    page.locator("[data-sign]").click()

    released(page, MANY)
    assert len([one for one in posts if one.endswith("/bridge/v1/sign")]) == 1
    assert len([one for one in posts if one.startswith(f"{desk.url}/desk/signing/")]) == 2
    desk.end()
    assert len(set(desk.made)) == MANY


def test_a_batch_that_was_cut_off_after_its_first_part_goes_on_with_the_rest(desk: Desk, browser: BrowserContext):
    page, posts = prepared(desk, browser), list[str]()
    address = page.url.partition("?")[0]

    def cut_the_second(route: Route) -> None:
        if route.request.method == "POST":
            posts.append(route.request.url)
        if len(posts) == 2:
            route.abort()
        else:
            route.continue_()

    page.route(f"{address}*", cut_the_second)
    # A part that was taken counts as failed too: the script does not follow where it leads.
    with page.expect_event("requestfailed", lambda _: len(posts) == 2, timeout=PATIENCE):
        page.locator("[data-sign]").click()
    page.close()
    page = browser.new_page()
    page.goto(f"{address}?language=en")
    released(page, MOST_IN_PART)
    expect(page.locator("[data-item]")).to_have_count(MANY - MOST_IN_PART)

    page.locator("[data-sign]").click()

    released(page, MANY)
    desk.end()
    assert len(set(desk.made)) == MANY
