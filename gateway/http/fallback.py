"""Handlers for 404, 405 and uncaught exceptions."""

from collections.abc import Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import ErrorCode
from gateway.graphql.answers import code_response
from schema.kernel.errors import OURS, problem_of

_log = structlog.get_logger(__name__)
_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    429: ErrorCode.RATE_LIMITED,
}


async def handle_http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's shape
    """What Starlette refuses by itself, with a code instead of words."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    given = error.headers if isinstance(error, HTTPException) else None
    return code_response(_CODES.get(status, ErrorCode.BAD_INPUT), status, given)


async def handle_uncaught(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's shape
    """An internal error of any route: the response has its code only; an unexpected exception is logged by its type."""
    if not isinstance(error, OURS):
        _log.error("door_fault", exception=type(error).__name__)
    problem = problem_of(error)
    retry = {"Retry-After": "1"} if problem.retryable else {}
    return code_response(problem.code, 503, retry)


HANDLERS: Mapping[Any, Any] = {HTTPException: handle_http_error, Exception: handle_uncaught}
"""For Starlette's `exception_handlers`."""
