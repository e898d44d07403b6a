"""Published operations by their ids, by POST and GET, and who may send documents of her own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from domain.kernel import ANONYMOUS, ManualClock, PersonKind, Role, Subject
from domain.platform.manifests import Manifest, Operation, document_id
from gateway.graphql.body import GraphQLParameters, parameters_in
from gateway.graphql.trusted import TrustedLibrary
from gateway.http.calls import OperationRecord, ResolvedDocument
from gateway.http.edge import Edge
from gateway.http.problems import RequestProblem
from gateway.settings.limits import DocumentMode
from tests.support.databases import NOW

HELLO = "query Hello($name: String!) {\n  hello(name: $name)\n}"
WRITE = "mutation Write {\n  write\n}"
HELLO_ID, WRITE_ID = document_id(HELLO), document_id(WRITE)
OTHER_ID = "f" * 64
MODERN = "application/graphql-response+json"
DEVELOPER = Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, "d")
CITIZEN = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, "c")


@dataclass
class Context:
    subject: Subject = ANONYMOUS
    router: bool = False
    language: Any = field(default=None)


def manifest(version: str = "1.0.0", app: str = "citizen_app", *bodies: str) -> Manifest:
    operations = [Operation(document_id(body), body.split()[1].split("(")[0], body.split()[0], body) for body in bodies]
    return Manifest(app, version, tuple(operations))


def library(mode: DocumentMode = DocumentMode.OPEN) -> TrustedLibrary:
    made = TrustedLibrary(mode, ManualClock(NOW))
    made.replace([manifest("1.0.0", "citizen_app", HELLO, WRITE)])
    return made


def asked(**members: Any) -> GraphQLParameters:
    return parameters_in(members)


@pytest.fixture
def client_of(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient]
) -> Callable[[DocumentMode], httpx.AsyncClient]:
    return lambda mode: application_of(make_edge(trusted=library(mode)))


def refusal(answer: httpx.Response) -> tuple[str, str | None]:
    extensions = answer.json()["errors"][0]["extensions"]
    return extensions["code"], extensions.get("action") or extensions.get("detail")


BY_ID = {
    "documentId": {"documentId": HELLO_ID},
    "documentId with its prefix": {"documentId": f"sha256:{HELLO_ID}"},
    "id": {"id": HELLO_ID},
    "Apollo's persistedQuery": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HELLO_ID}}},
    "all at once": {
        "documentId": HELLO_ID,
        "id": HELLO_ID,
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": HELLO_ID}},
    },
    "with its text": {"query": HELLO, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": HELLO_ID}}},
    "its text alone": {"query": HELLO},
}


@pytest.mark.parametrize("name", BY_ID)
@pytest.mark.parametrize("mode", DocumentMode)
async def test_a_published_operation_is_run_by_post_and_get_in_every_mode(client_of, mode, name):
    members = BY_ID[name] | {"variables": {"name": "आशा"}}
    query = {key: value if isinstance(value, str) else json.dumps(value) for key, value in members.items()}

    async with client_of(mode) as client:
        posted = await client.post("/graphql", json=members)
        got = await client.get("/graphql", params=query)

    assert posted.json() == got.json() == {"data": {"hello": "नमस्ते आशा"}}


@pytest.mark.parametrize("name", ["documentId", "id"])
@pytest.mark.parametrize("document", [OTHER_ID, f"sha256:{OTHER_ID}", "relay-id-7", HELLO_ID.upper()])
async def test_an_id_that_is_not_published_tells_the_app_to_update(client_of, name, document):
    async with client_of(DocumentMode.OPEN) as client:
        modern = await client.post("/graphql", json={name: document}, headers={"Accept": MODERN})
        legacy = await client.get("/graphql", params={name: document}, headers={"Accept": "application/json"})

    assert (modern.status_code, legacy.status_code) == (400, 200)
    assert refusal(modern) == refusal(legacy) == ("PERSISTED_DOCUMENT_NOT_FOUND", "UPDATE_APP")
    assert len(modern.json()["errors"]) == 1
    assert "data" not in modern.json()
    assert "अपडेट" in modern.json()["errors"][0]["message"]


async def test_nothing_is_registered_by_a_request(client_of):
    query = "{ hello }"
    apollo = {"persistedQuery": {"version": 1, "sha256Hash": document_id(query)}}

    async with client_of(DocumentMode.OPEN) as client:
        both = await client.post("/graphql", json={"query": query, "extensions": apollo})
        again = await client.post("/graphql", json={"extensions": apollo})

    assert both.json() == {"data": {"hello": "नमस्ते अपुणी"}}
    assert refusal(again)[0] == "PERSISTED_DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"documentId": HELLO_ID, "id": WRITE_ID}, "DOCUMENT_ID_MISMATCH"),
        ({"documentId": HELLO_ID, "query": "{ hello }"}, "DOCUMENT_ID_MISMATCH"),
        ({"documentId": 7}, "DOCUMENT_ID"),
        ({"documentId": ""}, "DOCUMENT_ID"),
        ({"documentId": "x" * 300}, "DOCUMENT_ID"),
        ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": HELLO_ID}}}, "PERSISTED_QUERY_VERSION"),
        ({"extensions": {"persistedQuery": "x"}}, "PERSISTED_QUERY_VERSION"),
        ({"extensions": {"persistedQuery": {"version": 1}}}, "DOCUMENT_ID"),
        ({"variables": {}}, "QUERY_MISSING"),
    ],
)
async def test_parameters_that_say_nothing_or_two_things_are_refused(client_of, members, detail):
    async with client_of(DocumentMode.OPEN) as client:
        answer = await client.post("/graphql", json=members)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["detail"] == detail


async def test_a_published_mutation_is_not_run_by_get(client_of):
    async with client_of(DocumentMode.TRUSTED) as client:
        got = await client.get("/graphql", params={"documentId": WRITE_ID})
        posted = await client.post("/graphql", json={"documentId": WRITE_ID})

    assert got.status_code == 405
    assert "errors" not in posted.json()


async def test_a_phone_that_asks_again_gets_304_without_a_body(client_of):
    parameters = {"documentId": HELLO_ID, "variables": '{"name":"x"}'}
    async with client_of(DocumentMode.OPEN) as client:
        first = await client.get("/graphql", params=parameters)
        again = await client.get("/graphql", params=parameters, headers={"If-None-Match": first.headers["etag"]})
        free = await client.get("/graphql", params={"query": "{ hello }"})

    assert (again.status_code, again.content) == (304, b"")
    assert "etag" not in free.headers


@pytest.mark.parametrize(
    ("mode", "context", "taken"),
    [
        (DocumentMode.OPEN, Context(), True),
        (DocumentMode.DEVELOPERS, Context(), False),
        (DocumentMode.DEVELOPERS, Context(CITIZEN), False),
        (DocumentMode.DEVELOPERS, Context(DEVELOPER), True),
        (DocumentMode.DEVELOPERS, Context(router=True), True),
        (DocumentMode.TRUSTED, Context(DEVELOPER), False),
        (DocumentMode.TRUSTED, Context(router=True), True),
    ],
)
def test_documents_of_ones_own_are_taken_from_whom_the_mode_says(mode, context, taken):
    made = library(mode)
    free = ResolvedDocument("{ hello }")
    if taken:
        made.allow(free, context)
    else:
        with pytest.raises(RequestProblem) as refused:
            made.allow(free, context)
        assert (refused.value.status, refused.value.problem.detail) == (403, "FREE_DOCUMENT")
    made.allow(ResolvedDocument(HELLO, trusted=True), context)


async def test_in_production_a_stranger_may_not_send_a_document(client_of):
    async with client_of(DocumentMode.DEVELOPERS) as client:
        developers = await client.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": MODERN})
    async with client_of(DocumentMode.TRUSTED) as client:
        trusted = await client.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": MODERN})

    assert refusal(developers)[0] == refusal(trusted)[0] == "FORBIDDEN"
    assert "data" not in developers.json()


async def test_only_published_operations_are_named_in_the_records(client_of, records: list[OperationRecord]):
    async with client_of(DocumentMode.OPEN) as client:
        await client.post("/graphql", json={"documentId": HELLO_ID, "variables": {"name": "x"}})
        await client.post("/graphql", json={"query": "query Hello { hello }"})

    assert [(record.name, record.trusted) for record in records] == [("Hello", True), ("Hello", False)]


def test_a_use_is_counted_for_the_version_that_the_app_says_else_for_all_that_have_the_operation():
    made = library()
    made.replace([manifest("1.0.0", "citizen_app", HELLO), manifest("1.1.0", "citizen_app", HELLO, WRITE)])
    day = NOW.date()

    made.resolve(
        asked(documentId=HELLO_ID),
        {"apollographql-client-name": "citizen_app", "apollographql-client-version": "1.1.0"},
    )
    made.resolve(asked(documentId=HELLO_ID), {"x-client-name": "citizen_app", "x-client-version": "1.1.0"})
    assert made.take_uses() == {("citizen_app", "1.1.0", day): 2}

    made.resolve(asked(documentId=HELLO_ID), {"x-client-name": "somebody", "x-client-version": "9"})
    made.resolve(asked(documentId=WRITE_ID), {})
    counted = made.take_uses()
    assert counted == {("citizen_app", "1.0.0", day): 1, ("citizen_app", "1.1.0", day): 2}
    assert made.take_uses() == {}
    made.restore_uses(counted)
    assert made.take_uses() == counted


def test_what_is_no_longer_published_is_unknown_and_what_stays_is_not_prepared_again():
    made = library()
    for held in made.unprepared_operations():
        held.broken = True
    made.replace([manifest("1.1.0", "citizen_app", HELLO)])

    assert made.names == {"Hello"}
    assert made.unprepared_operations() == []
    with pytest.raises(RequestProblem):
        made.resolve(asked(documentId=WRITE_ID), {})


async def test_errors_of_published_operations_are_counted_by_app_operation_code_and_day(make_edge, application_of):
    made = library()
    async with application_of(make_edge(trusted=made)) as client:
        await client.post("/graphql", json={"documentId": HELLO_ID})
        await client.post("/graphql", json={"documentId": HELLO_ID, "variables": {"name": "x"}})
        await client.post("/graphql", json={"query": "query Hello { nothing }"})

    assert made.take_errors() == {("citizen_app", "Hello", "BAD_INPUT", NOW.date()): 1}
    assert made.take_errors() == {}
