"""Notices are carried by SMS: once each, in order, outside of quiet hours, with states that only move on."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from actions.feedback.messages import (
    carry_messages,
    choose_message_settings,
    look_after_messages,
    plan_messages,
    send_messages,
)
from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from domain.feedback.messages import Message, MessageChannel, MessageState
from domain.feedback.notices import NoticeKind, Topic
from domain.kernel import IST, SYSTEM, ErrorCode, Language, Problems, Source, TemporarilyUnavailable
from integrations.calling.errors import NotLetIn, Refused, Unavailable
from store.feedback import messages
from store.feedback.messages import messages_table
from store.identity import people
from tests.support.actions import World
from tests.support.phones import Phones, with_phones

MOBILE = "9800000001"
DAY = datetime(2026, 11, 24, 11, tzinfo=IST)
SMS = MessageChannel.SMS


async def words(message: Message, language: Language) -> Mapping[str, str]:
    """What a text is filled with, whatever the notice."""
    return {"number": "UKAS 12345 67890", "appeal": "UKAP 12345 67890", "on": "05-12-2026", "at": "05-12-2026 11:00"}


@pytest.fixture
async def phones(world: World) -> Phones:
    """Asha has a telephone, SMS is connected, and it is day."""
    found = Phones()
    world.env = with_phones(world.env, found)
    world.clock.set(DAY)
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
        await people.update_citizen(tx, replace(asha, mobile=MOBILE, language=Language.HI))
    return found


async def told(world: World, kind: NoticeKind = NoticeKind.DELIVERED, event: str = "1") -> None:
    """She is told of an event."""
    about = About(Topic.APPLICATION, "A", world.asha.person_id or "", None, event)
    async with world.env.store.write_transaction() as tx:
        await tell(UnitOfWork(world.env, tx, SYSTEM), kind, about, number="UKAS1234567890")


async def carried(world: World) -> None:
    await carry_messages(world.env, words)


async def kept(world: World) -> list[Message]:
    async with world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(select(messages_table).order_by(messages_table.c.id))).all()
        return [messages.MESSAGES.read(tx, row) for row in rows]


async def states(world: World) -> list[MessageState]:
    return [each.state for each in await kept(world)]


def lost() -> Unavailable:
    return Unavailable(Source.SMS, "timed_out")


def not_taken() -> Unavailable:
    error = Unavailable(Source.SMS, "405")
    error.nothing_arrived = True
    return error


async def test_a_notice_comes_once_to_the_telephone_in_the_language_of_its_reader(world, phones):
    await told(world)
    await carried(world)
    await carried(world)

    assert phones.sent == [(MOBILE, "अपुणी सरकार: आवेदन UKAS 12345 67890: सेवा दे दी गई है।")]
    [one] = await kept(world)
    assert (one.state, one.provider, one.provider_id, one.segments) == (MessageState.SENT, "msdp", "id-1", 1)


async def test_where_no_channel_is_connected_a_notice_makes_no_message_now_or_later(world, phones):
    gateway = world.env.partners.sms
    world.env = replace(world.env, partners=replace(world.env.partners, sms=None))
    await told(world)
    await carried(world)
    world.env = replace(world.env, partners=replace(world.env.partners, sms=gateway))
    await carried(world)

    assert await kept(world) == []


async def test_a_message_whose_answer_was_lost_stays_sending_and_is_not_given_again(world, phones):
    phones.failures["msdp"] = lost()
    await told(world)
    await carried(world)
    phones.failures.clear()
    world.clock.advance(timedelta(hours=1))
    await carried(world)

    assert phones.by == ["msdp"]
    assert await states(world) == [MessageState.SENDING]


async def test_a_message_that_no_provider_took_is_given_again(world, phones):
    phones.failures["msdp"] = not_taken()
    await told(world)
    await carried(world)
    phones.failures.clear()
    world.clock.advance(timedelta(minutes=1))
    await carried(world)

    assert len(phones.sent) == 1
    assert [(each.state, each.attempts) for each in await kept(world)] == [(MessageState.SENT, 2)]


@pytest.mark.parametrize(
    ("error", "state"),
    [(Refused(Source.SMS, "414"), MessageState.FAILED), (NotLetIn(Source.SMS, "401"), MessageState.SENDING)],
)
async def test_a_number_that_can_never_be_reached_ends_it_and_our_own_fault_does_not(world, phones, error, state):
    error.nothing_arrived = isinstance(error, NotLetIn)
    phones.failures["msdp"] = error
    await told(world)
    await carried(world)

    assert await states(world) == [state]


async def test_messages_to_one_reader_go_one_after_the_other_and_a_later_one_waits(world, phones):
    phones.failures["msdp"] = not_taken()
    await told(world, NoticeKind.APPROVED)
    await told(world, NoticeKind.DELIVERED)
    await carried(world)

    assert await states(world) == [MessageState.SENDING, MessageState.CREATED]
    assert phones.by == ["msdp"]


async def test_in_quiet_hours_a_message_waits_for_the_morning(world, phones):
    world.clock.set(DAY.replace(hour=22))
    await told(world)
    await carried(world)
    assert await states(world) == [MessageState.CREATED]

    world.clock.set(DAY.replace(hour=8) + timedelta(days=1))
    await carried(world)
    assert len(phones.sent) == 1


async def test_who_wants_no_messages_is_told_so_by_the_state_but_gets_what_she_must_act_on(world, phones):
    await choose_message_settings(world.env, world.asha, channels=[], quiet_from=21, quiet_until=8, key="k")
    await told(world, NoticeKind.DELIVERED)
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)

    assert [(each.state, each.reason) for each in await kept(world)] == [
        (MessageState.NOT_SENT, "SWITCHED_OFF"),
        (MessageState.SENT, None),
    ]


async def test_without_a_number_nothing_goes_and_the_reason_says_so(world, phones):
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
        await people.update_citizen(tx, replace(asha, mobile=None))
    await told(world)
    await carried(world)

    assert [(each.state, each.reason) for each in await kept(world)] == [(MessageState.NOT_SENT, "NO_ADDRESS")]


async def test_what_cannot_be_read_now_is_read_again_and_was_given_to_nobody(world, phones):
    async def away(message: Message, language: Language) -> Mapping[str, str]:
        raise TemporarilyUnavailable

    await told(world)
    await carry_messages(world.env, away)
    assert phones.by == []

    world.clock.advance(timedelta(minutes=1))
    await carried(world)
    assert len(phones.sent) == 1


async def test_what_its_reader_may_not_see_is_not_sent(world, phones):
    async def hidden(message: Message, language: Language) -> None:
        return None

    await told(world)
    await carry_messages(world.env, hidden)

    assert [(each.state, each.reason) for each in await kept(world)] == [(MessageState.NOT_SENT, "NO_TEXT")]


async def test_the_provider_is_asked_after_a_minute_and_what_it_says_is_noted(world, phones):
    await told(world)
    await carried(world)
    await look_after_messages(world.env)
    assert await states(world) == [MessageState.SENT]

    phones.states["id-1"] = MessageState.DELIVERED
    world.clock.advance(timedelta(minutes=1))
    await look_after_messages(world.env)
    [one] = await kept(world)
    assert (one.state, one.look_at, one.next_at) == (MessageState.DELIVERED, None, None)


async def test_after_three_days_without_a_word_it_failed_for_now_and_a_late_word_still_counts(world, phones):
    await told(world)
    await carried(world)
    world.clock.advance(timedelta(hours=72))
    await look_after_messages(world.env)
    assert await states(world) == [MessageState.FAILED_FOR_NOW]

    async with world.env.store.write_transaction() as tx:
        [one] = await kept(world)
        assert await messages.move(tx, [one.id], MessageState.DELIVERED) == 1


@pytest.mark.parametrize("later", [MessageState.CREATED, MessageState.SENDING, MessageState.SENT, MessageState.FAILED])
async def test_a_delivered_message_never_goes_back(world, phones, later):
    await told(world)
    await carried(world)
    async with world.env.store.write_transaction() as tx:
        [one] = await kept(world)
        await messages.move(tx, [one.id], MessageState.DELIVERED)
        assert await messages.move(tx, [one.id], later) == 0


async def test_two_workers_at_once_send_a_message_once(world, phones):
    await told(world)
    await asyncio.gather(*(plan_messages(world.env) for _ in range(2)))
    await asyncio.gather(*(send_messages(world.env, words) for _ in range(2)))

    assert len(phones.sent) == 1


async def test_a_dead_sms_stands_before_no_other_effect_of_a_case(world, phones):
    phones.failures["msdp"] = Refused(Source.SMS, "414")
    case = await world.submit(world.asha)
    await told(world)
    await carried(world)

    async with world.env.store.read_transaction() as tx:
        rows: Any = (await tx.connection.exec_driver_sql("SELECT topic, application_id FROM outbox")).all()
    assert not [row for row in rows if row.topic.startswith("message")]
    assert case.id


async def test_a_choice_is_kept_and_changes_the_language(world, phones):
    request = {"channels": [SMS], "quiet_from": 22, "quiet_until": 7, "language": Language.EN}
    await choose_message_settings(world.env, world.asha, **request, key="k")
    _, replayed = await choose_message_settings(world.env, world.asha, **request, key="k")

    async with world.env.store.read_transaction() as tx:
        found = (await messages.settings_of(tx, [world.asha.person_id]))[world.asha.person_id]
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
    assert ((found.channels, found.quiet_from, found.quiet_until), asha.language) == (((SMS,), 22, 7), Language.EN)
    assert replayed


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"channels": [MessageChannel.WHATSAPP]}, ErrorCode.CHANNEL_NOT_CONNECTED),
        ({"quiet_from": 24}, ErrorCode.BAD_INPUT),
        ({"quiet_until": -1}, ErrorCode.BAD_INPUT),
    ],
)
async def test_a_choice_that_cannot_be_is_refused(world, phones, changed, code):
    request: dict[str, Any] = {"channels": [SMS], "quiet_from": 21, "quiet_until": 8, **changed}

    with pytest.raises(Problems) as refused:
        await choose_message_settings(world.env, world.asha, **request, key="k")
    assert [each.code for each in refused.value.problems] == [code]
