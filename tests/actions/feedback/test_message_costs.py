"""What messages cost is counted by day and channel, and over the cap of a day only what is urgent goes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.feedback.message_planning import PLANNED, plan_messages
from actions.feedback.message_sending import send_messages
from domain.feedback.messages import ChannelCosts, MessageState
from domain.feedback.notices import NoticeKind
from domain.kernel import Source
from integrations.calling.errors import NeverSent, Unavailable
from store.feedback import message_days
from store.identity import people
from tests.support.actions import World
from tests.support.messages import SMS, carried, kept, states, told, words
from tests.support.phones import Phones

SENT, WAITS = MessageState.SENT, MessageState.CREATED
PRICE = 1_200
"""Twelve paise, in ten-thousandths of a rupee."""


def priced(world: World, cap: int | None = None) -> None:
    """A part of an SMS costs twelve paise."""
    world.env = replace(world.env, rules=replace(world.env.rules, message_costs={SMS: ChannelCosts(PRICE, cap)}))


async def counted(world: World) -> tuple[int, int] | None:
    async with world.env.store.read_transaction() as tx:
        return (await message_days.counts_of_today(tx)).get(SMS)


async def test_each_part_of_a_message_that_was_taken_costs_its_price_on_its_day(world: World, phones: Phones):
    priced(world)
    await told(world, NoticeKind.DELIVERED)
    await carried(world)
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)

    assert await counted(world) == (2, (1 + 2) * PRICE)
    world.clock.advance(timedelta(days=1))
    assert await counted(world) is None


@pytest.mark.parametrize(
    ("error", "cost"), [(Unavailable(Source.SMS, "timed_out"), (1, PRICE)), (NeverSent(Source.SMS, "x"), (0, 0))]
)
async def test_what_the_provider_may_have_costs_and_what_it_surely_does_not_have_costs_nothing(
    world: World, phones: Phones, error, cost
):
    priced(world)
    error.nothing_arrived = not cost[0]
    phones.failures["msdp"] = error
    await told(world)
    await carried(world)

    assert await counted(world) == cost


async def test_a_long_message_whose_answer_was_lost_costs_all_its_parts(world: World, phones: Phones):
    priced(world)
    phones.failures["msdp"] = Unavailable(Source.SMS, "timed_out")
    await told(world, NoticeKind.QUERY_RAISED)
    await carried(world)

    assert await counted(world) == (1, 2 * PRICE)


async def told_both(world: World, kind: NoticeKind) -> None:
    """Asha and Sunil, who both have a telephone, are told of something."""
    async with world.env.store.write_transaction() as tx:
        [sunil] = (await people.citizens(tx, [world.sunil.person_id or ""])).values()
        await people.update_citizen(tx, replace(sunil, mobile="9800000002"))
    for each in (world.asha, world.sunil):
        await told(world, kind, each.person_id or "", reader=each)


async def test_a_batch_goes_no_further_over_the_cap_than_its_last_message(world: World, phones: Phones):
    priced(world, cap=PRICE)
    await told_both(world, NoticeKind.DELIVERED)
    await carried(world)

    assert await states(world) == [SENT, WAITS]


async def test_a_batch_of_long_messages_goes_no_further_over_the_cap_than_its_last_part(world: World, phones: Phones):
    priced(world, cap=2 * PRICE)
    await told_both(world, NoticeKind.DELIVERY_COMING)
    await carried(world)

    assert await counted(world) == (1, 2 * PRICE)


async def test_two_batches_at_once_keep_to_the_cap_together(world: World, phones: Phones):
    priced(world, cap=PRICE)
    phones.per_second = 1.0
    await told_both(world, NoticeKind.DELIVERED)
    await plan_messages(world.env)
    await asyncio.gather(*(send_messages(world.env, words, SMS) for _ in range(2)))

    assert sorted(await states(world)) == sorted([SENT, WAITS])


async def test_what_was_given_to_the_provider_counts_though_no_answer_could_be_noted(world: World, phones: Phones):
    priced(world)
    defect: Any = RuntimeError()
    phones.failures["msdp"] = defect
    await told(world)
    await carried(world)

    assert await counted(world) == (1, PRICE)


async def test_over_the_cap_what_is_urgent_goes_and_the_rest_waits_for_the_next_day(world: World, phones: Phones):
    priced(world, cap=PRICE)
    await told(world, NoticeKind.DELIVERED, "1")
    await carried(world)
    await told(world, NoticeKind.APPROVED, "2")
    await told(world, NoticeKind.QUERY_RAISED, "3")
    await carried(world)
    assert await states(world) == [SENT, WAITS, SENT]

    world.clock.advance(timedelta(days=1))
    await carried(world)
    assert await states(world) == [SENT, SENT, SENT]


async def test_of_what_is_urgent_messages_are_made_before_those_of_news_that_wait_longer(world: World, phones: Phones):
    for number in range(PLANNED):
        await told(world, NoticeKind.APPROVED, str(number))
    world.clock.advance(timedelta(minutes=1))
    await told(world, NoticeKind.QUERY_RAISED, "urgent")

    await plan_messages(world.env)
    assert NoticeKind.QUERY_RAISED in {each.kind for each in await kept(world)}


async def test_what_is_urgent_goes_before_news_that_wait_longer(world: World, phones: Phones):
    phones.per_second = 1.0
    for number in range(3):
        await told(world, NoticeKind.APPROVED, str(number))
    await plan_messages(world.env)
    world.clock.advance(timedelta(minutes=1))
    await told(world, NoticeKind.QUERY_RAISED, "urgent")
    await plan_messages(world.env)

    await send_messages(world.env, words, SMS)
    assert "जानकारी माँगी" in phones.sent[-1][1]
