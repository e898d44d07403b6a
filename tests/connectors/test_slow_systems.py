"""A system that hangs on a real socket is covered by an old answer (docs/connectors.md section 8, check 4)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.kernel import SourceState, SystemClock, SystemIds
from integrations.calling.errors import Unavailable
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.connectors import ConnectorClient, read_connector
from tests.support.connector_calls import HEAD
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration

FILE = (
    HEAD
    + """\
wire: json
time: {total: 300ms, attempt: 300ms, attempts: 1}
calls:
  things:
    send: {GET: /things}
    success: {has: things}
    keep: {scope: PUBLIC, fresh: 0s, stale: 1h}
    gives: {kind: thing, each: "things[]"}
    fields: {number: {from: id, as: id, needed: true}}
"""
)


class System:
    """Answers, or once it `hangs` never does."""

    def __init__(self) -> None:
        self.hangs = False
        self.ended = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if self.hangs:
            await self.ended.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"things":[{"id":"T1"}]}'})


@pytest.fixture
async def system() -> AsyncIterator[System]:
    found = System()
    yield found
    found.ended.set()


async def test_a_system_that_hangs_is_covered_by_the_old_answer_with_its_age(system: System):
    clock = SystemClock()
    connector = read_connector(FILE.encode())
    call = connector.calls["things"]
    async with served(system) as url:
        line = Transports(clock, demo=True).client_for([url])
        remote = Remote(connector.source, url, client=line, shared=shared_resilience(clock))
        client = ConnectorClient(connector, remote, {}, SystemIds(clock))
        first = await client.read(call, {})
        system.hangs = True
        second = await client.read(call, {})
        system.ended.set()
        await line.aclose()

    assert (first.state, second.state) == (SourceState.LIVE, SourceState.STALE)
    assert (second.rows, second.as_of) == (first.rows, first.as_of)


async def test_without_an_old_answer_it_is_unavailable(system: System):
    clock = SystemClock()
    connector = read_connector(FILE.encode())
    system.hangs = True
    async with served(system) as url:
        line = Transports(clock, demo=True).client_for([url])
        remote = Remote(connector.source, url, client=line, shared=shared_resilience(clock))
        with pytest.raises(Unavailable, match="timed_out"):
            await ConnectorClient(connector, remote, {}, SystemIds(clock)).read(connector.calls["things"], {})
        system.ended.set()
        await line.aclose()
