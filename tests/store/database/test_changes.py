"""The feed of changes: nothing is skipped, nothing is lost by sweeping without being told."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.kernel import Posting, Role
from domain.officers.desk import Claim
from domain.platform.changes import OF_APPLICATIONS, OF_QUEUES, START, ChangeKind, Position, Wanted
from store.applications import applications
from store.database import Store, VersionConflict, change_feed
from store.identity import people
from store.officers import desk
from tests.store import builders
from tests.support.databases import NOW
from tests.support.plans import asked, plan_of

IDS = itertools.count(1)


def application(citizen_id, **facts):
    number = next(IDS)
    return builders.application(f"a{number}", number=f"{number:014}", citizen_id=citizen_id, **facts)


async def keep_citizen(store, name="c1"):
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, builders.citizen(name))
    return name


async def keep(store, *items):
    async with store.write_transaction() as tx:
        for item in items:
            await applications.add(tx, item)


async def saved_twice(tx, one):
    await applications.save(tx, replace(one, officer_id="o1"), 1)
    await applications.save(tx, replace(one, officer_id="o2"), 1)


async def rows(store, after=START, wanted=None, limit=100):
    async with store.read_transaction() as tx:
        return await change_feed.page(tx, after, limit, wanted)


@pytest.fixture
async def citizen(store):
    return await keep_citizen(store)


async def test_a_row_is_written_with_the_change_and_goes_with_it(store, citizen):
    one = application(citizen)
    await keep(store, one)
    with pytest.raises(VersionConflict):
        await store.carry_out(lambda tx: saved_twice(tx, one))
    assert [change.object_id for change in await rows(store)] == [one.id]
    async with store.write_transaction() as tx:
        await applications.save(tx, replace(one, officer_id="o1"), 1)
    told = await rows(store)
    assert [change.kind for change in told] == [ChangeKind.APPLICATION] * 2
    assert (told[0].citizen_id, told[0].district) == (citizen, one.district)
    assert told[0].position < told[1].position


async def test_one_transaction_tells_an_application_once(store, citizen):
    one = application(citizen)
    async with store.write_transaction() as tx:
        await applications.add(tx, one)
        await applications.save(tx, replace(one, officer_id="o1"), 1)
    assert len(await rows(store)) == 1


async def test_claims_are_told_to_queues_and_not_to_citizens(store, citizen):
    one = application(citizen)
    await keep(store, one)
    async with store.write_transaction() as tx:
        claim = Claim(one.id, "o1", NOW, NOW + timedelta(hours=1))
        await desk.take_claim(tx, claim, citizen)
    assert len(await rows(store, wanted=Wanted(OF_APPLICATIONS, citizen_id=citizen))) == 1
    assert len(await rows(store, wanted=Wanted(OF_QUEUES, postings=[Posting(Role.OFFICER)]))) == 2


async def test_a_reader_gets_what_it_wants_and_memory_agrees_with_the_store(store, citizen):
    other = await keep_citizen(store, "c2")
    here, there = application(citizen), application(other, district="45")
    await keep(store, here, there)
    everything = await rows(store)
    for wanted, found in (
        (Wanted(OF_APPLICATIONS), [here.id, there.id]),
        (Wanted(OF_APPLICATIONS, citizen_id=other), [there.id]),
        (Wanted(OF_APPLICATIONS, application_id=here.id), [here.id]),
        (Wanted(OF_QUEUES, postings=[Posting(Role.OFFICER, None, "45")]), [there.id]),
        (Wanted(OF_QUEUES, postings=[]), []),
        (Wanted([ChangeKind.PAYMENT]), []),
    ):
        assert [change.object_id for change in await rows(store, wanted=wanted)] == found
        assert [change.object_id for change in everything if wanted.takes(change)] == found


async def test_pages_follow_one_another(store, citizen):
    items = [application(citizen) for _ in range(5)]
    await keep(store, *items)
    after, seen = START, []
    while page := await rows(store, after, limit=2):
        seen += [change.object_id for change in page]
        after = page[-1].position
    assert seen == [item.id for item in items]


async def test_what_is_new_is_found_by_its_place_however_long_the_feed_is(sqlite_store: Store):
    with asked(sqlite_store) as seen:
        await rows(sqlite_store, Position(0, 5))

    async with sqlite_store.read_transaction() as tx:
        plan = await plan_of(tx, seen[0])
    assert "(tx_number=? AND id>?)" in plan


@pytest.mark.integration
async def test_a_row_that_commits_late_is_not_skipped(postgres_store: Store):
    store, citizen = postgres_store, await keep_citizen(postgres_store)
    early, late = application(citizen), application(citizen)
    wrote, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        async with store.write_transaction() as tx:
            await applications.add(tx, early)
            wrote.set()
            await go_on.wait()

    task = asyncio.create_task(slow())
    await wrote.wait()
    await keep(store, late)  # begins after the other, and is committed before it
    assert await rows(store) == []
    async with store.read_transaction() as tx:
        state = await change_feed.state(tx)
        assert await change_feed.has_unsettled_rows(tx)
    go_on.set()
    await task
    told = await rows(store)
    assert [change.object_id for change in told] == [early.id, late.id]
    # Neither a reader from the start nor one that began in between misses a row.
    assert await rows(store, state.end) == told
    assert told[0].position.row < told[1].position.row


@pytest.mark.integration
async def test_many_writers_at_once_and_a_reader_sees_each_row_exactly_once(postgres_store: Store):
    store, citizen = postgres_store, await keep_citizen(postgres_store)
    written: list[str] = []
    done = asyncio.Event()

    async def write(number):
        for turn in range(6):
            one = application(citizen)
            async with store.write_transaction() as tx:
                await applications.add(tx, one)
                for _ in range((number + turn) % 4):
                    await tx.connection.exec_driver_sql("SELECT pg_sleep(0.003)")
            written.append(one.id)

    async def read():
        after, seen = START, []
        while True:
            last = done.is_set()
            page = await rows(store, after, limit=7)
            seen += [change.object_id for change in page]
            after = page[-1].position if page else after
            if last and not page:
                return seen

    reader = asyncio.create_task(read())
    await asyncio.gather(*(write(number) for number in range(6)))
    done.set()
    seen = await reader
    assert len(seen) == len(set(seen)) == 36
    assert set(seen) == set(written)


async def test_sweeping_notes_up_to_where(store, citizen, store_clock):
    old, new = application(citizen), application(citizen)
    await keep(store, old)
    store_clock.advance(timedelta(days=40))
    await keep(store, new)
    first = (await rows(store))[0].position
    gone = await store.carry_out(lambda tx: change_feed.sweep(tx, store_clock.now() - timedelta(days=30)))
    async with store.read_transaction() as tx:
        state = await change_feed.state(tx)
    assert gone == 1
    assert state.swept == first < state.end
    assert [change.object_id for change in await rows(store)] == [new.id]
    assert await store.carry_out(lambda tx: change_feed.sweep(tx, store_clock.now() - timedelta(days=30))) == 0


async def test_the_end_is_behind_every_row_and_stays_so_when_all_are_swept(store, citizen, store_clock):
    await keep(store, application(citizen))
    async with store.read_transaction() as tx:
        end = (await change_feed.state(tx)).end
    assert await rows(store, end) == []
    await store.carry_out(lambda tx: change_feed.sweep(tx, store_clock.now() + timedelta(days=1)))
    async with store.read_transaction() as tx:
        assert (await change_feed.state(tx)).end >= end
    await keep(store, application(citizen))
    assert len(await rows(store, end)) == 1


async def test_a_feed_gets_its_name_once(store, store_clock):
    await store.carry_out(change_feed.open_feed)
    async with store.read_transaction() as tx:
        name = (await change_feed.state(tx)).name
    store_clock.advance(timedelta(days=1))
    await store.carry_out(change_feed.open_feed)
    async with store.read_transaction() as tx:
        assert (await change_feed.state(tx)).name == name


async def test_listeners_hear_of_committed_changes_only(store, citizen):
    heard, one = [], application(citizen)
    store.after_commit.append(lambda marks: heard.append(change_feed.CHANGED in marks))
    await keep(store, one)
    await store.carry_out(change_feed.open_feed)
    with pytest.raises(VersionConflict):
        await store.carry_out(lambda tx: saved_twice(tx, one))
    assert heard == [True]


async def test_positions_sort_by_transaction_and_then_by_row():
    assert START < Position(0, 1) < Position(0, 2) < Position(7, 1)
