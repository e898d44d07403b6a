"""The eleven defects of aiocache by name (ADR 0004), on this process's memory and on a real Valkey."""

import asyncio
from datetime import timedelta

import pytest

from domain.identity.policy import Purpose
from domain.kernel import Source, SourceState
from integrations.calling.cache import AnswerCache, cache_key, open_cache
from integrations.calling.cache_backends import BoundedMemoryCache
from integrations.calling.errors import Unavailable
from integrations.calling.policies import CallPolicy, Scope
from integrations.calling.valkey.cache import ValkeyCache
from tests.support.loads import ANY, KEPT, KEY, SERVED, Partner, down


async def test_defect_1_failing_loads_are_coalesced(kept):
    partner = Partner(error=down())

    answers = await asyncio.gather(*(kept.get(KEPT, KEY, partner.load, ANY) for _ in range(50)), return_exceptions=True)

    assert partner.calls == 1
    assert all(isinstance(answer, Unavailable) for answer in answers)


async def test_defect_2_calls_of_any_length_are_coalesced(kept, clock):
    partner = Partner()
    partner.gate.clear()
    first = [asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY)) for _ in range(25)]
    await asyncio.sleep(0)
    clock.advance(timedelta(hours=1))
    second = [asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY)) for _ in range(25)]
    await asyncio.sleep(0.01)
    partner.gate.set()

    await asyncio.gather(*first, *second)

    assert partner.calls == 1


@pytest.mark.integration
async def test_defect_3_another_process_reads_what_this_one_kept(valkey_server, clock):
    url, partner = valkey_server.url(), Partner()
    here, there = AnswerCache(open_cache(url), clock), AnswerCache(open_cache(url), clock)

    await here.get(KEPT, KEY, partner.load, ANY)
    answer = await there.get(KEPT, KEY, partner.load, ANY)

    assert (answer.state, partner.calls) == (SourceState.CACHED, 1)
    await here.close()
    await there.close()


async def test_defect_4_two_caches_with_one_key_do_not_disturb_each_other(clock):
    one, other = (AnswerCache(open_cache(None), clock) for _ in range(2))
    partner = Partner()

    answers = await asyncio.gather(one.get(KEPT, KEY, partner.load, ANY), other.get(KEPT, KEY, partner.load, ANY))

    assert [answer.value for answer in answers] == ["yes", "yes"]
    assert partner.calls == 2


async def test_defect_5_followers_of_a_cancelled_leader_get_its_answer(kept):
    partner = Partner()
    partner.gate.clear()
    leader = asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY))
    follower = asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0)
    leader.cancel()
    partner.gate.set()

    assert (await follower).value == "yes"
    assert partner.calls == 1


async def test_defect_6_clearing_the_memory_ends_its_timers():
    cache = BoundedMemoryCache()
    await cache.set("a", b"1", ttl=100)
    await cache.clear()

    assert cache._handlers == {}
    await cache.set("a", b"2", ttl=100)
    assert await cache.get("a") == b"2"
    await cache.close()


async def test_defect_7_namespaces_do_not_collide(cache):
    await cache.set("bc", b"one", namespace="a")

    assert await cache.get("c", namespace="ab") is None
    assert await cache.get("bc", namespace="a") == b"one"


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "bc"), ("ab", "c")), (("a", ""), ("a",)), (('a","b',), ("a", "b")), (("अ", "आ"), ("आ", "अ"))],
)
def test_defect_7_keys_of_other_parts_are_other_keys(one, other):
    assert cache_key(KEPT, one) != cache_key(KEPT, other)


def test_a_key_holds_policy_version_scope_purpose_and_subject_but_shows_nothing():
    newer = CallPolicy("umang.card", Source.UMANG, fresh=60, schema_version=2)
    officers = CallPolicy("umang.card", Source.UMANG, fresh=60, scope=Scope.OFFICER)
    deciding = CallPolicy("umang.card", Source.UMANG, fresh=60, purpose=Purpose.DECIDE)

    assert len({cache_key(policy, KEY) for policy in (KEPT, SERVED, newer, officers, deciding)}) == 5
    assert "asha" not in cache_key(KEPT, KEY)


async def test_defect_8_the_memory_is_bounded_with_its_timers():
    cache = BoundedMemoryCache(entries=3)
    for number in range(20):
        await cache.write(f"apuni:kept:s{number}:p:d", b"x", 100)

    assert (len(cache._cache), len(cache._handlers), len(cache._of_subject)) == (3, 3, 3)
    await cache.close()


async def test_defect_8_what_was_read_last_stays_longest():
    cache = BoundedMemoryCache(entries=2)
    for name in ("a", "b"):
        await cache.set(name, b"x")
    await cache.get("a")
    await cache.set("c", b"x")

    assert [await cache.get(name) for name in ("a", "b", "c")] == [b"x", None, b"x"]


async def test_defect_9_changing_an_answer_does_not_change_what_is_kept(kept):
    partner = Partner(value=["one"])

    (await kept.get(KEPT, KEY, partner.load, ANY)).value.append("two")
    partner.value = None
    (await kept.get(KEPT, KEY, partner.load, ANY)).value.append("three")

    assert (await kept.get(KEPT, KEY, partner.load, ANY)).value == ["one"]


async def test_defect_10_none_is_kept_like_any_answer(kept):
    partner = Partner(value=None)

    await kept.get(KEPT, KEY, partner.load, ANY)
    answer = await kept.get(KEPT, KEY, partner.load, ANY)

    assert (answer.value, answer.state, partner.calls) == (None, SourceState.CACHED, 1)


@pytest.mark.integration
async def test_defect_11_clearing_never_empties_the_database(valkey_server):
    cache = ValkeyCache(valkey_server.url())
    await cache.set("x", b"1", namespace="mine")
    await cache.set("x", b"1", namespace="theirs")

    with pytest.raises(ValueError, match="namespace"):
        await cache.clear()
    await cache.clear(namespace="mine")

    assert [await cache.get("x", namespace=name) for name in ("mine", "theirs")] == [None, b"1"]
    await cache.close()
