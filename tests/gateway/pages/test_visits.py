"""Doorstep visits by pages: the agent's round on a telephone, and another time that the citizen chooses."""

import pytest
from lxml import html

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import SubmitApplication, submit_application
from actions.certificates.issue import issue_certificate
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.doorstep import DoorstepAgent
from domain.kernel import Bilingual, Operator, PersonKind, Role, Subject
from store import doorstep
from store.applications.application_rows import APPLICATIONS
from store.identity import people
from tests.gateway.pages import conftest
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_citizen import summary
from tests.gateway.pages.test_site import form_of
from tests.support.actions import FakeRenderer
from tests.support.definitions import clearance_of, give_steps
from tests.support.graph import CITIZEN, OFFICER, PAPERS, World

DOOR = Bilingual(None, "Door")
AGENT = Subject(frozenset({Role.DOORSTEP_AGENT}), PersonKind.OPERATOR, "01930000-0000-7000-8000-0000000000c1")


@pytest.fixture
async def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Application:
    """A certificate of Asha that waits to be brought to her door, and Mohan, who brings it."""
    env = world.environment
    answers = {"village": "Raipur", "purpose": "school"}
    request = SubmitApplication("ES09", "49", "304", Channel.WEB, DeliveryMode.DOORSTEP, answers, PAPERS, "k")
    application = (await submit_application(env, CITIZEN, request))[0]
    await world.approve(application)
    await issue_certificate(env, application.id, FakeRenderer())
    agent = Operator(AGENT.person_id, Bilingual("मोहन", "Mohan"), "CSC-9", DOOR, "49", None)
    async with env.store.write_transaction() as tx:
        await people.add_operator(tx, agent)
        await doorstep.add_agent(tx, DoorstepAgent(agent.id, "49", None))
    monkeypatch.setitem(conftest.PEOPLE, "mohan", AGENT)
    return application


async def book(browse: Browse, case: Application) -> str:
    """The address of the page on which Asha chose the first time that was free."""
    async with browse("asha") as browser:
        page = await browser.get(f"/my/applications/{case.number}")
        (address,) = {one.get("href") for one in html.fromstring(page.text).cssselect('a[href*="/visit?"]')}
        shown = await browser.get(address)
        first = html.fromstring(shown.text).cssselect("select option[value]:not([value=''])")[0].get("value")
        done = await browser.post(address, data={**form_of(shown.text, "BookMyVisit"), "input.slot": first})
    assert done.status_code == 303
    return str(done.headers["location"])


async def open_visit(browser):
    """The page of the first visit of the round."""
    listed = html.fromstring((await browser.get("/counter/visits")).text)
    return await browser.get(listed.cssselect("ul.cards h3 a")[0].get("href"))


async def send(browser, page, form: str, **typed: str):
    """Fill in a form of a page and send it."""
    fields = form_of(page.text, form) | {f"input.{name}": text for name, text in typed.items()}
    return await browser.post(str(page.url), data=fields)


async def code_of(browse: Browse, case: Application) -> str:
    """The six digits that Asha reads on her page."""
    async with browse("asha") as browser:
        page = await browser.get(f"/my/applications/{case.number}")
    return html.fromstring(page.text).xpath("//li/strong[string-length(.) = 6]")[0].text


async def status_of(world: World, case: Application) -> Status:
    async with world.environment.store.read_transaction() as tx:
        return (await APPLICATIONS.get(tx, case.id)).status


async def test_an_agent_brings_a_certificate_by_the_six_digits(world: World, browse: Browse, case: Application):
    await book(browse, case)

    async with browse("mohan") as browser:
        await send(browser, await open_visit(browser), "CounterSetOut")
        page = await open_visit(browser)
        done = await send(browser, page, "CounterHandOverVisit", otp=await code_of(browse, case))
        round_ = await browser.get(done.headers["location"])

    assert await status_of(world, case) is Status.DELIVERED
    assert "No visit is to be made" in round_.text


async def test_the_round_is_listed_by_day_with_what_the_way_needs(browse: Browse, case: Application):
    await book(browse, case)

    async with browse("mohan") as browser:
        home = await browser.get("/counter")
        page = await browser.get("/counter/visits")

    assert 'href="/counter/visits"' in home.text
    assert html.fromstring(page.text).cssselect("h2")
    (card,) = html.fromstring(page.text).cssselect("ul.cards li")
    assert card[0].text_content() == "Asha Negi"
    assert "Raipur" in " ".join(card.itertext()).replace(",", "").split()


async def test_a_wrong_code_stands_at_its_field_and_the_visit_is_still_open(browse: Browse, case: Application):
    await book(browse, case)

    async with browse("mohan") as browser:
        await send(browser, await open_visit(browser), "CounterSetOut")
        answer = await send(browser, await open_visit(browser), "CounterHandOverVisit", otp="12345")

    assert answer.status_code == 422
    assert summary(answer) == ["#q-otp"]


async def test_a_failed_visit_names_its_reason(browse: Browse, case: Application):
    await book(browse, case)

    async with browse("mohan") as browser:
        await send(browser, await open_visit(browser), "CounterSetOut")
        await send(browser, await open_visit(browser), "CounterFailVisit", reason="NOBODY_HOME")
    async with browse("asha") as browser:
        page = await browser.get(f"/my/applications/{case.number}")

    assert "Nobody was at home" in page.text


async def test_a_citizen_moves_her_visit_to_another_time(browse: Browse, case: Application):
    await book(browse, case)

    async with browse("asha") as browser:
        page = await browser.get(f"/my/applications/{case.number}")
        (address,) = html.fromstring(page.text).xpath('//li/p/a[contains(@href, "/visit?")]/@href')
        shown = await browser.get(address)
        last = html.fromstring(shown.text).cssselect("select option")[-1].get("value")
        done = await send(browser, shown, "MoveMyVisit", slot=last)
        page = await browser.get(done.headers["location"])

    assert "The visit is moved." in page.text
    assert "Moved to another slot" in page.text


async def test_a_round_without_visits_says_when_one_appears(browse: Browse, case: Application):
    async with browse("mohan", language="hi") as browser:
        page = await browser.get("/counter/visits")

    assert "कोई दौरा बाकी नहीं है" in page.text


async def test_an_officer_gives_a_visit_to_another_agent(world: World, browse: Browse, case: Application):
    await book(browse, case)
    async with world.environment.store.write_transaction() as tx:
        other = Operator("01930000-0000-7000-8000-000000000777", Bilingual(None, "Sohan"), "CSC-8", DOOR, "49", None)
        await people.add_operator(tx, other)
        await doorstep.add_agent(tx, DoorstepAgent(other.id, "49", None))

    async with browse("anita") as browser:
        page = await browser.get(f"/desk/cases/{case.number}")
        (option,) = html.fromstring(page.text).xpath('//select[@name="input.agentId"]/option[text()="Sohan"]/@value')
        done = await send(browser, page, "AssignCaseVisit", agentId=option)
        again = await browser.get(done.headers["location"])

    assert "Sohan" in html.fromstring(again.text).xpath('string(//h2[@id="doorstep"]/following-sibling::ul[1])')


async def submit(world: World) -> Application:
    request = SubmitApplication("ES09", "49", "304", Channel.WEB, DeliveryMode.PORTAL, {"village": "R"}, PAPERS, "i")
    return (await submit_application(world.environment, CITIZEN, request))[0]


@pytest.fixture
async def in_the_field(world: World) -> Application:
    """A case of Asha's that was sent for its inspection."""
    env = world.environment
    await give_steps(env.store, "SCRUTINY", "INSPECTION", "ISSUE", code="ES09")
    application = await submit(world)
    sent = Decide(application.id, Verdict.SEND_FOR_VERIFICATION, "send")
    return (await decide_application(env, OFFICER, sent))[0]


async def fix(browse: Browse, who: str, page: str) -> str:
    """The place to which one is led who took the first slot of an inspection."""
    async with browse(who) as browser:
        shown = html.fromstring((await browser.get(page)).text)
        (address,) = {one.get("href") for one in shown.cssselect('a[href*="purpose=INSPECTION"]')}
        slots = await browser.get(address)
        first = html.fromstring(slots.text).cssselect("select option[value]:not([value=''])")[0].get("value")
        done = await browser.post(address, data={**form_of(slots.text, "BookMyVisit"), "input.slot": first})
    assert done.status_code == 303
    return str(done.headers["location"])


async def test_a_citizen_chooses_when_the_officer_comes_to_inspect(browse: Browse, in_the_field: Application):
    page = f"/my/applications/{in_the_field.number}"

    assert page in await fix(browse, "asha", page)

    async with browse("asha") as browser:
        shown = html.fromstring((await browser.get(page)).text)
    assert shown.cssselect('a[href*="purpose=INSPECTION"][href*="visit="]')


@pytest.mark.parametrize(("who", "place"), [("asha", "/my/applications"), ("anita", "/desk/cases")])
async def test_no_inspection_is_offered_before_the_clearance_that_comes_first(
    browse: Browse, world: World, who: str, place: str
):
    clearance = clearance_of("social-welfare-development")
    await give_steps(world.environment.store, "SCRUTINY", clearance, "INSPECTION", "ISSUE", code="ES09")
    application = await submit(world)
    assert application.status is Status.IN_VERIFICATION

    async with browse(who) as browser:
        page = await browser.get(f"{place}/{application.number}")

    assert page.status_code == 200
    assert "purpose=INSPECTION" not in page.text


async def test_an_officer_fixes_an_inspection_and_may_move_it_or_say_that_she_cannot_come(
    browse: Browse, in_the_field: Application
):
    page = f"/desk/cases/{in_the_field.number}"

    assert page in await fix(browse, "anita", page)

    async with browse("anita") as browser:
        shown = await browser.get(page)
        assert html.fromstring(shown.text).cssselect(f'a[href*="{page}/inspection"][href*="visit="]')
        failed = await send(browser, shown, "FailCaseInspection", reason="AGENT_UNABLE")
        again = html.fromstring((await browser.get(page)).text)
    assert failed.status_code == 303
    assert again.cssselect(f'a[href*="{page}/inspection"]:not([href*="visit="])')
