"""Circuit breakers: when they open, how they probe, and what does not count."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import ManualClock, Source
from integrations.calling.breakers import MOST_GROUPS, Breakers, BreakerState, CircuitOpen
from integrations.calling.errors import Garbled, NotAsked, Refused, Unavailable
from integrations.calling.policies import Traffic


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


@pytest.fixture
def seen() -> list[BreakerState]:
    return []


@pytest.fixture
def breakers(clock, seen) -> Breakers:
    return Breakers(clock, observer=lambda source, group, state: seen.append(state))


async def good():
    return "yes"


async def bad():
    raise Unavailable(Source.UMANG, "down")


async def tell(breakers, outcomes, traffic=Traffic.LOW, group=""):
    for outcome in outcomes:
        with suppress(Unavailable):
            await breakers.call(Source.UMANG, group, good if outcome == "+" else bad, traffic)


async def opened(breakers, rounds, clock):
    """How long it stays open after so many rounds of failed probes."""
    await tell(breakers, "-----")
    for _ in range(rounds):
        clock.advance(timedelta(seconds=301))
        await tell(breakers, "-")
    with pytest.raises(CircuitOpen) as caught:
        await breakers.call(Source.UMANG, "", good)
    return caught.value.retry_after


@pytest.mark.parametrize(
    ("traffic", "outcomes", "state"),
    [
        (Traffic.LOW, "----", BreakerState.CLOSED),
        (Traffic.LOW, "-----", BreakerState.OPEN),
        (Traffic.LOW, "+----", BreakerState.CLOSED),
        (Traffic.LOW, "+-----", BreakerState.OPEN),
        (Traffic.BUSY, "---------", BreakerState.CLOSED),
        (Traffic.BUSY, "----------", BreakerState.OPEN),
        (Traffic.BUSY, "+-+-+-+-+-", BreakerState.OPEN),
        (Traffic.BUSY, "------" + "++++", BreakerState.CLOSED),
        (Traffic.BUSY, "++++++" + "-----", BreakerState.CLOSED),
        (Traffic.BUSY, "+" * 30 + "-" * 9, BreakerState.CLOSED),
        (Traffic.BUSY, "+" * 30 + "-" * 10, BreakerState.OPEN),
    ],
)
async def test_it_opens_by_the_count_of_its_traffic(breakers, traffic, outcomes, state):
    await tell(breakers, outcomes, traffic)

    assert breakers.state(Source.UMANG) is state


@pytest.mark.parametrize(("rounds", "seconds"), [(0, 15), (1, 30), (2, 60), (4, 240), (5, 300), (40, 300)])
async def test_the_open_time_doubles_up_to_five_minutes(breakers, clock, rounds, seconds):
    assert await opened(breakers, rounds, clock) == seconds


async def test_the_spread_lengthens_the_open_time_by_up_to_a_fifth(clock):
    assert await opened(Breakers(clock, spread=0.5), 0, clock) == pytest.approx(16.5)


async def test_three_good_probes_close_it(breakers, clock, seen):
    await tell(breakers, "-----")
    clock.advance(timedelta(seconds=15))
    await tell(breakers, "++")
    halfway = breakers.state(Source.UMANG)
    await tell(breakers, "+")

    assert halfway is BreakerState.HALF_OPEN
    assert seen == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


async def test_one_bad_probe_of_three_opens_it_again(breakers, clock):
    await tell(breakers, "-----")
    clock.advance(timedelta(seconds=15))
    await tell(breakers, "++-")

    assert breakers.is_open(Source.UMANG)


async def test_one_probe_at_a_time(breakers, clock):
    await tell(breakers, "-----")
    clock.advance(timedelta(seconds=15))
    begun, under_way, most = 0, 0, []

    async def slow():
        nonlocal begun, under_way
        begun, under_way = begun + 1, under_way + 1
        most.append(under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return "yes"

    done = await asyncio.gather(*(breakers.call(Source.UMANG, "", slow) for _ in range(10)))

    assert done == ["yes"] * 10
    assert most[:3] == [1, 1, 1]


async def test_a_bad_probe_refuses_those_who_waited_for_it(breakers, clock):
    await tell(breakers, "-----")
    clock.advance(timedelta(seconds=15))
    calls = 0

    async def slow():
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        raise Unavailable(Source.UMANG, "away")

    done = await asyncio.gather(*(breakers.call(Source.UMANG, "", slow) for _ in range(10)), return_exceptions=True)

    assert calls == 1
    assert sum(isinstance(each, CircuitOpen) for each in done) == 9


async def test_a_cancelled_probe_gives_its_lease_back(breakers, clock):
    await tell(breakers, "-----")
    clock.advance(timedelta(seconds=15))
    probe = asyncio.create_task(breakers.call(Source.UMANG, "", asyncio.Event().wait))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    assert await breakers.call(Source.UMANG, "", good) == "yes"


@pytest.mark.parametrize("error", [Refused(Source.UMANG, "no"), NotAsked(Source.UMANG, "crowded"), KeyError("ours")])
async def test_what_is_no_trouble_of_the_system_does_not_count(breakers, error):
    async def raising():
        raise error

    for _ in range(30):
        with pytest.raises(type(error)):
            await breakers.call(Source.UMANG, "", raising)

    assert breakers.state(Source.UMANG) is BreakerState.CLOSED


async def test_garbled_answers_count(breakers):
    async def raising():
        raise Garbled(Source.UMANG, "x")

    for _ in range(5):
        with pytest.raises(Garbled):
            await breakers.call(Source.UMANG, "", raising)

    assert breakers.is_open(Source.UMANG)


async def test_a_call_that_began_before_the_change_does_not_count_after_it(breakers, clock):
    gate = asyncio.Event()

    async def late():
        await gate.wait()
        raise Unavailable(Source.UMANG, "late")

    slow = asyncio.create_task(breakers.call(Source.UMANG, "", late))
    await asyncio.sleep(0)
    await tell(breakers, "-----")
    clock.advance(timedelta(seconds=15))
    await tell(breakers, "++")
    gate.set()
    await asyncio.gather(slow, return_exceptions=True)

    assert breakers.state(Source.UMANG) is BreakerState.HALF_OPEN


async def test_one_publisher_does_not_trip_another_nor_the_system(breakers):
    await tell(breakers, "-----", group="publisher:a")

    assert breakers.is_open(Source.UMANG, "publisher:a")
    assert not breakers.is_open(Source.UMANG, "publisher:b")
    assert not breakers.is_open(Source.UMANG)


async def test_groups_named_after_data_are_bounded_and_an_open_one_stays(breakers):
    await tell(breakers, "-----", group="bad")
    for number in range(MOST_GROUPS + 50):
        await tell(breakers, "+", group=f"g{number}")

    assert len(breakers._breakers) == MOST_GROUPS
    assert breakers.is_open(Source.UMANG, "bad")
