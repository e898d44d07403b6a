"""A cache that is away or speaks nonsense is a miss."""

from datetime import timedelta

import pytest
import redis.exceptions

from domain.kernel import SourceState
from integrations.calling.cache import AnswerCache, cache_key, open_cache
from integrations.calling.cache_backends import BoundedMemoryCache
from integrations.calling.valkey.connections import CACHE_FAULTS
from tests.support.loads import ANY, KEPT, KEY, Partner


class Away(BoundedMemoryCache):
    """A cache that can be switched off."""

    away = True
    faults = CACHE_FAULTS

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
    kept, partner = AnswerCache(Away(), clock), Partner()

    answers = [await kept.get(KEPT, KEY, partner.load, ANY) for _ in range(2)]

    assert ({answer.state for answer in answers}, partner.calls) == ({SourceState.LIVE}, 2)


async def test_a_purge_that_could_not_be_made_is_owed_and_nothing_is_served_before_it(clock):
    cache, partner = Away(), Partner()
    kept = AnswerCache(cache, clock)
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
    kept = AnswerCache(open_cache(f"unix://{tmp_path}/nobody.sock"), clock)

    assert (await kept.get(KEPT, KEY, Partner().load, ANY)).value == "yes"
    await kept.close()
