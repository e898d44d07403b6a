"""A copy that is followed while others write at once, on both databases."""

import asyncio
from dataclasses import replace

import pytest

from actions.platform.changes import changed_applications
from domain.applications.lifecycle import OPEN
from store.applications import applications
from store.identity import people
from tests.store import builders
from tests.support.graph import CITIZEN, Down, environment

WRITERS, TURNS = 4, 6


@pytest.fixture
async def env(store, store_keyrings, store_clock, tmp_path):
    made = environment(store, store_keyrings, store_clock, tmp_path / "objects", Down())
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, builders.citizen(CITIZEN.person_id))
    return made


async def write(env, number):
    """Each writer has applications of its own; some transactions take their time between row and commit."""
    for turn in range(TURNS):
        one = builders.application(f"a{number}-{turn}", CITIZEN.person_id, number=f"{number:07}{turn:07}")
        async with env.store.write_transaction() as tx:
            await applications.add(tx, one)
            await asyncio.sleep(0.004 * ((number + turn) % 3))
        async with env.store.write_transaction() as tx:
            await applications.save(tx, replace(one, status=sorted(OPEN)[turn % len(OPEN)]), 1)
            await asyncio.sleep(0.004 * (turn % 2))


async def test_a_copy_that_is_followed_while_others_write_ends_as_the_list(env):
    held, mark, done = {}, None, asyncio.Event()

    async def follow(size):
        nonlocal mark
        while True:
            last = done.is_set()
            delta = await changed_applications(env, CITIZEN, mark, size)
            held.update({one.id: one.version for one, _ in delta.present})
            mark = delta.next
            if last and delta.complete:
                return
            await asyncio.sleep(0)

    phone = asyncio.create_task(follow(3))
    await asyncio.gather(*(write(env, number) for number in range(WRITERS)))
    done.set()
    await phone
    async with env.store.read_transaction() as tx:
        listed = await applications.page_of_citizen(tx, CITIZEN.person_id, limit=200)
    assert len(listed) == WRITERS * TURNS
    assert held == {one.id: one.version for one in listed}
