"""What the caller repeats, when its breakers open, and what it does when time or places are short."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.kernel import Source
from integrations.calling.answers import LONGEST_WAIT
from integrations.calling.breakers import LONGEST_OPEN_SECONDS
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Garbled, NotAsked, Refused, Unavailable
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import Answer, retry_after_seconds
from schema.kernel.errors import extensions_of, problem_of
from tests.support.remotes import remote_over, shared_resilience

READ = CallPolicy("digilocker.read", Source.DIGILOCKER)
WRITE = CallPolicy("digilocker.write", Source.DIGILOCKER, repeatable=False)


async def test_a_read_is_tried_again_after_a_lost_connection(remote, partner):
    route = partner.get("/a").mock(
        side_effect=[
            httpx.ConnectError("x"),
            httpx.Response(200, content=b"yes", headers={"Content-Type": "application/json"}),
        ]
    )

    answer = await remote.send(READ, "GET", "/a")

    assert (answer.content, route.call_count) == (b"yes", 2)


async def test_a_read_is_given_up_after_three_attempts(remote, partner):
    route = partner.get("/a").respond(503)

    with pytest.raises(Unavailable) as caught:
        await remote.send(READ, "GET", "/a")

    assert (caught.value.code, route.call_count) == ("http_503", 3)


async def test_a_write_without_a_key_is_not_repeated_once_it_may_have_been_received(remote, partner):
    route = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x"))

    with pytest.raises(Unavailable):
        await remote.send(WRITE, "POST", "/a", json={})

    assert route.call_count == 1


async def test_a_write_whose_connection_was_never_made_is_repeated(remote, partner):
    route = partner.post("/a").mock(side_effect=[httpx.ConnectError("x"), httpx.Response(201)])

    await remote.send(WRITE, "POST", "/a", json={})

    assert route.call_count == 2


async def test_an_asked_for_wait_longer_than_five_seconds_is_not_waited_for(remote, partner):
    route = partner.get("/a").respond(429, headers={"Retry-After": "30"})

    with pytest.raises(Unavailable) as caught:
        await remote.send(READ, "GET", "/a")

    assert (caught.value.retry_after, route.call_count) == (30.0, 1)


async def test_a_wait_of_a_day_that_a_partner_asks_for_reaches_the_app_as_five_minutes(remote, partner):
    partner.get("/a").respond(429, headers={"Retry-After": "86400"})

    with pytest.raises(Unavailable) as caught:
        await remote.send(READ, "GET", "/a")

    assert extensions_of(problem_of(caught.value), None)["retryAfterSeconds"] == 300


async def test_repeats_stop_when_the_budget_of_the_system_is_spent(remote, partner):
    route = partner.get("/a").respond(503)

    for _ in range(3):
        with pytest.raises(Unavailable):
            await remote.send(READ, "GET", "/a")

    assert route.call_count <= 3 + 4


async def test_five_failures_in_a_row_open_the_breaker_and_time_lets_a_probe_through(remote, partner, clock):
    route = partner.get("/a").respond(500)

    def judge(answer: Answer) -> None:
        if answer.status != 200:
            raise Garbled(Source.DIGILOCKER, "no_document")

    for _ in range(5):
        with pytest.raises(Garbled):
            await remote.send(READ, "GET", "/a", judge=judge)
    with pytest.raises(Unavailable) as caught:
        await remote.send(READ, "GET", "/a", judge=judge)
    route.respond(200)
    clock.advance(timedelta(seconds=20))
    await remote.send(READ, "GET", "/a", judge=judge)

    assert caught.value.code == "circuit_open"
    assert 0 < caught.value.retry_after <= 18


async def test_calls_at_once_wait_for_the_probe_of_a_recovering_system_and_all_answer(remote, partner, clock):
    route = partner.get("/a").respond(500)

    def judge(answer: Answer) -> None:
        if answer.status != 200:
            raise Garbled(Source.DIGILOCKER, "no_document")

    for _ in range(5):
        with pytest.raises(Garbled):
            await remote.send(READ, "GET", "/a", judge=judge)
    route.respond(200)
    clock.advance(timedelta(seconds=20))
    answers = await asyncio.gather(*(remote.send(READ, "GET", "/a", judge=judge) for _ in range(6)))

    assert [answer.status for answer in answers] == [200] * 6


async def test_a_refusal_does_not_open_the_breaker(remote, partner):
    route = partner.get("/a").respond(404)

    def judge(answer: Answer) -> None:
        raise Refused(Source.DIGILOCKER, "not_there")

    for _ in range(8):
        with pytest.raises(Refused):
            await remote.send(READ, "GET", "/a", judge=judge)

    assert route.call_count == 8


async def test_one_group_of_a_system_does_not_trip_another(remote, partner):
    partner.get("/bad").respond(500)
    partner.get("/good").respond(200)

    def judge(answer: Answer) -> None:
        if answer.status != 200:
            raise Garbled(Source.DIGILOCKER, "no_document")

    for _ in range(6):
        with pytest.raises((Garbled, Unavailable)):
            await remote.send(READ, "GET", "/bad", group="one", judge=judge)

    assert (await remote.send(READ, "GET", "/good", group="two")).status == 200


async def test_a_request_without_time_left_asks_nobody(remote, partner, clock):
    route = partner.get("/a").respond(200)

    async def late() -> None:
        set_request_deadline(clock, 0.1)
        await remote.send(READ, "GET", "/a")

    with pytest.raises(Unavailable) as caught:
        await asyncio.create_task(late())

    assert (caught.value.code, route.call_count) == ("deadline_exceeded", 0)


async def test_a_request_in_a_hurry_cannot_open_the_breaker_for_the_others(clock):
    async def slow(scope, receive, send):
        await asyncio.sleep(30)

    shared = shared_resilience(clock)
    remote = remote_over(slow, Source.DIGILOCKER, clock=clock, shared=shared)

    async def hurried() -> None:
        set_request_deadline(clock, 0.26)
        await remote.send(READ, "GET", "/a")

    for _ in range(6):
        with pytest.raises(NotAsked):
            await asyncio.create_task(hurried())

    assert not shared.breakers.is_open(Source.DIGILOCKER)


async def test_a_call_that_finds_no_place_in_its_time_says_so_and_counts_for_nothing(clock):
    policy = CallPolicy("digilocker.one", Source.DIGILOCKER, attempts=1, attempt=0.05, lane=Bulkhead("one", places=1))
    held = asyncio.Event()

    async def slow(scope, receive, send):
        await held.wait()

    shared = shared_resilience(clock)
    remote = remote_over(slow, Source.DIGILOCKER, clock=clock, shared=shared)
    patient = CallPolicy("digilocker.patient", Source.DIGILOCKER, attempts=1, lane=Bulkhead("one", places=1))
    holder = asyncio.create_task(remote.send(patient, "GET", "/a"))
    await asyncio.sleep(0)

    for _ in range(6):
        with pytest.raises(NotAsked) as caught:
            await remote.send(policy, "GET", "/a")
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)

    assert caught.value.code == "crowded"
    assert not shared.breakers.is_open(Source.DIGILOCKER)


async def test_a_group_that_each_call_must_name_is_asked_for(remote):
    policy = CallPolicy("digilocker.file", Source.DIGILOCKER, breaker="<issuer>")

    with pytest.raises(ValueError, match="names its breaker group"):
        await remote.send(policy, "GET", "/a")


async def test_a_wait_that_would_pass_the_deadline_is_not_begun(remote, partner, clock):
    route = partner.get("/a").respond(503, headers={"Retry-After": "4"})

    async def request() -> None:
        set_request_deadline(clock, 3)
        await remote.send(READ, "GET", "/a")

    with pytest.raises(Unavailable):
        await asyncio.create_task(request())

    assert (route.call_count, clock.monotonic()) == (1, 0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2.0), ("Tue, 24 Nov 2026 06:00:10 GMT", 10.0), ("soon", None), ("", None), ("-5", None)],
)
def test_both_forms_of_retry_after_are_read(header, seconds):
    answer = Answer(429, {"retry-after": header}, b"", datetime(2026, 11, 24, 6, 0, tzinfo=UTC))

    assert retry_after_seconds(answer) == seconds


@pytest.mark.parametrize("header", ["301", "86400", "9" * 400, "Wed, 25 Nov 2026 06:00:00 GMT"])
def test_a_longer_wait_than_a_breaker_stays_open_is_not_believed(header):
    answer = Answer(429, {"retry-after": header}, b"", datetime(2026, 11, 24, 6, 0, tzinfo=UTC))

    assert retry_after_seconds(answer) == LONGEST_WAIT == LONGEST_OPEN_SECONDS
