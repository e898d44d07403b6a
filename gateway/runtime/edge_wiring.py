"""Opens rate limits, admission control and trusted documents for one process."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actions.identity.sessions import person_of_token
from domain.kernel import ErrorCode, PersonKind, Role
from gateway.graphiql.page import own_graphiql
from gateway.graphql.answers import code_response
from gateway.graphql.app_requests import LOG_SECONDS, AppRequestLog
from gateway.graphql.replays import StoredReplays
from gateway.graphql.trusted import TrustedLibrary
from gateway.http.admission import Admission, Share
from gateway.http.callers import Callers
from gateway.http.calls import RequestContext
from gateway.http.edge import Edge
from gateway.http.headers import claimed_token
from gateway.http.kill_switches import wrap_routes
from gateway.http.metrics import Metrics
from gateway.http.problems import RequestProblem
from gateway.http.rates import RateClass, RateLimits
from gateway.pages.refusals import refusal_response
from gateway.runtime.background import run_in_background, run_periodically
from gateway.runtime.composition import Runtime
from gateway.settings.limits import DEMO_TIMES
from gateway.settings.settings import Settings
from gateway.tracing import Traces
from integrations.calling.request_counters import FallbackRequestCounters
from store.database import FieldCipher

LARGEST_BODY = 1_000_000
"""More than any partner's body may have, in bytes; each route has a bound of its own below."""

SIGN_IN_START = re.compile(r"/sign-in/(?:start|accounts/link)(?:/|$)")


@asynccontextmanager
async def open_edge(settings: Settings, runtime: Runtime, metrics: Metrics) -> AsyncIterator[Edge]:
    """The edge of this process. The event loop's lateness is measured while it is open."""
    environment = runtime.environment
    clock = environment.clock
    admission = Admission(settings.load, clock, metrics.observe_admission, metrics.observe_lateness)
    rates = RateLimits(
        settings.rates.times(DEMO_TIMES if settings.demo else 1),
        clock,
        shared_url=settings.cache_store_url,
        faults=metrics.observe_rate_fault,
    )
    tallies = FallbackRequestCounters(clock, settings.cache_store_url, faults=metrics.observe_rate_fault)
    metrics.watch_load(lambda: (admission.limit.value, admission.under_way, admission.waiting))
    app_requests = AppRequestLog(environment) if settings.takes_sandboxes else None
    logging = run_periodically((LOG_SECONDS, app_requests.flush)) if app_requests else nullcontext()
    async with run_in_background(admission.watch()), logging:
        try:
            yield Edge(
                clock=clock,
                ids=environment.ids,
                limits=settings.limits,
                origins=(settings.url,),
                introspection=settings.demo,
                developer=is_developer,
                page=own_graphiql(demo=settings.demo).page if settings.graphiql_open else None,
                observe=metrics.observe_operation,
                callers=_callers(runtime),
                rates=rates,
                tallies=tallies,
                admission=admission,
                trusted=TrustedLibrary(settings.documents_mode, clock),
                app_requests=app_requests,
                replays=StoredReplays(environment.store, clock),
                traces=runtime.traces,
                router_secret=settings.router_secret.get_secret_value() if settings.router_secret else None,
            )
        finally:
            await rates.close()
            await tallies.close()


def is_developer(context: RequestContext) -> bool:
    """Whether a developer is signed in."""
    subject = getattr(context, "subject", None)
    return subject is not None and Role.DEVELOPER in subject.roles


def admission_wrapper(edge: Edge, share: Share) -> Callable[[list[Route]], list[Route]]:
    """Applies admission control to routes as to operations of a class: 503 with Retry-After where there is no slot.

    The body is read before, within its time, so that slow senders hold no slot.
    """

    def wrap_app(gate: Admission, app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                async with asyncio.timeout(edge.limits.body_seconds):
                    received = await _read_ahead(receive)
            except TimeoutError:
                await code_response(ErrorCode.BAD_INPUT, 408, {"Connection": "close"})(scope, receive, send)
                return
            try:
                async with gate.slot(share) as slot:
                    slot.own = False  # a route's duration does not matter; the graph's operations set the limit
                    await app(scope, received, send)
            except RequestProblem as refusal:
                await code_response(refusal.problem.code, refusal.status, refusal.headers)(scope, receive, send)

        return door

    return lambda routes: routes if edge.admission is None else wrap_routes(routes, partial(wrap_app, edge.admission))


async def _read_ahead(receive: Receive) -> Receive:
    """Gives what was received once more: a whole body, or so much of it that the route refuses it as too large."""
    messages: list[Message] = []
    size, whole = 0, False
    while not whole and size <= LARGEST_BODY:
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
        whole = not messages[-1].get("more_body", False)

    async def receive_again() -> Message:
        return messages.pop(0) if messages else await receive()

    return receive_again


def bound_requests(routes: list[Route], edge: Edge, counted: RateClass) -> list[Route]:
    """The routes, each request counted for its person or address: 429 with Retry-After where none is left.

    A request that begins a sign-in is counted as that; `/metrics` is not counted.
    """
    rates, callers = edge.rates, edge.callers
    if rates is None or callers is None:
        return routes

    def wrap_app(app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            caller = callers(claimed_token(HTTPConnection(scope)), scope["client"][0] if scope["client"] else None)
            try:
                await rates.spend(caller, RateClass.SIGN_INS if SIGN_IN_START.match(scope["path"]) else counted)
            except RequestProblem as refusal:
                answer = refusal_response(Request(scope), refusal.problem, refusal.status, refusal.headers)
                await answer(scope, receive, send)
                return
            await app(scope, receive, send)

        return door

    wrap_routes([route for route in routes if route.path != "/metrics"], wrap_app)
    return routes


def _callers(runtime: Runtime) -> Callers:
    environment = runtime.environment
    cipher = FieldCipher(environment.keyrings)

    def person_of(token: str) -> tuple[PersonKind, str] | None:
        return person_of_token(environment, token)

    return Callers(environment.clock.monotonic, person_of, lambda value: cipher.blind_index("caller", value))


def trace_doors(routes: list[Route], traces: Traces) -> list[Route]:
    """The routes that partners call, each request a trace that is named by the pattern of its address.

    A partner's own `traceparent` is linked only, as that of anybody else.
    """

    def trace_at(path: str, app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            with traces.operation(f"door {path}", Headers(scope=scope)) as root:

                async def send_and_note(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        root.note(status=message["status"])
                        MutableHeaders(scope=message).update(root.response)
                    await send(message)

                await app(scope, receive, send_and_note)

        return door

    return [one for route in routes for one in wrap_routes([route], partial(trace_at, route.path))]
