"""Handlers for 404, 405 and uncaught exceptions."""

from collections.abc import Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import ErrorCode, Problem
from gateway.pages.refusals import refusal_response
from schema.kernel.errors import OURS, problem_of

_log = structlog.get_logger(__name__)
_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    429: ErrorCode.RATE_LIMITED,
}


async def handle_http_error(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: a page for people, a code for programs."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    given = error.headers if isinstance(error, HTTPException) else None
    return refusal_response(request, Problem(_CODES.get(status, ErrorCode.BAD_INPUT)), status, given)


async def handle_uncaught(request: Request, error: Exception) -> Response:
    """An internal error of any route: the response has its code only; an unexpected exception is logged by its type."""
    if not isinstance(error, OURS):
        _log.error("door_fault", exception=type(error).__name__)
    problem = problem_of(error)
    retry = {"Retry-After": "1"} if problem.retryable else {}
    return refusal_response(request, problem, 503, retry)


HANDLERS: Mapping[Any, Any] = {HTTPException: handle_http_error, Exception: handle_uncaught}
"""For Starlette's `exception_handlers`."""
