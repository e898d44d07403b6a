"""Notices are carried by SMS: once each, in order, outside of quiet hours, with states that only move on."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from actions.feedback.message_outcomes import ASKED_AT_ONCE, CLAIMED_FOR_A_LOOK, LOOKED_AFTER, look_after_messages
from actions.feedback.message_planning import plan_messages
from actions.feedback.message_sending import FILLED_AT_ONCE, send_messages
from actions.feedback.message_settings import choose_message_settings
from actions.feedback.receipts import MessageReport, note_reports
from domain.feedback.messages import CRITICAL_AFTER, GIVEN_UP_AFTER, Message, MessageChannel, MessageState
from domain.feedback.notices import NoticeKind
from domain.kernel import ErrorCode, Language, Problems, Source, TemporarilyUnavailable
from integrations.calling.errors import NeverSent, NotAsked, NotLetIn, Refused, Unavailable
from integrations.sms import Sms, Taken
from integrations.sms.client import MSDP_REPORT
from store.database import Transaction
from store.feedback import messages, notices
from store.identity import people
from tests.support.actions import World
from tests.support.messages import DAY, MOBILE, SMS, carried, carry_messages, kept, states, told, words
from tests.support.phones import Phones, with_phones


def lost() -> Unavailable:
    return Unavailable(Source.SMS, "timed_out")


def not_taken() -> Unavailable:
    error = Unavailable(Source.SMS, "405")
    error.nothing_arrived = True
    return error


def sent_row(world: World, number: int) -> dict[str, Any]:
    """A message that a provider took, and that is to be looked after."""
    row = {"citizen_id": world.asha.person_id, "kind": "DELIVERED", "channel": SMS.value, "state": "SENT"}
    row |= {"created_at": DAY, "state_at": DAY, "attempts": 1, "looks": 0, "provider": "msdp", "look_at": DAY}
    return row | {"notice_id": f"n-{number}", "provider_id": "id"}


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


async def test_what_happened_three_days_ago_is_not_sent_any_more(world, phones):
    await told(world)
    world.clock.advance(GIVEN_UP_AFTER)
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


async def test_what_waits_for_the_morning_comes_at_once_when_its_reader_ends_the_quiet_hours(world, phones):
    world.clock.set(DAY.replace(hour=22))
    await told(world)
    await carried(world)
    await choose_message_settings(world.env, world.asha, channels=[SMS], quiet_from=0, quiet_until=0, key="awake")
    await carried(world)

    assert len(phones.sent) == 1


@pytest.mark.parametrize(("kind", "sent"), [(NoticeKind.NEW_DEVICE, 1), (NoticeKind.DELIVERED, 0)])
async def test_quiet_hours_that_are_chosen_ever_anew_keep_no_warning_back_for_more_than_fourteen(
    world, phones, kind, sent
):
    hours = {"channels": [SMS], "quiet_from": 10, "quiet_until": 0, "key": "first"}
    world.clock.set(DAY.replace(hour=10))
    await choose_message_settings(world.env, world.asha, **hours)
    await told(world, kind)
    await carried(world)
    world.clock.advance(timedelta(hours=13))
    await choose_message_settings(
        world.env, world.asha, **hours | {"quiet_from": 23, "quiet_until": 13, "key": "again"}
    )
    world.clock.advance(timedelta(hours=1))
    await carried(world)

    assert len(phones.sent) == sent


async def test_who_wants_no_messages_is_told_so_by_the_state_but_gets_what_she_must_act_on(world, phones):
    await choose_message_settings(world.env, world.asha, channels=[], quiet_from=21, quiet_until=8, key="k")
    await told(world, NoticeKind.DELIVERED)
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)

    assert [(each.state, each.reason) for each in await kept(world)] == [
        (MessageState.NOT_SENT, "SWITCHED_OFF"),
        (MessageState.SENT, None),
    ]


async def test_what_only_tells_that_a_case_goes_on_comes_by_sms_once_she_chose_sms(world, phones):
    await told(world, NoticeKind.CLEARANCE_ASKED, "1")
    await carried(world)
    assert await kept(world) == []

    await choose_message_settings(world.env, world.asha, channels=[SMS], quiet_from=21, quiet_until=8, key="k")
    await told(world, NoticeKind.CLEARANCE_ASKED, "2")
    await carried(world)
    assert await states(world) == [MessageState.SENT]


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.PAYMENT_ACCOUNT_CHANGED,
        NoticeKind.ACCOUNT_LINKED,
        NoticeKind.NEW_DEVICE,
        NoticeKind.ASSISTANCE_GIVEN,
        NoticeKind.APPLICATION_RECEIVED,
        NoticeKind.WITHDRAWN,
        NoticeKind.ORDER_IGNORED,
    ],
)
async def test_what_warns_of_acts_in_her_name_cannot_be_switched_off(world, phones, kind):
    await choose_message_settings(world.env, world.asha, channels=[], quiet_from=21, quiet_until=8, key="k")
    await told(world, kind)
    await plan_messages(world.env)

    assert await states(world) == [MessageState.CREATED]


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


async def test_of_a_large_batch_few_texts_are_read_at_once(world, phones):
    reading, most = 0, 0

    async def counted(message: Message, language: Language) -> Mapping[str, str]:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0)
        reading -= 1
        return await words(message, language)

    phones.per_second = 100.0
    readers = [replace(world.asha, person_id=f"many-{each}") for each in range(FILLED_AT_ONCE * 2)]
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
        for number, each in enumerate(readers):
            await people.add_citizen(tx, replace(asha, id=each.person_id, mobile=f"91{number:08d}"))
    for each in readers:
        await told(world, event=each.person_id, reader=each)
    await carry_messages(world.env, counted)

    assert len(phones.sent) == len(readers)
    assert most == FILLED_AT_ONCE


async def test_what_failed_on_its_way_to_the_provider_is_sent_a_minute_later(world, phones):
    async def broken(message: Message, language: Language) -> Mapping[str, str]:
        raise RuntimeError("the store is away")

    await told(world)
    await carry_messages(world.env, broken)
    world.clock.advance(timedelta(minutes=1))
    await carried(world)

    assert [(each.state, each.attempts) for each in await kept(world)] == [(MessageState.SENT, 1)]


async def test_who_reads_longer_than_the_claim_holds_does_not_send_what_another_has_sent(world, phones):
    async def slow(message: Message, language: Language) -> Mapping[str, str]:
        world.clock.advance(timedelta(minutes=2))
        await carried(world)
        return await words(message, language)

    await told(world)
    await carry_messages(world.env, slow)

    assert len(phones.sent) == 1


async def test_while_one_worker_waits_for_the_provider_another_sends_nothing_later_to_that_reader(world, phones):
    class Waiting(Phones):
        async def send_by(self, provider: str, sms: Sms) -> Taken:
            order.append(sms.text)
            await carried(world)
            return Taken(provider, sms.text)

    order: list[str] = []
    world.env = with_phones(world.env, Waiting())
    await told(world, NoticeKind.APPROVED, "1")
    await told(world, NoticeKind.DELIVERED, "2")
    await carried(world)
    assert len(order) == 1

    await carried(world)
    assert ["स्वीकृत" in text for text in order] == [True, False]


async def test_a_later_message_waits_half_a_minute_for_an_answer_that_was_lost(world, phones):
    phones.failures["msdp"] = lost()
    await told(world, NoticeKind.APPROVED, "1")
    await told(world, NoticeKind.DELIVERED, "2")
    await carried(world)
    phones.failures.clear()
    await carried(world)
    assert phones.sent == []

    world.clock.advance(timedelta(seconds=30))
    await carried(world)
    assert len(phones.sent) == 1


async def test_notices_are_taken_by_one_transaction_at_a_time(world, phones):
    async def take(tx: Transaction) -> None:
        await notices.take_to_send(tx, 1)

    await told(world, NoticeKind.APPROVED, "1")
    await told(world, NoticeKind.DELIVERED, "2")
    async with world.env.store.write_transaction() as tx:
        await take(tx)
        other = asyncio.create_task(world.env.store.carry_out(take))
        assert not (await asyncio.wait({other}, timeout=0.3))[0]
    await other


async def test_a_message_is_tried_five_times_and_then_failed_for_now(world, phones):
    phones.failures["msdp"] = not_taken()
    await told(world)
    for minutes in (0, 1, 5, 15, 30):
        assert await states(world) != [MessageState.FAILED_FOR_NOW]
        world.clock.advance(timedelta(minutes=minutes))
        await carried(world)

    assert len(phones.by) == 5
    assert await states(world) == [MessageState.FAILED_FOR_NOW]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (NotAsked(Source.SMS, "circuit_open", retry_after=20), 20),
        (NotAsked(Source.SMS, "crowded"), 60),
        (NotLetIn(Source.SMS, "403", retry_after=300), 300),
        (NeverSent(Source.SMS, "unreachable"), 60),
    ],
)
async def test_what_no_provider_heard_or_took_for_now_counts_as_no_try(world, phones, error, seconds):
    error.nothing_arrived = True
    phones.failures["msdp"] = error
    await told(world)
    for _ in range(8):
        await carried(world)
        world.clock.advance(timedelta(seconds=seconds))
    assert len(phones.by) == 8
    phones.failures.clear()
    await carried(world)

    assert [(each.state, each.attempts) for each in await kept(world)] == [(MessageState.SENT, 1)]


async def test_what_came_to_its_end_is_not_given_again(world, phones):
    await told(world)
    await carried(world)
    async with world.env.store.write_transaction() as tx:
        [one] = await kept(world)
        await messages.move(tx, [one.id], MessageState.DELIVERED)
        await messages.put_off(tx, [one.id], tx.clock.now())
        assert not await messages.begin(tx, [one], [], tx.clock.now())

    assert [(each.state, each.send_at) for each in await kept(world)] == [(MessageState.DELIVERED, None)]


async def test_what_waits_for_a_channel_that_is_not_connected_is_not_due(world, phones):
    await told(world)
    await plan_messages(world.env)
    async with world.env.store.read_transaction() as tx:
        due = [await messages.is_to_send(tx, each) for each in (SMS, MessageChannel.PUSH)]
        planned = not await messages.is_to_plan(tx)

    assert (due, planned) == ([True, False], True)


@pytest.mark.parametrize("before", [MessageState.CREATED, MessageState.SENDING])
async def test_a_message_that_arrived_ends_those_that_would_take_its_turn_or_be_repeated(world, phones, before):
    await told(world)
    await carried(world)
    [first] = await kept(world)
    row = {"notice_id": first.notice_id, "citizen_id": first.citizen_id, "kind": first.kind.value, "reason": None}
    row |= {"created_at": DAY, "state_at": DAY, "attempts": 0, "looks": 0, "state": before.value}
    ways = [{"channel": way.value, "send_at": DAY} for way in (MessageChannel.WHATSAPP, MessageChannel.EMAIL)]
    async with world.env.store.write_transaction() as tx:
        await messages.add_many(tx, [row | way for way in ways])
    phones.states["id-1"] = MessageState.DELIVERED
    world.clock.advance(timedelta(minutes=1))
    await look_after_messages(world.env)

    assert [(each.channel, each.state, each.reason) for each in await kept(world)] == [
        (SMS, MessageState.DELIVERED, None),
        (MessageChannel.WHATSAPP, MessageState.NOT_SENT, "ARRIVED_OTHERWISE"),
        (MessageChannel.EMAIL, before, None),
    ]


async def test_a_message_whose_try_is_under_way_when_another_channel_delivered_is_not_sent_again(world, phones):
    class Overtaken(Phones):
        async def send_by(self, provider: str, sms: Sms) -> Taken:
            self.by.append(provider)
            [sms_row] = await kept(world)
            other = {"notice_id": sms_row.notice_id, "citizen_id": sms_row.citizen_id, "kind": sms_row.kind.value}
            other |= {"channel": MessageChannel.WHATSAPP.value, "state": MessageState.SENT.value, "provider_id": "w-1"}
            other |= {"created_at": DAY, "state_at": DAY, "attempts": 1, "looks": 0, "provider": "whatsapp"}
            async with world.env.store.write_transaction() as tx:
                await messages.add_many(tx, [other])
            report = MessageReport("w-1", MessageState.DELIVERED, DAY)
            await world.env.store.carry_out(lambda tx: note_reports(tx, MessageChannel.WHATSAPP, [report]))
            raise not_taken()

    overtaken = Overtaken()
    world.env = with_phones(world.env, overtaken)
    await told(world)
    await carried(world)
    world.clock.advance(timedelta(minutes=1))
    await carried(world)

    assert overtaken.by == ["msdp"]
    assert [(each.channel, each.state, each.reason) for each in await kept(world)] == [
        (SMS, MessageState.NOT_SENT, "ARRIVED_OTHERWISE"),
        (MessageChannel.WHATSAPP, MessageState.DELIVERED, None),
    ]


async def test_the_turn_of_the_next_channel_is_not_put_off_by_a_repetition(world, phones):
    phones.failures["msdp"] = not_taken()
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)
    world.clock.advance(timedelta(minutes=1))
    await carried(world)

    [one] = await kept(world)
    assert (one.attempts, one.next_at) == (2, DAY.astimezone(UTC) + CRITICAL_AFTER)


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


async def test_an_enquiry_without_an_answer_counts_for_nothing_and_is_repeated(world, phones):
    await told(world)
    await carried(world)
    phones.failures["report"] = lost()
    world.clock.advance(timedelta(minutes=1))
    await look_after_messages(world.env)
    phones.failures.clear()
    phones.states["id-1"] = MessageState.DELIVERED
    world.clock.advance(timedelta(minutes=5))
    await look_after_messages(world.env)

    assert [(each.state, each.looks) for each in await kept(world)] == [(MessageState.DELIVERED, 0)]


async def test_more_messages_than_are_taken_at_once_are_looked_after_in_one_round(world, phones):
    async with world.env.store.write_transaction() as tx:
        many = range(LOOKED_AFTER + 1)
        await messages.add_many(tx, [sent_row(world, each) for each in many])
    phones.states["id"] = MessageState.DELIVERED

    assert await look_after_messages(world.env) == len(many)
    assert set(await states(world)) == {MessageState.DELIVERED}


async def test_a_worker_that_is_told_to_stop_asks_for_no_more_messages_and_leaves_the_rest_for_later(world, phones):
    class Ending(Phones):
        async def state_of(self, taken: Taken) -> MessageState | None:
            stopping.set()
            return await super().state_of(taken)

    stopping, ending = asyncio.Event(), Ending()
    world.env = with_phones(world.env, ending)
    many = ASKED_AT_ONCE * 2
    async with world.env.store.write_transaction() as tx:
        await messages.add_many(tx, [sent_row(world, each) for each in range(many)])
    ending.states["id"] = MessageState.DELIVERED
    await look_after_messages(world.env, stopping)
    assert ending.asked == ASKED_AT_ONCE

    world.clock.advance(CLAIMED_FOR_A_LOOK)
    await look_after_messages(world.env)
    assert set(await states(world)) == {MessageState.DELIVERED}


def test_what_is_claimed_for_a_look_is_asked_about_before_the_claim_ends():
    assert LOOKED_AFTER / ASKED_AT_ONCE * timedelta(seconds=MSDP_REPORT.total) < CLAIMED_FOR_A_LOOK


async def test_a_provider_that_cannot_be_asked_is_not_looked_after_before_its_time(world, phones):
    phones.providers = ("nic",)
    await told(world)
    await carried(world)
    [one] = await kept(world)
    assert one.look_at == one.created_at + GIVEN_UP_AFTER

    world.clock.advance(GIVEN_UP_AFTER)
    await look_after_messages(world.env)
    assert (phones.asked, await states(world)) == (0, [MessageState.FAILED_FOR_NOW])


async def test_before_a_message_is_given_up_its_provider_is_asked_once_more(world, phones):
    await told(world)
    await carried(world)
    phones.states["id-1"] = MessageState.DELIVERED
    world.clock.advance(GIVEN_UP_AFTER)
    await look_after_messages(world.env)

    assert await states(world) == [MessageState.DELIVERED]


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
    await asyncio.gather(*(send_messages(world.env, words, SMS) for _ in range(2)))

    assert len(phones.sent) == 1


async def test_a_choice_is_kept_and_changes_the_language(world, phones):
    request = {"channels": [SMS], "quiet_from": 22, "quiet_until": 7, "language": Language.EN}
    await choose_message_settings(world.env, world.asha, **request, key="k")
    _, replayed = await choose_message_settings(world.env, world.asha, **request, key="k")

    async with world.env.store.read_transaction() as tx:
        found = (await messages.settings_of(tx, [world.asha.person_id]))[world.asha.person_id]
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
    assert ((found.channels, found.quiet_from, found.quiet_until), asha.language) == (((SMS,), 22, 7), Language.EN)
    assert replayed


@pytest.mark.parametrize(("begins", "ends"), [(18, 8), (0, 14), (9, 9)])
async def test_quiet_hours_may_be_fourteen_hours_long(world, phones, begins, ends):
    request: dict[str, Any] = {"channels": [SMS], "quiet_from": begins, "quiet_until": ends}

    chosen, _ = await choose_message_settings(world.env, world.asha, **request, key="k")
    assert (chosen.quiet_from, chosen.quiet_until) == (begins, ends)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"channels": [MessageChannel.WHATSAPP]}, ErrorCode.CHANNEL_NOT_CONNECTED),
        ({"quiet_from": 24}, ErrorCode.BAD_INPUT),
        ({"quiet_until": -1}, ErrorCode.BAD_INPUT),
        ({"quiet_from": 0, "quiet_until": 23}, ErrorCode.QUIET_HOURS_TOO_LONG),
        ({"quiet_from": 18, "quiet_until": 9}, ErrorCode.QUIET_HOURS_TOO_LONG),
    ],
)
async def test_a_choice_that_cannot_be_is_refused(world, phones, changed, code):
    request: dict[str, Any] = {"channels": [SMS], "quiet_from": 21, "quiet_until": 8, **changed}

    with pytest.raises(Problems) as refused:
        await choose_message_settings(world.env, world.asha, **request, key="k")
    assert [each.code for each in refused.value.problems] == [code]
