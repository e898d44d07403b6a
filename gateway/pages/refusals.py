"""Refusals of requests that are no operation: a page for people, a code for programs."""

import math
from collections.abc import Mapping
from types import EllipsisType
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from domain.kernel import ErrorCode, PersonKind, Problem
from domain.kernel.messages import label
from gateway.graphql.answers import code_response
from gateway.http.headers import EVERY_ANSWER, SESSION_COOKIE, prefers_html
from gateway.pages.rendering import Pages, language_of, pages_of
from schema.kernel.errors import text_of

_OVER = "page.frame.link_over"


class SessionOver(Exception):
    """Who asks is not signed in, or no longer. `here` is the page to come back to; None for that which is asked for."""

    def __init__(self, here: str | None = None) -> None:
        super().__init__()
        self.here = here


def to_sign_in(request: Request, here: str | None = None) -> RedirectResponse:
    """The way to sign in and back; it says that a session is over where there was one."""
    query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
    asked = {"return_to": here or f"{request.url.path}{query}", "language": language_of(request).value}
    if SESSION_COOKIE in request.cookies:
        asked["error"] = "session_over"
    return RedirectResponse(f"/sign-in?{urlencode(asked)}", 303, EVERY_ANSWER)


def problem_page(
    pages: Pages,
    request: Request,
    problem: Problem,
    status: int,
    headers: Mapping[str, str] | None = None,
    person: PersonKind | EllipsisType | None = ...,
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


def refusal_page(request: Request, problem: Problem, status: int) -> Response | None:
    """What people read of a download that is not given, or the way to sign in; None for a program, which gets JSON."""
    if not prefers_html(request.headers.get("accept")):
        return None
    if problem.code is ErrorCode.UNAUTHENTICATED:
        return to_sign_in(request)
    return problem_page(pages_of(request), request, problem, status)


def link_over(request: Request, headers: Mapping[str, str]) -> Response:
    """The answer to a link that leads nowhere (any more), for the person who opened it; it reveals nothing else."""
    shown = language_of(request).catalogue
    if prefers_html(request.headers.get("accept")):
        values = {"heading": label("page.problem.title.NOT_FOUND", shown), "paragraphs": [(False, label(_OVER, shown))]}
        own = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
        return pages_of(request).draw(request, "notice.html", values, status=404, headers=own)
    told = {**headers, "Content-Language": shown.value, "Vary": "Accept-Language"}
    return PlainTextResponse(label(_OVER, shown), 404, told)
