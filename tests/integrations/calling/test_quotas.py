"""What one day has for an outside system, in calls and in money."""

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domain.kernel import ManualClock, Source, ist_date, ist_midnight
from gateway.settings.partners import SourceQuota
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.calls import counted_calls
from integrations.calling.guarded_calls import Resilience
from integrations.calling.monitor import SourceMonitor
from integrations.calling.policies import CallPolicy
from integrations.calling.request_counters import LocalRequestCounters, QuotaUsedUp, SourceQuotas
from tests.support.remotes import remote_over
from tests.support.sign_in import NOW

READ = CallPolicy("umang.test", Source.UMANG)
QUOTA = SourceQuota(calls_a_day=3, paise_a_call=25)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def counters(clock) -> LocalRequestCounters:
    return LocalRequestCounters(clock)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def remote(clock, counters, asked):
    def make(**quotas: SourceQuota):
        async def answer(request: Request) -> JSONResponse:
            asked.append(request.url.path)
            return JSONResponse({})

        known = {Source(name): quota for name, quota in quotas.items()}
        shared = Resilience(
            clock,
            Breakers(clock),
            AnswerCache(open_cache(None), clock),
            SourceMonitor(Source),
            quotas=SourceQuotas(clock, known, counters),
        )
        return remote_over(Starlette(routes=[Route("/x", answer)]), Source.UMANG, clock=clock, shared=shared)

    return make


async def call(remote) -> None:
    await remote.send(READ, "GET", "/x")


async def test_calls_are_told_with_their_price_and_what_is_left(remote):
    umang, counts = remote(UMANG=QUOTA), counted_calls()
    await call(umang)
    await call(umang)

    assert (counts.calls[Source.UMANG], counts.paise[Source.UMANG], counts.left[Source.UMANG]) == (2, 50, 1)


async def test_beyond_the_quota_nothing_is_sent_until_the_next_day_in_india(remote, clock, asked):
    umang = remote(UMANG=QUOTA)
    for _ in range(3):
        await call(umang)
    with pytest.raises(QuotaUsedUp) as refused:
        await call(umang)

    assert len(asked) == 3
    assert refused.value.code == "daily_quota"
    midnight = ist_midnight(ist_date(NOW) + timedelta(days=1))
    assert refused.value.retry_after == (midnight - NOW).total_seconds()
    clock.set(midnight)
    await call(umang)
    assert len(asked) == 4


async def test_the_systems_breaker_stays_closed(remote, clock, asked):
    umang = remote(UMANG=SourceQuota(calls_a_day=1))
    await call(umang)
    for _ in range(20):
        with pytest.raises(QuotaUsedUp):
            await call(umang)
    clock.advance(timedelta(days=1))

    await call(umang)
    assert len(asked) == 2


async def test_money_bounds_the_calls_too(remote):
    umang = remote(UMANG=SourceQuota(calls_a_day=10, paise_a_call=40, paise_a_day=100))
    await call(umang)
    await call(umang)

    with pytest.raises(QuotaUsedUp):
        await call(umang)


def test_a_bound_in_money_without_a_price_is_refused():
    with pytest.raises(ValueError, match="paise_a_call"):
        SourceQuota(paise_a_day=100)


async def test_a_system_without_a_quota_is_asked_as_before(remote):
    umang, counts = remote(DIGILOCKER=QUOTA), counted_calls()
    await call(umang)

    assert (counts.paise[Source.UMANG], counts.left) == (0, {})


async def test_two_callers_count_together(remote, asked):
    first, second = remote(UMANG=SourceQuota(calls_a_day=2)), remote(UMANG=SourceQuota(calls_a_day=2))
    await call(first)
    await call(second)

    with pytest.raises(QuotaUsedUp):
        await call(first)
    assert len(asked) == 2
