"""The helpline's pages: the queue, a conversation, and the forms that answer and close it, without a script."""

from dataclasses import replace

import pytest
from lxml import html

from actions.feedback.repeated_notices import AGAIN_AFTER
from domain.feedback.conversations import ANSWERED_WITHIN, ConversationLine, LineAuthor
from domain.feedback.messages import MessageChannel
from domain.kernel import Bilingual, Officer
from store.feedback import conversations
from store.identity import people
from tests.gateway.pages.conftest import HELPLINE, Browse
from tests.gateway.pages.test_office import send
from tests.support.graph import ASHA, World
from tests.support.messages import carry_messages, words
from tests.support.phones import Phones, with_phones

PAGE = "/desk/conversations/v1"


@pytest.fixture
async def world(world: World) -> World:
    """A citizen who applied asks the helpline by WhatsApp; SMS is connected too."""
    world = replace(world, environment=with_phones(world.environment, Phones()))
    await world.submit()
    async with world.environment.store.write_transaction() as tx:
        name, title = Bilingual("कविता बिष्ट", "Kavita Bisht"), Bilingual("हेल्पलाइन अधिकारी", "Helpline Officer")
        key = HELPLINE.person_id or ""
        await people.add_officer(tx, Officer(key, name, title, "kavita@officer.example", HELPLINE.postings))
        found = await conversations.open_conversation(
            tx,
            conversation_id="v1",
            channel=MessageChannel.WHATSAPP,
            address="919800000001",
            citizen_id=ASHA,
        )
        now = tx.clock.now()
        await conversations.add_line(tx, ConversationLine("l1", "v1", LineAuthor.CITIZEN, "पैसा कब आएगा?", now, "w1"))
        await conversations.hand_over(tx, found)
    return world


@pytest.mark.parametrize("language", ["hi", "en"])
async def test_the_desk_leads_to_the_queue_and_the_queue_to_the_conversation(
    world: World, browse: Browse, language: str
):
    async with browse("kavita", language) as browser:
        desk = await browser.get("/desk")
        queue = await browser.get("/desk/conversations")
        page = await browser.get(PAGE)

    assert html.fromstring(desk.text).cssselect('a[href="/desk/conversations"]')
    assert html.fromstring(queue.text).cssselect(f'a[href="{PAGE}"]')
    assert "पैसा कब आएगा?" in page.text


async def test_a_conversation_shows_numbers_and_states_and_nothing_of_the_person(world: World, browse: Browse):
    async with browse("kavita", "en") as browser:
        page = (await browser.get(PAGE)).text

    facts = html.fromstring(page).cssselect("#applications + ul li")
    assert len(facts) == 1
    assert "Asha" not in page
    assert "9800000001" not in page


async def test_an_answer_stands_among_the_messages_and_on_its_way(world: World, browse: Browse):
    async with browse("kavita", "en") as browser:
        done = await send(browser, PAGE, "AnswerDeskConversation", text="It is being looked at.")
        page = await browser.get(PAGE)

    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done=AnswerDeskConversation")
    assert "It is being looked at." in page.text
    assert "Kavita Bisht" in page.text


async def test_a_conversation_that_is_closed_leaves_the_queue(world: World, browse: Browse):
    async with browse("kavita", "en") as browser:
        await send(browser, PAGE, "TakeDeskConversation")
        done = await send(browser, PAGE, "CloseDeskConversation")
        queue = await browser.get("/desk/conversations")

    assert done.headers["location"] == "/desk/conversations?done=CloseDeskConversation"
    assert not html.fromstring(queue.text).cssselect(f'a[href="{PAGE}"]')


async def test_a_notice_that_did_not_arrive_is_sent_again_from_the_conversation(world: World, browse: Browse):
    await carry_messages(world.environment, words)
    world.environment.clock.advance(AGAIN_AFTER)
    async with browse("kavita", "en") as browser:
        done = await send(browser, PAGE, "ResendConversationNotice")
        page = html.fromstring((await browser.get(PAGE)).text)

    assert done.headers["location"] == f"{PAGE}?done=ResendConversationNotice"
    assert len(page.cssselect("#notices + ul li")) == 2


async def test_an_answer_that_comes_too_late_stands_at_its_field(world: World, browse: Browse):
    async with browse("kavita", "en") as browser:
        fields = await send(browser, PAGE, "TakeDeskConversation")
        assert fields.status_code == 303
        world.environment.clock.advance(ANSWERED_WITHIN)
        page = await send(browser, PAGE, "AnswerDeskConversation", text="Sorry for the delay.")

    assert page.status_code == 422
    assert "More than 24 hours" in page.text


@pytest.mark.parametrize("path", ["/desk/conversations", PAGE])
async def test_the_pages_of_the_helpline_are_not_there_for_an_officer_who_decides(
    world: World, browse: Browse, path: str
):
    async with browse("anita") as browser:
        page = await browser.get(path)

    assert page.status_code == 404
