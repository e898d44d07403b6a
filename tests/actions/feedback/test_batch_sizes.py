"""How many messages a provider is given at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actions.feedback.message_planning import plan_due
from actions.feedback.message_sending import BatchSize, send_due
from domain.feedback.messages import MessageChannel
from integrations.sms import Sms, Taken
from store.identity import people
from tests.support.actions import World
from tests.support.messages import told, words
from tests.support.phones import Phones, with_phones

A_CALL_MAY_TAKE = 10.0
"""Seconds; `total` of integrations/sms/client.py."""


class BusyPhones(Phones):
    """Telephones of a process so busy that each call takes a tenth of a second of it."""

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.per_second, self._clock, self.longest = 200.0, clock, 0.0

    async def send(self, sms: Sms) -> Taken:
        """Take a text, and note how long its call waited for the process."""
        begun = self._clock.monotonic()
        await asyncio.sleep(0)  # all of a batch are under way
        await self._clock.sleep(0.1)
        self.longest = max(self.longest, self._clock.monotonic() - begun)
        return await super().send(sms)


class Account:
    """What a carrier says of its provider."""

    def __init__(self, most_at_once: int) -> None:
        self.most_at_once = most_at_once


def size_after(*seconds: float, most: int = 500) -> int:
    carrier: Any = Account(most)
    size = BatchSize(carrier)
    for each in seconds:
        size.note(each)
    return size.now


def test_the_first_batch_is_small():
    assert size_after() == BatchSize.LEAST


def test_batches_grow_while_answers_come_soon():
    assert size_after(0.2, 0.2) == BatchSize.LEAST + 2 * BatchSize.STEP


def test_a_slow_batch_halves_the_next():
    assert size_after(*[0.2] * 4, BatchSize.SLOW) == (BatchSize.LEAST + 4 * BatchSize.STEP) // 2


def test_a_provider_that_is_slow_for_all_still_gets_some():
    assert size_after(*[9.0] * 5) == BatchSize.LEAST


@pytest.mark.parametrize(("most", "size"), [(1, 1), (100, 100), (1_000, BatchSize.MOST)])
def test_a_batch_is_never_larger_than_the_provider_takes_in_a_second_or_than_may_be_in_doubt(most, size):
    assert size_after(*[0.2] * 100, most=most) == size


async def test_a_busy_process_has_every_answer_within_the_time_of_its_call(world: World):
    phones = BusyPhones(world.clock)
    env = with_phones(world.env, phones)
    readers = [replace(world.asha, person_id=f"many-{each}") for each in range(200)]
    async with env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        for number, each in enumerate(readers):
            await people.add_citizen(tx, replace(asha, id=each.person_id or "", mobile=f"91{number:08d}"))
    for each in readers:
        await told(world, event=each.person_id or "", reader=each)
    await plan_due(env)

    await send_due(env, words, MessageChannel.SMS)

    assert len(phones.sent) == len(readers)
    assert phones.longest < A_CALL_MAY_TAKE
