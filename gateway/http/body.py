"""Reads the parameters of a GraphQL request from a body or a query string, within limits.

The shape of the JSON is measured on the bytes, in linear time, before it is parsed: Python's own parser
recurses on deep nesting and takes quadratic time on long numbers (RELIABILITY.md sections 1 and 4).
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.requests import Request

from gateway.http.headers import PLAIN_JSON, charset_of, media_type_of
from gateway.http.refusals import bad_request
from gateway.settings import Limits

BODY_SECONDS = 10.0
"""How long a caller may take to send a body."""
MOST_KEYS = 5000
MOST_DIGITS = 60

# A string without its closing quote reaches to the end, so that no byte is looked at twice.
_JSON_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}:]|[0-9]{%d,}' % (MOST_DIGITS + 1), re.DOTALL)
_NUL_ESCAPE = re.compile(r"\\u(?:0000|\{0+\})")


@dataclass(frozen=True, slots=True)
class GraphQLParameters:
    """What a client asks for (GraphQL over HTTP, section 5.1)."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


async def parameters_of_post(request: Request, limits: Limits) -> GraphQLParameters:
    """The parameters of a POST. Raises Refusal with 400, 408, 413 or 415."""
    if media_type_of(request) != PLAIN_JSON or charset_of(request) not in ("utf-8", "utf8"):
        raise bad_request("MEDIA_TYPE", 415, headers={"Accept-Post": PLAIN_JSON})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise bad_request("BODY_ENCODING", 415, headers={"Accept-Encoding": "identity"})
    body = decode_json(await _read(request, limits.body_bytes), limits.json_depth)
    if not isinstance(body, dict):
        raise bad_request("BODY_SHAPE")
    return _parameters(body)


def parameters_of_get(request: Request, limits: Limits) -> GraphQLParameters:
    """The parameters of a GET: variables and extensions are JSON in the query string. Raises Refusal."""
    given = request.query_params
    parameters: dict[str, Any] = {name: given[name] for name in ("query", "operationName") if name in given}
    for name in ("variables", "extensions"):
        if given.get(name):
            parameters[name] = decode_json(given[name].encode("utf-8", "replace"), limits.json_depth)
    return _parameters(parameters)


def decode_json(raw: bytes, depth: int) -> Any:
    """The value of a JSON text. Raises Refusal where it is not UTF-8, not JSON, too deep or too odd."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("BODY_NOT_UTF8") from None
    _measure(raw, depth)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        raise bad_request("BODY_NOT_JSON") from None
    if "\\u" in text and any(_is_odd(part) for part in _strings(value)):
        raise bad_request("BODY_CHARACTERS")
    return value


def _measure(raw: bytes, most_depth: int) -> None:
    depth = keys = 0
    for match in _JSON_TOKENS.finditer(raw):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif token == b":":
            keys += 1
        elif not token.startswith(b'"'):
            raise bad_request("BODY_NUMBER")
        if depth > most_depth or keys > MOST_KEYS:
            raise bad_request("BODY_TOO_DEEP" if depth > most_depth else "BODY_TOO_WIDE")


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("JSON knows no NaN and no infinity")


def _strings(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            stack.extend(part)
        elif isinstance(part, dict):
            stack.extend(part)
            stack.extend(part.values())


def _is_odd(text: str) -> bool:
    """Half of a surrogate pair, or NUL: no database and no encoder takes these."""
    return any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


async def _read(request: Request, most: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > most:
        raise bad_request("BODY_TOO_LARGE", 413, headers={"Connection": "close"})
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise bad_request("BODY_TOO_LARGE", 413, headers={"Connection": "close"})
                parts.append(part)
    except TimeoutError:
        raise bad_request("BODY_TOO_SLOW", 408, headers={"Connection": "close"}) from None
    return b"".join(parts)


def _parameters(given: dict[str, Any]) -> GraphQLParameters:
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise bad_request("QUERY_MISSING")
    if not (name is None or isinstance(name, str)):
        raise bad_request("OPERATION_NAME")
    if not (variables is None or isinstance(variables, dict)):
        raise bad_request("VARIABLES")
    if not (extensions is None or isinstance(extensions, dict)):
        raise bad_request("EXTENSIONS")
    if "\0" in query or _NUL_ESCAPE.search(query):
        raise bad_request("BODY_CHARACTERS")
    return GraphQLParameters(query, name or None, variables)
