"""Executes prepared documents; response extensions: request id, sources, and those that are missing from lists."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import structlog
from graphql import DocumentNode, ExecutionResult, GraphQLError, MiddlewareManager, execute
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.schema import BaseSchema

from domain.kernel.tracing import Step, current_trace, span
from schema.kernel.context import Context
from schema.kernel.errors import extensions_of, problem_of, text_of
from schema.kernel.source_usage import PartialFailure

_is_awaitable: Any = optimized_is_awaitable
_log = structlog.get_logger(__name__)


async def execute_document(
    schema: BaseSchema,
    document: DocumentNode,
    context: Any,
    *,
    variables: Mapping[str, Any] | None = None,
    root: Any = None,
    operation_name: str | None = None,
) -> ExecutionResult:
    """Execute a document that was parsed and validated; the errors are what the client may see.

    Strawberry's own way takes as long again as a small operation, for hooks of extensions that are made each time.
    """
    built: Any = schema
    try:
        running: Any = execute(
            built._schema,  # noqa: SLF001 - Strawberry gives graphql-core's schema no public name
            document,
            root_value=root,
            context_value=context,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            is_awaitable=_is_awaitable,
            middleware=_TRACED if current_trace() else None,
        )
        result: ExecutionResult = await running if _is_awaitable(running) else running
    except Exception as error:  # noqa: BLE001 - as from a resolver: told by a code and logged by its kind
        result = ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
    if result.errors:
        built.process_errors(result.errors, SimpleNamespace(context=context))
    if isinstance(context, Context):
        tell_missing_sources(result, context)
        result.extensions = answer_extensions(context)
    return result


def _trace_field(resolve: Any, source: Any, info: Any, **given: Any) -> Any:
    """A span for each field that waits for something; it is named as the graph names it, never by an alias."""
    value = resolve(source, info, **given)
    return _await_in_span(value, f"{info.parent_type.name}.{info.field_name}") if _is_awaitable(value) else value


async def _await_in_span(value: Any, name: str) -> Any:
    with span(Step.FIELD, name):
        return await value


_TRACED = MiddlewareManager(_trace_field)


def tell_missing_sources(result: ExecutionResult, context: Context) -> None:
    """Add an error for each source that is missing from a merged list, at the list's own path."""
    if context.sources.failures:
        missing = [_partial_error(context, failure) for failure in context.sources.failures]
        result.errors = [*(result.errors or []), *missing]


def answer_extensions(context: Context) -> dict[str, Any]:
    """The extensions of every answer."""
    return {"requestId": context.request_id, "sources": context.sources.to_extension()}


class AnswerExtension(SchemaExtension):
    """The same for documents that Strawberry executes."""

    def on_execute(self) -> Iterator[None]:
        """After execution, tell what is missing."""
        yield
        context, result = self.execution_context.context, self.execution_context.result
        if isinstance(context, Context) and isinstance(result, ExecutionResult):
            tell_missing_sources(result, context)

    def get_results(self) -> dict[str, Any]:
        context = self.execution_context.context
        return answer_extensions(context) if isinstance(context, Context) else {}


def _partial_error(context: Context, failure: PartialFailure) -> GraphQLError:
    problem = problem_of(failure.error)
    _log.info("source_missing", code=problem.code.value, source=failure.error.source.value, detail=problem.detail)
    return GraphQLError(
        text_of(problem, context.language),
        path=list(failure.path),
        extensions=extensions_of(problem, context.request_id),
    )
