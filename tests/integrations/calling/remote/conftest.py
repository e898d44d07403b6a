"""A caller without a port, its clock, and the partner that it calls."""

from datetime import UTC, datetime

import pytest
import respx

from domain.kernel import ManualClock, Source
from integrations.calling.remote import Remote
from tests.support.remotes import PARTNER, remote_over


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
