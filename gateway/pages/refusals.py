"""Refusals of requests that are no operation: a page for people, a code for programs."""

import math
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from domain.kernel import PersonKind, Problem
from gateway.graphql.answers import code_response
from gateway.http.headers import prefers_html
from gateway.pages.rendering import Pages, language_of, pages_of
from schema.kernel.errors import text_of


def problem_page(
    pages: Pages,
    request: Request,
    problem: Problem,
    status: int,
    headers: Mapping[str, str] | None = None,
    person: PersonKind | None = None,
) -> HTMLResponse:
    """The page of a refusal, with its code, and `Retry-After` where the problem says when to come back."""
    language = language_of(request).catalogue
    told = dict(headers or {})
    if problem.retry_after is not None:
        told.setdefault("Retry-After", str(math.ceil(problem.retry_after)))
    values = {"problem": {"code": problem.code.value, "message": text_of(problem, language)}, "status": status}
    return pages.draw(request, "problem.html", values, status=status, headers=told, person=person)


def refusal_response(
    request: Request, problem: Problem, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer of a route that has no form of its own for refusals."""
    if prefers_html(request.headers.get("accept")):
        return problem_page(pages_of(request), request, problem, status, headers)
    return code_response(problem.code, status, headers)
