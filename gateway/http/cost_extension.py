"""Refuses operations that would cost too much, and tells of each answer what it was asked for and did cost."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.schema import BaseSchema

from domain.errors import ErrorCode
from domain.sources import Source
from gateway.http.cost import Requested
from gateway.http.cost_answered import Answered
from gateway.http.cost_table import CostTable
from integrations.calls import counted_calls
from schema.context import Context
from schema.directives import UPSTREAM_POINTS
from schema.errors import Fault


class CostExtension(SchemaExtension):
    """`extensions.cost` and the limit, for every transport: it acts where the document is known and nothing has run."""

    def __init__(self, table: CostTable) -> None:
        self._table = table
        self._requested: int | None = None
        self._operation: OperationDefinitionNode | None = None
        self._calls: Counter[Source] = Counter()

    def on_operation(self) -> Iterator[None]:
        """Begin to count calls of outside systems."""
        self._calls = counted_calls()
        yield

    def on_validate(self) -> Iterator[None]:
        """Count what the operation may cost, and put a refusal in the place of its execution where that is too much."""
        execution = self.execution_context
        document = execution.graphql_document
        self._operation = get_operation_ast(document, execution.operation_name) if document else None
        if document is not None and self._operation is not None and not execution.pre_execution_errors:
            self._requested = Requested(self._table, document, self._operation, execution.variables or {}).points()
            context = execution.context
            limit = context.cost_limit if isinstance(context, Context) else None
            if limit is not None and self._requested > limit:
                execution.pre_execution_errors = [_too_dear(context)]
        yield

    def get_results(self) -> dict[str, Any]:
        """`cost` for the extensions of the answer; nothing where the document never got so far."""
        context = self.execution_context.context
        if self._requested is None or not isinstance(context, Context):
            return {}
        told: dict[str, Any] = {"requestedQueryCost": self._requested, "actualQueryCost": self._actual()}
        if context.cost_limit is not None:
            told["maximumQueryCost"] = context.cost_limit
        if context.throttle is not None:
            told["throttleStatus"] = dict(context.throttle)
        told["upstream"] = [{"source": source.value, "calls": calls} for source, calls in sorted(self._calls.items())]
        return {"cost": told}

    def _actual(self) -> int:
        execution = self.execution_context
        document, result = execution.graphql_document, execution.result
        if document is None or self._operation is None or result is None:
            return 0
        answered = Answered(self._table, document, self._operation).points(getattr(result, "data", None))
        return answered + UPSTREAM_POINTS * self._calls.total()


def _too_dear(context: Context) -> GraphQLError:
    fault = Fault(ErrorCode.TOO_COMPLEX, detail="COST")
    return GraphQLError(fault.message(context.language), extensions=fault.extensions(context.request_id))


def counting_cost(schema: BaseSchema) -> BaseSchema:
    """The same schema; from now on it counts and bounds the cost of every operation."""
    built: Any = schema
    table = CostTable(built._schema)  # noqa: SLF001 - Strawberry gives graphql-core's schema no public name
    made: Callable[[], SchemaExtension] = lambda: CostExtension(table)  # noqa: E731 - Strawberry calls it
    built.extensions = [*built.extensions, made]
    return schema
