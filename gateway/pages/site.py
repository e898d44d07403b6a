"""Serves pages that are published operations: a page is an operation of `operations/web` and a template.

An operation runs in this process through the graph's pipeline with the reader's own session, rights and cost, so
no page knows more than the graph. Its variables come from the address by name, `/my/applications/{number}?first=20`.
Forms post to the same address with the name of a mutation; what it refuses stands at the fields that it is about, and
what was typed is still there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any
from urllib.parse import urlencode

import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.kernel import ErrorCode, NotSignedIn, PersonKind, Problem, Problems, refuse_hidden_character
from domain.kernel.errors import ErrorType
from gateway.graphql.answers import retry_headers
from gateway.graphql.pipeline import InvalidDocument
from gateway.http.calls import OperationRecord, RequestContext, RequestFacts
from gateway.http.headers import EVERY_ANSWER, SESSION_COOKIE, is_own_page, prefers_html, request_id_of
from gateway.http.problems import RequestProblem
from gateway.http.session_auth import cookie_to_read
from gateway.operations.published import PublishedOperations
from gateway.pages.posted import field_of, variables_of
from gateway.pages.posted_files import Posted, has_files, read_fields, read_fields_and_files
from gateway.pages.questions import fields_to_ask_with, told_at_field, told_of_unfit
from gateway.pages.refusals import SessionOver, problem_page, to_sign_in
from gateway.pages.rendering import HEADERS, Pages, language_of, with_query
from schema.kernel import Context
from schema.kernel.errors import OURS, problem_of, text_of

APP = "web"

FORM, KEY, AGAIN = "_form", "_key", "_again"
"""Hidden fields of a form: the mutation that it posts to, and the idempotency key that was made when it was drawn.

The third is a button: the page is drawn again with what was typed, for one more row of what it names.
"""

STATUSES: Mapping[ErrorType, int] = {
    ErrorType.UNAUTHENTICATED: 401,
    ErrorType.PERMISSION_DENIED: 403,
    ErrorType.NOT_FOUND: 404,
    ErrorType.RESOURCE_EXHAUSTED: 429,
    ErrorType.UNAVAILABLE: 503,
    ErrorType.INTERNAL: 503,
}
"""HTTP statuses of pages that a refusal takes the place of; any other kind is 400."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """One address. `operation` is None for a page that only says something.

    `people` are those who may open it; None for everybody. `found` is the field, by its way into the data, without
    which there is nothing to show. `script` is its script, if it has one. `forms` are the mutations that its
    forms may post to, each with the address to which its answer leads: filled from the payload, or None for the page
    itself.

    `leaves` are those forms after which the browser keeps nothing of the pages before, since another citizen comes.

    `asks` are the fields of a page that asks something: its operation runs once they are filled in, exactly one of each
    group; what is wrong stands at its field. They come in the address, or where `posted` in the body, which is in no
    log. `for_programs` is whether a client that prefers JSON gets the field `found`.
    """

    path: str
    template: str
    operation: str | None = None
    people: frozenset[PersonKind] | None = None
    found: str | None = None
    script: str | None = None
    forms: Mapping[str, str | None] = field(default_factory=dict)
    leaves: frozenset[str] = frozenset()
    asks: tuple[tuple[str, ...], ...] = ()
    posted: bool = False
    for_programs: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gave: its data, its errors as the graph tells them, and its extensions."""

    data: Mapping[str, Any] | None
    errors: Sequence[Mapping[str, Any]] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> ErrorCode:
        """The code of the first error."""
        return ErrorCode[self.errors[0]["extensions"]["code"]] if self.errors else ErrorCode.INTERNAL


class Site:
    """Runs the operations of pages and draws their answers."""

    def __init__(self, operations: PublishedOperations, pages: Pages) -> None:
        self._operations = operations
        self._pipeline = operations.pipeline
        self._edge = operations.pipeline.edge
        self._pages = pages

    def routes(self, pages: Sequence[Page]) -> list[Route]:
        """The routes of pages. Raises KeyError where a page names an operation that is not published."""
        for page in pages:
            for name in (page.operation, *page.forms):
                if name is not None and name not in self._operations:
                    raise KeyError(f"{page.path}: operations/{APP} has no {name}")
        return [self._route(page) for page in pages]

    def _route(self, page: Page) -> Route:
        async def serve(request: Request) -> Response:
            try:
                if page.asks:
                    return await self._answer_question(page, request)
                return await (
                    self._answer_form(page, request) if request.method == "POST" else self._draw_page(page, request)
                )
            except SessionOver:
                return to_sign_in(request)
            except RequestProblem as refusal:
                return self.problem(request, refusal.problem, refusal.status, refusal.headers)
            except InvalidDocument:
                _log.error("page_operation_unfit", page=page.path)
                return self.problem(request, Problem(ErrorCode.INTERNAL), 503)
            except TimeoutError:
                return self.problem(request, Problem(ErrorCode.DEADLINE_EXCEEDED), 504)
            except OURS as error:
                problem = problem_of(error)
                return self.problem(request, problem, STATUSES.get(problem.code.type, 400))

        return Route(page.path, serve, methods=["GET", "POST"] if page.forms or page.posted else ["GET"])

    async def _draw_page(self, page: Page, request: Request, **more: Any) -> Response:
        token = cookie_to_read(request, self._edge.origins)
        context = await self._context(request, token)
        person = _person(context)
        if page.people is not None and person is None:
            raise SessionOver
        if page.people is not None and person not in page.people:
            return self.problem(request, Problem(ErrorCode.FORBIDDEN), 403, person=person)
        answer, status = Answer({}), 422 if more.get("refused") else 200
        if page.operation is not None:
            answer, told = await self._answer_address(page.operation, request, token, context)
            if told and not more.get("refused"):
                problems = [{"field": name, "message": message} for name, message in told.items()]
                pairs = request.query_params.multi_items()
                more |= {"faults": told, "refused": {"form": None, "problems": problems}}
                more |= {"query": QueryParams([pair for pair in pairs if pair[0] not in told])}
                more |= _as_typed(_address_fields(request))
                status = 400
            if any(one["extensions"]["code"] == ErrorCode.BAD_INPUT.value for one in answer.errors):
                status = 400  # of what the address asks, though the rest of the page is drawn
            if answer.data is None or (page.found and _value_at(answer.data, page.found) is None):
                code = answer.code if answer.errors else ErrorCode.NOT_FOUND
                return self.problem(
                    request, _problem_of_answer(answer, code), STATUSES.get(code.type, 400), person=person
                )
        return self._page_response(page, request, answer, person, status=status, roles=_roles(context), **more)

    async def _answer_address(
        self, operation: str, request: Request, token: str | None, context: RequestContext
    ) -> tuple[Answer, dict[str, str]]:
        """What an operation gives with the fields of the address that fit, and what is said of the others by name."""
        fields, ready = _address_fields(request), self._operations.ready(operation, {})
        asked = {name: fields[name] for name in request.query_params if name != "language"}
        schema, language = self._pipeline.documents.schema, language_of(request).catalogue
        told = told_of_unfit(schema, ready.operation, asked, language)
        fitting = {name: texts for name, texts in fields.items() if name not in told}
        return await self._run(operation, fitting, request, token, context), told

    def _page_response(
        self,
        page: Page,
        request: Request,
        answer: Answer,
        person: PersonKind | None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Response:
        values = {
            "data": answer.data,
            "errors": answer.errors,
            "missing": _silent_sources(answer),
            "roles": (),
            "key": self._edge.ids.key(),
            "done": request.query_params.get("done"),
            "faults": {},
            "typed": {},
            "ticked": {},
            "refused": None,
            "again": "",
            **more,
        }
        return self._pages.draw(
            request, page.template, values, status=status, headers=headers, person=person, script=page.script
        )

    async def _answer_question(self, page: Page, request: Request) -> Response:
        """A page that asks: its form, with the answer once it is filled in, and with what was typed in any case."""
        posted = request.method == "POST"
        read = await read_fields(request, self._edge.limits.body_bytes) if posted else None
        fields, language = read.fields if read else _address_fields(request), language_of(request).catalogue
        token = cookie_to_read(request, self._edge.origins)
        context = await self._context(request, token)
        answer, problem, told = Answer({}), None, list[dict[str, str]]()
        if posted == page.posted and (posted or any(name in fields for group in page.asks for name in group)):
            told = self._hidden_character_faults(fields, request)
            given, empty = fields_to_ask_with(page.asks, fields, language)
            told += empty
            if told:
                problem = Problem(ErrorCode.BAD_INPUT)
            else:
                answer = await self._run(page.operation or "", given, request, token, context)
                if _value_at(answer.data, page.found or "") is None:
                    problem = _problem_of_answer(answer, answer.code if answer.errors else ErrorCode.NOT_FOUND)
                    asked = [name for group in page.asks for name in group if name in given]
                    told = [told_at_field(answer.errors, problem, asked, language)]
        status = STATUSES.get(problem.code.type, 400) if problem else 200
        headers = retry_headers(problem) if problem else {}
        if page.for_programs and not prefers_html(request.headers.get("accept")):
            found = _value_at(answer.data, page.found or "")
            refused = {"code": problem.code.value, "message": told[0]["message"]} if problem else None
            told_in = {"Content-Language": language.value}
            return JSONResponse(refused or found, status, {**HEADERS, **headers, **told_in})
        return self._page_response(
            page,
            request,
            answer if answer.data is not None else Answer({}),
            _person(context),
            status=status,
            headers=headers,
            faults={one["field"]: one["message"] for one in reversed(told)},
            **_as_typed(fields),
            refused={"form": None, "code": problem.code.value, "problems": told} if problem else None,
        )

    async def _answer_form(self, page: Page, request: Request) -> Response:
        if not is_own_page(request, self._edge.origins):
            return self.problem(request, Problem(ErrorCode.FORBIDDEN, detail="ORIGIN"), 403)
        token = request.cookies.get(SESSION_COOKIE)
        posted = await self._read(page, request, token)
        name, key, again = posted.take(FORM), posted.take(KEY) or None, posted.take(AGAIN)
        if name not in page.forms:
            return self.problem(request, Problem(ErrorCode.BAD_INPUT, detail=FORM), 400)
        context = await self._context(request, token, key=key)
        if page.people is not None and _person(context) is None:
            raise SessionOver
        fields = posted.fields
        texts_of = language_of(request).catalogue
        told = [{"field": at, "message": text_of(problem, texts_of)} for at, problem in posted.refused.items()]
        told += self._hidden_character_faults(fields, request)
        if again and not told:
            return await self._draw_page(page, request, **_as_typed(fields), again=again)
        payload: Any = None
        if not told:
            path = {name: [str(value)] for name, value in request.path_params.items()}
            answer = await self._run(name, {**path, **fields}, request, token, context)
            payload = next(iter(answer.data.values()), None) if answer.data else None
            told = [
                *_problems_in(payload, fields),
                *({"field": "", "message": error["message"]} for error in answer.errors),
            ]
        if told or payload is None:
            faults = {problem["field"]: problem["message"] for problem in reversed(told)}
            refused = {"form": name, "problems": told, "payload": payload}
            return await self._draw_page(page, request, faults=faults, **_as_typed(fields), refused=refused)
        where = page.forms[name]
        here = f"{request.url.path}?{with_query(request.query_params)}".rstrip("?")
        way = _way_on(where, payload) or here
        headers = {**EVERY_ANSWER, "Clear-Site-Data": '"cache"'} if name in page.leaves else EVERY_ANSWER
        return RedirectResponse(f"{way}{'&' if '?' in way else '?'}{urlencode({'done': name})}", 303, headers)

    async def _read(self, page: Page, request: Request, token: str | None) -> Posted:
        """The fields of a form. Its files are read for who is signed in, and on a page for such people only."""
        if not has_files(request):
            return await read_fields(request, self._edge.limits.body_bytes)
        context = await self._context(request, token)
        if page.people is None or _person(context) not in page.people or not isinstance(context, Context):
            raise SessionOver
        return await read_fields_and_files(request, context.environment, context.subject)

    def _hidden_character_faults(self, fields: Mapping[str, Sequence[str]], request: Request) -> list[dict[str, str]]:
        """The fields that hold a character which nobody sees, and what to say of it."""
        told = []
        for name, texts in fields.items():
            try:
                refuse_hidden_character("\n".join(texts), name)
            except Problems as hidden:
                told.append({"field": name, "message": text_of(hidden.problem, language_of(request).catalogue)})
        return told

    async def _context(self, request: Request, token: str | None, key: str | None = None) -> RequestContext:
        """The context of one operation for whom the cookie names; of nobody where its session is over."""
        client = request.client.host if request.client else None
        facts = RequestFacts(
            request_id_of(request) or self._edge.ids.key(),
            token,
            language_of(request).value,
            key,
            client,
            agent=request.headers.get("user-agent"),
        )
        try:
            return await self._pipeline.context(facts)
        except NotSignedIn:
            return await self._context(request, None)

    async def _run(
        self,
        name: str,
        fields: Mapping[str, Sequence[str]],
        request: Request,
        token: str | None,
        context: RequestContext,
    ) -> Answer:
        """What an operation gives: admitted, logged and measured as by the graph. A rate counts requests for pages."""
        pipeline, started = self._pipeline, self._edge.clock.monotonic()
        caller = pipeline.caller(token, request.client.host if request.client else None)
        operation = self._operations.ready(name, {})
        status, codes = 503, tuple[str, ...]()
        with structlog.contextvars.bound_contextvars(request_id=getattr(context, "request_id", None)):
            try:
                async with pipeline.slot(caller):
                    given = {key: texts for key, texts in fields.items() if key != "language"}
                    variables = variables_of(pipeline.documents.schema, operation.operation, given)
                    result = await pipeline.execute(self._operations.ready(name, variables), context)
                errors = [dict(error.formatted) for error in result.errors or ()]
                status, codes = 200, tuple(error["extensions"]["code"] for error in errors)
                return Answer(result.data, errors, result.extensions or {})
            except RequestProblem as refusal:
                status, codes = refusal.status, (refusal.problem.code.value,)
                raise
            finally:
                seconds = self._edge.clock.monotonic() - started
                kind, trusted = operation.type.value, operation.resolved
                pipeline.note(
                    OperationRecord(name, kind, status, seconds, codes, caller.kind, trusted=True, apps=trusted.apps)
                )

    def problem(
        self,
        request: Request,
        problem: Problem,
        status: int,
        headers: Mapping[str, str] | None = None,
        person: PersonKind | EllipsisType | None = ...,
    ) -> Response:
        """The page that says what is wrong, and what can be done."""
        return problem_page(self._pages, request, problem, status, headers, person)


def _way_on(where: str | None, payload: Mapping[str, Any]) -> str | None:
    """The address that what was done leads to; None where the payload names none, as of a fee that is settled."""
    try:
        return where.format_map(payload) if where else None
    except TypeError:
        return None


def _problems_in(payload: Any, fields: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """What a mutation refused; of one for many cases also what it refused of each, with the number of the case."""
    if not isinstance(payload, Mapping):
        return []
    whole = payload.get("userErrors", ())
    told = [{"field": field_of(problem["path"], fields), "message": problem["message"]} for problem in whole]
    for result in payload.get("results", ()):
        number, of_case = (result.get("application") or {}).get("shownNumber", ""), "application" in result
        told += [
            {"field": "" if of_case else field_of(one["path"], fields), "message": f"{number} {one['message']}".strip()}
            for one in result["userErrors"]
        ]
    return told


def _address_fields(request: Request) -> dict[str, list[str]]:
    fields = {name: request.query_params.getlist(name) for name in request.query_params}
    return fields | {name: [str(value)] for name, value in request.path_params.items()}


def _as_typed(fields: Mapping[str, Sequence[str]]) -> dict[str, Mapping[str, Any]]:
    """What a form draws again: the last text of each field, and all of one that was ticked more than once."""
    return {"typed": {name: texts[-1] for name, texts in fields.items()}, "ticked": fields}


def _person(context: RequestContext) -> PersonKind | None:
    subject = getattr(context, "subject", None)
    return subject.kind if subject is not None and subject.person_id is not None else None


def _roles(context: RequestContext) -> frozenset[str]:
    """The roles of the reader, by which a page leaves out links to what is not open to her."""
    subject = getattr(context, "subject", None)
    return frozenset(role.value for role in subject.roles) if subject is not None else frozenset()


def _value_at(data: Any, way: str) -> Any:
    for step in way.split("."):
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def _silent_sources(answer: Answer) -> tuple[str, ...]:
    """The outside systems that did not answer."""
    down = {source["name"] for source in answer.extensions.get("sources") or () if source["state"] == "DOWN"}
    told = {error["extensions"]["source"] for error in answer.errors if "source" in error["extensions"]}
    return tuple(sorted(down | told))


def _problem_of_answer(answer: Answer, code: ErrorCode) -> Problem:
    wait = answer.errors[0]["extensions"].get("retryAfterSeconds") if answer.errors else None
    return Problem(code, retry_after=wait)
