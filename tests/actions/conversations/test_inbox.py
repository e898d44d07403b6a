"""The inbox of WhatsApp: whose number it is, and what cannot be worked on holds nobody up."""

from datetime import timedelta

import pytest

from actions.conversations.inbox import CLAIMED, MOST_TRIES, WhatsAppInbox, work_inbox
from domain.feedback.messages import MessageState
from integrations.whatsapp import Incoming, Receipt
from store.feedback import whatsapp_consents, whatsapp_notices
from store.feedback.whatsapp_notices import NewNotice
from store.identity import people
from tests.support.actions import World
from tests.support.chats import Chat, agrees, has_number, whatsapp_of
from tests.support.plans import statements_of

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
        await whatsapp_notices.keep(tx, [NewNotice("broken", {"kind": "Incoming", "at": now.isoformat()}, None, now)])

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


@pytest.mark.parametrize("many", [1, 300])
async def test_what_a_webhook_brings_is_kept_by_one_statement(chat, many):
    now = chat.world.clock.now()
    told = [Receipt(f"wamid.{number}", "sent", now, MessageState.SENT) for number in range(many)]
    with statements_of(chat.world.env.store) as statements:
        kept = await WhatsAppInbox(chat.world.env).keep(told)

    assert kept == many
    assert len([one for one in statements if "INSERT INTO whatsapp_notices" in one]) == 1


async def test_what_a_webhook_tells_twice_is_kept_once(chat):
    told = Incoming("wamid.1", f"91{HER}", chat.world.clock.now(), "STOP")

    assert await WhatsAppInbox(chat.world.env).keep([told, told]) == 1
    assert await WhatsAppInbox(chat.world.env).keep([told]) == 0


@pytest.mark.parametrize("webhooks", [1, 2], ids=["in one webhook", "in two webhooks"])
async def test_of_one_second_the_order_is_that_in_which_it_came(chat, webhooks):
    """STOP and START in the same second, whose hashes are in the other order in about every second pair."""
    now = chat.world.clock.now()
    for number in range(12):
        stop = Incoming(f"wamid.{number}.1", f"91{HER}", now, "STOP")
        start = Incoming(f"wamid.{number}.2", f"91{HER}", now, "START")
        for told in [[stop, start]] if webhooks == 1 else [[stop], [start]]:
            await WhatsAppInbox(chat.world.env).keep(told)
            chat.world.clock.advance(timedelta(milliseconds=20))
        while await work_inbox(chat.world.env):
            pass

        assert await agreed(chat), number


async def test_reports_are_noted_by_as_many_statements_for_many_as_for_few(chat):
    async def cost(many: int) -> int:
        now = chat.world.clock.now()
        told = [Receipt(f"wamid.{many}.{number}", "sent", now, MessageState.SENT) for number in range(many)]
        await WhatsAppInbox(chat.world.env).keep(told)
        with statements_of(chat.world.env.store) as statements:
            assert await work_inbox(chat.world.env) == many
        return len(statements)

    assert await cost(400) == await cost(2)


async def test_a_report_that_cannot_be_read_holds_up_the_others_for_one_round_alone(chat):
    await keep_broken(chat)
    now = chat.world.clock.now()
    await WhatsAppInbox(chat.world.env).keep([Receipt("wamid.1", "sent", now, MessageState.SENT)])
    for _ in range(2):
        with pytest.raises(KeyError):
            await work_inbox(chat.world.env)
        chat.world.clock.advance(CLAIMED)

    async with chat.world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(whatsapp_notices.notices_table.select())).all()
    assert sorted(row.due_at is None for row in rows) == [False, True]
