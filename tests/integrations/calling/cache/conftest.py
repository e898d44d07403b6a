"""Kept answers over a cache of each kind, on a clock that a test moves."""

from datetime import UTC, datetime

import pytest

from domain.kernel import ManualClock
from integrations.calling.cache import AnswerCache


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


@pytest.fixture
def kept(cache, clock) -> AnswerCache:
    return AnswerCache(cache, clock)
