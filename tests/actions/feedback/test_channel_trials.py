"""A test message by one channel: to a citizen's own address, or where an administrator wants to see it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.feedback.channel_trials import MOST_OFFICE_TESTS, MOST_TESTS, SendTestMessage, send_test_message
from actions.feedback.repeated_notices import AGAIN_AFTER, ResendNotice, resend_notice
from domain.feedback.messages import ChannelCosts, MessageChannel, MessageState
from domain.kernel import ErrorCode, Language, PersonKind, Posting, Problems, Role, Source, Subject
from integrations.calling.errors import Refused
from store.database import audit
from store.feedback import message_days
from tests.support.messages import MOBILE, carried, kept

OFFICE = SendTestMessage(MessageChannel.SMS, "office-1", "98111 22233")


def administrator(role: Role = Role.ADMIN, department: str | None = None, name: str = "admin") -> Subject:
    return Subject(frozenset({role}), PersonKind.OFFICER, name, (Posting(role, department=department),))


ADMIN = administrator()


async def refused(work: Any) -> Problems:
    with pytest.raises(Problems) as caught:
        await work
    return caught.value


def trial(channel: MessageChannel, key: str = "test-1") -> SendTestMessage:
    return SendTestMessage(channel, key)


async def test_a_test_message_goes_by_its_channel_to_ones_own_address(world, phones):
    await send_test_message(world.env, world.asha, trial(MessageChannel.SMS))
    await carried(world)

    assert phones.sent == [(MOBILE, "अपुणी सरकार: यह एक परीक्षण संदेश है। संदेश आप तक इस तरह पहुँचते हैं।")]


async def test_a_test_message_that_fails_goes_by_no_other_channel(world, phones):
    phones.failures["msdp"] = Refused(Source.SMS, "406")
    await send_test_message(world.env, world.asha, trial(MessageChannel.SMS))
    await carried(world)
    await carried(world)

    assert [each.channel for each in await kept(world)] == [MessageChannel.SMS]


async def test_a_test_message_is_not_sent_again_since_it_has_one_channel_alone(world, phones):
    tried, _ = await send_test_message(world.env, world.asha, trial(MessageChannel.SMS))
    assert tried.notice
    world.clock.advance(AGAIN_AFTER)
    again = resend_notice(world.env, world.asha, ResendNotice(tried.notice.id, "k"))

    assert (await refused(again)).code is ErrorCode.NOT_FOUND


async def test_a_channel_that_is_not_connected_is_not_tried(world, phones):
    tried = send_test_message(world.env, world.asha, trial(MessageChannel.WHATSAPP))

    assert (await refused(tried)).code is ErrorCode.CHANNEL_NOT_CONNECTED


async def test_test_messages_are_bounded_by_day(world, phones):
    for each in range(MOST_TESTS):
        await send_test_message(world.env, world.asha, trial(MessageChannel.SMS, f"test-{each}"))
    tried = send_test_message(world.env, world.asha, trial(MessageChannel.SMS, "one-more"))

    assert (await refused(tried)).code is ErrorCode.RATE_LIMITED


@pytest.mark.parametrize("who", ["tehsildar", "operator", "department"])
async def test_others_than_citizens_and_administrators_of_the_state_try_no_channel(world, phones, who):
    department = administrator(Role.DEPARTMENT_ADMIN, "revenue-department")
    subject = department if who == "department" else getattr(world, who)

    assert (await refused(send_test_message(world.env, subject, OFFICE))).code in {
        ErrorCode.NOT_FOUND,
        ErrorCode.BAD_INPUT,
    }
    assert phones.sent == []


async def test_a_citizen_says_no_address_since_it_is_that_of_her_account(world, phones):
    assert (await refused(send_test_message(world.env, world.asha, OFFICE))).code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
async def test_an_administrator_sees_the_test_message_at_once_on_the_telephone_that_she_names(world, phones, language):
    tried, _ = await send_test_message(world.env, ADMIN, replace(OFFICE, language=language))

    [(to, text)] = phones.sent
    assert to == "9811122233"
    assert ("test message" in text) is (language is Language.EN)
    assert tried.message
    assert (tried.notice, tried.message.state) == (None, MessageState.SENT)
    assert await kept(world) == []


async def test_the_same_key_sends_an_administrator_s_message_once_and_says_that_its_answer_is_not_known(world, phones):
    await send_test_message(world.env, ADMIN, OFFICE)
    tried, replayed = await send_test_message(world.env, ADMIN, OFFICE)

    assert len(phones.sent) == 1
    assert replayed
    assert tried.message
    assert tried.message.state is MessageState.SENDING


async def test_an_administrator_is_told_what_the_provider_says_against_it(world, phones):
    phones.failures["msdp"] = Refused(Source.SMS, "406")
    with pytest.raises(Refused) as told:
        await send_test_message(world.env, ADMIN, OFFICE)

    assert told.value.code == "406"


@pytest.mark.parametrize(
    ("channel", "to", "place"),
    [
        (MessageChannel.SMS, None, "to"),
        (MessageChannel.SMS, "1234", "to"),
        (MessageChannel.SMS, "office@uk.gov.in", "to"),
        (MessageChannel.PUSH, "9811122233", "channel"),
        (MessageChannel.EMAIL, "office@uk.gov.in", "channel"),
    ],
)
async def test_an_address_that_the_channel_does_not_go_to_is_refused_at_its_field(world, phones, channel, to, place):
    problem = await refused(send_test_message(world.env, ADMIN, replace(OFFICE, channel=channel, to=to)))

    assert problem.problem.path == ("input", place)
    assert phones.sent == []


async def test_all_administrators_together_try_channels_so_often_in_a_day(world, phones):
    for each in range(MOST_OFFICE_TESTS):
        by = administrator(name=f"admin-{each % 2}")
        await send_test_message(world.env, by, replace(OFFICE, idempotency_key=f"test-{each}"))
    more = replace(OFFICE, idempotency_key="one-more")
    over = await refused(send_test_message(world.env, ADMIN, more))
    world.clock.advance(timedelta(days=1))
    await send_test_message(world.env, ADMIN, more)

    assert over.code is ErrorCode.RATE_LIMITED
    assert len(phones.sent) == MOST_OFFICE_TESTS + 1


async def test_the_trial_is_audited_without_its_address_and_costs_what_a_message_costs(world, phones):
    costs = {MessageChannel.SMS: ChannelCosts(1500, None)}
    world.env = replace(world.env, rules=replace(world.env.rules, message_costs=costs))
    await send_test_message(world.env, ADMIN, OFFICE)

    async with world.env.store.read_transaction() as tx:
        line = await audit.last_line(tx, "NOTICE", "message.test")
        assert await message_days.cost_of_today(tx, MessageChannel.SMS) == 1500
    assert line
    assert "9811122233" not in str(line)
    assert "OFFICER:admin" in str(line)
