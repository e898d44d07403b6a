"""The state of one GraphQL request while the edge handles it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import Language, Problem
from gateway.graphql.answers import json_answer, problem_body, retry_headers
from gateway.graphql.body import GraphQLParameters
from gateway.graphql.documents import PreparedDocument
from gateway.http.admission import Slot
from gateway.http.callers import Caller, CallerKind
from gateway.http.headers import AnswerFormat, is_router
from gateway.http.rates import RateStatus


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """The input of the context. `token` is None where none was sent; an empty one never holds.

    `client` is the address of the caller, `standing` what remains of its rate, `router` whether a router in front
    of us proved itself, `agent` its User-Agent.
    """

    request_id: str
    token: str | None
    accept_language: str | None
    idempotency_key: str | None = None
    client: str | None = None
    standing: RateStatus | None = None
    router: bool = False
    agent: str | None = None


class RequestContext(Protocol):
    """What the edge needs of the context (schema.kernel.context.Context has it)."""

    @property
    def language(self) -> Language:
        """The language of the answer."""


ContextFactory = Callable[[RequestFacts], Awaitable[RequestContext]]
"""Makes the context of one operation; raises NotSignedIn for a token that does not hold."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One answered request, for metrics and the log.

    `name` is what the client called the operation, not trusted, unless `trusted`: then it is a name of ours.
    """

    name: str | None
    operation: str
    status: int
    seconds: float
    codes: tuple[str, ...]
    caller: CallerKind = CallerKind.ANONYMOUS
    trusted: bool = False
    apps: tuple[str, ...] = ()
    """The published apps whose operation it is."""


@dataclass(frozen=True, slots=True)
class ResolvedDocument:
    """The document to run. `name`, `apps`, and `prepared` where it is kept already, are those of a trusted document."""

    query: str
    trusted: bool = False
    name: str | None = None
    prepared: PreparedDocument | None = None
    apps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadyOperation:
    """An operation that is ready to be run for a caller."""

    parameters: GraphQLParameters
    resolved: ResolvedDocument
    prepared: PreparedDocument
    operation: OperationDefinitionNode

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation

    @property
    def name(self) -> str | None:
        """What the client calls the operation."""
        return self.operation.name.value if self.operation.name else None


@dataclass(slots=True)
class Call:
    """One HTTP request, filled step by step. `slot` is set while it is admitted."""

    request: Request
    request_id: str
    language: Language
    accepted: AnswerFormat | None
    caller: Caller | None = None
    standing: RateStatus | None = None
    slot: Slot | None = None
    ready: ReadyOperation | None = None
    codes: tuple[str, ...] = ()
    make_context: Callable[[], Awaitable[RequestContext]] | None = field(default=None, repr=False)
    made_context: RequestContext | None = field(default=None, repr=False)

    async def context(self) -> RequestContext:
        """The context of the operation, made once. Raises NotSignedIn for a token that does not hold."""
        if self.made_context is None:
            if self.make_context is None:
                raise RuntimeError("the context is made after the document was read")
            self.made_context = await self.make_context()
            self.language = self.made_context.language
        return self.made_context

    def facts(self, token: str | None, router_secret: str | None, idempotency_key: str | None = None) -> RequestFacts:
        """What the context is made of."""
        request = self.request
        return RequestFacts(
            self.request_id,
            token,
            request.headers.get("accept-language"),
            idempotency_key,
            request.client.host if request.client else None,
            self.standing,
            is_router(request.headers, router_secret),
            request.headers.get("user-agent"),
        )

    def answer(self, body: dict[str, Any], status: int) -> Response:
        """A JSON answer to this request."""
        self.codes = tuple(error.get("extensions", {}).get("code", "") for error in body.get("errors", ()))
        return json_answer(body, status, request_id=self.request_id, language=self.language, accepted=self.accepted)

    def problem_response(self, problem: Problem, status: int) -> Response:
        """The response to a request that was not executed."""
        body = problem_body(problem, request_id=self.request_id, language=self.language)
        response = self.answer(body, status)
        response.headers.update(retry_headers(problem))
        return response

    def document_status(self) -> int:
        """200 where the client asked for plain JSON by name, else 400."""
        return 200 if self.accepted is not None and self.accepted.legacy else 400

    def record(self, status: int, seconds: float) -> OperationRecord:
        """The values for metrics and log."""
        ready = self.ready
        return OperationRecord(
            name=(ready.resolved.name or ready.name) if ready else None,
            operation=ready.type.value if ready else "none",
            status=status,
            seconds=seconds,
            codes=self.codes,
            caller=self.caller.kind if self.caller else CallerKind.ANONYMOUS,
            trusted=bool(ready and ready.resolved.trusted),
            apps=ready.resolved.apps if ready else (),
        )
