"""Rates: how much each class may ask, how the callers are told apart, and a shared store that may be away."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.kernel import ManualClock, PersonKind
from domain.kernel.networks import network_of
from gateway.graphql.endpoint import Edge
from gateway.http.callers import MOST_KNOWN, ROUTER, Caller, CallerKind, Callers
from gateway.http.problems import RequestProblem
from gateway.http.rates import MemoryWindows, RateLimits
from gateway.settings.limits import Rates

STRANGER = Caller(CallerKind.ANONYMOUS, "a")
CITIZEN = Caller(CallerKind.CITIZEN, "a")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, tzinfo=UTC))


async def spent(rates: RateLimits, caller: Caller, most: int) -> int:
    """How many operations a caller gets before the first refusal."""
    for count in range(most):
        try:
            await rates.spend(caller)
        except RequestProblem:
            return count
    return most


@pytest.mark.parametrize(("caller", "most"), [(STRANGER, 60), (CITIZEN, 300), (ROUTER, 6000)])
async def test_each_class_has_its_operations_in_a_minute(clock: ManualClock, caller: Caller, most: int):
    rates = RateLimits(Rates(), clock)

    assert await spent(rates, caller, 10_000) == most


async def test_the_demo_has_a_thousand_times_as_many(clock: ManualClock):
    rates = RateLimits(Rates().times(1000), clock)

    assert await spent(rates, STRANGER, 2000) == 2000


async def test_a_refusal_is_429_and_says_when_to_come_back_and_that_is_true(clock: ManualClock):
    rates = RateLimits(Rates(), clock)
    await spent(rates, STRANGER, 61)
    with pytest.raises(RequestProblem) as refused:
        await rates.spend(STRANGER)

    wait = int(refused.value.headers["Retry-After"])
    assert (refused.value.status, refused.value.problem.code) == (429, "RATE_LIMITED")
    assert 1 <= wait <= 120
    clock.advance(timedelta(seconds=wait - 1.001))
    with pytest.raises(RequestProblem):
        await rates.spend(STRANGER)
    clock.advance(timedelta(seconds=1.001))
    await rates.spend(STRANGER)


async def test_what_is_left_is_told_as_a_throttle_status(clock: ManualClock):
    rates = RateLimits(Rates(), clock)

    first = await rates.spend(STRANGER)
    second = await rates.spend(STRANGER)

    assert first.throttle_status() == {"maximumAvailable": 60, "currentlyAvailable": 59, "restoreRate": 1.0}
    assert second.left == 58


async def test_one_caller_does_not_use_up_what_is_another_s(clock: ManualClock):
    rates = RateLimits(Rates(), clock)
    await spent(rates, STRANGER, 100)

    await rates.spend(Caller(CallerKind.ANONYMOUS, "b"))
    await rates.spend(CITIZEN)


async def test_callers_who_were_not_seen_for_long_are_forgotten(clock: ManualClock):
    windows = MemoryWindows(clock, most=3)
    for name in "abcd":
        assert await windows.acquire_sliding_window_entry(name, 1, 60)

    assert await windows.acquire_sliding_window_entry("a", 1, 60)
    assert not await windows.acquire_sliding_window_entry("d", 1, 60)


async def test_a_wall_clock_that_is_set_back_changes_nothing(clock: ManualClock):
    rates = RateLimits(Rates(), clock)
    await spent(rates, STRANGER, 61)

    clock.set(clock.now() - timedelta(hours=1))
    clock.advance(timedelta(seconds=120))

    await rates.spend(STRANGER)


async def test_a_shared_store_that_is_away_locks_nobody_out_and_is_counted(clock: ManualClock, tmp_path):
    faults: list[int] = []
    rates = RateLimits(Rates(), clock, shared_url=f"unix://{tmp_path}/absent.sock", faults=lambda: faults.append(1))

    assert await spent(rates, STRANGER, 100) == 60
    assert len(faults) == 1  # it is not asked again within a second

    clock.advance(timedelta(seconds=1.1))
    with pytest.raises(RequestProblem):
        await rates.spend(STRANGER)
    assert len(faults) == 2
    await rates.close()


@pytest.mark.integration
async def test_processes_with_one_shared_store_count_together(clock: ManualClock, valkey_server):
    url = valkey_server.url()
    one, other = RateLimits(Rates(), clock, shared_url=url), RateLimits(Rates(), clock, shared_url=url)

    assert await spent(one, STRANGER, 40) == 40
    assert 19 <= await spent(other, STRANGER, 40) <= 21  # the edge of a minute may lie between
    with pytest.raises(RequestProblem) as refused:
        await other.spend(STRANGER)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 120
    await one.close()
    await other.close()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_a_household_is_one_caller(address: str | None, network: str):
    assert network_of(address) == network


def test_a_person_is_one_caller_wherever_she_is_and_her_token_is_read_once(clock: ManualClock):
    read: list[str] = []

    def person_of(token: str) -> tuple[PersonKind, str] | None:
        read.append(token)
        return (PersonKind.OFFICER, "7") if token.startswith("good") else None

    callers = Callers(clock.monotonic, person_of)
    first, second = callers("good-1", "203.0.113.7"), callers("good-1", "203.0.113.8")
    other_token = callers("good-2", "203.0.113.7")
    forged = callers("forged", "203.0.113.7")

    assert first == second == other_token
    assert first.kind is CallerKind.OFFICER
    assert first.share.value == "officers"
    assert forged == callers(None, "203.0.113.7")
    assert forged.share.value == "strangers"
    assert read == ["good-1", "good-2", "forged"]


def test_keys_of_callers_tell_neither_person_nor_address(clock: ManualClock):
    callers = Callers(clock.monotonic, lambda _: (PersonKind.CITIZEN, "citizen-7"))

    assert "citizen-7" not in callers("t", None).key
    assert "203.0.113.7" not in callers(None, "203.0.113.7").key


def test_guessed_tokens_do_not_push_out_those_that_hold(clock: ManualClock):
    read: list[str] = []

    def person_of(token: str) -> tuple[PersonKind, str] | None:
        read.append(token)
        return (PersonKind.CITIZEN, "7") if token == "good" else None

    callers = Callers(clock.monotonic, person_of)
    callers("good", None)
    for number in range(MOST_KNOWN + 1):
        callers(f"guess-{number}", None)
    callers("good", None)

    assert read.count("good") == 1


async def test_a_router_that_proved_itself_counts_by_itself(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient], clock: ManualClock
):
    edge = make_edge(
        rates=RateLimits(Rates(anonymous_per_minute=2, router_per_minute=3), clock), router_secret="s" * 32
    )

    async def statuses(client: httpx.AsyncClient, **headers: str) -> list[int]:
        return [
            (await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)).status_code for _ in range(4)
        ]

    async with application_of(edge) as client:
        proved = await statuses(client, **{"X-Router-Secret": "s" * 32})
        unproved = await statuses(client, **{"X-Router-Secret": "wrong"})
        refused = await client.post("/graphql", json={"query": "{ hello }"})

    assert proved == [200, 200, 200, 429]
    assert unproved == [200, 200, 429, 429]
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert refused.json()["errors"][0]["extensions"]["retryAfterSeconds"] == int(refused.headers["retry-after"])
