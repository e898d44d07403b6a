"""The counter: an operator takes a villager from a blank screen to the printed acknowledgement, by pages alone."""

import re
from datetime import timedelta

import httpx
import pytest
from lxml import html

from actions.catalogue.form_import import import_forms
from actions.certificates.issue import issue_certificate
from actions.identity.code_sending import send_code
from actions.identity.sessions import mint_session_token
from domain.applications.lifecycle import Status
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.kernel import Bilingual, PersonKind, Provider
from store.applications import applications
from store.catalogue import centres
from store.identity import sessions
from store.identity.sessions import Session
from store.platform import outbox
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_citizen import FORM, HAND_IN, PLACE, SAVE, picture, summary
from tests.gateway.pages.test_site import form_of
from tests.support.actions import FakeRenderer
from tests.support.definitions import give_steps
from tests.support.graph import World
from tests.support.phones import Phones, with_phones
from tests.support.state import form_files

MOBILE, BORN = "9800000001", "1984-03-14"
APPLY = "/counter/apply/ES09"
NEW = {"input.name": "Kamla Devi", "input.mobile": "9800000077", "input.bornOn": "1961-05-02"}


@pytest.fixture
def phones(world: World) -> Phones:
    """The telephones to which codes are sent."""
    return Phones()


@pytest.fixture
async def token(world: World) -> str:
    """The session of an operator at a centre, over the forms that come with the gateway."""
    env = world.environment
    assert not (await import_forms(env.store, form_files())).refused
    now = env.clock.now()
    until = now + timedelta(hours=8)
    session = Session(env.ids.key(), PersonKind.OPERATOR, "op1", Provider.CSC_CONNECT, "SUBSTANTIAL", None, now, until)
    centre = Centre("CSC-49-1", CentreKind.CSC, Bilingual("केंद्र", "Centre"), "49", None, open=True)
    async with env.store.write_transaction() as tx:
        await centres.save_centres(tx, [centre])
        await centres.bind(tx, [Binding("op1", "CSC-49-1", None)])
        await sessions.add_session(tx, session)
    return mint_session_token(env, session)


async def code_of(world: World, phones: Phones) -> str:
    """The six digits that came to a telephone."""
    env = with_phones(world.environment, phones)
    async with env.store.write_transaction() as tx:
        waiting = [one for one in await outbox.claim(tx, "test", 50, 30.0) if one.topic == "code.send"]
    for one in waiting:
        await send_code(env, one.payload)
    return re.findall(r"\b[0-9]{6}\b", phones.sent[-1][1])[0]


async def begin(browser: httpx.AsyncClient, world: World, phones: Phones) -> httpx.Response:
    """The counter, once a citizen whom nobody knew told her code."""
    blank = await browser.get("/counter")
    asked = await browser.post("/counter", data={**form_of(blank.text, "CounterAskAssistance"), **NEW})
    page = await browser.get(asked.headers["location"])
    code = {**form_of(page.text, "CounterConfirmAssistance"), "input.code": await code_of(world, phones)}
    done = await browser.post(page.url.path, data=code)
    return await browser.get(done.headers["location"])


def hidden_fields(page: httpx.Response) -> dict[str, str]:
    """What the form to apply holds before anything is filled in."""
    found = html.fromstring(page.text).cssselect("form[enctype] input[type=hidden]")
    return {one.get("name"): one.get("value") for one in found}


async def file(browser: httpx.AsyncClient, **changes: str) -> httpx.Response:
    """What the form to apply answers, filled in whole and with a photograph of her paper."""
    fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **HAND_IN, **changes}
    photograph = {"input.documents.0?key=id-proof": ("paper.png", picture(), "image/png")}
    return await browser.post(APPLY, data=fields, files=photograph)


async def test_a_villager_is_taken_from_a_blank_screen_to_the_printed_acknowledgement(world, browse, token, phones):
    async with browse(token) as browser:
        counter = await begin(browser, world, phones)
        services = await browser.get("/counter/services?search=income")
        handed_in = await file(browser)
        page = await browser.get(handed_in.headers["location"])

    assert "Kamla Devi" in counter.text
    assert f'href="{APPLY}"' in services.text
    assert page.status_code == 200
    assert "Acknowledgement of the application" in page.text
    assert "Kamla Devi" in page.text


async def test_her_applications_show_what_they_wait_for(world, browse, token, phones):
    async with browse(token) as browser:
        await begin(browser, world, phones)
        await file(browser)
        counter = await browser.get("/counter")
        link = html.fromstring(counter.text).cssselect('a[href^="/counter/applications/"]')[0].get("href")
        page = await browser.get(link)

    assert page.status_code == 200
    assert f'href="{link}/acknowledgement"' in page.text


async def test_a_paper_that_an_officer_asks_for_is_added_at_the_counter(world, browse, token, phones):
    async with browse(token) as browser, browse("anita") as officer:
        await begin(browser, world, phones)
        number = (await file(browser)).headers["location"].split("/")[3]
        own, case = f"/counter/applications/{number}", f"/desk/cases/{number}"
        asked = {"input.verdict": "RAISE_QUERY", "input.ground": "FORM_INCOMPLETE", "input.reason": "Once more."}
        await officer.post(case, data={**form_of((await officer.get(case)).text, "DecideCase"), **asked})
        fields = form_of((await browser.get(own)).text, "AnswerMyQuery") | {"input.answer": "Here it is."}
        assert {"input.documents.0", "input.documents.0?key=id-proof"} <= fields.keys()
        paper = {"input.documents.0?key=id-proof": ("paper.png", picture(), "image/png")}
        del fields["input.documents.0?key=id-proof"]
        answered = await browser.post(own, data=fields, files=paper)
        page = await officer.get(case)

    assert answered.status_code == 303
    assert "Here it is." in page.text


async def test_a_certificate_is_renewed_at_the_counter_by_its_application(world, browse, token, phones):
    env = world.environment
    await give_steps(env.store, "SCRUTINY", "ISSUE", code="ES09", valid_months=1, renew_days=60)
    async with browse(token) as browser:
        await begin(browser, world, phones)
        number = (await file(browser)).headers["location"].split("/")[3]
        case = (await env.store.read(lambda tx: applications.by_numbers(tx, [number])))[number]
        await world.approve(case)
        await issue_certificate(env, case.id, FakeRenderer())
        own = f"/counter/applications/{number}"
        done = await browser.post(own, data=form_of((await browser.get(own)).text, "RenewMyCertificate"))

    async with env.store.write_transaction() as tx:
        [draft] = await applications.of_service(tx, case.citizen_id, "ES09", {Status.DRAFT})
    assert done.status_code == 303
    assert f"/counter/apply/ES09/{draft.number}" in str(done.headers["location"])
    assert draft.renews is not None


async def test_nothing_of_a_citizen_is_left_for_the_next(world, browse, token, phones):
    async with browse(token) as browser:
        await begin(browser, world, phones)
        handed_in = await file(browser)
        acknowledgement = handed_in.headers["location"]
        shown = await browser.get(acknowledgement)
        ended = await browser.post("/counter", data=form_of(shown.text, "CounterEndAssistance"))
        counter = await browser.get(ended.headers["location"])
        before = await browser.get(acknowledgement)

    assert "Kamla" not in counter.text
    assert "The next citizen may come" in counter.text
    assert before.status_code == 404
    assert shown.headers["cache-control"] == "no-store"


async def test_every_form_of_the_counter_is_kept_out_of_what_the_browser_remembers(world, browse, token, phones):
    async with browse(token) as browser:
        blank = await browser.get("/counter")
        await begin(browser, world, phones)
        form = await browser.get(APPLY)

    for page in (blank, form):
        assert html.fromstring(page.text).cssselect("form[method=post].ask[autocomplete=off]")


async def test_a_wrong_code_stands_at_its_field(world, browse, token, phones):
    async with browse(token) as browser:
        blank = await browser.get("/counter")
        asked = await browser.post("/counter", data={**form_of(blank.text, "CounterAskAssistance"), **NEW})
        page = await browser.get(asked.headers["location"])
        right = await code_of(world, phones)
        wrong = "000000" if right != "000000" else "111111"
        fields = {**form_of(page.text, "CounterConfirmAssistance"), "input.code": wrong}
        answer = await browser.post(page.url.path, data=fields)

    assert answer.status_code == 422
    assert summary(answer) == ["#q-code"]


async def test_without_her_mobile_the_fault_stands_at_it_and_the_rest_is_still_there(browse, token):
    async with browse(token) as browser:
        blank = await browser.get("/counter")
        fields = {**form_of(blank.text, "CounterAskAssistance"), **NEW, "input.mobile": ""}
        answer = await browser.post("/counter", data=fields)

    shown = html.fromstring(answer.text)
    assert "#q-mobile" in summary(answer)
    assert shown.get_element_by_id("q-name").get("value") == "Kamla Devi"


async def test_a_draft_is_gone_on_with_at_the_counter(world, browse, token, phones):
    async with browse(token) as browser:
        await begin(browser, world, phones)
        some = {"input.form.applicant_name": "Kamla Devi", **PLACE}
        saved = await browser.post(APPLY, data={**hidden_fields(await browser.get(APPLY)), **some, **SAVE})
        again = await browser.get(saved.headers["location"])

    assert saved.headers["location"].startswith(f"{APPLY}/")
    assert html.fromstring(again.text).get_element_by_id("q-form-applicant-name").get("value") == "Kamla Devi"


async def test_what_was_typed_is_still_there_when_the_consent_is_over(world, browse, token, phones):
    async with browse(token) as browser:
        await begin(browser, world, phones)
        fields = {**hidden_fields(await browser.get(APPLY)), **PLACE, **FORM, **HAND_IN}
        blank = await browser.get("/counter")
        await browser.post("/counter", data=form_of(blank.text, "CounterEndAssistance"))
        answer = await browser.post(APPLY, data={**fields, "input.form.applicant_name": "Kamla"})

    assert answer.status_code == 422
    assert html.fromstring(answer.text).get_element_by_id("q-form-applicant-name").get("value") == "Kamla"
    assert "You act for nobody now" in answer.text


async def test_a_form_is_not_drawn_before_there_is_a_citizen(browse, token):
    async with browse(token) as browser:
        page = await browser.get(APPLY)

    assert "Begin with the citizen" in page.text
    assert not html.fromstring(page.text).cssselect("form[enctype]")


async def test_the_counter_is_in_hindi(browse, token):
    async with browse(token, language="hi") as browser:
        page = await browser.get("/counter")

    assert "आप किसकी सहायता कर रहे हैं?" in page.text


async def test_the_counter_is_refused_to_a_citizen(browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get("/counter")

    assert page.status_code == 403


async def test_a_citizen_without_a_telephone_is_helped_by_a_paper_that_she_signed(world, browse, token):
    async with browse(token) as browser:
        blank = await browser.get("/counter")
        fields = {**form_of(blank.text, "CounterAskAssistance"), **NEW, "input.way": "SIGNED_PAPER", "input.mobile": ""}
        scan = {"input.paper": ("signed.png", picture(), "image/png")}
        asked = await browser.post("/counter", data=fields, files=scan)
        told = await browser.get(asked.headers["location"])
        counter = await browser.get("/counter")
        handed_in = await file(browser)

    assert "You act by a signed paper until 24-11-2026 12:30" in told.text
    assert form_of(counter.text, "CounterEndAssistance")
    assert handed_in.status_code == 303


async def test_a_signed_paper_that_is_missing_is_told_at_its_field_and_the_rest_is_still_there(browse, token):
    async with browse(token) as browser:
        blank = await browser.get("/counter")
        fields = {**form_of(blank.text, "CounterAskAssistance"), **NEW, "input.way": "SIGNED_PAPER", "input.mobile": ""}
        answer = await browser.post("/counter", data=fields)

    assert summary(answer) == ["#q-paper"]
    assert html.fromstring(answer.text).get_element_by_id("q-name").get("value") == "Kamla Devi"


async def test_the_browser_keeps_nothing_of_a_citizen_once_the_next_may_come(world, browse, token, phones):
    async with browse(token) as browser:
        shown = await begin(browser, world, phones)
        ended = await browser.post("/counter", data=form_of(shown.text, "CounterEndAssistance"))

    assert ended.headers["clear-site-data"] == '"cache"'


async def test_a_citizen_who_is_helped_is_asked_for_a_consent(world, browse, token, phones):
    async with browse(token) as browser:
        page = await begin(browser, world, phones)
        typed = form_of(page.text, "CounterAskConsent") | {"input.purpose": "ISSUE_TO_LOCKER"}
        done = await browser.post("/counter", data=typed)
        assert done.status_code == 303, summary(done) or done.text
        again = await browser.get(done.headers["location"])

    assert "The citizen was asked." in again.text
