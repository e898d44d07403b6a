"""Configuration of the GraphQL endpoint and the interfaces of its parts (docs/edge.md draws the order)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import Clock, Ids
from gateway.graphql.app_requests import AppRequestLog
from gateway.graphql.replays import StoredReplays
from gateway.graphql.trusted import TrustedLibrary
from gateway.http.admission import Admission
from gateway.http.callers import Callers
from gateway.http.calls import Call, OperationRecord, ReadyOperation, RequestContext
from gateway.http.rates import RateLimits
from gateway.settings.limits import Limits
from gateway.tracing import NoTraces, Traces
from integrations.calling.request_counters import FallbackRequestCounters


class Streams(Protocol):
    """Answers that come in parts."""

    def wants(self, accept: str | None) -> bool:
        """Whether an Accept header asks for a stream."""

    async def respond(self, call: Call, ready: ReadyOperation) -> Response:
        """Answer an operation in parts: a subscription, or any operation where the client asks for a stream."""


@dataclass(frozen=True)
class Edge:
    """The configuration of the endpoint.

    `origins` are those whose pages may use the session cookie; `page` answers a browser that opens the path
    (None: there is no such page); `observe` is called for every answered request; `introspection` is whether the graph
    may be introspected by everybody, else only a context for which `developer` is true.
    """

    clock: Clock
    ids: Ids
    limits: Limits = field(default_factory=Limits)
    origins: Collection[str] = ()
    introspection: bool = False
    developer: Callable[[RequestContext], bool] = lambda _: False
    page: Callable[[Request], Response] | None = None
    observe: Callable[[OperationRecord], None] | None = None
    callers: Callers | None = None
    rates: RateLimits | None = None
    tallies: FallbackRequestCounters | None = None
    admission: Admission | None = None
    trusted: TrustedLibrary | None = None
    app_requests: AppRequestLog | None = None
    streams: Streams | None = None
    replays: StoredReplays | None = None
    traces: Traces = field(default_factory=NoTraces)
    router_secret: str | None = field(default=None, repr=False)
    """What a router in front of us proves itself with, in the header `x-router-secret`."""
