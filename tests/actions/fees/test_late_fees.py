"""A payment that comes after its order failed: word of it is followed until the source has answered."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.fees.fees import FeeOrder, FeeState
from tests.support.actions import World
from tests.support.fees import Tills, open_tills

MINUTE = timedelta(minutes=1)


@pytest.fixture
def tills(peopled: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(peopled, tmp_path / "tills") as tills:
        yield tills


async def failed(tills: Tills) -> FeeOrder:
    """An order that the treasury says is not paid, and that is paid behind that."""
    order = await tills.started(await tills.submitted())
    await tills.comes_back(order, await tills.pays(order, outcome="fail"))
    assert (await tills.order(order)).state is FeeState.FAILED
    await tills.treasury.act("settle", {"reference": order.reference})
    return order


async def word_of(tills: Tills, order: FeeOrder) -> None:
    await tills.comes_back(order, await tills.treasury.act("return_form", {"reference": order.reference}))


async def test_word_of_it_within_the_seconds_in_which_nobody_may_ask_again_is_followed(tills: Tills):
    order = await failed(tills)
    await word_of(tills, order)
    tills.world.clock.advance(timedelta(seconds=10))
    await tills.rounds()
    paid = await tills.order(order)
    assert (paid.state, paid.due_at) == (FeeState.SUCCESS, None)


async def test_word_of_it_while_the_treasury_is_silent_is_followed(tills: Tills):
    order = await failed(tills)
    tills.world.clock.advance(MINUTE)
    tills.treasury.faults.set([{"kind": "status", "params": {"status": 503}}])
    await word_of(tills, order)
    tills.treasury.faults.clear()
    tills.world.clock.advance(5 * MINUTE)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_word_of_what_was_paid_or_goes_back_makes_nobody_ask_for_ever(tills: Tills):
    order = await failed(tills)
    tills.world.clock.advance(MINUTE)
    for _ in range(2):
        await word_of(tills, order)
    paid = await tills.order(order)
    assert (paid.state, paid.due_at) == (FeeState.SUCCESS, None)
