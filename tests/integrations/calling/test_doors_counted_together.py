"""The limits of partners' doors hold for all processes together, not for each (issue: who consumes us)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from domain.kernel import ManualClock
from integrations.calling.request_counters import FallbackRequestCounters, RequestCounters
from integrations.etaal import EtaalSettings, etaal_routes
from integrations.hr import HrSettings, hr_routes
from integrations.right_to_service import RightToServiceSettings, commission_routes
from integrations.umang import UmangEndpointSettings, endpoint_routes

pytestmark = pytest.mark.integration

CLOCK = ManualClock(datetime(2026, 11, 26, 6, 0, tzinfo=UTC))
KEY = "k" * 40


class Nobody:
    """What stands behind a door whose callers never come so far."""


def etaal(tallies: RequestCounters) -> list[Route]:
    settings = EtaalSettings("user", "password", "bearer", "https://apuni.test", failures_a_minute=3)
    return etaal_routes(Nobody(), settings, CLOCK, tallies)


def umang(tallies: RequestCounters) -> list[Route]:
    settings = UmangEndpointSettings((KEY,), ("s" * 40,), {}, per_second=0.01, burst=3)
    return endpoint_routes(Nobody(), settings, CLOCK, tallies=tallies)


def umang_s_day(tallies: RequestCounters) -> list[Route]:
    settings = UmangEndpointSettings((KEY,), ("s" * 40,), {}, daily=3)
    return endpoint_routes(Nobody(), settings, CLOCK, tallies=tallies)


def umang_s_keys(tallies: RequestCounters) -> list[Route]:
    settings = UmangEndpointSettings((KEY,), ("s" * 40,), {}, failures_a_minute=3)
    return endpoint_routes(Nobody(), settings, CLOCK, tallies=tallies)


def commission(tallies: RequestCounters) -> list[Route]:
    settings = RightToServiceSettings(*["s" * 40] * 4, failures_a_minute=3)
    return commission_routes(Nobody(), settings, CLOCK, tallies)


def hr(tallies: RequestCounters) -> list[Route]:
    return hr_routes(Nobody(), HrSettings(("s" * 40,), failures_a_minute=3), CLOCK, tallies)


@pytest.fixture
async def processes(
    valkey_server,
) -> AsyncIterator[Callable[[Callable[[RequestCounters], list[Route]]], list[httpx.AsyncClient]]]:
    """Makes two processes with a door, which have one shared store."""
    url = valkey_server.url()
    async with AsyncExitStack() as stack:

        def made(door: Callable[[RequestCounters], list[Route]]) -> list[httpx.AsyncClient]:
            clients = []
            for _ in range(2):
                tallies = FallbackRequestCounters(CLOCK, url)
                stack.push_async_callback(tallies.close)
                transport = httpx.ASGITransport(app=Starlette(routes=door(tallies)), client=("192.0.2.7", 5))
                clients.append(httpx.AsyncClient(transport=transport, base_url="http://gateway.test"))
                stack.push_async_callback(clients[-1].aclose)
            return clients

        yield made


CASES = [
    pytest.param(etaal, "/etaal/v1/counts", {"Authorization": "Bearer wrong"}, id="e-Taal"),
    pytest.param(umang, "/umang/ws1/getServices", {"x-api-key": KEY}, id="UMANG"),
    pytest.param(umang_s_day, "/umang/ws1/getServices", {"x-api-key": KEY}, id="UMANG, a day"),
    pytest.param(umang_s_keys, "/umang/ws1/getServices", {"x-api-key": "wrong"}, id="UMANG, guessed keys"),
    pytest.param(commission, "/hooks/rts", {"Authorization": "Bearer wrong"}, id="Commission"),
    pytest.param(hr, "/hr/staff-changes", {"X-Timestamp": str(int(CLOCK.now().timestamp()))}, id="HR"),
]


@pytest.mark.parametrize(("door", "path", "headers"), CASES)
async def test_what_one_process_counted_is_used_up_at_the_other(processes, door, path, headers):
    one, other = processes(door)
    seen = [await asked.post(path, headers=headers, content=b"{}") for asked in (one, other, one, other, one)]

    assert [answer.status_code for answer in seen] == [401, 401, 401, 429, 429]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in seen[3:])
