"""The citizen's pages: she applies, sees her acknowledgement, and goes on with what she began."""

import io
import json
from urllib.parse import urlencode

import httpx
import pytest
from lxml import html
from PIL import Image

from actions.catalogue.form_import import import_forms
from gateway.pages.scripts import SCRIPT_FOLDER
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_site import form_of
from tests.support.forms import own_forms
from tests.support.graph import LOCKER_URI, World
from tests.support.state import form_files

APPLY = "/my/apply/ES09"
FORM = {f"input.form.{name}": value for name, value in own_forms()["income-certificate"].example.items()}
PLACE = {"input.district": "49", "input.tehsil": "304"}
PAPER = {"input.documents.0": urlencode({"key": "id-proof", "uri": LOCKER_URI, "source": "DIGILOCKER"})}
HAND_IN, SAVE = {"_form": "SubmitMyApplication"}, {"_form": "SaveMyDraft"}


@pytest.fixture
async def formed(world: World) -> World:
    """The world with the forms that come with the gateway."""
    assert not (await import_forms(world.environment.store, form_files())).refused
    return world


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """What the form to apply holds before anything is filled in."""
    found = html.fromstring(page.text).cssselect("form[data-draft] input[type=hidden]")
    return {one.get("name"): one.get("value") for one in found}


def summary(page: httpx.Response) -> list[str]:
    """Where the faults of a page lead."""
    return [link.get("href") for link in html.fromstring(page.text).cssselect(".summary a")]


def picture() -> bytes:
    """A photograph of a paper."""
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(made, "PNG")
    return made.getvalue()


async def test_the_form_of_a_service_has_its_questions_and_its_papers(formed: World, browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get(APPLY)

    shown = html.fromstring(page.text)
    assert shown.get_element_by_id("q-form-annual-income").get("inputmode") == "numeric"
    assert [one.get("name") for one in shown.cssselect("input[type=file]")] == ["input.documents.0?key=id-proof"]


async def test_what_a_browser_may_fill_in_of_its_owner_is_named_and_nothing_else(formed: World, browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get(APPLY)

    shown = html.fromstring(page.text)
    named = {one.get("name"): one.get("autocomplete") for one in shown.cssselect("form[data-draft] [autocomplete]")}
    assert named["input.form.applicant_name"] == "name"
    assert named["input.form.mobile"] == "tel-national"
    assert "input.form.father_name" not in named


async def test_a_declaration_that_is_not_ticked_is_asked_to_be_ticked(formed: World, browse: Browse):
    async with browse("asha", "hi") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **PAPER, **HAND_IN}
        page = await browser.post(APPLY, data={**fields, "input.form.declaration": ""})

    (told,) = html.fromstring(page.text).cssselect(".summary li")
    assert "सही (✓) का निशान लगाएँ" in told.text_content()


async def test_a_form_has_one_script_and_only_of_this_host(formed: World, browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get(APPLY)

    assert [one.get("src") for one in html.fromstring(page.text).cssselect("script")] == [f"{SCRIPT_FOLDER}/form.js"]
    assert "script-src 'self'; connect-src 'self'" in page.headers["content-security-policy"]


async def test_an_application_is_handed_in_and_acknowledged(formed: World, browse: Browse):
    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **PAPER, **HAND_IN}
        done = await browser.post(APPLY, data=fields)
        page = await browser.get(done.headers["location"])

    assert done.status_code == 303
    assert page.status_code == 200
    assert "Acknowledgement of the application" in page.text


async def test_a_fault_stands_at_its_question_and_what_was_typed_is_still_there(formed: World, browse: Browse):
    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **PAPER, **HAND_IN}
        page = await browser.post(APPLY, data={**fields, "input.form.annual_income": "much"})

    assert page.status_code == 422
    assert "#q-form-annual-income" in summary(page)
    shown = html.fromstring(page.text).get_element_by_id("q-form-annual-income")
    assert (shown.get("value"), shown.get("aria-invalid")) == ("much", "true")


async def test_a_missing_paper_stands_at_the_papers(formed: World, browse: Browse):
    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **HAND_IN}
        page = await browser.post(APPLY, data=fields)

    assert summary(page) == ["#q-documents"]
    assert html.fromstring(page.text).get_element_by_id("q-documents").tag == "fieldset"


async def test_an_unknown_paper_stands_at_its_choice(formed: World, browse: Browse):
    wrong = {"input.documents.0": "key=id-proof&uri=somebody-elses&source=UPLOAD"}

    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **wrong, **HAND_IN}
        page = await browser.post(APPLY, data=fields)

    assert summary(page) == ["#q-documents-0"]


async def test_what_was_saved_is_gone_on_with_and_handed_in(formed: World, browse: Browse):
    some = {"input.form.applicant_name": "Asha", **PLACE, **PAPER}

    async with browse("asha") as browser:
        saved = await browser.post(APPLY, data={**hidden_fields(await browser.get(APPLY)), **some, **SAVE})
        draft = saved.headers["location"].partition("?")[0]
        again = await browser.get(draft)
        done = await browser.post(draft, data={**hidden_fields(again), **PLACE, **FORM, **PAPER, **HAND_IN})

    shown = html.fromstring(again.text)
    assert shown.get_element_by_id("q-form-applicant-name").get("value") == "Asha"
    assert shown.cssselect("#q-documents-0 option[selected]")[0].get("value") == PAPER["input.documents.0"]
    assert done.headers["location"].split("?")[0].endswith("/acknowledgement")


async def test_a_file_is_handed_in_with_the_form_without_a_script(formed: World, browse: Browse):
    photograph = {"input.documents.0?key=id-proof": ("paper.png", picture(), "image/png")}

    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **HAND_IN}
        done = await browser.post(APPLY, data=fields, files=photograph)

    assert done.headers["location"].split("?")[0].endswith("/acknowledgement")


async def test_a_file_that_was_taken_stays_where_the_form_has_a_fault(formed: World, browse: Browse):
    photograph = {"input.documents.0?key=id-proof": ("paper.png", picture(), "image/png")}

    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **HAND_IN}
        page = await browser.post(APPLY, data={**fields, "input.form.annual_income": ""}, files=photograph)

    chosen = html.fromstring(page.text).cssselect("#q-documents-0 option[selected]")
    assert "source=UPLOAD" in chosen[0].get("value")


async def test_a_file_that_is_refused_is_told_at_its_paper(formed: World, browse: Browse):
    program = {"input.documents.0?key=id-proof": ("paper.png", b"MZ" + bytes(64), "image/png")}

    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **HAND_IN}
        page = await browser.post(APPLY, data=fields, files=program)

    assert page.status_code == 422
    assert summary(page) == ["#q-documents-0"]


async def test_a_stranger_hands_in_no_file(formed: World, browse: Browse):
    photograph = {"input.documents.0?key=id-proof": ("paper.png", picture(), "image/png")}

    async with browse() as browser:
        page = await browser.post(APPLY, data=HAND_IN, files=photograph)

    assert page.headers["location"].startswith("/sign-in")


async def test_one_more_row_of_a_group_keeps_what_was_typed(world: World, browse: Browse):
    assert not (await import_forms(world.environment.store, forms_of_income("solvency-haisiyat-certificate"))).refused

    async with browse("asha") as browser:
        typed = {**hidden_fields(await browser.get(APPLY)), "input.form.properties.0.description": "A field"}
        page = await browser.post(APPLY, data={**typed, **HAND_IN, "_again": "properties"})

    shown = html.fromstring(page.text)
    assert page.status_code == 200
    assert shown.get_element_by_id("q-form-properties-0-description").get("value") == "A field"
    assert shown.cssselect("#q-form-properties-1-description")


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize(
    "address",
    [
        "/my",
        "/my/applications",
        "/my/certificates",
        "/my/appeals",
        "/my/payments",
        "/my/voice",
        "/my/messages",
        "/my/data",
        "/my/consents",
        "/my/consents/LOCKER_DOCUMENTS",
        "/my/family",
        "/my/devices",
        "/my/suggest/ES09",
    ],
)
async def test_a_page_of_hers_opens_in_both_languages(world: World, browse: Browse, address: str, language: str):
    await world.submit()

    async with browse("asha", language) as browser:
        page = await browser.get(address)

    assert (page.status_code, page.headers["content-language"]) == (200, language)


@pytest.mark.parametrize("verb", ["", "/answer", "/appeal", "/feedback", "/grievance", "/acknowledgement"])
async def test_a_page_of_her_application_opens(world: World, browse: Browse, verb: str):
    application = await world.submit()

    async with browse("asha") as browser:
        page = await browser.get(f"/my/applications/{application.number}{verb}")

    assert page.status_code == 200


async def test_a_grievance_is_raised_and_stands_among_hers(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        address = f"/my/applications/{application.number}/grievance"
        fields = form_of((await browser.get(address)).text, "RaiseMyGrievance")
        done = await browser.post(address, data={**fields, "input.category": "DELAY", "input.text": "Nobody answers"})
        page = await browser.get(done.headers["location"])

    assert "The grievance has been raised." in page.text
    assert "Nobody answers" in page.text


async def test_an_appeal_that_is_too_early_is_told_with_what_was_written(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        address = f"/my/applications/{application.number}/appeal"
        fields = form_of((await browser.get(address)).text, "FileMyAppeal")
        page = await browser.post(address, data={**fields, "input.text": "It takes too long"})

    assert page.status_code == 422
    assert "It takes too long" in page.text


async def test_a_relative_is_registered_and_struck_off(world: World, browse: Browse):
    relative = {"input.name": "Bachan Singh", "input.relation": "Father", "input.mobile": "9876543210"}

    async with browse("asha") as browser:
        fields = form_of((await browser.get("/my/family")).text, "RegisterMyRelative")
        await browser.post("/my/family", data={**fields, **relative})
        page = await browser.get("/my/family")
        await browser.post("/my/family", data=form_of(page.text, "RemoveMyRelative"))
        after = await browser.get("/my/family")

    assert "Strike Bachan Singh off" in page.text
    assert "Strike Bachan Singh off" not in after.text


async def test_a_consent_is_taken_back_after_its_notice_was_read(world: World, browse: Browse):
    address = "/my/consents/RATION_CARD"

    async with browse("asha") as browser:
        given = await browser.post(address, data=form_of((await browser.get(address)).text, "GrantMyConsent"))
        page = await browser.get(given.headers["location"])
        taken = await browser.post(address, data=form_of(page.text, "WithdrawMyConsent"))

    assert (given.status_code, taken.status_code) == (303, 303)


def forms_of_income(name: str) -> dict[str, bytes]:
    """The forms that come with the gateway, of which another one is that of the income certificate."""
    files = form_files()
    form = json.loads(files.pop(f"{name}.json")) | {"services": ["income-certificate"], "form": "income-certificate"}
    return {**files, "income-certificate.json": json.dumps(form).encode()}


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ("domicile-certificate", "land-record", "Only where: “Ground of residence” = Ownership of land or a house"),
        ("birth-certificate", "delay-reason", "age by “Date of birth” >= 1"),
        ("birth-certificate", "delivery-attended-by", "not: “Where the birth took place” = Hospital or institution"),
    ],
)
async def test_a_rule_is_said_in_words(world: World, browse: Browse, form: str, field: str, words: str):
    assert not (await import_forms(world.environment.store, forms_of_income(form))).refused

    async with browse("asha") as browser:
        page = await browser.get(APPLY)

    assert words in " ".join(
        html.fromstring(page.text).get_element_by_id(f"q-form-{field}-hint").text_content().split()
    )


async def test_a_form_that_is_opened_again_leads_to_the_draft_that_there_is(formed: World, browse: Browse):
    async with browse("asha") as browser:
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **SAVE}
        saved = (await browser.post(APPLY, data=fields)).headers["location"].partition("?")[0]
        again = await browser.get(APPLY)
        draft = await browser.get(saved)

    links = [one.get("href") for one in html.fromstring(again.text).cssselect(".note a")]
    assert links == [saved]
    assert html.fromstring(draft.text).cssselect(".note a") == []
