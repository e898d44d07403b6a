"""The matrix for subscriptions, and for tokens that hold no more (`make authz`)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any

import httpx
from graphql import get_named_type, is_leaf_type
from starlette.applications import Starlette
from starlette.routing import Route

from actions.identity.sessions import sign_out, subject_for_token
from domain.kernel import SystemClock, SystemIds, TypeCode
from domain.platform.switches import Switchboard
from gateway.app import context_factory
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.http.edge import Edge
from gateway.settings.settings import Settings
from gateway.settings.subscriptions import Streams
from gateway.streams.responses import HttpStreams
from gateway.streams.sessions import Sessions
from gateway.streams.streams import Streaming
from tests.authz import rows
from tests.support.authz import SUBJECTS, Things
from tests.support.authz_asking import DENIED, Asking
from tests.support.authz_streams import Pushing, follow, rows_of
from tests.support.gateway_process import a_token

ABOUT = {
    "Subscription.applicationChanged": "subscription ($id: ID) { applicationChanged(applicationId: $id) { cursor } }",
    "Subscription.paymentChanged": "subscription ($id: ID) { paymentChanged(applicationId: $id) { cursor } }",
}
ALL = {
    "Subscription.applicationChanged": "subscription { applicationChanged { applicationId } }",
    "Subscription.officerQueueChanged": "subscription { officerQueueChanged { applicationId } }",
    "Subscription.paymentChanged": "subscription { paymentChanged { applicationId } }",
    "Subscription.sourceChanged": "subscription { sourceChanged { cursor } }",
}


def test_every_subscription_is_asked(things: Things):
    graph: Any = things.world.graph
    assert {f"Subscription.{name}" for name in graph._schema.subscription_type.fields} == set(ALL) == set(rows.FOLLOWED)


async def test_a_subscription_is_begun_by_whom_the_matrix_names(things: Things):
    wrong = []
    for name, who in product(ALL, SUBJECTS):
        told = await follow(things, who, ALL[name], [])
        codes = {code for code, *_ in told.errors}
        if bool(codes & {*DENIED, "BAD_INPUT"}) == (who in named(rows.FOLLOWED[name])):
            wrong.append((name, who, told.errors))
        if who == "anonymous" and rows.FOLLOWED[name] != rows.EVERYBODY and codes != {"UNAUTHENTICATED"}:
            wrong.append((name, who, told.errors))
    assert wrong == []


async def test_one_application_that_may_not_be_followed_looks_like_one_that_is_not_there(things: Things):
    wrong = []
    for name, who in product(ABOUT, SUBJECTS):
        there = await follow(things, who, ABOUT[name], [], id=things.there[TypeCode.APPLICATION])
        absent = await follow(things, who, ABOUT[name], [], id=Things.absent(TypeCode.APPLICATION))
        may = who in rows.ONE_FOLLOWED
        if not absent.errors or bool(there.errors) == may:
            wrong.append((name, who, there.errors, absent.errors))
        if not may and (there.errors, there.effort) != (absent.errors, absent.effort):
            wrong.append((name, who, "can be told apart", there, absent))
    assert wrong == []


async def test_of_an_event_only_those_are_told_whom_the_matrix_names(things: Things):
    """Whatever row reaches a follower, by whatever mistake, it is told only to who may know of it."""
    happened = await rows_of(things)
    told = {
        name: {who for who in SUBJECTS if (await follow(things, who, ALL[name], happened)).events} for name in rows.TOLD
    }
    assert told == rows.TOLD


def named(row: frozenset[str]) -> set[str]:
    return set(SUBJECTS) if row == rows.EVERYBODY else set(row)


@asynccontextmanager
async def the_graph(things: Things) -> AsyncIterator[httpx.AsyncClient]:
    """The graph at its door, with sessions of the store."""
    world, clock = things.world, SystemClock()
    house: Any = SimpleNamespace(environment=world.environment, monitor=world.monitor, switches=Switchboard())
    streaming = Streaming(Streams(), Sessions(world.environment.store, 3600.0), Pushing([]))
    edge = Edge(clock, SystemIds(clock), introspection=True, streams=HttpStreams(streaming))
    endpoint = GraphQLEndpoint(world.graph, context_factory(house, Settings(), streaming.feed), edge)
    streaming.serve(endpoint.pipeline)
    door = httpx.ASGITransport(app=Starlette(routes=[Route("/graphql", endpoint)]))
    async with httpx.AsyncClient(transport=door, base_url="http://gateway.test") as line:
        yield line


async def test_with_a_token_that_holds_no_more_no_root_field_is_reached(things: Things):
    env, schema = things.world.environment, _schema(things)
    asking = Asking(things, schema)
    live, revoked = await a_token(env, SUBJECTS["citizen"]), await a_token(env, SUBJECTS["citizen"])
    expired = await a_token(env, SUBJECTS["citizen"], seconds=60.0)
    await sign_out(env, await subject_for_token(env, revoked))
    env.clock.advance(timedelta(seconds=61))  # type: ignore[attr-defined]
    wrong = []
    async with the_graph(things) as line:
        for kind in (schema.query_type, schema.mutation_type, schema.subscription_type):
            for name, one in kind.fields.items():
                body = _document(kind.name.lower(), name, one, asking)
                accept = "text/event-stream" if kind is schema.subscription_type else "application/json"
                for token in (revoked, expired, f"{live[:-4]}AAAA"):
                    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
                    answer = await line.post("/graphql", json=body, headers=headers)
                    codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
                    if answer.status_code != 401 or codes != {"UNAUTHENTICATED"} or "data" in answer.json():
                        wrong.append((name, answer.status_code, codes))
        alive = await line.post(
            "/graphql", json={"query": "{ viewer { __typename } }"}, headers={"Authorization": f"Bearer {live}"}
        )
    assert wrong == []
    assert alive.json()["data"] == {"viewer": {"__typename": "Citizen"}}


def _schema(things: Things) -> Any:
    graph: Any = things.world.graph
    return graph._schema


def _document(operation: str, name: str, field: Any, asking: Asking) -> dict[str, Any]:
    entities = name == "_entities"
    given = {"representations": []} if entities else asking.input_of(field, there=True, key="k")
    if "first" in field.args:
        given["first"] = 1
    declared = ", ".join(f"${key}: {field.args[key].type}" for key in given)
    passed = ", ".join(f"{key}: ${key}" for key in given)
    parts = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
    head = f"{operation} ({declared})" if given else operation
    return {"query": f"{head} {{ {name}{f'({passed})' if passed else ''} {parts} }}", "variables": given}
