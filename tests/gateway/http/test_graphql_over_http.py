"""GraphQL over HTTP: methods, media types, status codes, parameters (the 61 points of the public audits)."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.graphql.endpoint import Edge, OperationRecord

MODERN = "application/graphql-response+json"
LEGACY = "application/json"


async def post(client: httpx.AsyncClient, body: Any, accept: str = MODERN, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=body, headers={"Accept": accept, **headers})


def code(response: httpx.Response) -> str:
    return response.json()["errors"][0]["extensions"]["code"]


def detail(response: httpx.Response) -> str:
    return response.json()["errors"][0]["extensions"]["detail"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (MODERN, MODERN),
        (LEGACY, LEGACY),
        ("*/*", LEGACY),
        ("application/*", LEGACY),
        (f"{LEGACY};q=0.5, {MODERN}", MODERN),
        (f"{MODERN};q=0.5, {LEGACY}", LEGACY),
        (f"text/html, {MODERN};q=0.9", MODERN),
        (f"{MODERN};q=nonsense, */*", LEGACY),
    ],
)
async def test_the_answer_has_the_media_type_that_was_asked_for(
    client: httpx.AsyncClient, accept: str, media_type: str
):
    response = await post(client, {"query": "{ hello }"}, accept)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert response.json() == {"data": {"hello": "नमस्ते अपुणी"}}


async def test_hindi_is_sent_as_utf_8_and_not_as_escapes(client: httpx.AsyncClient):
    response = await post(client, {"query": "{ hello }"})

    assert "नमस्ते".encode() in response.content


async def test_a_client_that_takes_neither_type_gets_406(client: httpx.AsyncClient):
    response = await post(client, {"query": "{ hello }"}, "image/png")

    assert response.status_code == 406
    assert detail(response) == "NOT_ACCEPTABLE"


BAD_DOCUMENTS = {
    "syntax": {"query": "{"},
    "unknown field": {"query": "{ nothing }"},
    "bad variable": {"query": "query ($name: String!) { hello(name: $name) }", "variables": {"name": None}},
    "unknown operation": {"query": "query A { hello }", "operationName": "B"},
    "two operations and no name": {"query": "query A { hello } query B { hello }"},
    "empty selection": {"query": "{}"},
    "undefined fragment": {"query": "{ ...Nothing }"},
    "fragment cycle": {"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"},
    "subscription": {"query": "subscription { hello }"},
    "lone surrogate in a literal": {"query": '{ hello(name: "\\uD800") }'},
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
@pytest.mark.parametrize(("accept", "status"), [(MODERN, 400), ("*/*", 400), (LEGACY, 200)])
async def test_a_bad_document_is_400_without_data_or_200_for_clients_of_plain_json(
    client: httpx.AsyncClient, name: str, accept: str, status: int
):
    response = await post(client, BAD_DOCUMENTS[name], accept)

    assert response.status_code == status
    assert "data" not in response.json()
    assert code(response) == "BAD_INPUT"


@pytest.mark.parametrize("accept", [MODERN, LEGACY, "*/*"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"qeury": "{ hello }"},
        {"query": " "},
        *({"query": query} for query in (0, False, ["array"], {"obj": "ect"}, None)),
        *({"query": "{ hello }", "operationName": name} for name in (0, False, ["array"], {"obj": "ect"})),
        *({"query": "{ hello }", "variables": value} for value in (0, False, ["array"], "string")),
        *({"query": "{ hello }", "extensions": value} for value in (0, False, ["array"], "string")),
    ],
)
async def test_parameters_of_the_wrong_kind_are_400(client: httpx.AsyncClient, body: dict[str, Any], accept: str):
    response = await post(client, body, accept)

    assert response.status_code == 400
    assert code(response) == "BAD_INPUT"


@pytest.mark.parametrize("parameter", ["variables", "operationName", "extensions"])
async def test_null_parameters_are_as_if_absent(client: httpx.AsyncClient, parameter: str):
    response = await post(client, {"query": "{ hello }", parameter: None})

    assert response.status_code == 200
    assert "errors" not in response.json()


async def test_the_named_operation_is_run_with_its_variables(client: httpx.AsyncClient):
    query = "query A { hello } query B($name: String!) { hello(name: $name) }"

    response = await post(client, {"query": query, "operationName": "B", "variables": {"name": "गढ़वाल"}})

    assert response.json() == {"data": {"hello": "नमस्ते गढ़वाल"}}


async def test_queries_are_answered_over_get_too(client: httpx.AsyncClient):
    parameters = {"query": "query ($name: String!) { hello(name: $name) }", "variables": json.dumps({"name": "x"})}

    response = await client.get("/graphql", params=parameters, headers={"Accept": MODERN})

    assert response.status_code == 200
    assert response.json() == {"data": {"hello": "नमस्ते x"}}


async def test_there_is_no_redirect(client: httpx.AsyncClient):
    assert (await client.get("/graphql", params={"query": "{ hello }"})).status_code == 200


@pytest.mark.parametrize("accept", [MODERN, LEGACY])
async def test_a_mutation_over_get_is_405(client: httpx.AsyncClient, accept: str):
    response = await client.get("/graphql", params={"query": "mutation { write }"}, headers={"Accept": accept})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert detail(response) == "MUTATION_BY_GET"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_405(client: httpx.AsyncClient, method: str):
    response = await client.request(method, "/graphql", json={"query": "{ hello }"})

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ],
)
async def test_only_json_in_utf_8_is_taken(client: httpx.AsyncClient, content_type: str | None):
    headers = {"Content-Type": content_type} if content_type else {}

    response = await client.post("/graphql", content=b'{"query":"{ hello }"}', headers=headers)

    assert response.status_code == 415
    assert detail(response) == "MEDIA_TYPE"


async def test_a_fault_of_ours_in_a_resolver_is_told_as_internal_and_hides_its_text(client: httpx.AsyncClient):
    response = await post(client, {"query": "{ broken }"})

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert code(response) == "INTERNAL"
    assert "swordfish" not in response.text


async def test_a_refusal_in_a_resolver_leaves_the_rest_of_the_answer(client: httpx.AsyncClient):
    response = await post(client, {"query": "{ refused hello }"})

    assert response.status_code == 200
    assert response.json()["data"] == {"refused": None, "hello": "नमस्ते अपुणी"}
    assert code(response) == "SERVICE_UNKNOWN"


async def test_messages_come_in_the_asked_language(client: httpx.AsyncClient):
    english = await post(client, {"query": 1}, **{"Accept-Language": "en-IN"})
    hindi = await post(client, {"query": 1})

    assert english.headers["content-language"] == "en"
    assert hindi.headers["content-language"] == "hi"
    assert english.json()["errors"][0]["message"].isascii()
    assert not hindi.json()["errors"][0]["message"].isascii()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The document has several operations, or none of that name: say in operationName which one is meant."),
        ("hi", "दस्तावेज़ में कई ऑपरेशन हैं, या इस नाम का कोई नहीं: operationName में बताएँ कि कौन सा चलाना है।"),
    ],
)
async def test_two_operations_without_a_name_are_told_to_name_one(client: httpx.AsyncClient, language: str, words: str):
    query = {"query": "query A { hello } query B { hello }"}
    answer = await client.post("/graphql", json=query, headers={"Accept-Language": language})

    [error] = answer.json()["errors"]
    assert words in error["message"]


async def test_the_page_goes_to_browsers_only(client: httpx.AsyncClient):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    page = await client.get("/graphql", headers={"Accept": browser})
    answer = await client.get("/graphql", params={"query": "{ hello }"}, headers={"Accept": browser})
    nothing = await client.get("/graphql", headers={"Accept": "*/*"})

    assert page.text == "page"
    assert answer.json() == {"data": {"hello": "नमस्ते अपुणी"}}
    assert nothing.status_code == 400


async def test_every_answer_is_recorded_without_what_was_sent(
    client: httpx.AsyncClient, records: list[OperationRecord]
):
    await post(client, {"query": "query Greeting { hello }"})
    await post(client, {"query": "{"})
    await post(client, [])

    assert [(record.name, record.operation, record.status, record.codes) for record in records] == [
        ("Greeting", "query", 200, ()),
        (None, "none", 400, ("BAD_INPUT",)),
        (None, "none", 400, ("BAD_INPUT",)),
    ]


async def test_closed_introspection_is_refused_by_name(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient]
):
    async with application_of(make_edge(introspection=False)) as client:
        closed = await post(client, {"query": "{ ...A } fragment A on Query { __schema { queryType { name } } }"})
        open_name = await post(client, {"query": "{ __typename }"})

    assert closed.status_code == 400
    assert detail(closed) == "INTROSPECTION_CLOSED"
    assert open_name.status_code == 200
