"""A connector's client over a transport that a test answers for, and what it was sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from domain.kernel import Clock, ManualClock, SeededIds
from integrations.calling.guarded_calls import Resilience
from integrations.connectors import Connector, ConnectorClient, read_connector
from tests.support.remotes import remote_over, shared_resilience

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
HEAD = """\
apuni: connector/1
name: toy
version: 1
source: NCS
label: {hi: खिलौना, en: Toy}
address: {production: https://toy.example.gov.in, path: /v1}
"""
SECRETS: Mapping[str, Any] = {
    "id": "client-7",
    "key": "key-7",
    "hook": "hook-7",
    "client": {"client_id": "c7", "client_secret": "s7"},
    "user": {"username": "u7", "password": "p7"},
}

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Talk:
    """A client, its resilience, and the requests that left."""

    connector: Connector
    client: ConnectorClient
    shared: Resilience
    clock: Clock
    requests: list[httpx.Request] = field(default_factory=list)


def talk_with(
    text: str,
    answer: Handler | httpx.Response,
    *,
    secrets: Mapping[str, Any] = SECRETS,
    clock: Clock | None = None,
    shared: Resilience | None = None,
) -> Talk:
    """A client of the file; every request is answered by `answer`."""
    clock = clock or ManualClock(NOON)
    connector = read_connector(text.encode())
    shared = shared or shared_resilience(clock)
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        found = answer(request) if callable(answer) else answer
        return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content))

    origin = connector.address.origins["production"]
    remote = remote_over(httpx.MockTransport(handle), connector.source, origin, clock=clock, shared=shared)
    return Talk(connector, ConnectorClient(connector, remote, secrets, SeededIds(clock, "7")), shared, clock, requests)


def json_answer(body: str, status: int = 200, **headers: str) -> httpx.Response:
    """An answer in JSON, its text as it is."""
    return httpx.Response(status, content=body.encode(), headers={"content-type": "application/json", **headers})
