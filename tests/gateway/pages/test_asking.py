"""Pages that ask: tracking by a form, and verifying by a number, with what is wrong at its field."""

import re
from datetime import timedelta

import httpx
import pytest
from lxml import html

from domain.certificates.certificates import initials
from domain.kernel import NumberKind, make_number
from tests.gateway.pages.conftest import Browse
from tests.support.graph import World, add_certificate

ABSENT = make_number(NumberKind.APPLICATION, 2026, "1234567891")
ABSENT_CERTIFICATE = make_number(NumberKind.CERTIFICATE, 2026, "1234567891")
MOBILE, BORN = "by.secondFactor.mobileLast4", "by.secondFactor.bornOn"


def value_of(page: httpx.Response, name: str) -> str:
    return html.fromstring(page.text).xpath(f"//input[@name='{name}']")[0].get("value") or ""


def fault_at(page: httpx.Response, name: str) -> str:
    field = html.fromstring(page.text).xpath(f"//input[@name='{name}']")[0]
    assert field.get("aria-invalid") == "true"
    return html.fromstring(page.text).get_element_by_id(f"{field.get('id')}-fault").text


@pytest.mark.parametrize(("language", "words"), [("hi", "आवेदन की स्थिति"), ("en", "Track an application")])
async def test_the_form_of_tracking_speaks_both_languages_and_names_every_field(browse: Browse, language, words):
    async with browse(language=language) as browser:
        page = await browser.get("/track")

    shown = html.fromstring(page.text)
    inputs = {one.get("id") for one in shown.xpath("//main//input[not(@type='hidden')]")}
    assert words in page.text
    assert inputs == {one.get("for") for one in shown.xpath("//main//label")}
    assert len(inputs) == 3


async def test_number_and_second_factor_show_the_stages_and_neither_is_in_an_address(world: World, browse: Browse):
    application = await world.submit()

    async with browse() as browser:
        page = await browser.post("/track", data={"by.number": application.number, BORN: "1984-03-14"})

    assert page.status_code == 200
    assert len(html.fromstring(page.text).cssselect("ol.course li")) == 2
    assert re.findall(rf"""href="[^"]*{application.number}""", page.text) == []


async def test_a_missing_second_factor_is_named_at_its_field_and_the_number_is_still_there(
    world: World, browse: Browse
):
    application = await world.submit()

    async with browse() as browser:
        page = await browser.post("/track", data={"by.number": application.number, MOBILE: " "})

    assert page.status_code == 400
    assert fault_at(page, MOBILE) == "Please fill this in."
    assert value_of(page, "by.number") == application.number


async def test_a_mistyped_number_is_named_at_its_field_and_everything_is_still_there(browse: Browse):
    async with browse() as browser:
        page = await browser.post("/track", data={"by.number": "12345678901234", MOBILE: "0001"})

    assert (page.status_code, "typing error" in fault_at(page, "by.number")) == (400, True)
    assert (value_of(page, "by.number"), value_of(page, MOBILE)) == ("12345678901234", "0001")


async def test_a_date_that_is_none_is_named_at_its_field(world: World, browse: Browse):
    application = await world.submit()

    async with browse() as browser:
        page = await browser.post("/track", data={"by.number": application.number, BORN: "14/03/1984"})

    assert page.status_code == 400
    assert fault_at(page, BORN)


async def test_of_two_second_factors_the_first_one_counts(world: World, browse: Browse):
    application = await world.submit()

    async with browse() as browser:
        fields = {"by.number": application.number, MOBILE: "9999", BORN: "1984-03-14"}
        page = await browser.post("/track", data=fields)

    assert page.status_code == 404


async def test_an_absent_number_and_a_wrong_factor_are_told_alike(world: World, browse: Browse):
    application = await world.submit()

    async with browse() as browser:
        wrong = await browser.post("/track", data={"by.number": application.number, MOBILE: "9999"})
        absent = await browser.post("/track", data={"by.number": ABSENT, MOBILE: "9999"})

    told = [html.fromstring(page.text).cssselect(".summary")[0].text_content() for page in (wrong, absent)]
    assert (wrong.status_code, absent.status_code) == (404, 404)
    assert told[0] == told[1]


async def test_too_many_tries_say_when_to_come_back(world: World, browse: Browse):
    application = await world.submit()
    data = {"by.number": application.number, MOBILE: "9999"}

    async with browse() as browser:
        for _ in range(world.environment.rules.care.tracking_tries_per_number):
            await browser.post("/track", data=data)
        page = await browser.post("/track", data=data)

    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 0
    assert value_of(page, "by.number") == application.number


async def test_a_character_that_nobody_sees_is_refused_at_its_field(browse: Browse):
    async with browse() as browser:
        page = await browser.post("/track", data={"by.number": "1261\u200b2345678907", MOBILE: "0001"})

    assert page.status_code == 400
    assert "U+200B" in fault_at(page, "by.number")


async def test_a_body_that_is_no_form_is_an_empty_one(browse: Browse):
    async with browse() as browser:
        page = await browser.post("/track", json={"by.number": "1"})

    assert page.status_code == 400
    assert fault_at(page, "by.number")


async def test_a_number_in_the_address_asks_nothing(world: World, browse: Browse):
    application = await world.submit()

    async with browse() as browser:
        page = await browser.get("/track", params={"by.number": application.number, BORN: "1984-03-14"})

    assert html.fromstring(page.text).cssselect("ol.course") == []


async def test_a_delay_is_told_with_its_days(world: World, browse: Browse):
    application = await world.submit()
    world.environment.clock.advance(application.due_at - world.environment.clock.now() + timedelta(days=3))

    async with browse() as browser:
        page = await browser.post("/track", data={"by.number": application.number, BORN: "1984-03-14"})

    assert "The lawful time limit was exceeded by 3 days. You may appeal" in page.text


async def test_a_person_compares_a_paper_with_the_register_without_the_whole_name(world: World, browse: Browse):
    certificate = await add_certificate(world.environment, await world.submit())

    async with browse() as browser:
        page = await browser.get("/verify", params={"number": certificate.number})

    shown = html.fromstring(page.text)
    assert shown.xpath("//main//*[@role='status']")[0].text == "Valid"
    assert initials(certificate.holder.en) in page.text
    assert certificate.holder.en not in page.text
    assert "Revenue" in page.text
    assert "Checked in the register on" in page.text


async def test_a_paper_that_is_signed_by_a_test_key_is_called_a_specimen(world: World, browse: Browse):
    certificate = await add_certificate(world.environment, await world.submit())
    object.__setattr__(world.environment.rules, "takes_sandboxes", True)

    async with browse() as browser:
        page = await browser.get(f"/verify/{certificate.number}")

    status = html.fromstring(page.text).xpath("//main//*[@role='status']")[0]
    assert (status.text.startswith("SPECIMEN"), status.get("class")) == (True, "bad")


async def test_a_program_gets_the_facts_as_json(world: World, browse: Browse):
    certificate = await add_certificate(world.environment, await world.submit())

    async with browse() as browser:
        answer = await browser.get(f"/verify/{certificate.number}", headers={"accept": "application/json"})

    assert answer.json() | {"checkedAt": ""} == {
        "number": certificate.number,
        "status": "ACTIVE",
        "statusLabel": "Valid",
        "specimen": False,
        "name": certificate.name.en,
        "holderInitials": initials(certificate.holder.en),
        "department": "Revenue-Department",
        "issuedOn": certificate.issued_on.isoformat(),
        "validUntil": certificate.valid_until.isoformat() if certificate.valid_until else None,
        "endedOn": None,
        "correctedBy": None,
        "checkedAt": "",
        "signedFacts": [],
        "signatures": [],
    }


async def test_a_number_may_be_keyed_as_people_read_it(world: World, browse: Browse):
    number = (await add_certificate(world.environment, await world.submit())).number
    spoken = f"{number[:4]} {number[4:9]} {number[9:]}".translate(str.maketrans("0123456789", "०१२३४५६७८९"))

    async with browse() as browser:
        answer = await browser.get(f"/verify/{spoken}", headers={"accept": "*/*"})

    assert answer.json()["number"] == number


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (ABSENT_CERTIFICATE, 404, "NOT_FOUND"),
        ("22612345678903", 400, "NUMBER_MISTYPED"),
        ("x" * 3000, 400, "NUMBER_MISTYPED"),
        ("<script>alert(1)<%2Fscript>", 404, "NOT_FOUND"),
        ("ES09/2019/000124", 404, "NOT_FOUND"),
    ],
)
async def test_what_is_no_certificate_of_ours_gets_a_code_and_the_form(browse: Browse, number, status, code):
    async with browse() as browser:
        answer = await browser.get(f"/verify/{number}", headers={"accept": "application/json"})
        page = await browser.get(f"/verify/{number}")

    assert (answer.status_code, answer.json()["code"], page.status_code) == (status, code, status)
    assert fault_at(page, "number")
    assert "<script" not in page.text


@pytest.mark.parametrize(("name", "shown"), [("Asha Devi", "A… D…"), ("आशा देवी", "आ… दे…"), ("", ""), ("X", "X…")])
def test_initials_keep_the_vowel_sign(name: str, shown: str):
    assert initials(name) == shown


async def test_an_ended_session_still_tracks(world: World, browse: Browse):
    application = await world.submit()

    async with browse("somebody-else") as browser:
        page = await browser.post("/track", data={"by.number": application.number, BORN: "1984-03-14"})

    assert page.status_code == 200
