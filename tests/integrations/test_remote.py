"""The resilient caller: what is repeated, what is kept, what trips the breaker."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from domain.clock import ManualClock
from domain.sources import Source, SourceState
from integrations.deadline import set_request_deadline
from integrations.errors import Garbled, IntegrityFailure, NotAsked, Refused, Unavailable
from integrations.monitor import SourceMonitor
from integrations.policies import CallPolicy, Lane
from integrations.remote import Answer, Codec, Remote, retry_after_seconds
from tests.support.remotes import PARTNER, remote_over, shared_resilience

READ = CallPolicy("digilocker.read", Source.DIGILOCKER)
WRITE = CallPolicy("digilocker.write", Source.DIGILOCKER, repeatable=False)
KEPT = CallPolicy("digilocker.kept", Source.DIGILOCKER, fresh=60, stale=3600)
TEXT = Codec[str](encode=str, decode=str)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


@pytest.fixture
def remote(clock: ManualClock) -> Remote:
    return remote_over(None, Source.DIGILOCKER, clock=clock)


@pytest.fixture
def partner() -> respx.MockRouter:
    with respx.mock(base_url=PARTNER, assert_all_called=False) as router:
        yield router


async def test_a_read_is_tried_again_after_a_lost_connection(remote, partner):
    route = partner.get("/a").mock(side_effect=[httpx.ConnectError("x"), httpx.Response(200, text="yes")])

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


async def test_a_redirect_is_not_followed(remote, partner):
    partner.get("/a").respond(302, headers={"Location": "http://169.254.169.254/"})

    with pytest.raises(Garbled):
        await remote.send(READ, "GET", "/a")


async def test_a_body_over_the_limit_is_refused(remote, partner):
    small = CallPolicy("digilocker.small", Source.DIGILOCKER, body_limit=10)
    partner.get("/a").respond(200, content=b"x" * 11)

    with pytest.raises(Garbled):
        await remote.send(small, "GET", "/a")


async def test_a_request_without_time_left_asks_nobody(remote, partner, clock):
    route = partner.get("/a").respond(200)

    async def late() -> None:
        set_request_deadline(clock, 0.1)
        await remote.send(READ, "GET", "/a")

    with pytest.raises(Unavailable) as caught:
        await asyncio.create_task(late())

    assert (caught.value.code, route.call_count) == ("deadline_exceeded", 0)


async def test_fifty_cold_readers_make_one_call(remote, partner):
    route = partner.get("/a").respond(200, text="yes")

    async def load() -> str:
        return (await remote.send(KEPT, "GET", "/a")).content.decode()

    answers = await asyncio.gather(*(remote.kept(KEPT, ("citizen",), load, TEXT) for _ in range(50)))

    assert route.call_count == 1
    assert {answer.state for answer in answers} == {SourceState.LIVE}


async def test_fifty_cold_readers_make_one_call_also_when_it_fails(remote):
    calls = 0

    async def load() -> str:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        raise Unavailable(Source.DIGILOCKER, "down")

    answers = await asyncio.gather(
        *(remote.kept(KEPT, ("citizen",), load, TEXT) for _ in range(50)), return_exceptions=True
    )

    assert calls == 1
    assert all(isinstance(answer, Unavailable) for answer in answers)


async def test_a_cancelled_first_reader_does_not_fail_the_others(remote):
    gate = asyncio.Event()

    async def load() -> str:
        await gate.wait()
        return "yes"

    first = asyncio.create_task(remote.kept(KEPT, ("citizen",), load, TEXT))
    second = asyncio.create_task(remote.kept(KEPT, ("citizen",), load, TEXT))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()

    assert (await second).value == "yes"


async def test_a_kept_answer_is_fresh_then_stale_then_gone(remote, clock):
    up = True

    async def load() -> str:
        if not up:
            raise Unavailable(Source.DIGILOCKER, "down")
        return "yes"

    async def read() -> SourceState:
        return (await remote.kept(KEPT, ("citizen",), load, TEXT)).state

    states = [await read(), await read()]
    up = False
    clock.advance(timedelta(seconds=61))
    states.append(await read())
    clock.advance(timedelta(hours=2))

    assert states == [SourceState.LIVE, SourceState.CACHED, SourceState.STALE]
    with pytest.raises(Unavailable):
        await read()


async def test_an_integrity_failure_is_neither_kept_nor_covered_by_an_old_copy(remote, clock):
    async def good() -> str:
        return "yes"

    async def forged() -> str:
        raise IntegrityFailure(Source.DIGILOCKER, "hmac")

    await remote.kept(KEPT, ("citizen",), good, TEXT)
    clock.advance(timedelta(seconds=61))

    with pytest.raises(IntegrityFailure):
        await remote.kept(KEPT, ("citizen",), forged, TEXT)
    assert (await remote.kept(KEPT, ("citizen",), good, TEXT)).state is SourceState.LIVE


# Keyed writes: a lost answer is enquired before it is repeated.

KEYED = CallPolicy("digilocker.keyed", Source.DIGILOCKER, keyed=True)


class Enquiry:
    """Whether the partner has the key, as each enquiry finds it."""

    def __init__(self, *found):
        self.found = list(found)
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        found = self.found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_lost_answer_is_enquired_and_what_had_arrived_is_not_sent_again(remote, partner):
    route, enquiry = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x")), Enquiry(True)

    answer = await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)

    assert (answer, route.call_count, enquiry.asked) == (None, 1, 1)


async def test_what_had_not_arrived_is_sent_again(remote, partner):
    route = partner.post("/a").mock(side_effect=[httpx.ReadTimeout("x"), httpx.Response(201)])
    enquiry = Enquiry(False)

    answer = await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)

    assert (answer.status, route.call_count, enquiry.asked) == (201, 2, 1)


async def test_where_it_cannot_be_learnt_the_loss_is_told_and_nothing_is_sent_again(remote, partner):
    route = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x"))
    enquiry = Enquiry(Unavailable(Source.DIGILOCKER, "enquiry_down"))

    with pytest.raises(Unavailable) as caught:
        await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)

    assert (caught.value.code, route.call_count, enquiry.asked) == ("connection_lost", 1, 1)


async def test_before_the_last_loss_is_told_it_is_enquired_once_more(remote, partner):
    route, enquiry = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x")), Enquiry(False, False, True)

    assert await remote.send_once(KEYED, "POST", "/a", confirm=enquiry) is None
    assert (route.call_count, enquiry.asked) == (3, 3)


async def test_a_connection_that_was_never_made_needs_no_enquiry(remote, partner):
    route, enquiry = partner.post("/a").mock(side_effect=[httpx.ConnectError("x"), httpx.Response(201)]), Enquiry()

    assert (await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)).status == 201
    assert (route.call_count, enquiry.asked) == (2, 0)


async def test_a_garbled_answer_to_a_write_is_enquired_too(remote, partner):
    partner.post("/a").respond(200, text="?")

    def judge(answer: Answer) -> None:
        raise Garbled(Source.DIGILOCKER, "unreadable")

    assert await remote.send_once(KEYED, "POST", "/a", confirm=Enquiry(True), judge=judge) is None
    with pytest.raises(Garbled):
        await remote.send_once(KEYED, "POST", "/a", confirm=Enquiry(False), judge=judge)


# What is checked before an adapter reads.


@pytest.mark.parametrize(
    ("media_type", "error"),
    [("application/json; charset=utf-8", None), ("text/html", Unavailable), ("text/plain", Garbled), ("", Garbled)],
)
async def test_the_content_type_is_checked_before_the_answer_is_read(remote, partner, media_type, error):
    policy = CallPolicy("digilocker.json", Source.DIGILOCKER, attempts=1, accepts=frozenset({"application/json"}))
    partner.get("/a").respond(200, content=b"{}", headers={"Content-Type": media_type})
    judged = []

    if error is None:
        await remote.send(policy, "GET", "/a", judge=judged.append)
    else:
        with pytest.raises(error):
            await remote.send(policy, "GET", "/a", judge=judged.append)

    assert bool(judged) is (error is None)


async def test_a_packed_body_is_refused_unread(remote, partner):
    partner.get("/a").respond(200, content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    with pytest.raises(Garbled) as caught:
        await remote.send(READ, "GET", "/a")

    assert caught.value.code == "encoded_body"


async def test_requests_carry_no_cookie_that_an_answer_set(remote, partner):
    route = partner.get("/a").respond(200, headers={"Set-Cookie": "a=b"})

    for _ in range(2):
        await remote.send(READ, "GET", "/a")

    assert "cookie" not in route.calls.last.request.headers


# Deadlines, breakers and places.


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
    policy = CallPolicy("digilocker.one", Source.DIGILOCKER, attempts=1, attempt=0.05, lane=Lane("one", places=1))
    held = asyncio.Event()

    async def slow(scope, receive, send):
        await held.wait()

    shared = shared_resilience(clock)
    remote = remote_over(slow, Source.DIGILOCKER, clock=clock, shared=shared)
    patient = CallPolicy("digilocker.patient", Source.DIGILOCKER, attempts=1, lane=Lane("one", places=1))
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


# Integrity.


async def test_an_integrity_failure_raises_the_alarm_once(clock, partner):
    told = []
    shared = replace(shared_resilience(clock), monitor=SourceMonitor(Source, lambda *seen: told.append(seen[:3])))
    remote = remote_over(None, Source.DIGILOCKER, clock=clock, shared=shared)
    partner.get("/a").respond(200)

    def judge(answer: Answer) -> None:
        raise IntegrityFailure(Source.DIGILOCKER, "hmac")

    async def load() -> str:
        return (await remote.send(KEPT, "GET", "/a", judge=judge)).content.decode()

    with pytest.raises(IntegrityFailure):
        await remote.kept(KEPT, ("citizen",), load, TEXT)

    assert [seen for seen in told if seen[2] == "integrity"] == [(Source.DIGILOCKER, "digilocker.kept", "integrity")]
    assert shared.monitor.integrity_failures == {(Source.DIGILOCKER, "digilocker.kept"): 1}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2.0), ("Tue, 24 Nov 2026 06:00:10 GMT", 10.0), ("soon", None), ("", None), ("-5", None)],
)
def test_both_forms_of_retry_after_are_read(header, seconds):
    answer = Answer(429, {"retry-after": header}, b"", datetime(2026, 11, 24, 6, 0, tzinfo=UTC))

    assert retry_after_seconds(answer) == seconds
