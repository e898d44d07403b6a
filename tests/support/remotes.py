"""A Remote over an ASGI application or a transport, without a port."""

from collections.abc import Callable
from typing import Any

import httpx

from domain.kernel import Clock, Source, SystemClock
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.monitor import SourceMonitor
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import Transports, open_client

PARTNER = "http://partner.test"
BRIEF = 1.5
"""The time-limit in seconds of a request whose answer gets lost: the time-outs of the calls would be waited for."""


def shared_resilience(clock: Clock | None = None) -> Resilience:
    """Breakers, cache and monitor of one test."""
    clock = clock or SystemClock()
    return Resilience(clock, Breakers(clock), AnswerCache(open_cache(None), clock), SourceMonitor(Source))


def remote_over(
    app_or_transport: Callable[..., Any] | httpx.AsyncBaseTransport | None,
    source: Source,
    base_url: str = PARTNER,
    *,
    clock: Clock | None = None,
    shared: Resilience | None = None,
) -> Remote:
    """Wrap an ASGI application, take a transport as it is, or (None) use httpx's own, which respx patches."""
    if app_or_transport is None or isinstance(app_or_transport, httpx.AsyncBaseTransport):
        transport = app_or_transport
    else:
        transport = httpx.ASGITransport(app=app_or_transport)
    return Remote(source, base_url, client=open_client(transport), shared=shared or shared_resilience(clock))


def remote_over_socket(source: Source, base_url: str, shared: Resilience) -> Remote:
    """A system over a socket by the transport that a deployment uses."""
    client = Transports(shared.clock, demo=True).client_for([base_url])
    return Remote(source, base_url, client=client, shared=shared)
