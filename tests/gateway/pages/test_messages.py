"""How messages come, on her page; whether they reached her, on the page of the officer who decides."""

from dataclasses import replace

import pytest
from lxml import html

from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from domain.feedback.messages import MessageSettings
from domain.feedback.notices import NoticeKind, Topic
from domain.feedback.whatsapp import TemplateState
from domain.kernel import SYSTEM
from states.message_texts import document_of_file
from states.packages import state_folder
from store.feedback import messages, whatsapp_templates
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import post, powers  # noqa: F401 - a fixture
from tests.gateway.pages.test_site import form_of
from tests.support.graph import CITIZEN, World
from tests.support.messages import carry_messages, words
from tests.support.phones import Phones, with_phones

MESSAGES = "/my/messages"


@pytest.fixture
def world(world: World) -> World:
    """SMS is connected, with the texts of the state's package."""
    return replace(world, environment=with_phones(world.environment, Phones()))


async def chosen(world: World) -> MessageSettings:
    async with world.environment.store.read_transaction() as tx:
        return (await messages.settings_of(tx, [CITIZEN.person_id or ""]))[CITIZEN.person_id or ""]


async def test_she_chooses_channels_hours_and_language_by_a_form(world: World, browse: Browse):
    async with browse("asha", "en") as browser:
        page = await browser.get(MESSAGES)
        form = form_of(page.text, "ChooseMyMessageSettings")
        fields = form | {"input.channels": "", "input.quietFrom": "22", "input.quietUntil": "7", "input.language": "EN"}
        answer = await browser.post(MESSAGES, data=fields)

    assert answer.status_code == 303
    assert await chosen(world) == MessageSettings((), 22, 7)


async def test_the_officer_sees_by_which_channel_a_notice_went_and_no_number(world: World, browse: Browse):
    application = await world.submit()
    about = About(Topic.APPLICATION, application.id, application.citizen_id, application.id, "query")
    async with world.environment.store.write_transaction() as tx:
        await tell(UnitOfWork(world.environment, tx, SYSTEM), NoticeKind.QUERY_RAISED, about, number=application.number)
    await carry_messages(world.environment, words)
    async with browse("anita", "en") as browser:
        page = html.fromstring((await browser.get(f"/desk/cases/{application.number}")).text)

    told = page.get_element_by_id("notices").getnext().text_content()
    assert "SMS: " in told
    assert "98" not in told


async def test_a_text_is_shown_on_every_channel_proposed_and_waits_for_a_second_administrator(
    powers: World,  # noqa: F811 - the fixture
    browse: Browse,
):
    document = document_of_file(state_folder() / "messages" / "QUERY_RAISED.json")
    async with browse("admin", "en") as browser:
        shown = html.fromstring((await browser.get("/staff/texts")).text).text_content()
        await post(
            browser,
            "/staff/texts",
            "ProposeStaffText",
            event="QUERY_RAISED",
            publishOn="2027-01-01",
            document=document,
        )
        own = await post(browser, "/staff/texts", "ConfirmStaffText", confirm="true")

    for said in ("apk_query_raised_v1", "UKAS 20261 234567890", "स्थिति देखें", "There is a new message for you."):
        assert said in shown
    assert own.status_code == 422
    assert "Another officer" in html.fromstring(own.text).text_content()


async def test_a_text_that_breaks_a_rule_is_refused_at_its_field(powers, browse: Browse):  # noqa: F811 - the fixture
    async with browse("admin", "en") as browser:
        page = await post(
            browser, "/staff/texts", "ProposeStaffText", event="QUERY_RAISED", publishOn="2027-01-01", document="{}"
        )

    assert page.status_code == 422
    assert "This text is refused: QUERY_RAISED: variables" in html.fromstring(page.text).text_content()


async def test_an_administrator_sends_a_test_message_and_is_told_that_the_provider_took_it(
    powers: World,  # noqa: F811 - the fixture
    browse: Browse,
):
    async with browse("admin", "en") as browser:
        done = await post(browser, "/staff/texts", "TestStaffChannel", channel="SMS", to="9811122233", language="HI")
        page = html.fromstring((await browser.get(done.headers["location"])).text)

    assert page.cssselect(".good")[0].text_content() == "The provider took the test message. See whether it arrives."


async def test_an_administrator_sees_what_whatsapp_said_of_the_number(
    powers: World,  # noqa: F811 - the fixture
    browse: Browse,
):
    async with powers.environment.store.write_transaction() as tx:
        now = powers.environment.clock.now()
        await whatsapp_templates.note(tx, [TemplateState("911352000000", "", now, "FLAGGED", "RED")])
    async with browse("admin", "en") as browser:
        page = html.fromstring((await browser.get("/staff/texts")).text)

    [said] = page.cssselect("#whatsapp + ul li")
    assert "Needs attention: 911352000000: FLAGGED, RED" in " ".join(said.text_content().split())
