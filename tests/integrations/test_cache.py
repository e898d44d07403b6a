"""Kept answers, on this process's memory and on a real Valkey; the eleven defects of aiocache by name."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import redis.exceptions

from domain.clock import ManualClock
from domain.sources import Source, SourceState
from integrations.cache import Codec, KeptAnswers, cache_key
from integrations.cache_backends import BoundedMemoryCache, ValkeyCache, open_cache
from integrations.deadline import set_request_deadline
from integrations.errors import IntegrityFailure, NotAsked, Refused, Unavailable
from integrations.policies import CallPolicy, Scope

KEPT = CallPolicy("umang.card", Source.UMANG, fresh=60, stale=3600)
SERVED = CallPolicy("umang.served", Source.UMANG, fresh=60, revalidate=60, stale=3600)
ANY = Codec(encode=lambda value: value, decode=lambda value: value)
KEY = ("asha", "card")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


@pytest.fixture
def kept(cache, clock) -> KeptAnswers:
    return KeptAnswers(cache, clock)


@dataclass
class Partner:
    """An outside system that counts how often it is asked."""

    value: object = "yes"
    error: Exception | None = None
    calls: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self):
        self.gate.set()

    async def load(self):
        self.calls += 1
        await self.gate.wait()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.value


def down() -> Unavailable:
    return Unavailable(Source.UMANG, "down")


# The eleven defects of ECOSYSTEM.md section 2.


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
    here, there = KeptAnswers(open_cache(url), clock), KeptAnswers(open_cache(url), clock)

    await here.get(KEPT, KEY, partner.load, ANY)
    answer = await there.get(KEPT, KEY, partner.load, ANY)

    assert (answer.state, partner.calls) == (SourceState.CACHED, 1)
    await here.close()
    await there.close()


async def test_defect_4_two_caches_with_one_key_do_not_disturb_each_other(clock):
    one, other = (KeptAnswers(open_cache(None), clock) for _ in range(2))
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


def test_a_key_holds_policy_version_scope_and_subject_but_shows_nothing():
    newer = CallPolicy("umang.card", Source.UMANG, fresh=60, schema_version=2)
    officers = CallPolicy("umang.card", Source.UMANG, fresh=60, scope=Scope.OFFICER)

    assert len({cache_key(policy, KEY) for policy in (KEPT, SERVED, newer, officers)}) == 4
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


# Freshness.


async def test_fresh_then_served_while_asked_again_then_fresh_again(kept, clock):
    partner = Partner(value="old")
    await kept.get(SERVED, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))
    partner.value = "new"
    partner.gate.clear()

    served = [await kept.get(SERVED, KEY, partner.load, ANY) for _ in range(50)]
    partner.gate.set()
    await _landed(kept)
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


async def test_fifty_readers_of_an_old_copy_make_one_attempt(kept, clock):
    partner = Partner()
    await kept.get(KEPT, KEY, partner.load, ANY)
    clock.advance(timedelta(seconds=61))
    partner.error = down()

    answers = await asyncio.gather(*(kept.get(KEPT, KEY, partner.load, ANY) for _ in range(50)))

    assert partner.calls == 2
    assert {answer.state for answer in answers} == {SourceState.STALE}


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


# Forgetting.


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
    kept = KeptAnswers(cache, clock)
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
    here, there = KeptAnswers(open_cache(url), clock), KeptAnswers(open_cache(url), clock)
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


# A cache that is away.


class Away(BoundedMemoryCache):
    """A cache that can be switched off."""

    away = True

    async def read(self, name):
        self._check()
        return await super().read(name)

    async def write(self, name, raw, seconds):
        self._check()
        await super().write(name, raw, seconds)

    async def remove(self, name):
        self._check()
        await super().remove(name)

    async def remove_subject(self, subject):
        self._check()
        await super().remove_subject(subject)

    def _check(self):
        if self.away:
            raise redis.exceptions.ConnectionError


async def test_a_fault_of_the_cache_is_a_miss(clock):
    kept, partner = KeptAnswers(Away(), clock), Partner()

    answers = [await kept.get(KEPT, KEY, partner.load, ANY) for _ in range(2)]

    assert ({answer.state for answer in answers}, partner.calls) == ({SourceState.LIVE}, 2)


async def test_a_purge_that_could_not_be_made_is_owed_and_nothing_is_served_before_it(clock):
    cache, partner = Away(), Partner()
    kept = KeptAnswers(cache, clock)
    cache.away = False
    await kept.get(KEPT, KEY, partner.load, ANY)
    cache.away = True
    assert not await kept.forget_citizen("asha")
    cache.away = False
    clock.advance(timedelta(seconds=2))

    states = [(await kept.get(KEPT, KEY, partner.load, ANY)).state for _ in range(2)]

    assert states == [SourceState.LIVE, SourceState.CACHED]


async def test_an_unreadable_entry_is_a_miss(cache, kept):
    await cache.write(cache_key(KEPT, KEY), b"{not json", 60)

    assert (await kept.get(KEPT, KEY, Partner().load, ANY)).state is SourceState.LIVE


@pytest.mark.integration
async def test_a_valkey_that_stopped_is_a_miss(clock, tmp_path):
    kept = KeptAnswers(open_cache(f"unix://{tmp_path}/nobody.sock"), clock)

    assert (await kept.get(KEPT, KEY, Partner().load, ANY)).value == "yes"
    await kept.close()


# Deadlines.


async def test_a_reader_waits_no_longer_than_its_request_may_and_the_call_goes_on_for_others(kept, clock):
    partner = Partner()
    partner.gate.clear()

    async def hurried():
        set_request_deadline(clock, 0.26)
        return await kept.get(KEPT, KEY, partner.load, ANY)

    with pytest.raises(NotAsked) as caught:
        await asyncio.create_task(hurried())
    partner.gate.set()
    await _landed(kept)

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
    kept, partner = KeptAnswers(open_cache(None), clock), Partner()
    partner.gate.clear()
    reading = asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0)

    await kept.close()

    with pytest.raises(asyncio.CancelledError):
        await reading


async def _landed(kept: KeptAnswers) -> None:
    while kept._flights:
        await asyncio.sleep(0.001)
