"""The loop that tells changes to those who follow: in this process, between processes, and with the bus away."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from actions.platform.change_feed import TooSlow
from domain.platform.changes import OF_APPLICATIONS, Wanted
from gateway.settings.subscriptions import Streams
from gateway.streams.bus import Bus
from gateway.streams.fanout import Fanout, announce_commits, open_bus
from store.applications import applications
from store.database import FieldCipher, Store
from store.identity import people
from tests.store import builders

PATIENCE = 10.0
SELDOM = Streams(look_seconds=3600.0)
"""A loop that hears of nothing looks once."""


async def add(store, number, citizen="c1"):
    one = builders.application(f"a{number}", citizen, number=f"{number:014}")
    async with store.write_transaction() as tx:
        await applications.add(tx, one)
    return one.id


async def citizen(store, name="c1"):
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, builders.citizen(name))


async def first(following, count=1):
    told = []
    async with asyncio.timeout(PATIENCE):
        async for change in following:
            told.append(change.object_id)
            if len(told) == count:
                break
    return told


async def test_a_commit_is_told_to_those_who_want_it_and_to_nobody_else(sqlite_store):
    await citizen(sqlite_store)
    await citizen(sqlite_store, "c2")
    async with Fanout(sqlite_store, SELDOM).run() as fanout:
        hers, all_ = Wanted(OF_APPLICATIONS, citizen_id="c2"), Wanted(OF_APPLICATIONS)
        with fanout.follow(hers) as one, fanout.follow(all_) as two:
            await add(sqlite_store, 1)
            await add(sqlite_store, 2, "c2")
            assert await first(one) == ["a2"]
            assert await first(two, 2) == ["a1", "a2"]
        assert fanout.followers == 0


async def test_what_was_before_is_not_told(sqlite_store):
    await citizen(sqlite_store)
    await add(sqlite_store, 1)
    async with Fanout(sqlite_store, SELDOM).run() as fanout:
        with fanout.follow(Wanted(OF_APPLICATIONS)) as one:
            await add(sqlite_store, 2)
            assert await first(one) == ["a2"]


async def test_several_changes_of_one_thing_are_told_as_the_last(sqlite_store):
    await citizen(sqlite_store)
    fanout = Fanout(sqlite_store, SELDOM)
    await fanout.look()
    with fanout.follow(Wanted(OF_APPLICATIONS)) as one:
        key = await add(sqlite_store, 1)
        other = await add(sqlite_store, 2)
        async with sqlite_store.write_transaction() as tx:
            item = await applications.get(tx, key)
            await applications.save(tx, item, item.version)
        await fanout.look()
        assert await first(one, 2) == [other, key]


async def test_who_does_not_take_them_is_told_so_once_and_kept_nothing_for(sqlite_store):
    await citizen(sqlite_store)
    fanout = Fanout(sqlite_store, Streams(pending_events=3))
    await fanout.look()
    with fanout.follow(Wanted(OF_APPLICATIONS)) as slow, fanout.follow(Wanted(OF_APPLICATIONS)) as quick:
        for number in range(1, 6):
            await add(sqlite_store, number)
            await fanout.look()
            assert await first(quick) == [f"a{number}"]
        with pytest.raises(TooSlow):
            await first(slow)
        assert slow._waiting == {}


async def test_a_loop_that_nobody_wakes_looks_by_itself(sqlite_store, store_cipher, store_clock):
    await citizen(sqlite_store)
    other = await Store.open(sqlite_store.url, cipher=store_cipher, clock=store_clock)
    try:
        async with Fanout(sqlite_store, Streams(look_seconds=0.02)).run() as fanout:
            with fanout.follow(Wanted(OF_APPLICATIONS)) as one:
                await add(other, 1)
                assert await first(one) == ["a1"]
    finally:
        await other.close()


@pytest.mark.integration
async def test_the_bus_wakes_other_processes_and_comes_back_by_itself(
    sqlite_store, store_cipher: FieldCipher, store_clock, valkey_server
):
    await citizen(sqlite_store)
    other = await Store.open(sqlite_store.url, cipher=store_cipher, clock=store_clock)
    url = valkey_server.url()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(other.close)
        fanout = await stack.enter_async_context(Fanout(sqlite_store, SELDOM, Bus(url)).run())
        await stack.enter_async_context(announce_commits(other, Bus(url)))
        one = stack.enter_context(fanout.follow(Wanted(OF_APPLICATIONS)))
        await add(other, 1)
        assert await first(one) == ["a1"]
        await add(other, 2)
        assert await first(one) == ["a2"]


@pytest.mark.integration
async def test_without_the_bus_nothing_is_lost(sqlite_store, tmp_path):
    await citizen(sqlite_store)
    away = open_bus(f"unix://{tmp_path / 'nobody.sock'}")
    async with Fanout(sqlite_store, SELDOM, away).run() as fanout:
        with fanout.follow(Wanted(OF_APPLICATIONS)) as one:
            await add(sqlite_store, 1)
            assert await first(one) == ["a1"]


def test_without_a_shared_cache_there_is_no_bus():
    assert open_bus(None) is None
