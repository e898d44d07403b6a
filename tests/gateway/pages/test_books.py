"""Pages that show the books of public money and the reviews of delays to those who may read them."""

import pytest
from lxml import html

from domain.etaal.counting import STATUS_LINE, CountingEvent, Transaction
from store.etaal import ledger, ledger_seal
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import powers  # noqa: F401 - a fixture
from tests.support.graph import World

BOOKS = [f"/finance{place}" for place in ("", "/payments", "/payees", "/files", "/runs", "/totals", "/fees")]
REVIEWS = ["/desk/reviews", "/desk/delays", "/staff/counts"]


@pytest.mark.parametrize("person", ["finance", "auditor"])
@pytest.mark.parametrize("language", ["hi", "en"])
async def test_every_book_of_public_money_opens_in_both_languages(powers, browse: Browse, person: str, language: str):  # noqa: F811
    async with browse(person, language) as browser:
        pages = {path: await browser.get(path) for path in [*BOOKS, "/finance/months/2026-10-01"]}

    assert {path: page.status_code for path, page in pages.items() if page.status_code != 200} == {}
    assert html.fromstring(pages["/finance/runs"].text).cssselect('nav a[href="/finance/runs"][aria-current=page]')


@pytest.mark.parametrize("path", BOOKS[2:6])
async def test_the_books_are_not_there_for_an_officer_who_pays_nothing(world: World, browse: Browse, path: str):
    async with browse("anita") as browser:
        page = await browser.get(path)

    assert page.status_code == 404


async def test_an_auditor_is_led_from_her_desk_to_the_systems(powers, browse: Browse):  # noqa: F811
    async with browse("auditor", "en") as browser:
        assert 'href="/staff/systems"' in (await browser.get("/desk")).text


@pytest.mark.parametrize("language", ["hi", "en"])
async def test_an_auditor_reads_reviews_reasons_and_counts(powers, browse: Browse, language: str):  # noqa: F811
    async with browse("auditor", language) as browser:
        pages = {path: await browser.get(path) for path in REVIEWS}

    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(REVIEWS, 200)


async def test_an_officer_sees_her_own_posts(world: World, browse: Browse):
    async with browse("anita") as browser:
        page = await browser.get("/desk/leave")

    assert html.fromstring(page.text).cssselect("#posts + ul li")


@pytest.mark.parametrize(
    ("language", "name"), [("hi", "आवेदन की स्थिति की जानकारी"), ("en", "Enquiry about the state of an application")]
)
async def test_enquiries_stand_among_the_counts_by_their_name(powers, browse: Browse, language: str, name: str):  # noqa: F811
    day = powers.environment.clock.now().date()
    event = CountingEvent.STATUS_ENQUIRY
    store = powers.environment.store
    async with store.write_transaction() as tx:
        await ledger.record(tx, Transaction("STATUS_ENQUIRY:1", event, day, STATUS_LINE, "49", "WEB", "D", 1, "2026-2"))
    await ledger_seal.seal(store)

    async with browse("auditor", language) as browser:
        page = html.fromstring((await browser.get(f"/staff/counts?on={day}")).text)

    assert [one.text_content() for one in page.cssselect("tbody tr > :first-child")] == [name]
