"""The helpline's conversations: who may read them, what is seen beside them, and how they are answered and closed."""

from datetime import timedelta

import pytest

from actions.feedback.conversations import (
    AnswerConversation,
    ConversationRequest,
    answer_conversation,
    close_conversation,
    read_conversation,
    take_conversation,
)
from actions.feedback.repeated_notices import AGAIN_AFTER, ResendNotice, resend_notice
from domain.feedback.conversations import Conversation, ConversationLine, ConversationState, LineAuthor
from domain.feedback.messages import MessageChannel, MessageState
from domain.feedback.notices import Notice, NoticeKind
from domain.kernel import Bilingual, ErrorCode, Officer, PersonKind, Posting, Problems, Role, Subject
from store.database import audit
from store.feedback import conversations, notices
from store.identity import accesses, people
from tests.support.actions import FREE, World

NUMBER = "919812345678"
DAY = timedelta(hours=24)


def answering(key: str) -> Subject:
    return Subject(frozenset({Role.HELPLINE}), PersonKind.OFFICER, key, (Posting(Role.HELPLINE),))


KAVITA, MOHAN = answering("kavita"), answering("mohan")


@pytest.fixture
async def world(peopled: World) -> World:
    """With two people at the helpline."""
    async with peopled.env.store.write_transaction() as tx:
        for one in (KAVITA, MOHAN):
            key, title = one.person_id or "", Bilingual("हेल्पलाइन", "Helpline")
            await people.add_officer(tx, Officer(key, Bilingual(None, key), title, f"{key}@x.example", one.postings))
    return peopled


async def talk(world: World, *, hers: bool = True, handed_over: bool = True) -> Conversation:
    """A conversation in which the citizen wrote now."""
    async with world.env.store.write_transaction() as tx:
        citizen_id = world.asha.person_id if hers else None
        found = await conversations.open_conversation(
            tx,
            conversation_id="v1",
            channel=MessageChannel.WHATSAPP,
            address=NUMBER,
            citizen_id=citizen_id,
        )
        line = ConversationLine("l1", "v1", LineAuthor.CITIZEN, "मुझे मदद चाहिए", world.clock.now(), "wamid.1")
        await conversations.add_line(tx, line)
        return await conversations.hand_over(tx, found) if handed_over else found


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[ErrorCode]:
    return [one.code for one in refused.value.problems]


async def test_the_helpline_reads_a_conversation_and_what_tracking_shows_of_the_applications(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    await talk(world)

    found, hers, told = await read_conversation(world.env, KAVITA, "v1")

    assert found.id == "v1"
    assert [(one.number, one.status) for one in hers] == [(case.number, case.status)]
    assert [(one.kind, one.application_id) for one in told] == [(NoticeKind.APPLICATION_ACKNOWLEDGED, case.id)]


async def told_notice(world: World) -> Notice:
    """The citizen was told of her application, long enough ago to be told again."""
    case = await world.submit(world.asha, FREE, idempotency_key="one")
    world.clock.advance(AGAIN_AFTER)
    async with world.env.store.read_transaction() as tx:
        [found] = (await notices.of_applications(tx, [case.id]))[case.id]
    return found


async def test_the_helpline_sends_a_notice_again_to_whose_conversation_it_has(world: World):
    notice = await told_notice(world)
    await talk(world)

    sent, _ = await resend_notice(world.env, KAVITA, ResendNotice(notice.id, "again"))

    assert (sent.kind, sent.citizen_id) == (notice.kind, world.asha.person_id)
    async with world.env.store.read_transaction() as tx:
        assert await audit.was_done(tx, "CONVERSATION", "v1", "notice.resend")


@pytest.mark.parametrize("state", ["OPEN", "CLOSED", "NONE"])
async def test_without_a_conversation_that_it_has_the_helpline_sends_nothing_again(world: World, state: str):
    notice = await told_notice(world)
    if state != "NONE":
        await talk(world, handed_over=state == "CLOSED")
    if state == "CLOSED":
        await close_conversation(world.env, KAVITA, ConversationRequest("v1", "close"))

    with pytest.raises(Problems) as refused:
        await resend_notice(world.env, KAVITA, ResendNotice(notice.id, "again"))
    assert codes(refused) == [ErrorCode.NOT_FOUND]


async def test_each_reading_leaves_a_receipt_for_the_citizen_and_an_audit_line(world: World):
    await talk(world)

    await read_conversation(world.env, KAVITA, "v1")

    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 10)
        read = await audit.was_done(tx, "CONVERSATION", "v1", "conversation.read")
    assert [(one.role, one.object_kind) for one in receipts] == [("HELPLINE", "CONVERSATION")]
    assert read


async def test_a_number_that_is_nobody_s_shows_no_application(world: World):
    await talk(world, hers=False)

    _, hers, _ = await read_conversation(world.env, KAVITA, "v1")

    assert hers == []


async def test_what_was_not_handed_over_is_not_there_for_the_helpline(world: World):
    await talk(world, handed_over=False)

    with pytest.raises(Problems) as refused:
        await read_conversation(world.env, KAVITA, "v1")

    assert codes(refused) == [ErrorCode.NOT_FOUND]


async def test_an_officer_who_decides_sees_no_conversation(world: World):
    await talk(world)

    with pytest.raises(Problems) as refused:
        await read_conversation(world.env, world.registrar, "v1")

    assert codes(refused) == [ErrorCode.NOT_FOUND]


async def test_an_answer_is_a_line_that_waits_for_the_channel_and_is_written_once(world: World):
    await talk(world)
    request = AnswerConversation("v1", "आपका आवेदन जाँच में है।", "k1")

    first, _ = await answer_conversation(world.env, KAVITA, request)
    _, replayed = await answer_conversation(world.env, KAVITA, request)

    async with world.env.store.write_transaction() as tx:
        claimed = await conversations.claim_lines(tx, MessageChannel.WHATSAPP, 10, DAY)
    assert (first.officer_id, replayed) == ("kavita", True)
    assert [(to.address, line.text, line.state) for to, line in claimed] == [
        (NUMBER, "आपका आवेदन जाँच में है।", MessageState.CREATED)
    ]


async def test_an_aadhaar_number_in_an_answer_is_masked(world: World):
    await talk(world)

    await answer_conversation(world.env, KAVITA, AnswerConversation("v1", "2345 6789 0124", "k1"))

    async with world.env.store.read_transaction() as tx:
        lines = await conversations.lines_of("v1").page(tx, limit=10)
    assert "6789" not in lines[-1].text


async def test_after_24_hours_without_a_word_an_answer_is_refused(world: World):
    await talk(world)
    world.clock.advance(DAY)

    with pytest.raises(Problems) as refused:
        await answer_conversation(world.env, KAVITA, AnswerConversation("v1", "नमस्ते", "k1"))

    assert codes(refused) == [ErrorCode.ANSWER_TOO_LATE]


async def test_a_colleague_answers_once_she_has_taken_it_over(world: World):
    await talk(world)
    await take_conversation(world.env, KAVITA, ConversationRequest("v1", "k1"))

    with pytest.raises(Problems) as refused:
        await answer_conversation(world.env, MOHAN, AnswerConversation("v1", "नमस्ते", "k2"))
    await take_conversation(world.env, MOHAN, ConversationRequest("v1", "k3"))
    answered, _ = await answer_conversation(world.env, MOHAN, AnswerConversation("v1", "नमस्ते", "k4"))

    assert codes(refused) == [ErrorCode.STEP_NOT_ALLOWED]
    assert answered.officer_id == "mohan"


async def test_a_closed_conversation_takes_no_answer(world: World):
    await talk(world)

    closed, _ = await close_conversation(world.env, KAVITA, ConversationRequest("v1", "k1"))
    with pytest.raises(Problems) as refused:
        await answer_conversation(world.env, KAVITA, AnswerConversation("v1", "नमस्ते", "k2"))

    assert closed.state is ConversationState.CLOSED
    assert codes(refused) == [ErrorCode.STEP_NOT_ALLOWED]


async def test_a_step_on_what_changed_meanwhile_is_a_conflict(world: World):
    seen = await talk(world)
    await take_conversation(world.env, MOHAN, ConversationRequest("v1", "k1"))

    with pytest.raises(Problems) as refused:
        await close_conversation(world.env, KAVITA, ConversationRequest("v1", "k2", seen.version))

    assert codes(refused) == [ErrorCode.CONFLICT]
