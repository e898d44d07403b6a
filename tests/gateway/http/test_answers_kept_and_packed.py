"""Compression, and answers that an app may keep."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import Clock, SeededIds
from gateway.graphql.answers import encode_json
from gateway.graphql.body import GraphQLParameters
from gateway.graphql.endpoint import Edge
from gateway.http.calls import OperationRecord, RequestContext, ResolvedDocument
from gateway.http.compression import LONG as LONG_ANSWER
from gateway.http.compression import compress_apart, gzip_body, takes_gzip
from gateway.http.headers import SESSION_COOKIE

LONG = "x" * 3000
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
WRITTEN = st.recursive(LEAVES, lambda below: st.lists(below) | st.dictionaries(st.text(), below))
JSON = {"Content-Type": "application/json"}


class OneTrusted:
    """The document `hello`, known by its id."""

    def resolve(self, parameters: GraphQLParameters, headers: Mapping[str, str]) -> ResolvedDocument:
        if parameters.given.get("documentId") == "hello":
            return ResolvedDocument("query Hello($name: String!) { hello(name: $name) }", trusted=True, name="Hello")
        return ResolvedDocument(parameters.query or "")

    def allow(self, resolved: ResolvedDocument, context: RequestContext) -> None:
        pass

    def count_errors(self, record: OperationRecord) -> None:
        pass


async def ask(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    body = {"query": "query ($name: String!) { hello(name: $name) }", "variables": {"name": LONG}}
    return await client.post("/graphql", json=body, headers=headers)


async def test_a_long_answer_is_compressed_for_who_takes_it(client: httpx.AsyncClient):
    packed = await ask(client, **{"Accept-Encoding": "gzip", "Authorization": "Bearer good-token"})
    plain = await ask(client, **{"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in packed.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]


async def test_a_short_answer_is_sent_as_it_is(client: httpx.AsyncClient):
    answer = await client.post("/graphql", json={"query": "{ hello }"}, headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(("size", "others_run"), [(LONG_ANSWER, True), (LONG_ANSWER - 1, False)])
async def test_others_run_while_a_very_long_answer_is_compressed(store_clock: Clock, size: int, others_run: bool):
    request = Request({"type": "http", "headers": [(b"accept-encoding", b"gzip")]})
    ran = asyncio.ensure_future(asyncio.sleep(0))

    answer = await compress_apart(
        Response(b"x" * size), request, secret_ambient=False, ids=SeededIds(store_clock, "blur")
    )

    assert gzip.decompress(bytes(answer.body)) == b"x" * size
    assert ran.done() is others_run
    await ran


@pytest.mark.long
@given(WRITTEN)
def test_json_is_read_back_as_it_was(value: Any):
    assert json.loads(encode_json(value)) == value


def test_json_is_short_and_in_utf_8():
    assert encode_json({"नाम": "आशा", "of": [1, 2.5, True, None]}) == '{"नाम":"आशा","of":[1,2.5,true,null]}'.encode()


def test_half_of_a_surrogate_pair_does_not_spoil_an_answer():
    assert encode_json({"name": "a\ud800b"}) == b'{"name":"a?b"}'


async def test_an_answer_to_the_session_cookie_is_never_compressed(client: httpx.AsyncClient):
    cookie = {"Cookie": f"{SESSION_COOKIE}=good-token", "Sec-Fetch-Site": "same-origin"}

    answer = await ask(client, **{"Accept-Encoding": "gzip"}, **cookie)

    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


async def test_the_length_of_equal_answers_differs(client: httpx.AsyncClient):
    lengths = {(await ask(client, **{"Accept-Encoding": "gzip"})).headers["content-length"] for _ in range(12)}

    assert len(lengths) > 2


@pytest.mark.parametrize("blur", [0, 1, 99])
def test_the_stream_is_gzip_whatever_its_blur(blur: int):
    assert gzip.decompress(gzip_body(b"abc" * 500, blur)) == b"abc" * 500


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=0", False),
        ("identity, *;q=0, gzip", True),
        ("zstd", False),
    ],
)
def test_accept_encoding_is_understood(header: str | None, takes: bool):
    assert takes_gzip(header) is takes


@pytest.fixture
async def kept(make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient]) -> Any:
    async with application_of(make_edge(trusted=OneTrusted())) as client:
        yield client


TRUSTED = {"documentId": "hello", "variables": '{"name": "x"}'}


async def test_a_trusted_read_has_a_tag_and_is_kept_privately(kept: httpx.AsyncClient, records: list[Any]):
    answer = await kept.get("/graphql", params=TRUSTED)

    assert answer.json() == {"data": {"hello": "नमस्ते x"}}
    assert answer.headers["etag"].startswith('W/"')
    assert answer.headers["cache-control"] == "private, no-cache"
    assert (records[0].name, records[0].trusted) == ("Hello", True)


async def test_the_same_answer_again_is_304_without_a_body(kept: httpx.AsyncClient):
    tag = (await kept.get("/graphql", params=TRUSTED)).headers["etag"]

    for header in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await kept.get("/graphql", params=TRUSTED, headers={"If-None-Match": header})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert again.headers["x-request-id"]
        assert "content-type" not in again.headers


async def test_another_answer_language_or_type_has_another_tag(kept: httpx.AsyncClient):
    tags = {
        (await kept.get("/graphql", params=TRUSTED | changes, headers=headers)).headers["etag"]
        for changes, headers in [
            ({}, {}),
            ({"variables": '{"name": "y"}'}, {}),
            ({}, {"Accept-Language": "en"}),
            ({}, {"Accept": "application/graphql-response+json"}),
        ]
    }

    assert len(tags) == 4


async def test_other_answers_are_not_kept(kept: httpx.AsyncClient):
    free = await kept.get("/graphql", params={"query": "{ hello }"})
    posted = await kept.post("/graphql", json={"documentId": "hello", "variables": {"name": "x"}})
    wrong = await kept.get("/graphql", params={"documentId": "hello"})

    for answer in (free, posted, wrong):
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
