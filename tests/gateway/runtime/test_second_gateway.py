"""Of several gateways that would count rates each by itself the second refuses to start, and two at once are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.kernel import Environment
from domain.kernel import ManualClock
from domain.platform.alarms import AlarmCode
from domain.platform.switches import Switchboard
from gateway.runtime.alarms import AlarmWatch
from gateway.runtime.heartbeat import Heartbeat
from gateway.runtime.process_health import ProcessHealth
from gateway.runtime.production import refuse_second_gateway
from gateway.settings.settings import Profile, Settings, SettingsRefused
from tests.support.sign_in import environment

ALONE = Settings(profile=Profile.PRODUCTION)


@dataclass
class WhileAsleep:
    """The clock of a process; while it sleeps, others do something."""

    clock: ManualClock
    meanwhile: Callable[[], Awaitable[object]]

    async def sleep(self, seconds: float) -> None:
        """Wait, with what the others do."""
        self.clock.advance(timedelta(seconds=seconds))
        await self.meanwhile()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.clock, name)


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock) -> Environment:
    return environment(sqlite_store, store_keyrings, store_clock, [])


@pytest.fixture
def gateway(env, tmp_path) -> Callable[..., Heartbeat]:
    """The heartbeat of a gateway that starts now."""

    def start(folder: Path = tmp_path, *, counts_alone: bool = True) -> Heartbeat:
        health = ProcessHealth("gateway@one", env.clock, folder, counts_alone=counts_alone)
        return Heartbeat(env, Switchboard(), health)

    return start


async def refusal(
    env: Environment, meanwhile: Callable[[], Awaitable[object]], settings: Settings = ALONE
) -> list[str]:
    """Why a gateway does not start beside what the others do meanwhile; nothing where it starts."""
    try:
        await refuse_second_gateway(replace(env, clock=WhileAsleep(env.clock, meanwhile)), settings)
    except SettingsRefused as refused:
        return refused.reasons
    return []


async def nothing() -> None:
    pass


async def test_a_gateway_does_not_start_beside_one_that_still_beats(env, gateway):
    first = gateway()
    await first.beat()

    assert await refusal(env, first.beat) == [
        "APUNI_CACHE_URL: another gateway serves with this store; set a cache that all processes share"
    ]


async def test_a_gateway_starts_after_one_that_has_ended_just_now(env, gateway):
    await gateway().beat()

    assert await refusal(env, nothing) == []


async def test_a_gateway_starts_beside_others_that_share_their_counters(env, gateway):
    sharing = gateway(counts_alone=False)
    await sharing.beat()

    assert await refusal(env, sharing.beat) == []


@pytest.mark.parametrize("settings", [Settings(), Settings(profile=Profile.STAGING, cache_url="rediss://cache")])
async def test_with_a_shared_cache_and_in_the_demo_nothing_is_asked(env, gateway, settings):
    first = gateway()
    await first.beat()

    assert await refusal(env, first.beat, settings) == []


async def raised(env: Environment) -> list[AlarmCode]:
    return [alarm.code for alarm in await AlarmWatch(env, notify=False).look()]


async def test_two_that_started_at_once_raise_the_alarm(env, gateway):
    pulses = gateway(), gateway()
    env.clock.advance(timedelta(seconds=10))
    for pulse in pulses:
        await pulse.beat()

    assert await raised(env) == [AlarmCode.OWN_COUNTERS]


async def test_one_that_follows_another_raises_none(env, gateway):
    await gateway().beat()
    env.clock.advance(timedelta(seconds=5))
    second = gateway()
    env.clock.advance(timedelta(seconds=10))
    await second.beat()

    assert await raised(env) == []
