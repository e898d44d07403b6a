"""The GraphQL endpoint: POST and GET at one path, without redirects, within limits, never a 500.

The specification is GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/. What happens to every
operation is in gateway/graphql/pipeline.py; here is what HTTP adds. Whatever goes wrong is an answer with a code.
"""

import asyncio
from typing import Any

import structlog
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema import BaseSchema

from domain.kernel import ErrorCode, NotSignedIn, Problem, Remedy, language_from_header
from gateway.graphql.answers import encode_json, failed_before_execution
from gateway.graphql.body import GraphQLParameters, parameters_of_get, parameters_of_post
from gateway.graphql.conditional import conditional, content_of, may_be_kept
from gateway.graphql.pipeline import InvalidDocument, Pipeline
from gateway.http.callers import ROUTER
from gateway.http.calls import Call, ContextFactory, OperationRecord, ReadyOperation, RequestContext, RequestFacts
from gateway.http.compression import compress_apart
from gateway.http.edge import Edge
from gateway.http.headers import (
    IndexedRequest,
    came_by_cookie,
    deadline_of,
    is_foreign_page,
    is_router,
    negotiate_media_type,
    prefers_html,
    request_id_of,
    token_of,
)
from gateway.http.problems import RequestProblem, bad_document, bad_request
from schema.kernel.errors import OURS, most_telling, problem_of, replace_errors

__all__ = ["Edge", "GraphQLEndpoint", "OperationRecord", "RequestFacts", "encode_json"]

_log = structlog.get_logger(__name__)
_KEY_LENGTH = 255


class GraphQLEndpoint:
    """An ASGI application for one path; give it to `starlette.routing.Route` without methods."""

    def __init__(self, schema: BaseSchema, context_factory: ContextFactory, edge: Edge) -> None:
        self.pipeline = Pipeline(schema, context_factory, edge)
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = IndexedRequest(scope, receive)
        response = self._page(request) or await self._answer(request)
        await response(scope, receive, send)

    def _page(self, request: Request) -> Response | None:
        wanted = request.method in ("GET", "HEAD") and "query" not in request.query_params
        if not wanted or self._edge.page is None or not prefers_html(request.headers.get("accept")):
            return None
        return self._edge.page(request)

    async def _answer(self, request: Request) -> Response:
        started = self._edge.clock.monotonic()
        call = Call(
            request,
            request_id_of(request) or self._edge.ids.key(),
            language_from_header(request.headers.get("accept-language")),
            negotiate_media_type(request.headers.get("accept")),
        )
        with structlog.contextvars.bound_contextvars(request_id=call.request_id):
            trusted = is_router(request.headers, self._edge.router_secret)
            with self._edge.traces.operation("graphql", request.headers, trusted=trusted) as root:
                response = await self._safely(call)
                record = call.record(response.status_code, self._edge.clock.monotonic() - started)
                root.note(operation=record.operation, status=record.status, caller=record.caller.value)
                self.pipeline.note(record)
                if self._edge.app_requests is not None:
                    self._edge.app_requests.note(request.headers, call.request_id, record)
                if root.response:
                    response.headers.update(root.response)
        return await compress_apart(response, request, secret_ambient=came_by_cookie(request), ids=self._edge.ids)

    async def _safely(self, call: Call) -> Response:
        try:
            return await self._handle(call)
        except RequestProblem as refusal:
            response = call.problem_response(
                refusal.problem, call.document_status() if refusal.document else refusal.status
            )
            response.headers.update(refusal.headers)
            return response
        except NotSignedIn as error:
            response = call.problem_response(problem_of(error), 401)
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return response
        except ClientDisconnect:
            return call.problem_response(bad_request("BODY_INCOMPLETE").problem, 400)
        except TimeoutError:
            return call.problem_response(Problem(ErrorCode.DEADLINE_EXCEEDED), 504)
        except Exception as error:  # noqa: BLE001 - a client never sees a stack trace
            if not isinstance(error, OURS):
                _log.error("edge_fault", exception=type(error).__name__)
            return call.problem_response(problem_of(error), 503)

    async def _handle(self, call: Call) -> Response:
        """Runs the steps in order: caller, rate, body, admission, document, context, execution."""
        request, pipeline = call.request, self.pipeline
        if call.accepted is None and not self._streams(request):
            raise bad_request("NOT_ACCEPTABLE", 406)
        if self._streams(request) and is_foreign_page(request.headers, self._edge.origins):
            raise RequestProblem(403, Problem(ErrorCode.FORBIDDEN, action=Remedy.NONE, detail="ORIGIN"))
        token = token_of(request, self._edge.origins)
        call.caller = pipeline.caller(token, request.client.host if request.client else None)
        if not call.caller.signed_in and is_router(request.headers, self._edge.router_secret):
            call.caller = ROUTER
        call.standing = await pipeline.spend(call.caller)
        parameters = await self._parameters(request)
        async with pipeline.slot(call.caller) as call.slot:
            try:
                call.ready = await pipeline.ready(parameters, request.headers, call.caller)
            except InvalidDocument as refused:
                return await self._document_refused(call, refused, token)
            call.make_context = lambda: self._context(call, token)
            _check_method(request, call.ready.type)
            if self._edge.streams is not None and self._streams(request):
                return await self._edge.streams.respond(call, call.ready)
            if call.ready.type is OperationType.SUBSCRIPTION:
                raise bad_document("SUBSCRIPTION", ErrorCode.STREAM_NEEDED)
            return await self._execute(call, call.ready)

    async def _parameters(self, request: Request) -> GraphQLParameters:
        match request.method:
            case "POST":
                return await parameters_of_post(request, self._edge.limits)
            case "GET" | "HEAD":
                return parameters_of_get(request, self._edge.limits)
            case _:
                raise bad_request("METHOD", 405, headers={"Allow": "GET, POST"})

    async def _document_refused(self, call: Call, refused: InvalidDocument, token: str | None) -> Response:
        """The errors of a document. Only a developer, whom the store must know for that, sees names of the graph."""
        context = None
        if token is not None and not self._edge.introspection:
            context = await self._context(call, token)
        errors = self.pipeline.visible_errors(refused.errors, context)
        replace_errors(errors, call.language, call.request_id)
        return call.answer({"errors": [error.formatted for error in errors]}, call.document_status())

    async def _context(self, call: Call, token: str | None) -> RequestContext:
        facts = call.facts(token, self._edge.router_secret, _idempotency_key(call.request))
        async with asyncio.timeout(self._edge.limits.read_seconds):
            return await self.pipeline.context(facts)

    async def _execute(self, call: Call, ready: ReadyOperation) -> Response:
        context = await call.context()
        seconds = deadline_of(call.request, self.pipeline.seconds(ready.type))
        result = await self.pipeline.execute(ready, context, seconds=seconds)
        if call.slot is not None:
            call.slot.own = not _asked_outside(context)
        return _result_response(call, result, context, ready)

    def _streams(self, request: Request) -> bool:
        return self._edge.streams is not None and self._edge.streams.wants(request.headers.get("accept"))


def _result_response(call: Call, result: Any, context: RequestContext, ready: ReadyOperation) -> Response:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in most_telling(result.errors)]
    status = 200
    if failed_before_execution(result.data, result.errors):
        del body["data"]
        status = call.document_status()
    if result.extensions:
        body["extensions"] = result.extensions
    response = call.answer(body, status)
    if getattr(getattr(context, "signals", None), "replayed", False):
        response.headers["Idempotency-Replayed"] = "true"
    if ready.resolved.trusted and call.request.method in ("GET", "HEAD") and "data" in body and may_be_kept(body):
        ages = getattr(getattr(context, "sources", None), "ages", ())
        return conditional(response, call.request, content_of(body, ages))
    return response


def _asked_outside(context: RequestContext) -> bool:
    """Whether an outside system was asked, whose time says nothing about this process."""
    sources = getattr(context, "sources", None)
    return sources is not None and sources.touched


def _check_method(request: Request, operation: OperationType) -> None:
    if operation is OperationType.MUTATION and request.method != "POST":
        raise bad_request("MUTATION_BY_GET", 405, headers={"Allow": "POST"})


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _KEY_LENGTH and key.isascii() and key.isprintable()):
        raise bad_request("IDEMPOTENCY_KEY")
    return key
