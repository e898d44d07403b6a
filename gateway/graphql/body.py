"""Reads the parameters of a GraphQL request from a body or a query string, within limits.

The shape of the JSON is measured on the bytes, in linear time, before it is parsed: Python's own parser
recurses on deep nesting and takes quadratic time on long numbers (docs/reliability.md sections 1 and 4).
"""

import asyncio
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

from starlette.requests import Request

from gateway.http.headers import PLAIN_JSON, charset_of, media_type_of
from gateway.http.problems import bad_request
from gateway.settings.limits import Limits
from integrations.calling.incoming_calls import TooLarge, read_body

_NUL_ESCAPE = re.compile(r"\\u(?:0000|\{0+\})")


@dataclass(frozen=True, slots=True)
class GraphQLParameters:
    """What a client asks for (GraphQL over HTTP, section 5.1).

    `query` is None where something else names the document; `given` holds every member that was sent, unchecked.
    """

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)


async def parameters_of_post(request: Request, limits: Limits) -> GraphQLParameters:
    """The parameters of a POST. Raises RequestProblem with 400, 408, 413 or 415."""
    if media_type_of(request) != PLAIN_JSON or charset_of(request) not in ("utf-8", "utf8"):
        raise bad_request("MEDIA_TYPE", 415, headers={"Accept-Post": PLAIN_JSON})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise bad_request("BODY_ENCODING", 415, headers={"Accept-Encoding": "identity"})
    body = decode_json(await _read(request, limits), limits)
    if not isinstance(body, dict):
        raise bad_request("BODY_SHAPE")
    return parameters_in(body)


def parameters_of_get(request: Request, limits: Limits) -> GraphQLParameters:
    """The parameters of a GET: variables and extensions are JSON in the query string. Raises RequestProblem."""
    given = request.query_params
    if len(given.multi_items()) > len(given):
        raise bad_request("PARAMETER_TWICE")
    parameters: dict[str, Any] = dict(given)
    for name in ("variables", "extensions"):
        if name in parameters:
            text = parameters.pop(name)
            if text:
                parameters[name] = decode_json(text.encode("utf-8", "replace"), limits)
    return parameters_in(parameters)


def decode_json(raw: bytes, limits: Limits) -> Any:
    """The value of a JSON text. Raises RequestProblem where it is not UTF-8, not JSON, too deep or too odd."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("BODY_NOT_UTF8") from None
    if not _is_surely_bounded(raw, limits):
        _measure(raw, limits)
    try:
        value = _DECODER.decode(text)
    except ValueError:
        raise bad_request("BODY_NOT_JSON") from None
    if "\\u" in text and any(_is_odd(part) for part in _strings(value)):
        raise bad_request("BODY_CHARACTERS")
    return value


@cache
def json_tokens(most_digits: int) -> re.Pattern[bytes]:
    """Finds what counts in JSON. A string without its closing quote reaches to the end: no byte is looked at twice."""
    return re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}:]|[0-9]{%d,}' % (most_digits + 1), re.DOTALL)


@cache
def _digits(most: int) -> re.Pattern[bytes]:
    """Matches more digits in a row than `most`."""
    return re.compile(rb"[0-9]{%d}" % (most + 1))


def _is_surely_bounded(raw: bytes, limits: Limits) -> bool:
    """Whether it is within the bounds even if every bracket, colon and digit counts, those within strings too."""
    deepest, keys = raw.count(b"{") + raw.count(b"["), raw.count(b":")
    return deepest <= limits.json_depth and keys <= limits.json_keys and not _digits(limits.json_digits).search(raw)


def _measure(raw: bytes, limits: Limits) -> None:
    depth = keys = 0
    for match in json_tokens(limits.json_digits).finditer(raw):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif token == b":":
            keys += 1
        elif not token.startswith(b'"'):
            raise bad_request("BODY_NUMBER")
        if depth > limits.json_depth:
            raise bad_request("BODY_TOO_DEEP")
        if keys > limits.json_keys:
            raise bad_request("BODY_TOO_WIDE")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object: readers disagree on which of two with one name counts (RFC 8259 section 4)."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise bad_request("BODY_MEMBER_TWICE")
    return members


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("JSON knows no NaN and no infinity")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("JSON knows no infinity")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_each_once)


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


async def _read(request: Request, limits: Limits) -> bytes:
    most = limits.body_bytes
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > most:
        raise bad_request("BODY_TOO_LARGE", 413, headers={"Connection": "close"})
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await read_body(request, most)
    except TooLarge:
        raise bad_request("BODY_TOO_LARGE", 413, headers={"Connection": "close"}) from None
    except TimeoutError:
        raise bad_request("BODY_TOO_SLOW", 408, headers={"Connection": "close"}) from None


def parameters_in(given: Mapping[str, Any]) -> GraphQLParameters:
    """The parameters in an object of a body, a query string or a message. Raises RequestProblem with 400."""
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if not (query is None or (isinstance(query, str) and query.strip())):
        raise bad_request("QUERY_MISSING")
    if not (name is None or isinstance(name, str)):
        raise bad_request("OPERATION_NAME")
    if not (variables is None or isinstance(variables, dict)):
        raise bad_request("VARIABLES")
    if not (extensions is None or isinstance(extensions, dict)):
        raise bad_request("EXTENSIONS")
    if query is not None and ("\0" in query or _NUL_ESCAPE.search(query)):
        raise bad_request("BODY_CHARACTERS")
    return GraphQLParameters(query, name or None, variables, extensions or {}, given)
