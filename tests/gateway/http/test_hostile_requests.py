"""Bodies and documents made to break a server: each gets a 4xx with a code, quickly."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from graphql import get_introspection_query

from domain.kernel import SystemClock
from gateway.graphql.body import decode_json
from gateway.graphql.endpoint import Edge
from gateway.http.admission import Admission, Share
from gateway.settings.limits import Limits, Load

JSON = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}


def told(response: httpx.Response) -> tuple[int, str, str]:
    extensions = response.json()["errors"][0]["extensions"]
    return response.status_code, extensions["code"], extensions.get("detail", "")


BODIES = {
    "null": (b"null", 400, "BODY_SHAPE"),
    "number": (b"1", 400, "BODY_SHAPE"),
    "string": (b'"x"', 400, "BODY_SHAPE"),
    "array": (b"[]", 400, "BODY_SHAPE"),
    "batch": (b'[{"query":"{ hello }"}]', 400, "BODY_SHAPE"),
    "nothing": (b"", 400, "BODY_NOT_JSON"),
    "broken": (b'{ "not a JSON', 400, "BODY_NOT_JSON"),
    "a member twice": (b'{"query":"{ hello }","query":"{ who }"}', 400, "BODY_MEMBER_TWICE"),
    "a variable twice": (b'{"query":"{ hello }","variables":{"a":1,"a":2}}', 400, "BODY_MEMBER_TWICE"),
    "a member twice by escape": (b'{"query":"{ hello }","qu\\u0065ry":"{ who }"}', 400, "BODY_MEMBER_TWICE"),
    "not utf-8": (b'{"query":"\xff\xfe"}', 400, "BODY_NOT_UTF8"),
    "utf-16": ('{"query":"{ hello }"}'.encode("utf-16"), 400, "BODY_NOT_UTF8"),
    "byte order mark": (b'\xef\xbb\xbf{"query":"{ hello }"}', 400, "BODY_NOT_JSON"),
    "nan": (b'{"query":"{ hello }","variables":{"a":NaN}}', 400, "BODY_NOT_JSON"),
    "deep array": (b"[" * 2000 + b"]" * 2000, 400, "BODY_TOO_DEEP"),
    "deep object": (b'{"a":' * 2000 + b"1" + b"}" * 2000, 400, "BODY_TOO_DEEP"),
    "long number": (b'{"query":"{ hello }","variables":{"a":' + b"9" * 6000 + b"}}", 400, "BODY_NUMBER"),
    "many keys": (json.dumps({str(number): 1 for number in range(6000)}).encode(), 400, "BODY_TOO_WIDE"),
    "lone surrogate": (b'{"query":"{ hello }","variables":{"a":"\\ud800"}}', 400, "BODY_CHARACTERS"),
    "surrogate in a key": (b'{"query":"{ hello }","variables":{"\\udfff":1}}', 400, "BODY_CHARACTERS"),
    "nul": (b'{"query":"{ hello }","variables":{"a":"\\u0000"}}', 400, "BODY_CHARACTERS"),
    "nul in a literal": (json.dumps({"query": '{ hello(name: "\\u0000") }'}).encode(), 400, "BODY_CHARACTERS"),
    "gzip without saying so": (gzip.compress(b'{"query":"{ hello }"}'), 400, "BODY_NOT_UTF8"),
    "too large": (b'{"query":"' + b" " * 100_001 + b'"}', 413, "BODY_TOO_LARGE"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_gets_a_code(client: httpx.AsyncClient, name: str):
    content, status, detail = BODIES[name]

    response = await client.post("/graphql", content=content, headers=JSON)

    assert told(response) == (status, "BAD_INPUT", detail)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "nonsense"])
async def test_a_coded_body_is_415(client: httpx.AsyncClient, encoding: str):
    response = await client.post(
        "/graphql", content=gzip.compress(b"{}"), headers={**JSON, "Content-Encoding": encoding}
    )

    assert told(response) == (415, "BAD_INPUT", "BODY_ENCODING")


async def test_a_body_that_grows_without_a_length_is_cut_off(client: httpx.AsyncClient):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b" " * 10_000

    response = await client.post("/graphql", content=endless(), headers=JSON)

    assert told(response) == (413, "BAD_INPUT", "BODY_TOO_LARGE")


def test_json_is_measured_in_linear_time():
    for raw in (b'"' * 100_000, b'\\"' * 50_000, b'"' + b"\\" * 99_999, b'"\\' * 50_000):
        with pytest.raises(Exception, match="400"):
            decode_json(raw, Limits())


def test_braces_and_long_numbers_inside_strings_do_not_count():
    value = {"query": "{" * 200, "a": "9" * 200, "b\\": ':"[["'}

    assert decode_json(json.dumps(value).encode(), Limits(json_depth=2)) == value


def fan_out(levels: int) -> str:
    """Each fragment spreads the next one twice: 2^levels fields if they are walked (docs/reliability.md section 1)."""
    parts = [f"fragment F{level} on Leaf {{ ...F{level + 1} ...F{level + 1} }}" for level in range(levels)]
    return "{ leaf { ...F0 } } " + " ".join(parts) + f" fragment F{levels} on Leaf {{ name }}"


def nested(levels: int) -> str:
    return "{ leaf " * levels + "{ name }" + "}" * levels


DOCUMENTS = {
    "depth": (nested(10), "DEPTH"),
    "braces": ("{ leaf " * 150 + "{ name }" + "}" * 150, "DEPTH"),
    "inline fragments": ("{" + "... {" * 180 + "hello" + "}" * 180 + "}", "DEPTH"),
    "depth through fragments": (
        (
            "{ leaf { ...A } } fragment A on Leaf { leaf { leaf { leaf { leaf { leaf { ...B } } } } } }"
            " fragment B on Leaf { leaf { leaf { leaf { leaf { name } } } } }"
        ),
        "DEPTH",
    ),
    "aliases": ("{" + " ".join(f"a{number}: hello" for number in range(16)) + "}", "ALIASES"),
    "aliases through fragments": (
        "{ leaf { ...A ...A ...A ...A } } fragment A on Leaf { a: name b: name c: name d: name }",
        "ALIASES",
    ),
    "exponential aliases": (fan_out(25).replace("{ name }", "{ a: name }"), "ALIASES"),
    "root fields": ("{" + " hello" * 11 + "}", "ROOT_FIELDS"),
    "root fields through fragments": ("{ ...A ...A } fragment A on Query {" + " hello" * 6 + "}", "ROOT_FIELDS"),
    "tokens": ("{ hello" + " hello" * 1000 + "}", "TOKENS"),
    "comments": ("#\n" * 300 + "{ hello }", "TOKENS"),
    "directives": ("{ hello" + " @skip(if: false)" * 10 + "}", "DIRECTIVES"),
    "fragments": (
        "{ hello }" + "".join(f" fragment F{number} on Query {{ hello }}" for number in range(31)),
        "FRAGMENTS",
    ),
    "long name": ("{ " + "a" * 101 + " }", "WORD"),
    "long alias": ("{ " + "a" * 90_000 + ": hello }", "WORD"),
    "long number": ("{ hello(name: " + "9" * 5000 + ") }", "WORD"),
    "operations": (" ".join(f"query Q{number} {{ hello }}" for number in range(11)), "OPERATIONS"),
    "variables": (
        "query Q(" + " ".join(f"$v{number}: String" for number in range(51)) + ") { hello }",
        "VARIABLE_COUNT",
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_out_of_bounds_is_too_complex(client: httpx.AsyncClient, name: str):
    query, detail = DOCUMENTS[name]

    response = await client.post("/graphql", json={"query": query}, headers=JSON)

    assert told(response) == (400, "TOO_COMPLEX", detail)


async def test_a_document_at_the_bounds_is_answered(client: httpx.AsyncClient):
    aliases = " ".join(f"a{number}: name" for number in range(15))
    query = "{" + " hello" * 9 + nested(9).replace("{ name }", f"{{ {aliases} }}")[1:]

    response = await client.post("/graphql", json={"query": query}, headers=JSON)

    assert response.status_code == 200


async def test_a_fan_out_of_fragments_is_counted_without_walking_it(client: httpx.AsyncClient):
    response = await client.post("/graphql", json={"query": fan_out(25)}, headers=JSON)

    assert response.status_code == 200
    assert response.json() == {"data": {"leaf": {"name": "पत्ता"}}}


async def test_the_introspection_of_tools_fits(client: httpx.AsyncClient):
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )

    response = await client.post("/graphql", json={"query": query}, headers=JSON)

    assert response.status_code == 200
    assert "errors" not in response.json()


async def test_deeper_introspection_does_not_fit(client: httpx.AsyncClient):
    query = "{ __schema { types {" + " ofType {" * 14 + " name " + "}" * 14 + "} } }"

    response = await client.post("/graphql", json={"query": query}, headers=JSON)

    assert told(response) == (400, "TOO_COMPLEX", "DEPTH")


async def test_introspection_does_not_go_from_fields_to_the_fields_of_their_types(client: httpx.AsyncClient):
    query = "{ __schema { types { fields { type { fields { name } } } } } }"

    response = await client.post("/graphql", json={"query": query}, headers=JSON)

    assert told(response)[:2] == (400, "BAD_INPUT")


async def test_what_was_sent_is_not_repeated_in_the_answer(client: httpx.AsyncClient):
    aadhaar = "9999 4105 7058"
    query = f'query ($n: Int) {{ hello(name: 5) other(name: "{aadhaar}") }}'

    for body in ({"query": query}, {"query": "query ($n: Int) { hello }", "variables": {"n": aadhaar}}):
        response = await client.post("/graphql", json=body, headers=JSON)
        assert response.status_code == 400
        assert aadhaar not in response.text


async def test_many_validation_errors_are_told_as_five(client: httpx.AsyncClient):
    response = await client.post("/graphql", json={"query": "{" + " x y z a b c d e f g" + "}"}, headers=JSON)

    assert len(response.json()["errors"]) == 5


async def test_a_store_that_is_away_is_a_503_with_a_code(client: httpx.AsyncClient):
    response = await client.post(
        "/graphql", json={"query": "{ hello }"}, headers={**JSON, "Idempotency-Key": "store-is-away"}
    )

    assert told(response)[:2] == (503, "INTERNAL")


async def test_what_takes_too_long_is_cut_off_with_a_code(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient]
):
    async with application_of(make_edge(limits=Limits(read_seconds=0.01))) as client:
        response = await client.post("/graphql", json={"query": "{ slow }"}, headers=JSON)

    assert told(response)[:2] == (504, "DEADLINE_EXCEEDED")


async def test_a_sender_of_refused_documents_is_let_in_only_where_nobody_else_wants_the_room(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient]
):
    gate = Admission(Load(start=4, wait_seconds=0.001, overload_wait_seconds=0.001), SystemClock())
    officers = [gate.slot(Share.OFFICERS) for _ in range(4)]
    async with application_of(make_edge(admission=gate)) as client, AsyncExitStack() as room:

        async def status(query: str) -> int:
            return (await client.post("/graphql", json={"query": query}, headers=JSON)).status_code

        for each in officers:
            await room.enter_async_context(each)
        before = await status("{ hello }")
        refused = [await status(query) for query in ("{ nothing }", "{", nested(10), "{ other }")]
        after = await status("{ hello }")
        await room.aclose()

        assert (before, refused, after) == (200, [400] * 4, 503)
        assert await status("{ hello }") == 200
