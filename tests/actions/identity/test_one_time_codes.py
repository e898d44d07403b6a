"""One-time codes: five an hour for a number, whoever asks and however often the window is tried."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.identity.one_time_codes import count_code
from domain.kernel import ErrorCode, Problems
from tests.support.actions import World

NUMBER = "9810273645"


async def made(world: World, number: str = NUMBER) -> None:
    await world.env.store.carry_out(lambda tx: count_code(world.env, tx, number, ("input",)))


async def test_a_number_gets_five_codes_in_an_hour_and_is_then_told_when_to_come_back(world: World):
    for _ in range(5):
        await made(world)

    with pytest.raises(Problems) as refused:
        await made(world)

    (problem,) = refused.value.problems
    assert problem.code is ErrorCode.RATE_LIMITED
    assert 0 < problem.retry_after <= 3600


async def test_another_number_and_another_hour_have_their_own(world: World):
    for _ in range(5):
        await made(world)

    await made(world, "9810273646")
    world.clock.advance(timedelta(hours=1, seconds=1))
    await made(world)


async def test_several_in_one_transaction_are_counted_one_by_one(world: World):
    async def all_at_once(tx) -> None:
        for _ in range(6):
            await count_code(world.env, tx, NUMBER, ("input",))

    with pytest.raises(Problems):
        await world.env.store.carry_out(all_at_once)


async def test_the_number_of_codes_is_a_setting(world: World):
    env = replace(world.env, rules=replace(world.env.rules, care=replace(world.env.rules.care, codes_per_number=1)))
    await env.store.carry_out(lambda tx: count_code(env, tx, NUMBER, ()))

    with pytest.raises(Problems):
        await env.store.carry_out(lambda tx: count_code(env, tx, NUMBER, ()))
