"""Shares of the deadline, places, rates and the budget of repeats."""

import asyncio
from datetime import UTC, datetime

import pytest

from domain.kernel import ManualClock
from integrations.calling.deadline import RESERVE_SECONDS, seconds_left, set_request_deadline, share
from integrations.calling.limiter import BulkheadState, RetryBudget, TokenBucket
from integrations.calling.policies import Bulkhead, Priority


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


async def test_without_a_request_a_call_has_its_own_time(clock):
    assert share(clock, 5, Priority.LAST) == 5


@pytest.mark.parametrize(
    ("seconds", "priority", "expected"),
    [
        (8, Priority.NORMAL, 5),
        (2.25, Priority.FIRST, 1.8),
        (2.25, Priority.NORMAL, 1.5),
        (2.25, Priority.LAST, 1.0),
        (0.2, Priority.FIRST, 0),
    ],
)
async def test_a_call_takes_a_share_by_its_priority(clock, seconds, priority, expected):
    async def request():
        set_request_deadline(clock, seconds)
        return share(clock, 5, priority)

    assert await asyncio.create_task(request()) == pytest.approx(expected)


async def test_systems_asked_one_after_another_leave_time_for_the_next_and_for_the_store(clock):
    async def request():
        set_request_deadline(clock, 4.25)
        taken = []
        for _ in range(5):  # each system is silent until its share is over
            taken.append(share(clock, 5, Priority.NORMAL))
            await clock.sleep(taken[-1])
        return taken, seconds_left(clock, 5)

    taken, left = await asyncio.create_task(request())

    assert taken[0] == pytest.approx(3.0)
    assert all(seconds > 0 for seconds in taken)
    assert left > 0
    assert 4.25 - sum(taken) > RESERVE_SECONDS


async def test_a_burst_begins_at_once_and_the_rest_at_the_rate(clock):
    bucket = TokenBucket(clock, per_second=10, burst=3)
    times = []
    for _ in range(6):
        await bucket.turn()
        times.append(round(clock.monotonic(), 3))

    assert times == [0, 0, 0, 0.1, 0.2, 0.3]


async def test_a_pause_earns_no_more_than_the_burst(clock):
    bucket = TokenBucket(clock, per_second=10, burst=2)
    await clock.sleep(60)
    times = []
    for _ in range(4):
        await bucket.turn()
        times.append(round(clock.monotonic() - 60, 3))

    assert times == [0, 0, 0.1, 0.2]


def test_repeats_are_a_fifth_of_the_calls_and_three_at_any_time():
    budget = RetryBudget(0.2, 3)
    at_once = sum(budget.spend() for _ in range(10))
    for _ in range(60):
        budget.earn()

    assert (at_once, sum(budget.spend() for _ in range(100))) == (3, 10)


@pytest.mark.parametrize(("lane", "most"), [(Bulkhead(places=4), 4), (Bulkhead(places=4, places_of_group=2), 2)])
async def test_no_more_calls_than_places(clock, lane, most):
    state, under_way, seen = BulkheadState(lane, clock), 0, []

    async def call():
        nonlocal under_way
        async with state.place("a"):
            under_way += 1
            seen.append(under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(20)))

    assert max(seen) == most


async def test_a_group_that_is_stuck_leaves_places_for_the_others_and_is_forgotten(clock):
    state = BulkheadState(Bulkhead(places=4, places_of_group=2), clock)
    stuck = asyncio.Event()

    async def slow():
        async with state.place("slow"):
            await stuck.wait()

    tasks = [asyncio.create_task(slow()) for _ in range(10)]
    await asyncio.sleep(0)
    async with asyncio.timeout(1), state.place("other"):
        pass
    stuck.set()
    await asyncio.gather(*tasks)

    assert state._groups == {}
