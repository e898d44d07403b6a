"""Departments' systems on pages: vacancies for anybody, what was sent of an application, and a clearance's record."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import html

from actions.clearances.clearances import AskClearance, ask_clearance
from actions.connectors.sending import SendToDepartment, send_case, send_to_department
from actions.connectors.watching import ask_about_cases
from actions.consents.consents import ChangeConsent, grant_consent
from domain.consents.consents import ConsentPurpose
from domain.kernel import PersonKind, Posting, Role, Subject, ist_date
from gateway.http.edge import Edge
from store.applications import applications
from tests.gateway.pages.conftest import Browse
from tests.support.connectors import city_file, connect, put_in_force, shipped
from tests.support.graph import CITIZEN, OFFICER, World
from tests.support.pages import browser_of, pages_app


@pytest.fixture
async def world(world: World, tmp_path: Path) -> World:
    """The world with the shipped systems; the land records are of another department."""
    joined: Any = SimpleNamespace(env=world.environment, clock=world.environment.clock)
    land = shipped("land").replace("revenue-department", "social-welfare")
    await put_in_force(joined, shipped("ncs"), shipped("transport"), shipped("smart_city"), land)
    connect(joined, tmp_path, "ncs", "transport", "smart_city", "land")
    return replace(world, environment=joined.env)


def words(page: Any, selector: str) -> list[str]:
    """The text of each element, with single spaces."""
    return [" ".join(one.text_content().split()) for one in html.fromstring(page.text).cssselect(selector)]


async def test_anybody_finds_vacancies_by_district_and_occupation(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/vacancies", params={"inputs.district": "49", "inputs.skill": "2221.0200"})

    shown = words(page, "ul.cards > li")
    assert page.status_code == 200
    assert 0 < len(shown) <= 20
    assert all("Dehradun" in one and "National Career Service" in one for one in shown)


async def test_the_next_page_of_vacancies_keeps_what_was_asked(browse: Browse):
    async with browse() as browser:
        first = await browser.get("/vacancies", params={"inputs.district": "56"})
        after = html.fromstring(first.text).cssselect('main a.button[href*="after="]')[0].get("href")
        second = await browser.get(after)

    assert "inputs.district=56" in after
    assert not set(words(first, "ul.cards > li")) & set(words(second, "ul.cards > li"))


async def test_an_occupation_that_is_no_code_is_refused_in_words_and_the_form_is_still_there(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/vacancies", params={"inputs.skill": "nurse"})

    assert page.status_code == 400
    assert words(page, "p.note") == ["This is no occupation code. Write it as 2221.0200, or leave it empty."]
    assert html.fromstring(page.text).cssselect('[name="inputs.skill"]')[0].get("value") == "nurse"


async def test_pay_is_written_as_every_other_amount(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/vacancies", params={"inputs.district": "56"})

    amounts = {fact for fact in words(page, "ul.cards dd") if "₹" in fact}
    assert "₹18,000.50" in amounts
    assert not [one for one in amounts if "₹ " in one]


async def test_the_version_in_force_alone_can_be_rolled_back(world: World, edge: Edge):
    await put_in_force(SimpleNamespace(env=world.environment), city_file(1), city_file(2))
    people = {"admin": Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin", (Posting(Role.ADMIN),))}

    async with browser_of(pages_app(world.graph, world.environment, people, edge=edge), "admin") as browser:
        page = await browser.get("/staff/connectors")

    cards = html.fromstring(page.text).cssselect("#versions + ul.cards > li")
    can_go = {one.cssselect("h3")[0].text_content() for one in cards if one.cssselect("form")}
    assert {"city 1", "city 2"} & can_go == {"city 2"}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Transport Department: Request about a driving licence"), ("hi", "ड्राइविंग लाइसेंस से जुड़ा अनुरोध")],
)
async def test_a_citizen_sees_what_was_sent_about_her_application_and_how_it_stands(
    world: World, browse: Browse, language: str, said: str
):
    application = await world.submit()
    env = world.environment
    await grant_consent(env, CITIZEN, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "yes"))
    inputs = (("kind", "ADDRESS"), ("licence", "UK0720140000001"), ("text", "नया पता"))
    case, _ = await send_to_department(
        env, CITIZEN, SendToDepartment("transport", "request", "1", inputs, application.id)
    )
    await send_case(env, case.id)

    async with browse("asha") as browser:
        page = await browser.get(f"/my/applications/{application.number}", params={"language": language})

    [card] = words(page, "#departments + ul.cards > li")
    assert said in card
    assert "Number there" in card or "वहाँ की संख्या" in card


async def test_an_officer_sees_what_the_land_records_say_beside_the_clearance(world: World, browse: Browse):
    application, env = await world.submit(), world.environment
    due = ist_date(env.clock.now()) + timedelta(days=9)
    await ask_clearance(env, OFFICER, AskClearance(application.id, ("social-welfare",), "Is it free?", "ask", due))
    async with env.store.write_transaction() as tx:
        now = (await applications.by_ids(tx, [application.id]))[application.id]
        form = {**now.form, "village": "800123", "khata": "71"}
        await applications.save(tx, replace(now, form=form), now.version)
    clock: Any = env.clock
    for _ in range(9):
        await ask_about_cases(env)
        clock.advance(timedelta(hours=6))

    async with browse("anita") as browser:
        page = await browser.get(f"/desk/cases/{application.number}")

    [clearance] = words(page, "#clearances + ul > li")
    assert "Land records" in clearance


COMPLAIN = "/my/departments/smart_city/complain"
COMPLAINT = {"category": "ROAD", "text": "A deep hole", "place": "30.3165,78.0322"}


def filled_in(page: Any, **values: str) -> dict[str, str]:
    """The hidden fields of the page's form with what is written into it."""
    [form] = html.fromstring(page.text).xpath("//main//form[.//input[@name='input.call']]")
    hidden = {one.get("name"): one.get("value") for one in form.cssselect('input[type="hidden"]')}
    return {**hidden, **{f"input.inputs.{name}": value for name, value in values.items()}}


async def test_a_form_asks_for_what_the_file_of_a_system_says_that_its_call_takes(browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get(COMPLAIN)

    fields = ["Kind of complaint (required)", "What is wrong (required)", "Place (required)", "Link of a photograph"]
    assert words(page, "main form label") == fields
    assert words(page, "main select option")[1:] == ["Road", "Street light", "Garbage", "Water"]


async def test_what_she_sends_by_the_form_is_listed_though_it_is_about_no_application(world: World, browse: Browse):
    await grant_consent(world.environment, CITIZEN, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "yes"))
    async with browse("asha") as browser:
        form = await browser.get(COMPLAIN)
        sent = await browser.post(COMPLAIN, data=filled_in(form, **COMPLAINT))
        listed = await browser.get(sent.headers["location"])

    [card] = words(listed, "ul.cards > li")
    assert "Dehradun Smart City: Complaint waits until the system has it" in card


async def test_without_her_consent_nothing_is_sent_and_the_form_says_so(world: World, browse: Browse):
    async with browse("asha") as browser:
        form = await browser.get(COMPLAIN)
        refused = await browser.post(COMPLAIN, data=filled_in(form, **COMPLAINT))
        listed = await browser.get("/my/departments")

    assert "consent" in " ".join(words(refused, ".problem, .bad, [role=alert]")).lower()
    assert words(listed, "ul.cards > li") == []


async def test_what_does_not_fit_is_told_at_its_field_and_stays_written(world: World, browse: Browse):
    await grant_consent(world.environment, CITIZEN, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "yes"))
    async with browse("asha") as browser:
        form = await browser.get(COMPLAIN)
        page = await browser.post(COMPLAIN, data=filled_in(form, **{**COMPLAINT, "place": "Clock Tower"}))

    [field] = html.fromstring(page.text).cssselect('[name="input.inputs.place"]')
    assert (field.get("value"), field.get("aria-invalid")) == ("Clock Tower", "true")


async def test_a_call_that_no_system_has_offers_no_form(browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get("/my/departments/smart_city/horse")

    assert words(page, "p.note") == ["Nothing can be sent here at this moment."]
