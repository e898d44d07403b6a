"""Open breakers as a hint among processes, over a real Valkey: local state rules."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import ManualClock, Source
from integrations.calling.breaker_sharing import HINTS, BreakerSharing
from integrations.calling.breakers import Breakers, BreakerState, CircuitOpen
from integrations.calling.errors import Unavailable
from integrations.calling.policies import Traffic

GROUP = "publisher:in.gov.secret-name"


class Process:
    """The breakers of one process with what it tells and hears."""

    def __init__(self, url, clock):
        self.hints = BreakerSharing(url, clock)
        self.breakers = Breakers(clock, observer=self.hints.note_change)
        self.calls = self.at_once = self.most_at_once = 0

    async def exchange(self):
        await self.hints.exchange(self.breakers)

    async def ask(self, *, well, group=GROUP, source=Source.API_SETU):
        async def work():
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await asyncio.sleep(0)
                if not well:
                    raise Unavailable(source, "down")
            finally:
                self.at_once -= 1

        with suppress(Unavailable):
            await self.breakers.call(source, group, work, Traffic.BUSY)

    async def open(self):
        for _ in range(10):
            await self.ask(well=False)
        assert self.state is BreakerState.OPEN

    @property
    def state(self):
        return self.breakers.state(Source.API_SETU, GROUP)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


@pytest.fixture
async def fleet(valkey_server, clock):
    url = valkey_server.url()
    processes = [Process(url, clock) for _ in range(2)]
    yield processes
    for process in processes:
        await process.hints._client.flushdb()
        await process.hints._client.aclose()


pytestmark = pytest.mark.integration


async def test_what_is_open_elsewhere_is_asked_one_call_at_a_time_until_one_succeeds(fleet):
    here, there = fleet
    await there.open()
    await there.exchange()
    await here.exchange()

    await asyncio.gather(*(here.ask(well=True) for _ in range(3)))
    first = here.most_at_once
    await asyncio.gather(*(here.ask(well=True) for _ in range(5)))

    assert (first, here.most_at_once, here.calls) == (2, 5, 8)  # one alone, then the other two together
    assert here.state is BreakerState.CLOSED


async def test_local_state_rules_so_that_a_hint_refuses_nothing(fleet):
    here, there = fleet
    await there.open()
    await there.exchange()
    await here.exchange()

    assert here.state is BreakerState.CLOSED
    await here.ask(well=True)
    assert here.calls == 1


async def test_the_first_failure_of_our_own_confirms_the_hint(fleet):
    here, there = fleet
    await there.open()
    await there.exchange()
    await here.exchange()

    await asyncio.gather(*(here.ask(well=False) for _ in range(20)))

    assert (here.calls, here.state) == (1, BreakerState.OPEN)


async def test_a_hint_that_was_disproved_is_not_heeded_again_but_a_new_one_is(fleet, clock):
    here, there = fleet
    await there.open()
    await there.exchange()
    await here.exchange()
    await here.ask(well=True)
    await here.exchange()
    await asyncio.gather(*(here.ask(well=True) for _ in range(4)))
    disproved = here.most_at_once

    clock.advance(timedelta(seconds=20))
    await there.ask(well=False)  # its probe fails, so it opens for longer
    await there.exchange()
    await here.exchange()
    here.most_at_once = 0
    await asyncio.gather(*(here.ask(well=True) for _ in range(2)))

    assert (disproved, here.most_at_once) == (4, 1)


async def test_a_process_that_starts_later_is_warned_before_its_first_call(fleet):
    here, there = fleet
    await there.open()
    await there.exchange()
    await here.exchange()

    await asyncio.gather(*(here.ask(well=False, group="another") for _ in range(4)))
    others = here.most_at_once
    here.most_at_once = 0
    await asyncio.gather(*(here.ask(well=True) for _ in range(2)))

    assert (others, here.most_at_once) == (4, 1)


async def test_a_hint_ends_with_the_open_time_and_when_the_breaker_closes(fleet, clock):
    here, there = fleet
    await there.open()
    await there.exchange()
    clock.advance(timedelta(seconds=16))
    await here.exchange()
    await asyncio.gather(*(here.ask(well=True) for _ in range(3)))
    for _ in range(3):
        await there.ask(well=True)
    await there.exchange()

    assert here.most_at_once == 3
    assert there.state is BreakerState.CLOSED
    assert await there.hints._client.hgetall(HINTS) == {}


async def test_what_is_told_names_the_system_and_no_group(fleet):
    _, there = fleet
    await there.open()
    await there.exchange()

    told = str(await there.hints._client.hgetall(HINTS))

    assert "API_SETU:" in told
    assert "secret" not in told


async def test_nonsense_among_the_hints_is_passed_over(fleet):
    here, _ = fleet
    await here.hints._client.hset(HINTS, "API_SETU:x", "soon")
    await here.hints._client.hset(HINTS, b"\xff", "2026-11-24T06:00:00")

    await here.exchange()
    await here.ask(well=True)

    assert here.calls == 1


async def test_without_valkey_nobody_is_warned_and_the_news_is_told_when_it_is_back(clock, tmp_path, valkey_server):
    url = f"unix://{tmp_path}/none.sock"
    there = Process(url, clock)
    await there.open()
    await there.exchange()
    await there.hints._client.aclose()
    news = there.hints

    back = BreakerSharing(valkey_server.url(), clock)
    back._news = news._news
    await back.exchange(there.breakers)

    assert len(await back._client.hgetall(HINTS)) == 1
    await back._client.flushdb()
    await back._client.aclose()


async def test_in_the_background_a_change_is_told_at_once(fleet):
    here, there = fleet

    async with there.hints.exchange_in_background(there.breakers):
        await there.open()
        for _ in range(200):
            if await here.hints._client.hlen(HINTS):
                break
            await asyncio.sleep(0.005)

    await here.exchange()
    with suppress(CircuitOpen):
        await asyncio.gather(*(here.ask(well=True) for _ in range(2)))
    assert here.most_at_once == 1
