"""How long an answer is fresh, served while asked for again, and a cover for silence."""

import asyncio
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import Source, SourceState
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.calls import around_calls
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Garbled, IntegrityFailure, NotAsked, Refused, Unavailable
from tests.support.loads import ANY, KEPT, KEY, SERVED, Partner, down, landed


async def test_fresh_then_served_while_asked_again_then_fresh_again(kept, clock):
    partner = Partner(value="old")
    await kept.get(SERVED, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))
    partner.value = "new"
    partner.gate.clear()

    served = [await kept.get(SERVED, KEY, partner.load, ANY) for _ in range(50)]
    partner.gate.set()
    await landed(kept)
    after = await kept.get(SERVED, KEY, partner.load, ANY)

    assert {(answer.value, answer.state) for answer in served} == {("old", SourceState.STALE)}
    assert (after.value, after.state, partner.calls) == ("new", SourceState.CACHED, 2)


async def test_after_that_time_the_system_is_waited_for_and_an_old_copy_covers_its_silence(kept, clock):
    partner = Partner(value="old")
    await kept.get(SERVED, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=121))
    partner.error = down()

    stale = await kept.get(SERVED, KEY, partner.load, ANY)
    clock.advance(timedelta(hours=1))

    assert (stale.value, stale.state, stale.as_of) == ("old", SourceState.STALE, datetime(2026, 11, 24, 6, tzinfo=UTC))
    with pytest.raises(Unavailable):
        await kept.get(SERVED, KEY, partner.load, ANY)


async def test_an_old_copy_covers_an_answer_that_cannot_be_read_but_no_forged_one(kept, clock):
    partner = Partner(value="old")
    await kept.get(KEPT, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))
    partner.error = Garbled(Source.UMANG, "not_json")
    stale = await kept.get(KEPT, KEY, partner.load, ANY)
    partner.error = IntegrityFailure(Source.UMANG, "hmac")

    assert (stale.value, stale.state) == ("old", SourceState.STALE)
    with pytest.raises(IntegrityFailure):
        await kept.get(KEPT, KEY, partner.load, ANY)
    partner.error = Garbled(Source.UMANG, "not_json")
    with pytest.raises(Garbled):  # the forgery took the old copy with it
        await kept.get(KEPT, KEY, partner.load, ANY)


async def test_fifty_readers_of_an_old_copy_make_one_attempt(kept, clock):
    partner = Partner()
    await kept.get(KEPT, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))
    partner.error = down()

    answers = await asyncio.gather(*(kept.get(KEPT, KEY, partner.load, ANY) for _ in range(50)))

    assert partner.calls == 2
    assert {answer.state for answer in answers} == {SourceState.STALE}


async def test_a_reader_whose_receipt_was_being_written_while_another_asked_is_given_that_answer(kept):
    partner = Partner()

    async def another_asks() -> None:
        await asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY), context=Context())

    with around_calls(another_asks, lambda: None):
        answer = await kept.get(KEPT, KEY, partner.load, ANY)

    assert (answer.state, partner.calls) == (SourceState.CACHED, 1)


async def test_a_part_of_a_list_is_given_but_not_kept(kept):
    partner = Partner(value=[1, 2])

    for _ in range(2):
        answer = await kept.get(KEPT, KEY, partner.load, ANY, whole=lambda value: len(value) == 3)
        assert (answer.value, answer.state) == ([1, 2], SourceState.LIVE)
    partner.value = [1, 2, 3]
    states = [(await kept.get(KEPT, KEY, partner.load, ANY, whole=lambda value: len(value) == 3)).state for _ in "ab"]

    assert states == [SourceState.LIVE, SourceState.CACHED]


@pytest.mark.parametrize("error", [Refused(Source.UMANG, "gone"), IntegrityFailure(Source.UMANG, "hmac")])
async def test_a_refusal_or_a_forgery_drops_what_was_kept(kept, clock, error):
    partner = Partner()
    await kept.get(KEPT, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))
    partner.error = error
    with pytest.raises(type(error)):
        await kept.get(KEPT, KEY, partner.load, ANY)
    partner.error = down()

    with pytest.raises(Unavailable):
        await kept.get(KEPT, KEY, partner.load, ANY)


async def test_a_reader_waits_no_longer_than_its_request_may_and_the_call_goes_on_for_others(kept, clock):
    partner = Partner()
    partner.gate.clear()

    async def hurried():
        set_request_deadline(clock, 0.26)
        return await kept.get(KEPT, KEY, partner.load, ANY)

    with pytest.raises(NotAsked) as caught:
        await asyncio.create_task(hurried())
    partner.gate.set()
    await landed(kept)

    assert caught.value.code == "deadline_exceeded"
    assert (await kept.get(KEPT, KEY, partner.load, ANY)).state is SourceState.CACHED
    assert partner.calls == 1


async def test_a_request_without_time_asks_nobody_but_may_have_an_old_copy(kept, clock):
    partner = Partner()
    await kept.get(KEPT, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))

    async def late():
        set_request_deadline(clock, 0.1)
        return await kept.get(KEPT, KEY, partner.load, ANY)

    assert (await asyncio.create_task(late())).state is SourceState.STALE
    assert partner.calls == 1


async def test_closing_ends_the_calls_under_way(clock):
    kept, partner = AnswerCache(open_cache(None), clock), Partner()
    partner.gate.clear()
    reading = asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0)

    await kept.close()

    with pytest.raises(asyncio.CancelledError):
        await reading
