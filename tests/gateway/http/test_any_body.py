"""No body whatsoever makes a fault of ours: properties over bytes, JSON and documents."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel import SystemClock, SystemIds
from gateway.graphql.endpoint import Edge
from tests.gateway.http.conftest import ORIGIN, application

_clock = SystemClock()
_app = application(Edge(_clock, SystemIds(_clock), introspection=True))
OURS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
_SIGNS = (
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    "$a",
    ":",
    "=",
    "@skip",
    "...",
    '"x"',
    '"""',
    "1",
    "-1.5e9",
    "#",
    ",",
    "\n",
)
_NAMES = (
    "on",
    "hello",
    "leaf",
    "name",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "__schema",
    "__typename",
    "null",
)
_words = st.sampled_from((*_SIGNS, *_NAMES, "\\u0000"))
_documents = st.lists(_words, max_size=25).map(" ".join) | st.text(max_size=60)


async def post(content: bytes, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=_app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        return await client.post("/graphql", content=content, headers={"Content-Type": "application/json", **headers})


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    answer = response.json()
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] not in ("", "INTERNAL") or "broken" in str(error.get("path"))
        assert len(error["message"]) <= 300
    assert len(answer.get("errors", ())) <= 5
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-request-id"]


@OURS
@given(st.binary(max_size=200))
async def test_any_bytes(content: bytes):
    check(await post(content))


@pytest.mark.long
@OURS
@given(_json)
async def test_any_json(value: Any):
    check(await post(json.dumps(value).encode("utf-8", "replace")))


@OURS
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("query", "operationName", "variables", "extensions", "documentId", "id"), _json),
    )
)
async def test_any_members(value: dict[str, Any]):
    check(await post(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")))


@OURS
@given(_documents, _json)
async def test_any_document(document: str, variables: Any):
    content = json.dumps({"query": document, "variables": variables if isinstance(variables, dict) else None})
    check(await post(content.encode("utf-8", "replace")))


@pytest.mark.long
@OURS
@given(st.text(max_size=40), st.text(max_size=40))
async def test_any_headers(accept: str, other: str):
    names = ("Accept", "Content-Type", "Accept-Language", "X-Request-Id", "Authorization", "Cookie", "Content-Encoding")
    for name in names:
        response = await post(b'{"query":"{ hello }"}', **{name: quoted(accept + other)})
        check(response)


def quoted(text: str) -> Any:
    """A header's value of any bytes but the control characters, which HTTP does not carry."""
    return bytes(byte for byte in text.encode() if byte >= 32 and byte != 127)


@OURS
@given(st.dictionaries(st.sampled_from(["query", "variables", "operationName", "extensions"]), st.text(max_size=30)))
async def test_any_query_string(parameters: dict[str, str]):
    transport = httpx.ASGITransport(app=_app)
    safe = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        check(await client.get("/graphql", params=safe))
