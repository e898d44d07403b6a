"""Writes and withdrawn consent purge what is kept, in all processes."""

import asyncio

import pytest

from domain.kernel import SourceState
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.valkey.cache import ValkeyCache
from tests.support.loads import ANY, KEPT, KEY, SERVED, Partner


async def test_a_write_purges_what_was_kept(kept):
    partner = Partner()
    await kept.get(KEPT, KEY, partner.load, ANY)
    await kept.forget(KEPT, KEY)

    assert (await kept.get(KEPT, KEY, partner.load, ANY)).state is SourceState.LIVE


async def test_everything_of_one_citizen_is_purged_and_nothing_of_another(kept):
    partner = Partner()
    keys = [(KEPT, ("asha", "1")), (KEPT, ("asha", "2")), (SERVED, ("asha",)), (KEPT, ("ravi", "1"))]
    for policy, key in keys:
        await kept.get(policy, key, partner.load, ANY)

    assert await kept.forget_citizen("asha")

    states = [(await kept.get(policy, key, partner.load, ANY)).state for policy, key in keys]
    assert states == [SourceState.LIVE] * 3 + [SourceState.CACHED]


@pytest.mark.integration
async def test_a_purge_leaves_nothing_in_valkey(valkey_server, clock):
    cache = ValkeyCache(valkey_server.url())
    kept = AnswerCache(cache, clock)
    await kept.get(KEPT, KEY, Partner().load, ANY)
    await kept.forget_citizen("asha")

    names = [name async for name in cache.client.scan_iter()]

    assert [name.split(b":")[1] for name in names] == [b"epoch"]
    await kept.close()


async def test_an_answer_that_was_under_way_when_consent_was_withdrawn_is_not_kept(kept):
    partner = Partner(value="before")
    partner.gate.clear()
    reading = asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0)
    await kept.forget_citizen("asha")
    partner.gate.set()
    await reading
    partner.value = "after"

    assert (await kept.get(KEPT, KEY, partner.load, ANY)).value == "after"


@pytest.mark.integration
async def test_nor_is_one_that_was_under_way_in_another_process(valkey_server, clock):
    url, partner = valkey_server.url(), Partner(value="before")
    here, there = AnswerCache(open_cache(url), clock), AnswerCache(open_cache(url), clock)
    partner.gate.clear()
    reading = asyncio.create_task(there.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0.001)
    await here.forget_citizen("asha")
    partner.gate.set()
    await reading
    partner.value = "after"

    assert (await there.get(KEPT, KEY, partner.load, ANY)).value == "after"
    await here.close()
    await there.close()
