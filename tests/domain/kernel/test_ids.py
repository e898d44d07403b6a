"""Identifiers: a key sorts after the keys that were made before it, also within one millisecond."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.kernel import Clock, Ids, ManualClock, SeededIds, SystemIds

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture(params=[SystemIds, lambda clock: SeededIds(clock, "seed")], ids=["system", "seeded"])
def source(request: pytest.FixtureRequest) -> Callable[[Clock], Ids]:
    made: Callable[[Clock], Ids] = request.param
    return made


def test_keys_of_one_instant_keep_the_order_in_which_they_were_made(source: Callable[[Clock], Ids]):
    clock = ManualClock(NOW)
    ids = source(clock)
    keys = [ids.key() for _ in range(2000)]
    clock.advance(timedelta(milliseconds=1))
    keys += [ids.key() for _ in range(2000)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_a_key_is_a_uuid_of_version_7_that_names_its_millisecond(source: Callable[[Clock], Ids]):
    ids = source(ManualClock(NOW))
    for key in (ids.key(), ids.key()):
        made = uuid.UUID(key)
        assert (made.version, made.variant, str(made)) == (7, uuid.RFC_4122, key)
        assert made.int >> 80 == int(NOW.timestamp() * 1000)


def test_a_key_names_the_present_also_after_the_clock_was_put_back(source: Callable[[Clock], Ids]):
    clock = ManualClock(NOW)
    ids = source(clock)
    before = ids.key()
    clock.set(NOW - timedelta(seconds=1))
    assert ids.key() < before


def test_the_next_key_of_an_instant_cannot_be_told_from_the_one_before():
    ids = SystemIds(ManualClock(NOW))
    keys = [uuid.UUID(ids.key()).int for _ in range(50)]
    assert len({after - before for before, after in pairwise(keys)}) > 45


def test_the_same_seed_gives_the_same_keys():
    one, two = (SeededIds(ManualClock(NOW), "seed") for _ in range(2))
    assert [one.key() for _ in range(20)] == [two.key() for _ in range(20)]
