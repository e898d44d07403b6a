"""Converts results, refusals and faults into HTTP responses."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from graphql import GraphQLError
from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response

from domain.kernel import ErrorCode, Language, Problem
from gateway.http.headers import EVERY_ANSWER, PLAIN_JSON, VARY, AnswerFormat
from schema.kernel.errors import extensions_of, text_of

_OF_THE_REQUEST = frozenset({ErrorCode.BAD_INPUT, ErrorCode.TOO_COMPLEX, ErrorCode.FORBIDDEN})


def encode_json(value: Any) -> bytes:
    """JSON in UTF-8, not escaped to ASCII: a Hindi answer is about 40 % shorter so."""
    try:
        return to_json(value, inf_nan_mode="constants")
    except PydanticSerializationError:  # a text with half of a surrogate pair, which UTF-8 cannot say
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def json_answer(
    body: Mapping[str, Any], status: int, *, request_id: str, language: Language, accepted: AnswerFormat | None = None
) -> Response:
    """An answer with the headers that every answer of the edge carries."""
    return _JsonAnswer(
        encode_json(body), status, (accepted or AnswerFormat(PLAIN_JSON)).media_type, language, request_id
    )


class _JsonAnswer(Response):
    """A response whose headers are encoded once for all of its kind."""

    def __init__(self, body: bytes, status: int, media_type: str, language: Language, request_id: str) -> None:
        self.body, self.status_code, self.background = body, status, None
        own = [(b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode("latin-1"))]
        self.raw_headers = [*_headers_of(media_type, language), *own]


@cache
def _headers_of(media_type: str, language: Language) -> list[tuple[bytes, bytes]]:
    headers = {**EVERY_ANSWER, "Vary": VARY, "Content-Language": language.value}
    made = Response(None, headers=headers, media_type=f"{media_type}; charset=utf-8")
    return [each for each in made.raw_headers if each[0] != b"content-length"]


def problem_body(problem: Problem, *, request_id: str | None, language: Language) -> dict[str, Any]:
    """The GraphQL body of a request that was not executed: no `data` entry."""
    return {"errors": [{"message": text_of(problem, language), "extensions": extensions_of(problem, request_id)}]}


def retry_headers(problem: Problem) -> dict[str, str]:
    """`Retry-After` where the problem says when to come back."""
    return {} if problem.retry_after is None else {"Retry-After": str(math.ceil(problem.retry_after))}


def problem_response(problem: Problem, status: int, *, request_id: str, language: Language, **more: Any) -> Response:
    """The answer of a route that is not the graph's; `more` goes into the extensions of its error."""
    body = problem_body(problem, request_id=request_id, language=language)
    body["errors"][0]["extensions"] |= more
    response = json_answer(body, status, request_id=request_id, language=language)
    response.headers.update(retry_headers(problem))
    return response


def code_response(code: ErrorCode, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A response that has a code and no words, where the route has no form of its own for refusals."""
    return Response(
        encode_json({"code": code.value}), status, {**EVERY_ANSWER, **(headers or {})}, media_type=PLAIN_JSON
    )


def failed_before_execution(data: Any, errors: Sequence[GraphQLError] | None) -> bool:
    """Whether the errors are about the document or its variables, so that nothing was executed."""
    if data is not None or not errors or any(error.path is not None for error in errors):
        return False
    codes = {(error.extensions or {}).get("code") for error in errors}
    return codes <= {code.value for code in _OF_THE_REQUEST}
