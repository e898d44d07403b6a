"""Refuses HTTP requests whose address holds a text with a character that nobody sees."""

from dataclasses import replace

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.kernel import Problem, hidden_character_problem, hidden_character_problems, language_from_header
from gateway.graphql.answers import problem_response
from gateway.http.headers import EVERY_ANSWER, prefers_html, request_id_of
from gateway.http.kill_switches import wrap_routes
from schema.kernel.errors import text_of


def refuse_hidden_text(routes: list[Route]) -> list[Route]:
    """The routes of ours, which answer 400 TEXT_HIDDEN_CHARACTER: a program in JSON, a browser in words."""

    def check(app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            problem = _problem_in(scope)
            answer = app if problem is None else _refusal(Request(scope), problem)
            await answer(scope, receive, send)

        return door

    return wrap_routes(routes, check)


def _problem_in(scope: Scope) -> Problem | None:
    """Hidden characters are not ASCII, so in the query of an address they are always escaped."""
    query: bytes = scope["query_string"]
    if query.isascii() and b"%" not in query:
        return hidden_character_problem(scope["path"], "path")
    given = QueryParams(query).multi_items()
    found = (problem for name, text in given for problem in hidden_character_problems({name: text}))
    return next(found, None) or hidden_character_problem(scope["path"], "path")


def _refusal(request: Request, problem: Problem) -> Response:
    language = language_from_header(request.headers.get("accept-language"))
    told = replace(problem, detail=".".join(problem.path))
    if prefers_html(request.headers.get("accept")):
        headers = {**EVERY_ANSWER, "Content-Language": language.catalogue.value, "Vary": "Accept, Accept-Language"}
        return PlainTextResponse(text_of(told, language), 400, headers)
    return problem_response(told, 400, request_id=request_id_of(request) or "", language=language)
