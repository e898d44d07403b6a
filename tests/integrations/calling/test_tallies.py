"""What is counted at partners' doors: the same in memory and in Valkey, by all processes, and with the store away."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import ManualClock
from integrations.calling.request_counters import (
    FallbackRequestCounters,
    LocalRequestCounters,
    RequestCount,
    SharedRequestCounters,
)
from integrations.calling.valkey.connections import client_of


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 26, 6, 0, tzinfo=UTC))


@pytest.fixture
async def tallies(cache_url, clock):
    if cache_url is None:
        yield LocalRequestCounters(clock)
        return
    shared = SharedRequestCounters(cache_url)
    yield shared
    await shared.close()


async def test_what_is_added_under_a_key_is_what_is_seen_under_it(tallies):
    assert await tallies.look("etaal", 60) == RequestCount(0, 60)
    added = [await tallies.add("etaal", 60) for _ in range(3)]
    await tallies.add("etaal@192.0.2.1", 60)

    assert [tally.number for tally in added] == [1, 2, 3]
    seen = await tallies.look("etaal", 60)
    assert seen.number == 3
    assert 0 < seen.seconds_left <= 60


async def test_a_bucket_gives_its_burst_and_then_says_how_long_to_wait(tallies):
    waits = [await tallies.take("umang", 0.01, 5) for _ in range(7)]

    assert waits[:5] == [0, 0, 0, 0, 0]
    assert all(0 < wait <= 100 for wait in waits[5:])
    assert await tallies.take("another", 0.01, 5) == 0


async def test_a_window_ends_and_a_bucket_fills_with_time(clock):
    own = LocalRequestCounters(clock)
    await own.add("etaal", 60)
    assert [await own.take("umang", 10, 2) for _ in range(3)] == [0, 0, pytest.approx(0.1)]
    clock.advance(timedelta(seconds=0.1))
    assert [await own.take("umang", 10, 2) for _ in range(2)] == [0, pytest.approx(0.1)]
    clock.advance(timedelta(seconds=60))

    assert await own.look("etaal", 60) == RequestCount(0, 60)
    assert (await own.add("etaal", 60)).number == 1


async def test_keys_not_counted_for_longest_are_forgotten(clock):
    own = LocalRequestCounters(clock, most=2)
    for key in ("a", "b", "a", "c"):
        await own.add(key, 60)

    assert [(await own.look(key, 60)).number for key in ("a", "b", "c")] == [2, 0, 1]


async def test_a_shared_store_that_is_away_locks_nobody_out_and_is_counted(clock, tmp_path):
    faults: list[int] = []
    tallies = FallbackRequestCounters(clock, f"unix://{tmp_path}/absent.sock", faults=lambda: faults.append(1))

    assert [(await tallies.add("etaal", 60)).number for _ in range(3)] == [1, 2, 3]
    assert len(faults) == 1  # it is not asked again within a second
    clock.advance(timedelta(seconds=1.1))
    assert await tallies.take("umang", 10, 2) == 0
    assert (await tallies.look("etaal", 60)).number == 3
    assert len(faults) == 2
    await tallies.close()


@pytest.mark.integration
async def test_in_valkey_a_bucket_fills_with_time_and_every_key_ends_by_itself(valkey_server):
    url = valkey_server.url()
    tallies, client = SharedRequestCounters(url), client_of(url)
    await tallies.add("etaal", 60)
    waits = [await tallies.take("umang", 1_000_000, 1) for _ in range(3)]  # a token in a microsecond
    ends = [await client.pttl(key) async for key in client.scan_iter("apuni:door:*")]

    assert waits == [0, 0, 0]
    assert len(ends) == 2
    assert all(0 < milliseconds <= 60_000 for milliseconds in ends)
    await tallies.close()
    await client.aclose()


@pytest.mark.integration
async def test_processes_with_one_shared_store_count_together(clock, valkey_server):
    url = valkey_server.url()
    one, other = FallbackRequestCounters(clock, url), FallbackRequestCounters(clock, url)

    assert [(await each.add("etaal", 60)).number for each in (one, other, one)] == [1, 2, 3]
    assert [await each.take("umang", 0.01, 2) > 0 for each in (one, other, one)] == [False, False, True]
    await one.close()
    await other.close()
