"""What operations of the real graph cost: bounded before anything runs, told with each answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domain.kernel import ManualClock, Source, SystemIds
from gateway.graphql.body import GraphQLParameters
from gateway.graphql.cost import CostTable, requested_cost
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.graphql.pipeline import InvalidDocument, Pipeline
from gateway.http.callers import Caller, CallerKind
from gateway.http.calls import RequestFacts
from gateway.http.edge import Edge
from gateway.settings.limits import DEMO_COST_TIMES, Limits
from integrations.calling.calls import counted_calls
from integrations.calling.policies import CallPolicy
from schema.kernel import Context
from tests.support.graph import CITIZEN, NOW, World
from tests.support.remotes import remote_over

OPERATIONS = Path(__file__).parents[2] / "operations"
LIMIT = Limits().cost
CALLER = Caller(CallerKind.CITIZEN, "citizen")


async def never(_: RequestFacts) -> Context:
    raise LookupError("the contexts of these tests are given")


async def asked(world: World, query: str, limit: int | None = LIMIT, **variables: Any) -> Any:
    throttle = {"maximumAvailable": 300, "currentlyAvailable": 299, "restoreRate": 5.0}
    clock = world.environment.clock
    pipeline = Pipeline(world.graph, never, Edge(clock, SystemIds(clock), introspection=True))
    context = replace(world.context(CITIZEN), cost_limit=limit, throttle=throttle)
    result = await pipeline.execute(
        await pipeline.ready(GraphQLParameters(query, None, variables), {}, CALLER), context
    )
    errors = [error.formatted for error in result.errors or ()]
    return {"data": result.data, "errors": errors, "extensions": result.extensions}


def documents() -> dict[str, str]:
    """Every operation of the applications, with the fragments that they share."""
    shared = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((OPERATIONS / "fragments").glob("*.graphql"))
    )
    found = {}
    for path in sorted(OPERATIONS.rglob("*.graphql")):
        text = path.read_text(encoding="utf-8")
        if any(isinstance(node, OperationDefinitionNode) for node in parse(text).definitions):
            found[str(path.relative_to(OPERATIONS))] = f"{text}\n{shared}"
    return found


@pytest.mark.long
def test_every_operation_of_the_applications_is_below_the_limit_with_the_largest_pages(graph):
    table = CostTable(graph._schema)
    costs = {}
    for name, text in documents().items():
        document = parse(text)
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                costs[name] = requested_cost(table, document, node.name.value if node.name else None, None)

    assert len(costs) > 30
    assert {name: cost for name, cost in costs.items() if cost > LIMIT} == {}


async def test_an_operation_that_costs_too_much_is_refused_before_anything_is_read(world):
    query = """{ viewer { ... on Citizen { applications(first: 100) { nodes {
      timeline { label } documents { name } appeals { id } } } } } }"""

    with world.statements() as seen:
        answer = await asked(world, query)

    [error] = answer["errors"]
    assert (answer["data"], "path" in error) == (None, False)
    assert (error["extensions"]["code"], error["extensions"]["detail"]) == ("TOO_COMPLEX", "COST")
    assert answer["extensions"]["cost"] == {
        "requestedQueryCost": 2 + 100 * (1 + 5 + 5 + 5),
        "actualQueryCost": 0,
        "maximumQueryCost": 1000,
        "throttleStatus": {"maximumAvailable": 300, "currentlyAvailable": 299, "restoreRate": 5.0},
        "upstream": [],
    }
    assert seen == []


async def test_aliases_do_not_make_it_cheaper_and_a_larger_limit_lets_it_through(world):
    part = "viewer { ... on Citizen { applications(first: 100) { nodes { number timeline { label } } } } }"
    query = "{" + " ".join(f"a{number}: {part}" for number in range(2)) + "}"

    assert (await asked(world, query))["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"
    assert (await asked(world, query, limit=10_000))["errors"] == []


async def test_the_answer_tells_what_it_was_taken_to_cost_and_what_it_did_cost(world):
    await world.submit()
    query = """query ($n: Int = 50) { viewer { ... on Citizen { name
      applications(first: $n) { totalCount nodes { number service { code } } } rationCard { number } } } }"""

    cost = (await asked(world, query))["extensions"]["cost"]

    assert cost["requestedQueryCost"] == 1 + (1 + 50 * 2) + 11
    assert cost["actualQueryCost"] == 1 + (1 + 1 * 2) + 1
    assert cost["upstream"] == []  # the stand-ins of this test are asked without a socket


async def test_one_document_costs_by_the_variables_of_each_request(world):
    query = "query ($n: Int) { services(first: $n) { nodes { code } } }"
    clock = world.environment.clock
    pipeline = Pipeline(world.graph, never, Edge(clock, SystemIds(clock), introspection=True))

    costs = []
    for many in (1, 3):
        ready = await pipeline.ready(GraphQLParameters(query, None, {"n": many}), {}, CALLER)
        result = await pipeline.execute(ready, world.context(CITIZEN))
        costs.append(result.extensions["cost"])

    assert [cost["requestedQueryCost"] for cost in costs] == [2, 4]
    assert [cost["actualQueryCost"] for cost in costs] == [2, 4]


async def test_a_document_that_is_not_valid_is_told_as_such_and_costs_nothing(world):
    with pytest.raises(InvalidDocument):
        await asked(world, "{ nothing }")


async def test_calls_of_outside_systems_are_counted_attempt_by_attempt():
    answers = iter([503, 503, 200])

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({}, next(answers))

    calls = counted_calls()
    remote = remote_over(Starlette(routes=[Route("/x", answer)]), Source.UMANG, clock=ManualClock(NOW))

    await remote.send(CallPolicy("umang.test", Source.UMANG), "GET", "/x")

    assert dict(calls.calls) == {Source.UMANG: 3}


async def test_over_http_it_is_a_400_that_tells_the_cost_and_the_limit(world):
    clock = world.environment.clock

    async def context(_: RequestFacts) -> Context:
        return replace(world.context(CITIZEN), cost_limit=LIMIT)

    endpoint = GraphQLEndpoint(world.graph, context, Edge(clock, SystemIds(clock)))
    query = "{ services(first: 100) { nodes { code department { name } documents { name } } } }"
    transport = httpx.ASGITransport(app=Starlette(routes=[Route("/graphql", endpoint)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        headers = {"Accept": "application/graphql-response+json"}
        dear = await client.post(
            "/graphql", json={"query": f"{{ a: {query[2:-2]} b: {query[2:-2]} }}"}, headers=headers
        )
        cheap = await client.post("/graphql", json={"query": query}, headers=headers)

    assert (dear.status_code, dear.json()["errors"][0]["extensions"]["code"]) == (400, "TOO_COMPLEX")
    assert dear.json()["extensions"]["cost"]["requestedQueryCost"] > LIMIT
    assert dear.json()["extensions"]["cost"]["maximumQueryCost"] == LIMIT
    assert (cheap.status_code, "errors" in cheap.json()) == (200, False)
    cost = cheap.json()["extensions"]["cost"]
    assert cost["actualQueryCost"] < cost["requestedQueryCost"]


async def test_two_thousand_references_are_too_many_for_a_stranger_in_the_demo_too(world: World):
    query = "query ($refs: [_Any!]!) { _entities(representations: $refs) { __typename } }"
    references = [{"__typename": "District", "id": "none"}] * 2000

    answer = await asked(world, query, LIMIT * DEMO_COST_TIMES, refs=references)

    assert answer["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"
