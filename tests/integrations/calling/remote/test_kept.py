"""The caller with kept answers: one call for many readers, old copies, integrity."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.kernel import Source, SourceState
from integrations.calling.errors import IntegrityFailure, NotLetIn, Unavailable
from integrations.calling.monitor import SourceMonitor
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Answer, Codec
from tests.support.remotes import remote_over, shared_resilience

READ = CallPolicy("digilocker.read", Source.DIGILOCKER)
KEPT = CallPolicy("digilocker.kept", Source.DIGILOCKER, fresh=60, stale=3600)
TEXT = Codec[str](encode=str, decode=str)


async def test_fifty_cold_readers_make_one_call(remote, partner):
    route = partner.get("/a").respond(200, content=b"yes", content_type="application/json")

    async def load() -> str:
        return (await remote.send(KEPT, "GET", "/a")).content.decode()

    answers = await asyncio.gather(*(remote.fetch_cached(KEPT, ("citizen",), load, TEXT) for _ in range(50)))

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
        *(remote.fetch_cached(KEPT, ("citizen",), load, TEXT) for _ in range(50)), return_exceptions=True
    )

    assert calls == 1
    assert all(isinstance(answer, Unavailable) for answer in answers)


async def test_a_cancelled_first_reader_does_not_fail_the_others(remote):
    gate = asyncio.Event()

    async def load() -> str:
        await gate.wait()
        return "yes"

    first = asyncio.create_task(remote.fetch_cached(KEPT, ("citizen",), load, TEXT))
    second = asyncio.create_task(remote.fetch_cached(KEPT, ("citizen",), load, TEXT))
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
        return (await remote.fetch_cached(KEPT, ("citizen",), load, TEXT)).state

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

    await remote.fetch_cached(KEPT, ("citizen",), good, TEXT)
    clock.advance(timedelta(seconds=61))

    with pytest.raises(IntegrityFailure):
        await remote.fetch_cached(KEPT, ("citizen",), forged, TEXT)
    assert (await remote.fetch_cached(KEPT, ("citizen",), good, TEXT)).state is SourceState.LIVE


@pytest.mark.parametrize(("failure", "outcome"), [(IntegrityFailure, "integrity"), (NotLetIn, "not_let_in")])
async def test_what_somebody_must_look_at_raises_its_alarm_once(clock, partner, failure, outcome):
    told = []
    shared = replace(shared_resilience(clock), monitor=SourceMonitor(Source, lambda *seen: told.append(seen[:3])))
    remote = remote_over(None, Source.DIGILOCKER, clock=clock, shared=shared)
    partner.get("/a").respond(200)

    def judge(answer: Answer) -> None:
        raise failure(Source.DIGILOCKER, "wrong")

    async def load() -> str:
        return (await remote.send(KEPT, "GET", "/a", judge=judge)).content.decode()

    with pytest.raises(failure):
        await remote.fetch_cached(KEPT, ("citizen",), load, TEXT)

    assert [seen for seen in told if seen[2] == outcome] == [(Source.DIGILOCKER, "digilocker.kept", outcome)]
