"""Monthly instalments: each period once, also after an absence, and only while the sanction runs."""

import asyncio
from datetime import date, timedelta
from itertools import pairwise

import pytest

from actions.benefits.instalments import release_due, stop
from actions.kernel import UnitOfWork
from domain.benefits.benefits import Sanction
from domain.kernel import SYSTEM, ist_date
from store.benefits import benefits
from store.platform import outbox
from tests.support.actions import World
from tests.support.pensions import made
from tests.support.stored import outbox_listing
from tests.support.worlds import wrong


async def asked_for(world: World) -> list[str]:
    async with world.env.store.read_transaction() as tx:
        waiting = await outbox_listing(tx, outbox.OutboxState.PENDING, 100)
    return [message.payload["instalment_id"] for message in waiting if message.topic == "dbt.instruct"]


def at_noon_of(world: World, day: date) -> None:
    now = world.clock.now()
    world.clock.advance(timedelta(days=(day - ist_date(now)).days))


async def test_the_next_instalment_is_made_on_the_first_day_of_its_period_and_once(world: World, pension: Sanction):
    (first,) = await made(world, pension)
    at_noon_of(world, first.period_to)
    assert await release_due(world.env) == 0
    at_noon_of(world, first.period_to + timedelta(days=1))
    assert await release_due(world.env) == 1
    assert await release_due(world.env) == 0
    _, second = await made(world, pension)
    assert (second.sequence, second.period_from) == (2, first.period_to + timedelta(days=1))
    assert await asked_for(world) == [first.id, second.id]
    assert await wrong(world.env) == []


async def test_a_worker_that_was_away_makes_up_for_every_period_without_gap_or_overlap(world: World, pension: Sanction):
    async with world.env.store.write_transaction() as tx:
        await benefits.change_sanction(tx, pension.id, certified_on=date(2027, 11, 2))
    world.clock.advance(timedelta(days=400))
    assert await release_due(world.env) == 13
    all_made = await made(world, pension)
    assert [one.sequence for one in all_made] == list(range(1, 15))
    assert all(later.period_from == earlier.period_to + timedelta(days=1) for earlier, later in pairwise(all_made))
    assert len({one.bill_number for one in all_made}) == 14


async def test_workers_at_once_pay_each_period_once(world: World, pension: Sanction):
    world.clock.advance(timedelta(days=100))
    await asyncio.gather(*(release_due(world.env) for _ in range(4)))
    sequences = [one.sequence for one in await made(world, pension)]
    assert sequences == sorted(set(sequences)) == list(range(1, len(sequences) + 1))
    assert len(await asked_for(world)) == len(sequences)


async def test_a_round_that_is_cut_off_leaves_nothing_and_is_made_up_for(world: World, pension: Sanction, monkeypatch):
    async def cut_off(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    world.clock.advance(timedelta(days=40))
    monkeypatch.setattr(outbox, "add", cut_off)
    with pytest.raises(KeyboardInterrupt):
        await release_due(world.env)
    monkeypatch.undo()
    assert len(await made(world, pension)) == 1
    assert await release_due(world.env) == 1


async def test_after_its_last_day_a_sanction_pays_no_further_period(world: World, pension: Sanction):
    (first,) = await made(world, pension)
    async with world.env.store.write_transaction() as tx:
        acting = UnitOfWork(world.env, tx, SYSTEM)
        assert await stop(acting, pension, first.period_to + timedelta(days=1))
        assert not await stop(acting, pension, first.period_to + timedelta(days=90))
    world.clock.advance(timedelta(days=100))
    assert await release_due(world.env) == 1  # the period that begins on the last day
    assert len(await made(world, pension)) == 2


async def test_a_clock_that_steps_back_and_a_sanction_of_an_older_release_pay_nothing_twice(
    world: World, pension: Sanction
):
    world.clock.advance(timedelta(days=40))
    await release_due(world.env)
    world.clock.advance(timedelta(days=-39))
    assert await release_due(world.env) == 0
    async with world.env.store.write_transaction() as tx:
        await benefits.set_next_due(tx, pension.id, None)
    assert await release_due(world.env) == 0
    world.clock.advance(timedelta(days=70))
    assert await release_due(world.env) == 1
    async with world.env.store.write_transaction() as tx:
        await benefits.set_next_due(tx, pension.id, pension.sanctioned_at.date())
    await release_due(world.env)
    assert [one.sequence for one in await made(world, pension)] == [1, 2, 3]
