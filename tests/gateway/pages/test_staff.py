"""Administrators by pages: leaves, transfers, switches, versions of apps, codes of e-Taal; refunds of fees."""

import json
from urllib.parse import quote

import pytest
from lxml import html

from domain.kernel import Bilingual, Officer, Posting, Role, TypeCode
from schema.kernel import node_id
from store.identity import people
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import post, powers  # noqa: F401 - a fixture
from tests.support.definitions import a_document
from tests.support.graph import OFFICER, World

DEFINITIONS = "/staff/definitions"

PLACES = ["", "/officers", "/definitions", "/systems", "/centres", "/texts", "/etaal"]


@pytest.fixture
def officer_page(powers: World) -> str:  # noqa: F811 - the fixture
    """The address of Anita among the officers."""
    return f"/staff/officer?officer={quote(node_id(TypeCode.OFFICER, OFFICER.person_id))}"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("language", ["hi", "en"])
async def test_every_place_of_an_administrator_opens_in_both_languages(officer_page, browse: Browse, place, language):
    async with browse("admin", language) as browser:
        page = await browser.get(f"/staff{place}")

    assert page.status_code == 200
    assert html.fromstring(page.text).cssselect(f'nav a[href="/staff{place}"][aria-current=page]')


@pytest.mark.parametrize("place", PLACES[:6])
async def test_the_pages_of_administrators_are_not_there_for_an_officer(officer_page, browse: Browse, place: str):
    async with browse("anita") as browser:
        page = await browser.get(f"/staff{place}")

    assert page.status_code == 404


async def test_an_officer_sees_no_way_to_the_places_of_administrators(officer_page, browse: Browse):
    async with browse("anita") as browser:
        page = await browser.get("/staff/etaal")

    ways = {one.get("href") for one in html.fromstring(page.text).cssselect("main nav a")}
    assert ways == {"/staff/etaal", "/staff/counts", "/desk"}


async def test_an_administrator_records_a_leave_and_cancels_it(officer_page, browse: Browse):
    async with browse("admin") as browser:
        listed = html.fromstring((await browser.get("/staff/officers")).text)
        links = {one.get("href") for one in listed.cssselect("ul.cards a")}
        assert officer_page in links
        await post(browser, officer_page, "RecordStaffLeave", fromOn="2026-12-07", untilOn="2026-12-08")
        recorded = await browser.get(officer_page)
        await post(browser, officer_page, "CancelStaffLeave")
        cancelled = await browser.get(officer_page)

    assert "07-12-2026 – 08-12-2026" in recorded.text
    assert "CancelStaffLeave" not in cancelled.text


async def test_a_leave_that_ends_before_it_begins_is_refused_at_its_field(officer_page, browse: Browse):
    async with browse("admin") as browser:
        page = await post(browser, officer_page, "RecordStaffLeave", fromOn="2026-12-08", untilOn="2026-12-07")

    assert page.status_code == 422
    assert html.fromstring(page.text).cssselect("[aria-invalid=true]")


async def test_an_administrator_takes_a_post_from_an_officer_who_keeps_the_other(officer_page, powers, browse: Browse):  # noqa: F811
    post_ = {"role": "OFFICER", "level": "DESIGNATED", "department": "social-welfare", "district": "49"}
    typed = {f"postings.0.{name}": text for name, text in post_.items()}

    async with browse("admin") as browser:
        done = await post(browser, officer_page, "TransferStaff", **typed)
        assert done.status_code == 303, html.fromstring(done.text).cssselect(".summary")[0].text_content()

    async with powers.environment.store.read_transaction() as tx:
        held = (await people.officers(tx, [OFFICER.person_id]))[OFFICER.person_id].postings
    assert [one.department for one in held] == ["social-welfare"]


async def test_an_administrator_switches_a_system_off_with_a_reason(officer_page, browse: Browse):
    async with browse("admin") as browser:
        typed = {"kind": "SYSTEM", "name": "DIGILOCKER", "state": "OFF", "reason": "Maintenance."}
        await post(browser, "/staff/systems", "SetStaffSwitch", **typed)
        page = await browser.get("/staff/systems")

    assert "<strong>DIGILOCKER</strong>" in page.text
    assert "Maintenance." in page.text


async def test_a_definition_is_drafted_drawn_with_its_text_and_waits_for_a_second_administrator(
    officer_page, browse: Browse
):
    steps = [{"kind": "SCRUTINY"}, {"kind": "FIELD_VERIFICATION", "optional": True}, {"kind": "ISSUE"}]
    async with browse("admin", "en") as browser:
        await post(browser, DEFINITIONS, "DraftStaffDefinition", document=json.dumps(a_document(steps=steps)))
        drafted = html.fromstring((await browser.get(DEFINITIONS)).text)
        await post(browser, DEFINITIONS, "PublishStaffDefinition", publishOn="2027-01-01")
        own = await post(browser, DEFINITIONS, "ConfirmStaffDefinition", confirm="true")

    [picture] = drafted.cssselect(".cards svg[role=img]")
    assert drafted.get_element_by_id(picture.get("aria-labelledby")).text_content().endswith("Note on Land Use")
    listed = [" ".join(one.text_content().split()) for one in drafted.cssselect(".cards ol li")]
    assert listed == [
        "scrutiny → In scrutiny",
        "field verification (may be left out) → In scrutiny",
        "issue of the result → Delivered",
    ]
    assert own.status_code == 422


async def test_a_definition_that_breaks_a_rule_is_refused_on_its_page_with_the_remedy(officer_page, browse: Browse):
    async with browse("admin", "en") as browser:
        document = json.dumps(a_document(steps=[{"kind": "SCRUTINY"}]))
        page = await post(browser, DEFINITIONS, "DraftStaffDefinition", document=document)

    assert page.status_code == 422
    assert "End with the step ISSUE." in html.fromstring(page.text).text_content()


async def test_fees_are_listed_for_a_finance_officer(officer_page, browse: Browse):
    async with browse("finance") as browser:
        page = await browser.get("/finance/fees")

    assert page.status_code == 200
    assert "No fee matches." in page.text


async def test_a_substitute_is_found_by_name_among_officers_beyond_the_first_page(officer_page, powers, browse: Browse):  # noqa: F811
    async with powers.environment.store.write_transaction() as tx:
        for number in range(60):
            name = Bilingual(None, f"Colleague {number:02d}")
            key = f"01930000-0000-7000-8000-0000000040{number:02d}"
            posting = Posting(Role.OFFICER, "social-welfare", "49")
            await people.add_officer(tx, Officer(key, name, name, f"{number}@officer.example", (posting,)))

    async with browse("admin") as browser:
        page = await browser.get(f"{officer_page}&filter.words=colleague+57")

    options = html.fromstring(page.text).cssselect("select[name='input.substituteId'] option")
    assert [one.text_content() for one in options[1:]] == ["Colleague 57, Colleague 57"]


async def test_the_chosen_officer_is_shown_though_the_search_for_a_substitute_finds_another(
    officer_page, browse: Browse
):
    async with browse("admin") as browser:
        page = await browser.get(f"{officer_page}&filter.words=bina")

    assert "Anita" in page.text
    assert html.fromstring(page.text).cssselect("form input[value=RecordStaffLeave]")
