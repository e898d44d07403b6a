"""Whether a browser may be sent to a provider of sign-in: it takes connections, and its answers would be fetched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from domain.kernel import ManualClock, Provider, Source, SourceState, SystemIds
from gateway.runtime.partners import open_clients
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings
from integrations.calling.errors import Unavailable
from integrations.calling.guarded_calls import Resilience
from integrations.calling.transport import PROBE_HOLDS
from integrations.csc.connect import TOKEN_POLICY
from integrations.identity import IdentityProvider
from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from tests.support.remotes import shared_resilience
from tests.support.running import free_port
from tests.support.sign_in import NOW

pytestmark = pytest.mark.integration
GIVEN = {"client_id": "c-1", "client_secret": "s-1", "client_token": "0123456789abcdef"}


class Centre:
    """CSC Connect at a port that can be opened and closed, and how often somebody connected to it."""

    def __init__(self) -> None:
        self.port, self.connections = free_port(), 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    def _take(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def shared(clock: ManualClock) -> Resilience:
    return shared_resilience(clock)


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
async def provider(centre: Centre, shared: Resilience, tmp_path: Path) -> AsyncIterator[IdentityProvider]:
    partner = Partner(base_url=f"http://127.0.0.1:{centre.port}", given=GIVEN)
    settings = Settings(home=tmp_path, partners={"csc": partner})
    registry = OutsideSystems((OUTSIDE_SYSTEMS["csc"],))
    async with open_clients(settings, shared, SystemIds(shared.clock), registry) as clients:
        yield clients["identity"][Provider.CSC_CONNECT]


async def address(provider: IdentityProvider) -> str:
    return await provider.authorize_url(
        state="s", nonce="n", code_challenge="c", redirect_uri="http://g/cb", language="hi"
    )


def state(shared: Resilience) -> SourceState | None:
    return next(status.state for status in shared.monitor.statuses() if status.source is Source.CSC)


async def test_nobody_is_sent_to_a_closed_port_and_the_system_is_shown_as_down(provider, shared):
    with pytest.raises(Unavailable) as away:
        await address(provider)

    assert (away.value.code, away.value.retry_after) == ("connection_failed", PROBE_HOLDS)
    assert state(shared) is SourceState.DOWN


async def test_an_answer_of_a_moment_ago_does_not_send_anybody_to_a_port_that_closed_since(provider, shared, clock):
    shared.monitor.record_success(Source.CSC, "csc.connect.token", clock.now() - timedelta(seconds=1), 0.1)

    with pytest.raises(Unavailable):
        await address(provider)

    assert state(shared) is SourceState.DOWN


async def test_a_browser_is_sent_there_again_once_the_port_is_open(provider, centre, clock):
    with pytest.raises(Unavailable):
        await address(provider)
    clock.advance(timedelta(seconds=PROBE_HOLDS))
    async with centre.up():
        assert (await address(provider)).startswith(f"http://127.0.0.1:{centre.port}/account/authorize?")


async def test_many_who_sign_in_at_once_make_one_connection(provider, centre):
    async with centre.up():
        await asyncio.gather(*(address(provider) for _ in range(20)))

    assert centre.connections == 1


async def test_nobody_is_sent_to_a_page_whose_outcome_would_not_be_fetched(provider, centre, shared):
    async def fail() -> None:
        raise Unavailable(Source.CSC, "http_503")

    async with centre.up():
        for _ in range(20):
            with pytest.raises(Unavailable):
                await shared.breakers.call(Source.CSC, TOKEN_POLICY.breaker, fail, TOKEN_POLICY.traffic)
        with pytest.raises(Unavailable) as away:
            await address(provider)

    assert away.value.code == "circuit_open"
    assert away.value.retry_after
