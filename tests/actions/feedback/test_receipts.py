"""What providers report by themselves moves a message on, once, and nothing else."""

from datetime import UTC, timedelta

import pytest

from actions.feedback.receipts import MessageReport, note_reports
from domain.feedback.messages import MessageChannel, MessageState
from domain.kernel import Source
from integrations.calling.errors import Unavailable
from integrations.sms import Sms, Taken
from tests.support.actions import World
from tests.support.messages import DAY, SMS, carried, kept, states, told
from tests.support.phones import Phones, with_phones

SENT, DELIVERED, FAILED = MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED


async def reported(
    world: World, state: MessageState, provider_id: str = "id-1", channel: MessageChannel = SMS, **more: object
) -> bool:
    report = MessageReport(provider_id, state, **{"at": world.clock.now(), **more})
    return await world.env.store.carry_out(lambda tx: note_reports(tx, channel, [report])) > 0


@pytest.mark.parametrize("state", [DELIVERED, FAILED, MessageState.FAILED_FOR_NOW])
async def test_a_receipt_ends_a_message_at_the_time_that_the_provider_says(world, phones, state):
    await told(world)
    await carried(world)
    at = DAY.astimezone(UTC)
    world.clock.advance(timedelta(minutes=5))

    assert await reported(world, state, at=at, reason="131026")
    [one] = await kept(world)
    assert (one.state, one.state_at, one.reason, one.look_at) == (state, at, "131026", None)


async def test_a_receipt_that_comes_twice_changes_nothing_the_second_time(world, phones):
    await told(world)
    await carried(world)

    assert [await reported(world, FAILED, reason=code) for code in ("first", "second")] == [True, False]
    assert [each.reason for each in await kept(world)] == ["first"]


async def test_receipts_out_of_their_order_never_bring_a_message_back(world, phones):
    await told(world)
    await carried(world)

    assert [await reported(world, state) for state in (DELIVERED, SENT, FAILED)] == [True, False, False]
    assert await states(world) == [DELIVERED]


@pytest.mark.parametrize("of", [{"provider_id": "no-such"}, {"channel": MessageChannel.WHATSAPP}])
async def test_a_receipt_of_an_unknown_message_or_of_another_channel_changes_nothing(world, phones, of):
    await told(world)
    await carried(world)

    assert not await reported(world, DELIVERED, **of)
    assert await states(world) == [SENT]


@pytest.mark.parametrize("state", [MessageState.CREATED, MessageState.SENDING, MessageState.NOT_SENT])
async def test_what_no_provider_can_say_is_not_noted(world, phones, state):
    await told(world)
    await carried(world)

    assert not await reported(world, state)


async def test_where_the_answer_was_lost_a_receipt_with_our_number_tells_what_became_of_it(world, phones):
    phones.failures["msdp"] = Unavailable(Source.SMS, "timed_out")
    await told(world)
    await carried(world)
    [one] = await kept(world)

    assert not await reported(world, SENT, "wamid")
    assert await reported(world, SENT, "wamid", message_id=one.id)
    assert await reported(world, DELIVERED, "wamid")
    assert [(each.state, each.provider_id) for each in await kept(world)] == [(DELIVERED, "wamid")]


async def test_our_number_with_another_name_than_the_providers_finds_nothing(world, phones):
    await told(world)
    await carried(world)
    [one] = await kept(world)

    assert not await reported(world, DELIVERED, "another", message_id=one.id)


async def test_a_receipt_that_comes_before_the_answer_is_not_undone_by_it(world, phones):
    class Fast(Phones):
        async def send_by(self, provider: str, sms: Sms) -> Taken:
            [one] = await kept(world)
            assert await reported(world, DELIVERED, "fast", message_id=one.id)
            return Taken(provider, "fast")

    world.env = with_phones(world.env, Fast())
    await told(world)
    await carried(world)

    [one] = await kept(world)
    assert (one.state, one.provider, one.segments, one.look_at) == (DELIVERED, "msdp", 1, None)


async def test_a_receipt_that_came_before_the_answer_was_lost_leaves_no_reason(world, phones):
    class Cut(Phones):
        async def send_by(self, provider: str, sms: Sms) -> Taken:
            [one] = await kept(world)
            assert await reported(world, DELIVERED, "cut", message_id=one.id)
            raise Unavailable(Source.SMS, "timed_out")

    world.env = with_phones(world.env, Cut())
    await told(world)
    await carried(world)

    [one] = await kept(world)
    assert (one.state, one.reason) == (DELIVERED, None)


async def test_a_receipt_that_it_was_sent_takes_away_why_its_answer_was_lost(world, phones):
    class Cut(Phones):
        async def send_by(self, provider: str, sms: Sms) -> Taken:
            raise Unavailable(Source.SMS, "timed_out")

    world.env = with_phones(world.env, Cut())
    await told(world)
    await carried(world)
    [lost] = await kept(world)
    assert await reported(world, SENT, "cut", message_id=lost.id)

    [one] = await kept(world)
    assert ((lost.state, lost.reason), (one.state, one.reason)) == ((MessageState.SENDING, "timed_out"), (SENT, None))
