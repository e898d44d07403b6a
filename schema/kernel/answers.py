"""Response extensions: request id, sources, and the sources that are missing from lists."""

from collections.abc import Iterator
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError
from strawberry.extensions import SchemaExtension

from schema.kernel.context import Context
from schema.kernel.errors import extensions_of, problem_of, text_of
from schema.kernel.source_usage import PartialFailure

_log = structlog.get_logger(__name__)


class AnswerExtension(SchemaExtension):
    """Writes `extensions.requestId` and `extensions.sources` and the errors of partly answered lists."""

    def on_execute(self) -> Iterator[None]:
        """After execution, tell each source that is missing from a merged list at the list's own path."""
        yield
        context, result = self.execution_context.context, self.execution_context.result
        if isinstance(context, Context) and isinstance(result, ExecutionResult) and context.sources.failures:
            missing = [_partial_error(context, failure) for failure in context.sources.failures]
            result.errors = [*(result.errors or []), *missing]

    def get_results(self) -> dict[str, Any]:
        """The extensions of the answer."""
        context = self.execution_context.context
        if not isinstance(context, Context):
            return {}
        return {"requestId": context.request_id, "sources": context.sources.to_extension()}


def _partial_error(context: Context, failure: PartialFailure) -> GraphQLError:
    problem = problem_of(failure.error)
    _log.info("source_missing", code=problem.code.value, source=failure.error.source.value, detail=problem.detail)
    return GraphQLError(
        text_of(problem, context.language),
        path=list(failure.path),
        extensions=extensions_of(problem, context.request_id),
    )
