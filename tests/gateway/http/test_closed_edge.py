"""The edge as production has it: what a stranger learns about the graph, and what the public scanners look for."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from gateway.graphql.body import GraphQLParameters
from gateway.graphql.endpoint import Edge
from gateway.http.calls import OperationRecord, RequestContext, ResolvedDocument
from gateway.http.problems import bad_document

DEVELOPER = {"Authorization": "Bearer good-token"}
MODERN = {"Accept": "application/graphql-response+json"}


class NoFreeDocuments:
    """As production: only a developer sends documents of her own."""

    def resolve(self, parameters: GraphQLParameters, headers: Mapping[str, str]) -> ResolvedDocument:
        return ResolvedDocument(parameters.query or "")

    def allow(self, resolved: ResolvedDocument, context: RequestContext) -> None:
        if getattr(context, "token", None) is None:
            raise bad_document("FREE_DOCUMENT")

    def count_errors(self, record: OperationRecord) -> None:
        pass


@pytest.fixture
async def closed(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient]
) -> AsyncIterator[httpx.AsyncClient]:
    edge = make_edge(introspection=False, developer=lambda context: context.token is not None)
    async with application_of(edge) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, **headers: str) -> dict[str, Any]:
    response = await client.post("/graphql", json={"query": query}, headers=MODERN | headers)
    answer: dict[str, Any] = response.json()
    return answer


async def test_introspection_is_closed_to_strangers_and_open_to_a_developer(closed: httpx.AsyncClient):
    stranger = await ask(closed, get_introspection_query())
    developer = await ask(closed, get_introspection_query(), **DEVELOPER)

    assert stranger["errors"][0]["extensions"]["detail"] == "INTROSPECTION_CLOSED"
    assert developer["data"]["__schema"]["queryType"]["name"] == "Query"


async def test_the_same_document_is_judged_for_each_caller_anew(closed: httpx.AsyncClient):
    query = "{ __schema { queryType { name } } }"

    answers = [await ask(closed, query, **headers) for headers in (DEVELOPER, {}, DEVELOPER, {})]

    assert ["data" in answer for answer in answers] == [True, False, True, False]


@pytest.mark.parametrize(
    "query", ["{ helo }", "{ leaf { nam } }", "{ hello(nam: 1) }", "query ($a: Strin) { hello(name: $a) }"]
)
async def test_a_stranger_is_told_no_name_and_a_developer_gets_suggestions(closed: httpx.AsyncClient, query: str):
    stranger = (await ask(closed, query))["errors"][0]
    developer = (await ask(closed, query, **DEVELOPER))["errors"][0]

    assert "Did you mean" in developer["message"]
    for name in ("Did you mean", "hello", "Query", "Leaf", "name", "String", "helo", "nam", "Strin"):
        assert name not in stranger["message"]
    assert stranger["extensions"]["code"] == "BAD_INPUT"
    assert stranger["locations"]


async def test_a_token_that_does_not_hold_makes_nobody_a_developer(closed: httpx.AsyncClient):
    response = await closed.post("/graphql", json={"query": "{ helo }"}, headers={"Authorization": "Bearer wrong"})

    assert response.status_code == 401
    assert "hello" not in response.text


@pytest.mark.parametrize(("language", "ascii_only"), [("hi", False), ("en", True)])
async def test_the_message_is_in_the_asked_language_with_code_and_action(
    closed: httpx.AsyncClient, language: str, ascii_only: bool
):
    (error,) = (await ask(closed, "{ helo }", **{"Accept-Language": language}))["errors"]

    assert error["message"].split(" [")[0].isascii() is ascii_only
    assert error["extensions"]["action"] == "CORRECT_INPUT"
    assert len(error["message"]) <= 300


@pytest.mark.parametrize(
    "body",
    [
        {"query": "query A { hello }", "operationName": "swordfish"},
        {"query": "query ($n: Int!) { hello }", "variables": {"n": "swordfish"}},
        {"query": "{ hello(name: swordfish) }"},
        {"query": "query ($n: String! = swordfish) { hello(name: $n) }"},
        {"query": "{ hello }", "variables": {"swordfish": {"swordfish": 1}}, "operationName": "swordfish"},
        {"query": "{ hello swordfish: swordfish }"},
        {"query": "{ hello @swordfish }"},
        {"query": "{ ...swordfish }"},
        {"query": 'swordfish { "swordfish'},
    ],
)
async def test_what_a_stranger_sent_is_not_told_back(closed: httpx.AsyncClient, body: dict[str, Any]):
    response = await closed.post("/graphql", json=body, headers=MODERN)

    assert response.status_code == 400
    assert "swordfish" not in response.text


async def test_errors_of_fields_are_told_five_at_a_time_each_kind_first(client: httpx.AsyncClient):
    query = "{" + " ".join(f"a{number}: refused" for number in range(9)) + " broken_ }"
    many = await ask(client, query.replace(" broken_", ""))

    assert len(many["errors"]) == 5
    assert {error["extensions"]["code"] for error in many["errors"]} == {"SERVICE_UNKNOWN"}


# What graphql-cop 1.15 looks for, in its own shapes. Each check tells whether it found what it looks for.


def _data(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer.get("data") if isinstance(answer, dict) else answer


async def alias_overload(client: httpx.AsyncClient) -> bool:
    query = "query cop {" + " ".join(f"alias{number}:__typename" for number in range(101)) + "}"
    return bool(_data(await client.post("/graphql", json={"query": query, "operationName": "cop"})))


async def batching(client: httpx.AsyncClient) -> bool:
    batch = [{"query": "query cop { __typename }", "operationName": "cop"}] * 10
    return bool(_data(await client.post("/graphql", json=batch)))


async def directive_overload(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", json={"query": "query cop { __typename " + "@aa" * 10 + " }"})
    return len(response.json().get("errors", [])) == 10


async def circular_introspection(client: httpx.AsyncClient) -> bool:
    inner = "name"
    for _ in range(4):
        inner = "fields { type { " + inner + " } }"
    return bool(
        _data(await client.post("/graphql", json={"query": "query cop { __schema { types { " + inner + " } } }"}))
    )


async def field_duplication(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", json={"query": "query cop { " + "__typename \n" * 500 + "}"})
    return bool(_data(response))


async def introspection(client: httpx.AsyncClient) -> bool:
    query = "query cop { __schema { types { name fields { name } } } }"
    return bool(_data(await client.post("/graphql", json={"query": query})))


async def get_queries(client: httpx.AsyncClient) -> bool:
    return bool(_data(await client.get("/graphql", params={"query": "query cop {__typename}"})))


async def get_mutations(client: httpx.AsyncClient) -> bool:
    return bool(_data(await client.get("/graphql", params={"query": "mutation cop {__typename}"})))


async def url_encoded_posts(client: httpx.AsyncClient) -> bool:
    return bool(_data(await client.post("/graphql", data={"query": "query cop {__typename}"})))


async def field_suggestions(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", json={"query": "query cop { helo }"})
    return "Did you mean" in response.text


async def tracing(client: httpx.AsyncClient) -> bool:
    response = await client.post(
        "/graphql", json={"query": "query cop { __typename }"}, headers={"apollo-federation-include-trace": "ftv1"}
    )
    extensions = response.json().get("extensions", {})
    return any(name in extensions for name in ("tracing", "ftv1", "debug", "exception"))


async def unhandled_errors(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", json={"query": "qwerty cop { abc }"})
    return any(word in response.text for word in ("exception", "stacktrace", "Traceback", "GraphQLSyntaxError"))


async def ide(client: httpx.AsyncClient) -> bool:
    pages = [
        await client.get(path, headers={"Accept": "text/html"}) for path in ("/graphql", "/graphiql", "/playground")
    ]
    return any(word in page.text for page in pages for word in ("graphiql", "GraphiQL", "graphql-playground"))


CHECKS = [
    alias_overload,
    batching,
    directive_overload,
    circular_introspection,
    field_duplication,
    introspection,
    get_queries,
    get_mutations,
    url_encoded_posts,
    field_suggestions,
    tracing,
    unhandled_errors,
    ide,
]


@pytest.mark.parametrize("look", CHECKS, ids=lambda check: check.__name__)
async def test_a_scanner_finds_nothing_in_production(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient], look: Any
):
    edge = make_edge(
        introspection=False, developer=lambda context: context.token is not None, trusted=NoFreeDocuments()
    )
    async with application_of(edge) as client:
        assert not await look(client)


@pytest.mark.parametrize("look", CHECKS, ids=lambda check: check.__name__)
async def test_a_scanner_finds_in_the_demo_what_is_meant_to_be_open(client: httpx.AsyncClient, look: Any):
    meant = look in (introspection, get_queries, field_suggestions)

    assert await look(client) is meant
