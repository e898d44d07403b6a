"""Assembles UMANG's routes: the calls, the hand-off with the linking page, and the API description."""

from dataclasses import replace
from functools import partial

from starlette.routing import Route
from strawberry.schema import BaseSchema

from domain.applications.applications import Channel
from domain.kernel import Source
from gateway.graphql.pipeline import Pipeline
from gateway.http.calls import RequestContext, RequestFacts
from gateway.http.edge import Edge
from gateway.http.kill_switches import seconds_off
from gateway.http.metrics import Metrics
from gateway.operations.published import PublishedOperations
from gateway.runtime.composition import Runtime
from gateway.runtime.partners import read_onboarding
from gateway.settings.limits import DEMO_COST_TIMES, DEMO_TIMES
from gateway.settings.settings import Settings
from gateway.umang.call_handler import UmangCallHandler
from gateway.umang.description import description_routes
from gateway.umang.handoff import handoff_routes
from gateway.umang.running import APP, Caller
from integrations.umang import UmangEndpointSettings, endpoint_routes
from schema.kernel import Context


def umang_routes(settings: Settings, runtime: Runtime, graph: BaseSchema, edge: Edge, metrics: Metrics) -> list[Route]:
    """Every route that UMANG or a browser from its app asks at."""
    env = runtime.environment
    times = DEMO_TIMES if settings.demo else 1
    door = read_onboarding(settings, "umang", lambda given: UmangEndpointSettings.from_onboarding(given, times))
    shut = partial(seconds_off, Source.UMANG, runtime.switches, env.clock)
    pipeline = Pipeline(graph, _no_requests, replace(edge, streams=None))
    handler = UmangCallHandler(env, PublishedOperations(pipeline, APP), partial(context_of, runtime, settings))
    return [
        *endpoint_routes(
            handler,
            door,
            env.clock,
            shut=shut,
            observe=partial(metrics.observe_partner, Source.UMANG),
            tallies=edge.tallies,
        ),
        *handoff_routes(env, door, session_seconds=settings.session_life, shut=shut),
        *description_routes(settings.url, door),
    ]


def context_of(runtime: Runtime, settings: Settings, caller: Caller) -> Context:
    """The context of one operation that UMANG's API runs for a citizen, or anonymously."""
    return Context(
        request_id=runtime.environment.ids.key(),
        subject=caller.subject,
        language=caller.language,
        environment=runtime.environment,
        monitor=runtime.monitor,
        channel=Channel.UMANG,
        switches=runtime.switches,
        cost_limit=settings.limits.cost * (DEMO_COST_TIMES if settings.demo else 1),
        federation=False,
    )


async def _no_requests(facts: RequestFacts) -> RequestContext:
    """The pipeline of this API is given its contexts; it never makes one from a request."""
    raise RuntimeError(f"no request has a context here: {facts.request_id}")
