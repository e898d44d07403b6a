"""Notices by WhatsApp: to who agreed, once, with its reports; a number that is not there gets them by SMS."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.feedback.whatsapp_checks import check_whatsapp
from actions.platform.alarms import readings
from domain.feedback.messages import MessageChannel, MessageState
from domain.feedback.whatsapp import NOT_THERE_FOR
from store.identity import people
from tests.support.actions import World
from tests.support.chats import Chat, agrees, has_number, whatsapp_of
from tests.support.messages import DAY, carried, kept, told
from tests.support.phones import Phones, with_phones

HER = "9812345678"


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
async def chat(world: World, phones: Phones, tmp_path):
    """Asha agreed to WhatsApp, SMS is connected too, and it is day."""
    world.clock.set(DAY)
    await has_number(world, world.asha, HER)
    with whatsapp_of(world, tmp_path) as sandbox:
        world.env = with_phones(world.env, phones)
        await agrees(world, world.asha)
        yield Chat(world, sandbox, HER)


async def settle(chat: Chat) -> None:
    """Let WhatsApp report, and the worker work and send."""
    for _ in range(2):
        chat.world.clock.advance(timedelta(seconds=5))
        await chat.sandbox.act("settle", {})
        await chat.work()
        await carried(chat.world)


async def outcomes(chat: Chat) -> list[tuple[MessageChannel, MessageState]]:
    return [(one.channel, one.state) for one in await kept(chat.world)]


async def test_a_notice_comes_as_a_template_and_is_delivered_by_its_report(chat, phones):
    await told(chat.world)
    await carried(chat.world)
    await settle(chat)

    [template] = (await chat.sandbox.act("messages", {"mobile": HER}))["messages"]
    assert template["template"]["name"] == "apk_delivered_v1"
    assert await outcomes(chat) == [(MessageChannel.WHATSAPP, MessageState.DELIVERED)]
    assert phones.sent == []


async def test_a_number_that_is_not_on_whatsapp_gets_it_by_sms_and_nothing_there_for_thirty_days(chat, phones):
    await chat.sandbox.act("member", {"mobile": HER, "on": False})
    await told(chat.world)
    await carried(chat.world)
    await settle(chat)
    first = await outcomes(chat)
    await told(chat.world, event="second")
    await carried(chat.world)

    assert first == [(MessageChannel.WHATSAPP, MessageState.FAILED), (MessageChannel.SMS, MessageState.SENT)]
    assert (await outcomes(chat))[2:] == [(MessageChannel.SMS, MessageState.SENT)]
    chat.world.clock.advance(NOT_THERE_FOR)
    await told(chat.world, event="third")
    await carried(chat.world)
    assert (await outcomes(chat))[3][0] is MessageChannel.WHATSAPP


async def test_after_stop_a_notice_comes_by_sms(chat, phones):
    await chat.say("STOP")
    await told(chat.world)
    await carried(chat.world)

    assert await outcomes(chat) == [(MessageChannel.SMS, MessageState.SENT)]


async def test_an_agreement_is_one_to_a_number(chat, phones):
    async with chat.world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [chat.world.asha.person_id])).values()
        await people.update_citizen(tx, replace(asha, mobile="9812345679"))
    await told(chat.world)
    await carried(chat.world)

    assert await outcomes(chat) == [(MessageChannel.SMS, MessageState.SENT)]


def by_sms_after(state: MessageState) -> list[tuple[MessageChannel, MessageState]]:
    return [(MessageChannel.WHATSAPP, state), (MessageChannel.SMS, MessageState.SENT)]


NAME = {"name": "apk_delivered_v1", "language": "hi"}


async def unusable(chat: Chat) -> tuple[str, ...]:
    async with chat.world.env.store.read_transaction() as tx:
        return (await readings(tx, chat.world.clock.now())).unusable_templates


@pytest.mark.parametrize("status", ["PAUSED", "REJECTED", "DISABLED"])
async def test_a_notice_whose_template_whatsapp_stopped_goes_by_the_next_channel_at_once_and_an_alarm_holds(
    chat, phones, status
):
    await chat.sandbox.act("template", {**NAME, "status": status})
    await chat.work()
    await told(chat.world)
    await carried(chat.world)
    await carried(chat.world)

    assert await outcomes(chat) == by_sms_after(MessageState.FAILED)
    assert await unusable(chat) == ("apk_delivered_v1/hi",)


async def test_a_template_that_is_approved_again_is_sent_and_ends_the_alarm(chat):
    for status in ("PAUSED", "APPROVED"):
        chat.world.clock.advance(timedelta(seconds=2))
        await chat.sandbox.act("template", {**NAME, "status": status})
        await chat.work()
    await told(chat.world)
    await carried(chat.world)
    await settle(chat)

    assert await outcomes(chat) == [(MessageChannel.WHATSAPP, MessageState.DELIVERED)]
    assert await unusable(chat) == ()


async def test_a_template_of_low_quality_raises_the_alarm_and_is_still_sent(chat):
    await chat.sandbox.act("template", {**NAME, "quality": "RED"})
    await chat.work()
    await told(chat.world)
    await carried(chat.world)

    assert await outcomes(chat) == [(MessageChannel.WHATSAPP, MessageState.SENT)]
    assert await unusable(chat) == ("apk_delivered_v1/hi",)


@pytest.mark.parametrize("status", ["PAUSED", "REJECTED", "DISABLED"])
async def test_where_nothing_was_told_the_refusal_itself_says_that_a_template_is_stopped(chat, phones, status):
    await chat.sandbox.act("template", {**NAME, "status": status, "told": False})
    await told(chat.world)
    await carried(chat.world)
    await carried(chat.world)

    assert await outcomes(chat) == by_sms_after(MessageState.FAILED)
    assert await unusable(chat) == ("apk_delivered_v1/hi",)


async def test_once_a_day_the_templates_are_noted_as_whatsapp_lists_them(chat):
    await chat.sandbox.act("template", {**NAME, "status": "PAUSED", "told": False})
    await check_whatsapp(chat.world.env)
    listed = await unusable(chat)
    await chat.sandbox.act("template", {**NAME, "status": "APPROVED", "told": False})
    chat.world.clock.advance(timedelta(days=1))
    await check_whatsapp(chat.world.env)

    assert (listed, await unusable(chat)) == (("apk_delivered_v1/hi",), ())


async def troubled(chat: Chat) -> tuple[str, ...]:
    async with chat.world.env.store.read_transaction() as tx:
        return (await readings(tx, chat.world.clock.now())).troubled_numbers


@pytest.mark.parametrize(
    ("event", "shown"), [("FLAGGED", ("911352000000/FLAGGED",)), ("DOWNGRADE", ("911352000000/DOWNGRADE",))]
)
async def test_an_alarm_holds_while_whatsapp_warns_of_our_number(chat, event, shown):
    await chat.sandbox.act("number", {"event": event})
    await chat.work()
    warned = await troubled(chat)
    chat.world.clock.advance(timedelta(days=1))
    await chat.sandbox.act("number", {"event": "UNFLAGGED"})
    await chat.work()

    assert (warned, await troubled(chat)) == (shown, ())


async def test_more_throughput_ends_no_warning(chat):
    for event in ("FLAGGED", "THROUGHPUT_UPGRADE"):
        chat.world.clock.advance(timedelta(seconds=2))
        await chat.sandbox.act("number", {"event": event})
        await chat.work()

    assert await troubled(chat) == ("911352000000/FLAGGED",)


async def test_once_a_day_our_number_is_noted_as_whatsapp_rates_it(chat):
    await chat.sandbox.act("number", {"quality_rating": "RED", "status": "CONNECTED"})
    await check_whatsapp(chat.world.env)
    rated = await troubled(chat)
    await chat.sandbox.act("number", {"quality_rating": "GREEN"})
    chat.world.clock.advance(timedelta(days=1))
    await check_whatsapp(chat.world.env)

    assert (rated, await troubled(chat)) == (("911352000000/RED",), ())


@pytest.mark.parametrize(
    ("value", "now", "a_week_later"),
    [
        ({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}, "ACCOUNT_VIOLATION", None),
        ({"event": "ACCOUNT_DELETED"}, "ACCOUNT_DELETED", "ACCOUNT_DELETED"),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, "DISABLE", "DISABLE"),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, None, None),
        ({"event": "PARTNER_ADDED"}, None, None),
    ],
)
async def test_what_happens_to_our_account_raises_the_alarm_while_it_counts(chat, value, now, a_week_later):
    await chat.sandbox.act("account", {"value": value})
    await chat.work()
    at_once = await troubled(chat)
    chat.world.clock.advance(timedelta(days=7, seconds=1))

    assert at_once == ((f"account/{now}",) if now else ())
    assert await troubled(chat) == ((f"account/{a_week_later}",) if a_week_later else ())


async def test_a_message_of_which_no_report_came_for_a_day_goes_by_sms_once(chat, phones):
    await has_number(chat.world, chat.world.asha, "9000000107")
    await agrees(chat.world, chat.world.asha)
    await told(chat.world)
    await carried(chat.world)
    for hours in (23, 1, 24):
        chat.world.clock.advance(timedelta(hours=hours))
        await check_whatsapp(chat.world.env)
        await carried(chat.world)

    assert await outcomes(chat) == by_sms_after(MessageState.SENT)
    assert len(phones.sent) == 1
