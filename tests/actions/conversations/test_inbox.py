"""The inbox of WhatsApp: whose number it is, and what cannot be worked on holds nobody up."""

from datetime import timedelta

import pytest

from actions.conversations.inbox import CLAIMED, MOST_TRIES, WhatsAppInbox, work_inbox
from integrations.whatsapp import Incoming
from store.feedback import whatsapp_consents, whatsapp_notices
from store.identity import people
from tests.support.actions import World
from tests.support.chats import Chat, agrees, has_number, whatsapp_of

HER = "6512345678"


@pytest.fixture
async def chat(world: World, tmp_path):
    """Asha agreed in a session, and writes from her number."""
    await has_number(world, world.asha, HER)
    await agrees(world, world.asha)
    with whatsapp_of(world, tmp_path) as sandbox:
        yield Chat(world, sandbox, HER)


async def agreed(chat: Chat) -> bool:
    async with chat.world.env.store.read_transaction() as tx:
        [asha] = (await people.citizens(tx, [chat.world.asha.person_id])).values()
        return (await whatsapp_consents.of_citizens(tx, [asha]))[asha.id].given


async def keep_broken(chat: Chat) -> None:
    """Keep what another release may have written otherwise; it is the oldest."""
    now = chat.world.clock.now()

    async def keep(tx) -> None:
        await whatsapp_notices.keep(tx, "broken", {"kind": "Incoming", "at": now.isoformat()}, None, now)

    await chat.world.env.store.carry_out(keep)


@pytest.mark.parametrize(("sender", "stops"), [(f"91{HER}", True), (HER, False), (f"0{HER}", False)])
async def test_only_a_number_with_the_code_of_india_is_hers(chat, sender, stops):
    """+65 1234 5678 of Singapore has the digits of her number."""
    told = Incoming("wamid.1", sender, chat.world.clock.now(), "STOP")
    await WhatsAppInbox(chat.world.env).keep([told])
    await work_inbox(chat.world.env)

    assert await agreed(chat) is not stops


async def test_a_tap_that_nobody_offered_is_worked_on_like_any(chat):
    await chat.hear(choice="answer:district:more:x")

    async with chat.world.env.store.read_transaction() as tx:
        assert not await whatsapp_notices.is_due(tx)


async def test_a_notice_that_cannot_be_worked_on_holds_up_no_other(chat):
    await keep_broken(chat)
    chat.world.clock.advance(timedelta(seconds=10))
    await chat.sandbox.act("say", {"mobile": HER, "text": "STOP"})
    with pytest.raises(KeyError):
        await work_inbox(chat.world.env)

    assert not await agreed(chat)


async def test_a_notice_that_cannot_be_worked_on_is_given_up(chat):
    await keep_broken(chat)
    for _ in range(MOST_TRIES):
        with pytest.raises(KeyError):
            await work_inbox(chat.world.env)
        chat.world.clock.advance(CLAIMED)
    await work_inbox(chat.world.env)

    async with chat.world.env.store.read_transaction() as tx:
        assert not await whatsapp_notices.is_due(tx)
