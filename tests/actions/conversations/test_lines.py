"""Lines of a conversation on their way to WhatsApp: reported of by our name for them, and refused once."""

from datetime import timedelta

import pytest

from actions.certificates.certificate_endings import EndCertificate, revoke_certificate
from actions.certificates.content import RenderedCertificate
from actions.certificates.issue import issue_certificate
from actions.conversations.inbox import work_inbox
from actions.conversations.lines import AGAIN, FILE_GONE
from domain.certificates.certificates import EndGround
from domain.feedback.conversations import ConversationLine, LineAuthor
from domain.feedback.messages import MessageChannel, MessageState
from store.feedback import conversations
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.chats import Chat, agrees, has_number, whatsapp_of

LOSES_ANSWERS = "9000000109"


class LargeRenderer(FakeRenderer):
    """Makes documents that are too large for WhatsApp."""

    def render(self, content) -> RenderedCertificate:
        made = super().render(content)
        return RenderedCertificate(made.pdf + bytes(16_000_000), made.xml)


@pytest.fixture
async def chat(world: World, tmp_path):
    """Asha agreed in a session; the answers to what is sent to her number are lost."""
    await has_number(world, world.asha, LOSES_ANSWERS)
    await agrees(world, world.asha)
    with whatsapp_of(world, tmp_path) as sandbox:
        yield Chat(world, sandbox, LOSES_ANSWERS)


async def answers(chat: Chat) -> list[ConversationLine]:
    async with chat.world.env.store.write_transaction() as tx:
        held = await conversations.open_conversation(
            tx,
            conversation_id="none",
            channel=MessageChannel.WHATSAPP,
            address=f"91{chat.mobile}",
            citizen_id=chat.world.asha.person_id,
        )
        lines = await conversations.lines_of(held.id).page(tx, limit=20)
    return [one for one in lines if one.author is LineAuthor.SERVICE]


@pytest.mark.long
async def test_a_line_whose_answer_was_lost_is_delivered_by_its_report_and_not_sent_again(chat):
    came = await chat.say("नमस्ते")
    before = [one.state for one in await answers(chat)]
    chat.world.clock.advance(timedelta(seconds=5))
    await chat.sandbox.act("settle", {})
    again = await chat.work()

    assert (before, [one.state for one in await answers(chat)]) == ([MessageState.SENDING], [MessageState.DELIVERED])
    assert (len(came), again) == (1, [])


async def test_a_file_that_whatsapp_refuses_is_brought_there_once(chat):
    application = await chat.world.approved(chat.world.asha, FREE, chat.world.registrar)
    await issue_certificate(chat.world.env, application.id, LargeRenderer())
    await chat.hear(choice=f"certificate:{application.number}")
    chat.world.clock.advance(2 * AGAIN)
    await chat.work()

    [line] = await answers(chat)
    assert (line.state, line.reason) == (MessageState.FAILED, "131053")


async def test_a_certificate_that_was_revoked_meanwhile_does_not_go_out(chat):
    application = await chat.world.approved(chat.world.asha, FREE, chat.world.registrar)
    issued = await issue_certificate(chat.world.env, application.id, FakeRenderer())
    assert issued is not None
    await chat.sandbox.act("say", {"mobile": chat.mobile, "choice": f"certificate:{application.number}"})
    await work_inbox(chat.world.env)
    ending = EndCertificate(issued.id, EndGround.WRONG_FACTS, "Wrong", "r")
    await revoke_certificate(chat.world.env, chat.world.registrar, ending)
    await chat.work()

    [line] = await answers(chat)
    assert (line.state, line.reason) == (MessageState.NOT_SENT, FILE_GONE)
