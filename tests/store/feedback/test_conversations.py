"""Conversations and their lines, on both databases: one is open, a line is kept once and sent once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.feedback.conversations import Conversation, ConversationLine, ConversationState, LineAuthor
from domain.feedback.messages import MessageChannel, MessageState
from domain.kernel import ManualClock, Problems
from store.database import Store, Transaction, VersionConflict
from store.feedback import conversations
from store.identity import people
from tests.store.builders import citizen, officer
from tests.support.databases import NOW

NUMBER = "919812345678"
MINUTE = timedelta(minutes=1)


async def opened(tx: Transaction, key: str = "v1", address: str = NUMBER) -> Conversation:
    return await conversations.open_conversation(
        tx, conversation_id=key, channel=MessageChannel.WHATSAPP, address=address
    )


def line(key: str, **changes) -> ConversationLine:
    plain = ConversationLine(key, "v1", LineAuthor.CITIZEN, "मेरी स्थिति", NOW, provider_id=f"wamid.{key}")
    return replace(plain, **changes)


def going_out(key: str, seconds: int) -> ConversationLine:
    at = NOW + timedelta(seconds=seconds)
    states = {"state": MessageState.CREATED, "send_at": NOW, "provider_id": None}
    return line(key, author=LineAuthor.SERVICE, at=at, extras={"buttons": ["a"]}, **states)


async def test_an_address_has_one_conversation_until_it_is_closed(store: Store):
    async with store.write_transaction() as tx:
        first = await opened(tx)
        again = await opened(tx, "v2")
        other = await opened(tx, "v3", "919812345679")
        await conversations.close(tx, first)
        after = await opened(tx, "v4")

    assert (first.id, again.id, other.id, after.id) == ("v1", "v1", "v3", "v4")
    assert first.address == NUMBER


async def test_what_the_gateway_remembers_is_kept_for_one_who_saw_the_last_version(store: Store):
    async with store.write_transaction() as tx:
        first = await opened(tx)
        kept = await conversations.save(tx, replace(first, engine={"step": "MENU"}), first.version)

        assert (await conversations.get(tx, "v1")) == kept
        with pytest.raises(VersionConflict):
            await conversations.save(tx, first, first.version)


async def test_a_step_in_a_conversation_takes_no_time_of_writing_back_that_came_meanwhile(store: Store):
    async with store.write_transaction() as tx:
        seen = await opened(tx)
        await conversations.add_line(tx, line("l1", at=NOW + MINUTE))
        await conversations.hand_over(tx, seen)

        held = await conversations.get(tx, "v1")

    assert held is not None
    assert held.heard_at == NOW + MINUTE


async def test_a_line_is_kept_once_and_tells_when_the_citizen_wrote_last(store: Store):
    async with store.write_transaction() as tx:
        await opened(tx)
        assert await conversations.add_line(tx, line("l1", at=NOW + MINUTE))
        assert not await conversations.add_line(tx, line("l2", provider_id="wamid.l1", at=NOW + 2 * MINUTE))
        assert await conversations.add_line(tx, line("l3", at=NOW))

        held = await conversations.get(tx, "v1")
        lines = await conversations.lines_of("v1").page(tx, limit=10)

    assert held is not None
    assert held.heard_at == NOW + MINUTE
    assert [(one.id, one.text) for one in lines] == [("l3", "मेरी स्थिति"), ("l1", "मेरी स्थिति")]


async def test_the_helpline_sees_what_was_handed_over_and_is_not_closed(store: Store):
    async with store.write_transaction() as tx:
        await people.add_officer(tx, officer("o1"))
        mine = await conversations.hand_over(tx, await opened(tx))
        await opened(tx, "v2", "919812345679")
        assert [one.id for one in await conversations.of_helpline().page(tx, limit=10)] == ["v1"]

        taken = await conversations.take(tx, mine, "o1")
        closed = await conversations.close(tx, taken)
        assert await conversations.of_helpline().page(tx, limit=10) == []

    assert (mine.state, taken.officer_id) == (ConversationState.WITH_HELPLINE, "o1")
    assert closed.state is ConversationState.CLOSED
    with pytest.raises(Problems):
        closed.take("o2")


async def test_lines_go_out_in_order_and_each_is_given_once(store: Store, store_clock: ManualClock):
    async with store.write_transaction() as tx:
        await opened(tx)
        await conversations.add_line(tx, going_out("l1", 1))
        await conversations.add_line(tx, going_out("l2", 2))

        [(held, first)] = await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, MINUTE)
        assert (held.address, first.id, first.extras) == (NUMBER, "l1", {"buttons": ["a"]})
        assert await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, MINUTE) == []
        assert await conversations.begin_line(tx, first)
        assert not await conversations.begin_line(tx, first)
        assert await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, MINUTE) == []

        assert await conversations.move_line(tx, first, MessageState.SENT, provider_id="wamid.out")
        [(_, second)] = await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, MINUTE)
        assert second.id == "l2"
        found = await conversations.line_of(tx, "wamid.out")
        assert found is not None
        assert not await conversations.move_line(tx, found, MessageState.SENT)


async def test_a_line_whose_answer_is_lost_holds_the_next_one_up_for_a_while(store: Store, store_clock: ManualClock):
    async with store.write_transaction() as tx:
        await opened(tx)
        await conversations.add_line(tx, going_out("l1", 1))
        await conversations.add_line(tx, going_out("l2", 2))
        [(_, first)] = await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, MINUTE)
        await conversations.begin_line(tx, first)
    store_clock.advance(MINUTE)
    async with store.write_transaction() as tx:
        assert [one.id for _, one in await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, MINUTE)] == ["l2"]


async def test_old_conversations_go_with_their_lines(store: Store):
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        await opened(tx)
        await conversations.add_line(tx, line("l1"))
        await conversations.forget_before(tx, NOW)
        assert await conversations.get(tx, "v1") is not None
        await conversations.forget_before(tx, NOW + MINUTE)
        assert await conversations.get(tx, "v1") is None
        assert await conversations.lines_of("v1").count(tx) == 0
