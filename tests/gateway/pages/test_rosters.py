"""Rosters by pages: a principal takes in a table, has consents recorded, files, and hands over."""

import re

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette

from actions.identity.sessions import mint_session_token
from domain.kernel import Subject
from gateway.pages.downloads.rosters import roster_routes
from gateway.pages.rendering import Pages
from gateway.settings.portal import Portal
from store.identity import sessions
from tests.gateway.pages.conftest import URL, Browse
from tests.gateway.pages.test_citizen import summary
from tests.gateway.pages.test_site import form_of
from tests.support.camps import Camps, camps_of, deliver, opened, signed_paper
from tests.support.files import PNG
from tests.support.graph import World

HEAD = "reference,name,born_on,guardian,relation,mobile,document:id-proof\n"
GOOD = "A-1,Nanda Rawat,01-04-2010,Bachan Singh,FATHER,9811100001,{paper}\n"
BAD = "A-2,7,31-02-2010,,UNCLE,12,\n"
ROW = {
    "reference": "A-3",
    "name": "Hema Rawat",
    "bornOn": "2010-05-02",
    "guardian": "Bachan Singh",
    "relation": "FATHER",
    "mobile": "9811100001",
}


@pytest.fixture
async def camps(world: World) -> Camps:
    """A school with its principal, who is signed in."""
    return await camps_of(world.environment)


async def token_of(camps: Camps, subject: Subject) -> str:
    async with camps.env.store.read_transaction() as tx:
        session = await sessions.session(tx, subject.session_id)
    return mint_session_token(camps.env, session)


@pytest.fixture
async def token(camps: Camps) -> str:
    """The principal's session."""
    return await token_of(camps, camps.principal)


async def send(browser, address: str, form: str, files: dict | None = None, **typed: str):
    """Fill in a form of a page and send it."""
    fields = form_of((await browser.get(address)).text, form) | {f"input.{name}": text for name, text in typed.items()}
    return await browser.post(address, data=fields, files=files)


async def send_table(camps: Camps, token: str, number: str, table: str, **headers: str) -> httpx.Response:
    """The table of a roster's page, as a browser sends its form."""
    app = Starlette(routes=roster_routes(camps.env, origins=(URL,)))
    app.state.pages = Pages(Portal(), camps.env.clock, camps.env.ids)
    told = {"sec-fetch-site": "same-origin", "accept-language": "en", **headers}
    transport, cookies = httpx.ASGITransport(app=app), {"apuni_session": token}
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers=told, cookies=cookies) as browser:
        file = {"table": ("class-11.csv", table.encode(), "text/csv")}
        return await browser.post(f"/rosters/{number}/rows", data={"_key": "table-1"}, files=file)


async def add_row(browser, number: str) -> str:
    """The address of a row that was added by hand."""
    here = f"/counter/rosters/{number}"
    paper = {"input.rows.0.documents.0?key=id-proof&uploadId=": ("id.png", PNG, "image/png")}
    added = await send(browser, here, "CounterAddRow", paper, **{f"rows.0.{name}": text for name, text in ROW.items()})
    assert added.status_code == 303
    (address,) = html.fromstring((await browser.get(here)).text).xpath('//tbody//a[contains(@href, "row=")]/@href')
    return address


async def test_a_principal_opens_a_roster_for_a_service(browse: Browse, token: str):
    async with browse(token) as browser:
        home = await browser.get("/counter")
        done = await send(browser, "/counter/rosters", "CounterOpenRoster", serviceCode="ES09")
        page = await browser.get(done.headers["location"])
        listed = await browser.get("/counter/rosters")

    assert 'href="/counter/rosters"' in home.text
    assert "The roster is open." in page.text
    assert f'href="{done.headers["location"].partition("?")[0]}"' in listed.text


async def test_a_table_is_reported_row_by_row_on_a_page(camps: Camps, token: str):
    roster = await opened(camps, service="ES09")

    table = HEAD + GOOD.format(paper=await signed_paper(camps)) + BAD
    page = await send_table(camps, token, roster.number, table)

    shown = html.fromstring(page.text)
    assert page.status_code == 200
    assert "2 rows: 1 added, 0 changed, 0 as they were, 1 refused." in page.text
    assert {one.text for one in shown.cssselect("tbody td:first-child")} == {"3"}


async def test_a_file_that_is_no_table_is_refused_on_a_page_that_says_what_is_expected(camps: Camps, token: str):
    roster = await opened(camps, service="ES09")

    page = await send_table(camps, token, roster.number, "name\nNanda\n", **{"accept-language": "hi"})

    assert page.status_code == 400
    assert html.fromstring(page.text).cssselect("p.bad[role=alert]")[0].text
    assert page.headers["content-language"] == "hi"


async def test_a_table_that_another_site_sends_is_refused(camps: Camps, token: str):
    roster = await opened(camps, service="ES09")

    page = await send_table(camps, token, roster.number, HEAD + BAD, **{"sec-fetch-site": "cross-site"})

    assert page.status_code == 401


async def test_what_is_wrong_with_a_row_stands_at_its_field(camps: Camps, browse: Browse, token: str):
    roster = await opened(camps, service="ES09")
    typed = {f"rows.0.{name}": text for name, text in {**ROW, "name": "7"}.items()}

    async with browse(token) as browser:
        page = await send(browser, f"/counter/rosters/{roster.number}", "CounterAddRow", **typed)

    assert page.status_code == 422
    assert summary(page) == ["#q-rows-0-name"]


async def test_a_guardian_consents_by_a_code_and_the_row_is_ready(camps: Camps, browse: Browse, token: str):
    roster = await opened(camps, service="ES09")

    async with browse(token) as browser:
        row = await add_row(browser, roster.number)
        await send(browser, row, "CounterAskRowCode")
        await deliver(camps.env, "code.send")
        code = re.findall(r"\b[0-9]{6}\b", camps.phones.sent[-1][1])[0]
        done = await send(browser, row, "CounterRowConsent", code=code)
        page = await browser.get(done.headers["location"])

    assert "The consent is recorded." in page.text
    assert "CounterRowConsent" not in page.text.partition("<main")[2]


async def test_a_guardian_consents_by_the_scan_of_what_was_signed(camps: Camps, browse: Browse, token: str):
    roster = await opened(camps, service="ES09")

    async with browse(token) as browser:
        row = await add_row(browser, roster.number)
        done = await send(browser, row, "CounterRowConsent", {"input.paper": ("consent.png", PNG, "image/png")})

    assert done.status_code == 303


async def test_a_row_that_is_not_filed_is_taken_off(camps: Camps, browse: Browse, token: str):
    roster = await opened(camps, service="ES09")

    async with browse(token) as browser:
        row = await add_row(browser, roster.number)
        form = form_of((await browser.get(row)).text, "CounterRemoveRow")
        done = await browser.post(f"/counter/rosters/{roster.number}", data=form)
        page = await browser.get(done.headers["location"])

    assert "The row is taken off." in page.text
    assert "No row matches." in page.text


async def test_a_roster_of_another_school_is_not_found(camps: Camps, browse: Browse):
    roster = await opened(camps, service="ES09")

    async with browse(await token_of(camps, camps.other)) as browser:
        page = await browser.get(f"/counter/rosters/{roster.number}")

    assert page.status_code == 404


async def test_no_two_elements_of_a_roster_have_the_same_id(camps: Camps, browse: Browse, token: str):
    roster = await opened(camps, service="ES09")

    async with browse(token) as browser:
        row = await add_row(browser, roster.number)
        pages = [await browser.get(address) for address in (row, f"/counter/rosters/{roster.number}")]

    for page in pages:
        ids = html.fromstring(page.text).xpath("//@id")
        assert len(ids) == len(set(ids))


async def test_an_answer_to_the_form_goes_with_a_row_that_is_added_by_hand(camps: Camps, browse: Browse, token: str):
    roster = await opened(camps, service="ES09")

    async with browse(token) as browser:
        page = await browser.get(f"/counter/rosters/{roster.number}")

    names = {one.get("name") for one in html.fromstring(page.text).cssselect("form input, form select, form textarea")}
    assert "input.rows.0.documents.0?key=id-proof&uploadId=" in names
