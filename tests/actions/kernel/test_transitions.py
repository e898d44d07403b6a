"""Who is told of a transition of an application: each follower once, in its order, in the transaction of the step."""

from dataclasses import replace
from typing import Any

import pytest

from actions.applications.respond import Withdraw, withdraw_application
from actions.kernel import Transition
from domain.applications.lifecycle import Move, Status
from store.applications import applications
from tests.support.actions import FREE, World


async def test_each_follower_is_told_of_each_transition_in_order_before_it_is_committed(world: World) -> None:
    told: list[tuple[str, Status | None, Status, Move]] = []

    def follower(name: str) -> Any:
        async def note(acting: Any, transition: Transition) -> None:
            kept = await applications.get(acting.tx, transition.after.id)
            assert kept is not None
            before = transition.before.status if transition.before else None
            told.append((name, before, kept.status, transition.move))

        return note

    registry = replace(world.env.registry, followers=(follower("first"), follower("second")))
    world.env = replace(world.env, registry=registry)

    made = await world.submit(world.asha, FREE)
    await withdraw_application(world.env, world.asha, Withdraw(made.id, "w"))

    steps = [
        (None, Status.SUBMITTED, Move.SUBMIT),
        (Status.SUBMITTED, Status.IN_SCRUTINY, Move.BEGIN_SCRUTINY),
        (Status.IN_SCRUTINY, Status.WITHDRAWN, Move.WITHDRAW),
    ]
    assert told == [(name, *step) for step in steps for name in ("first", "second")]


async def test_a_follower_that_fails_takes_the_whole_transition_back(world: World) -> None:
    async def refuse(acting: Any, transition: Transition) -> None:
        raise LookupError("refused")

    followers = (*world.env.registry.followers, refuse)
    world.env = replace(world.env, registry=replace(world.env.registry, followers=followers))

    with pytest.raises(LookupError):
        await world.submit(world.asha, FREE)

    async with world.env.store.read_transaction() as tx:
        assert not await applications.page_of_citizen(
            tx, world.asha.person_id or "", statuses=None, after=None, before=None, limit=9, newest_first=True
        )
