"""The steps of every GraphQL operation, on every transport.

caller -> rate -> admission -> document -> context -> allowed -> executed. Each step raises RequestProblem,
NotSignedIn, or InvalidDocument with the errors of a document that is not valid.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError, OperationType
from strawberry.schema import BaseSchema

from actions.kernel import one_operation
from domain.kernel import ErrorCode
from gateway.graphql.body import GraphQLParameters
from gateway.graphql.cost import CostTable, too_dear
from gateway.graphql.documents import Documents, PreparedDocument
from gateway.http.admission import Slot
from gateway.http.callers import Caller, Callers
from gateway.http.calls import (
    ContextFactory,
    OperationRecord,
    ReadyOperation,
    RequestContext,
    RequestFacts,
    ResolvedDocument,
)
from gateway.http.edge import Edge
from gateway.http.problems import RequestProblem, bad_document, bad_request
from gateway.http.rates import MemoryWindows, RateStatus
from integrations.calling.calls import counted_calls
from integrations.calling.deadline import set_request_deadline
from schema.kernel import Context
from schema.kernel.answers import answer_extensions, execute_document
from schema.kernel.document_errors import nameless
from schema.kernel.errors import replace_errors

_log = structlog.get_logger(__name__)

GRACE_SECONDS = 0.5
"""Remote calls end at the deadline; what is left to do then is cut off after this long."""

MOST_REFUSED, REFUSED_SECONDS = 3, 10
"""More refused documents in so many seconds, and a caller is let in only where nobody else wants the room: to refuse a
document can take as long as to answer one."""


class InvalidDocument(Exception):
    """A document that is not valid. `errors` are graphql-core's own; `replace_errors` makes them fit for the caller."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


class Pipeline:
    """The steps of one schema behind one edge."""

    def __init__(self, schema: BaseSchema, context_factory: ContextFactory, edge: Edge) -> None:
        executable: Any = schema
        self._costs = CostTable(executable._schema)  # noqa: SLF001 - Strawberry gives graphql-core's no public name
        self.schema = schema
        self.edge = edge
        self.documents = Documents(schema, edge.limits)
        self._context_factory = context_factory
        self._callers = edge.callers or Callers(edge.clock.monotonic)
        self._refused = MemoryWindows(edge.clock)

    def caller(self, token: str | None, address: str | None) -> Caller:
        """Identify the caller without the store."""
        return self._callers(token, address)

    async def spend(self, caller: Caller) -> RateStatus | None:
        """Count one operation of a caller. Raises RequestProblem with 429."""
        if self.edge.rates is None:
            return None
        return await self.edge.rates.spend(caller)

    def slot(self, caller: Caller) -> AbstractAsyncContextManager[Slot]:
        """Admit one operation. Raises RequestProblem with 503."""
        if self.edge.admission is None:
            return nullcontext(Slot())
        return self.edge.admission.slot(caller.share, spare=self._sends_refused(caller))

    def note(self, record: OperationRecord) -> None:
        """Log an operation that was answered, and count it for the metrics."""
        _log.info(
            "graphql",
            operation=record.operation,
            status=record.status,
            ms=round(record.seconds * 1000),
            codes=record.codes,
            caller=record.caller.value,
        )
        if self.edge.trusted is not None:
            self.edge.trusted.count_errors(record)
        if self.edge.observe is not None:
            self.edge.observe(record)

    def refuses(self, caller_of: Callable[[], Caller]) -> float | None:
        """After how many seconds an operation is to be refused by its head alone; None where it may wait."""
        gate = self.edge.admission
        if gate is None:
            return None
        caller = caller_of()
        return gate.pause if gate.refuses(caller.share, spare=self._sends_refused(caller)) else None

    async def ready(self, parameters: GraphQLParameters, headers: Mapping[str, str], caller: Caller) -> ReadyOperation:
        """The operation that is meant. Raises RequestProblem or InvalidDocument, which counts for the caller."""
        resolved = self._resolve_document(parameters, headers)
        try:
            prepared = resolved.prepared or self._prepare_document(resolved.query)
        except (RequestProblem, InvalidDocument):
            await self._refused.acquire_sliding_window_entry(caller.key, sys.maxsize, REFUSED_SECONDS)
            raise
        return ReadyOperation(parameters, resolved, prepared, prepared.operation(parameters.operation_name))

    async def context(self, facts: RequestFacts) -> RequestContext:
        """The context of one operation. Raises NotSignedIn for a token that does not hold."""
        return await self._context_factory(facts)

    def allow(self, ready: ReadyOperation, context: RequestContext) -> None:
        """Raise RequestProblem where this caller may not run the operation, whatever it is."""
        if ready.prepared.introspects and not self._open_to(context):
            raise bad_document("INTROSPECTION_CLOSED", ErrorCode.FORBIDDEN)
        if self.edge.trusted is not None:
            self.edge.trusted.allow(ready.resolved, context)

    def visible_errors(self, errors: list[GraphQLError], context: RequestContext | None) -> list[GraphQLError]:
        """The errors of a document as this caller may see them: names of the graph are not shown to everybody."""
        if self.edge.introspection or (context is not None and self.edge.developer(context)):
            return errors
        return [nameless(error) for error in errors]

    async def execute(
        self, ready: ReadyOperation, context: RequestContext, *, seconds: float | None = None, root: Any = None
    ) -> Any:
        """Run an operation and give its ExecutionResult; `root` is the event of a subscription.

        Raises RequestProblem, TimeoutError at the deadline, or as Store.carry_out where no receipt can be kept.
        """
        self.allow(ready, context)
        most = self.seconds(ready.type)
        seconds = most if seconds is None else min(seconds, most)
        set_request_deadline(self.edge.clock, seconds)
        # The receipts are written when time is up too, and before anybody is answered.
        async with one_operation(), asyncio.timeout(seconds + GRACE_SECONDS):
            kept = await self.edge.replays.find(ready, context) if self.edge.replays else None
            if kept is not None:
                return kept
            with self.edge.traces.operation("operation"):  # of a page or a partner; within the endpoint's nothing new
                result = await self._run(ready, context, root)
            return await self.edge.replays.keep(ready, context, result) if self.edge.replays else result

    async def _run(self, ready: ReadyOperation, context: RequestContext, root: Any) -> ExecutionResult:
        """Run it, unless it may cost too much; the cost and the calls that were made are told with the answer."""
        calls, variables = counted_calls(), ready.parameters.variables
        cost = ready.prepared.cost(self._costs, ready.operation)
        requested, ours = cost.requested_points(variables), context if isinstance(context, Context) else None
        if ours is not None and ours.cost_limit is not None and requested > ours.cost_limit:
            refusal = [too_dear(ours)]
            replace_errors(refusal, ours.language, ours.request_id)
            result = ExecutionResult(None, refusal, answer_extensions(ours))
        else:
            name, document = ready.parameters.operation_name, ready.prepared.document
            result = await execute_document(
                self.schema, document, context, variables=variables, root=root, operation_name=name
            )
        if ours is not None:
            told = cost.to_extension(ours, requested, result.data, calls)
            result.extensions = {**(result.extensions or {}), "cost": told}
        return result

    def seconds(self, operation: OperationType) -> float:
        """How long an operation may take in all."""
        limits = self.edge.limits
        return limits.write_seconds if operation is OperationType.MUTATION else limits.read_seconds

    def _sends_refused(self, caller: Caller) -> bool:
        return self._refused.count(caller.key, REFUSED_SECONDS) > MOST_REFUSED

    def _resolve_document(self, parameters: GraphQLParameters, headers: Mapping[str, str]) -> ResolvedDocument:
        if self.edge.trusted is not None:
            return self.edge.trusted.resolve(parameters, headers)
        if parameters.query is None:
            raise bad_request("QUERY_MISSING")
        return ResolvedDocument(parameters.query)

    def _prepare_document(self, query: str) -> PreparedDocument:
        try:
            prepared = self.documents.prepare(query)
        except GraphQLSyntaxError as error:
            raise InvalidDocument([error]) from None
        if prepared.errors:
            raise InvalidDocument(list(prepared.errors))
        return prepared

    def _open_to(self, context: RequestContext) -> bool:
        return self.edge.introspection or self.edge.developer(context)
