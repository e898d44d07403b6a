"""GraphQL over HTTP: POST and GET at one path, without a redirect, within bounds, never a 500.

The specification is GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/. A request is read,
bounded, validated, authenticated and executed, in this order; whatever goes wrong is an answer with a code.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from graphql import GraphQLError, GraphQLSyntaxError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema import BaseSchema

from domain.clock import Clock
from domain.errors import ErrorCode, NotSignedIn, Remedy
from domain.ids import Ids
from domain.text import Language, language_from_header
from gateway.http.answers import encode_json, failed_before_execution, fault_body, json_answer, retry_headers
from gateway.http.body import GraphQLParameters, parameters_of_get, parameters_of_post
from gateway.http.documents import PREPARED, Documents, GivenDocument, Prepared
from gateway.http.headers import Accepted, accepted, deadline_of, prefers_html, request_id_of, token_of
from gateway.http.refusals import Refusal, bad_document, bad_request
from gateway.settings import Limits
from integrations.deadline import set_request_deadline
from schema.errors import OURS, Fault, fault_of, replace_errors

__all__ = ["Edge", "GraphQLEndpoint", "OperationRecord", "RequestFacts", "encode_json"]

_log = structlog.get_logger(__name__)
_KEY_LENGTH = 255
_GRACE_SECONDS = 0.5
"""Remote calls end at the deadline; what is left to do then is cut off after this long."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the context is made from. `token` is None where none was sent; an empty one never holds."""

    request_id: str
    token: str | None
    accept_language: str | None
    idempotency_key: str | None
    operation_type: OperationType
    operation_name: str | None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One answered request, for metrics and the log. `name` is what the client called it, not trusted."""

    name: str | None
    operation: str
    status: int
    seconds: float
    codes: tuple[str, ...]


class RequestContext(Protocol):
    """What the edge needs of the context (schema.context.Context has it)."""

    @property
    def language(self) -> Language:
        """The language of the answer."""
        ...


ContextFactory = Callable[[RequestFacts], Awaitable[RequestContext]]
"""Makes the context of one operation; raises NotSignedIn for a token that does not hold."""


@dataclass(frozen=True)
class Edge:
    """How the endpoint behaves.

    `origins` are those whose pages may use the session cookie; `page` answers a browser that opens the path
    (None: there is no such page); `observe` is told of every answered request.
    """

    clock: Clock
    ids: Ids
    limits: Limits = field(default_factory=Limits)
    origins: Collection[str] = ()
    introspection: bool = False
    page: Callable[[Request], Response] | None = None
    observe: Callable[[OperationRecord], None] | None = None


@dataclass(slots=True)
class _Call:
    """What is known of a request so far."""

    request: Request
    request_id: str
    language: Language
    accepted: Accepted | None
    name: str | None = None
    operation: str = "none"
    codes: tuple[str, ...] = ()

    def answer(self, body: dict[str, Any], status: int) -> Response:
        self.codes = tuple(error.get("extensions", {}).get("code", "") for error in body.get("errors", ()))
        return json_answer(body, status, request_id=self.request_id, language=self.language, accepted=self.accepted)

    def fault(self, fault: Fault, status: int) -> Response:
        body = fault_body(fault, request_id=self.request_id, language=self.language)
        response = self.answer(body, status)
        response.headers.update(retry_headers(fault))
        return response

    def document_status(self) -> int:
        """200 where the client asked for plain JSON by name, else 400."""
        return 200 if self.accepted is not None and self.accepted.legacy else 400


class GraphQLEndpoint:
    """An ASGI application for one path; give it to `starlette.routing.Route` without methods."""

    def __init__(self, schema: BaseSchema, context_factory: ContextFactory, edge: Edge) -> None:
        executable: Any = schema
        if GivenDocument not in executable.extensions:
            executable.extensions = [GivenDocument, *executable.extensions]
        self._schema = schema
        self._context_factory = context_factory
        self._edge = edge
        self._documents = Documents(schema, edge.limits, introspection=edge.introspection)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        response = self._page(request) or await self._answer(request)
        await response(scope, receive, send)

    def _page(self, request: Request) -> Response | None:
        wanted = request.method in ("GET", "HEAD") and "query" not in request.query_params
        if not wanted or self._edge.page is None or not prefers_html(request.headers.get("accept")):
            return None
        return self._edge.page(request)

    async def _answer(self, request: Request) -> Response:
        started = self._edge.clock.monotonic()
        call = _Call(
            request,
            request_id_of(request) or self._edge.ids.key(),
            language_from_header(request.headers.get("accept-language")),
            accepted(request.headers.get("accept")),
        )
        with structlog.contextvars.bound_contextvars(request_id=call.request_id):
            response = await self._safely(call)
            seconds = self._edge.clock.monotonic() - started
            record = OperationRecord(call.name, call.operation, response.status_code, seconds, call.codes)
            _log.info(
                "graphql", operation=record.operation, status=record.status, ms=round(seconds * 1000), codes=call.codes
            )
            if self._edge.observe is not None:
                self._edge.observe(record)
        return response

    async def _safely(self, call: _Call) -> Response:
        try:
            return await self._handle(call)
        except Refusal as refusal:
            response = call.fault(refusal.fault, call.document_status() if refusal.document else refusal.status)
            response.headers.update(refusal.headers)
            return response
        except NotSignedIn as error:
            response = call.fault(fault_of(error), 401)
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return response
        except ClientDisconnect:
            return call.fault(bad_request("BODY_INCOMPLETE").fault, 400)
        except TimeoutError:
            return call.fault(Fault(ErrorCode.DEADLINE_EXCEEDED, Remedy.RETRY_LATER, retryable=True), 504)
        except Exception as error:  # noqa: BLE001 - the last wall: a client never sees a stack trace
            if not isinstance(error, OURS):
                _log.error("edge_fault", exception=type(error).__name__)
            return call.fault(fault_of(error), 503)

    async def _handle(self, call: _Call) -> Response:
        if call.accepted is None:
            raise bad_request("NOT_ACCEPTABLE", 406)
        parameters = await self._parameters(call.request)
        try:
            prepared = self._documents.prepare(parameters.query)
        except GraphQLSyntaxError as error:
            return self._document_errors(call, [error])
        if prepared.errors:
            return self._document_errors(call, list(prepared.errors))
        operation = prepared.operation(parameters.operation_name)
        call.operation = operation.operation.value
        call.name = operation.name.value if operation.name else None
        _check_method(call.request, operation.operation)
        return await self._execute(call, parameters, prepared, operation.operation)

    async def _parameters(self, request: Request) -> GraphQLParameters:
        match request.method:
            case "POST":
                return await parameters_of_post(request, self._edge.limits)
            case "GET" | "HEAD":
                return parameters_of_get(request, self._edge.limits)
            case _:
                raise bad_request("METHOD", 405, headers={"Allow": "GET, POST"})

    def _document_errors(self, call: _Call, errors: list[GraphQLError]) -> Response:
        replace_errors(errors, call.language, call.request_id)
        return call.answer({"errors": [error.formatted for error in errors]}, call.document_status())

    async def _execute(
        self, call: _Call, parameters: GraphQLParameters, prepared: Prepared, operation_type: OperationType
    ) -> Response:
        limits = self._edge.limits
        most = limits.write_seconds if operation_type is OperationType.MUTATION else limits.read_seconds
        seconds = deadline_of(call.request, most)
        facts = RequestFacts(
            call.request_id,
            token_of(call.request, self._edge.origins),
            call.request.headers.get("accept-language"),
            _idempotency_key(call.request),
            operation_type,
            call.name,
            call.request.client.host if call.request.client else None,
        )
        set_request_deadline(self._edge.clock, seconds)
        async with asyncio.timeout(seconds + _GRACE_SECONDS):
            context = await self._context_factory(facts)
            call.language = context.language
            result = await self._schema.execute(
                parameters.query,
                variable_values=parameters.variables,
                context_value=context,
                operation_name=parameters.operation_name,
                operation_extensions={PREPARED: prepared},
            )
        return _executed(call, result, context)


def _executed(call: _Call, result: Any, context: RequestContext) -> Response:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    status = 200
    if failed_before_execution(result.data, result.errors):
        del body["data"]
        status = call.document_status()
    if result.extensions:
        body["extensions"] = result.extensions
    response = call.answer(body, status)
    if getattr(getattr(context, "signals", None), "replayed", False):
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _check_method(request: Request, operation: OperationType) -> None:
    if operation is OperationType.SUBSCRIPTION:
        raise bad_document("SUBSCRIPTION")
    if operation is OperationType.MUTATION and request.method != "POST":
        raise bad_request("MUTATION_BY_GET", 405, headers={"Allow": "POST"})


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _KEY_LENGTH and key.isascii() and key.isprintable()):
        raise bad_request("IDEMPOTENCY_KEY")
    return key
