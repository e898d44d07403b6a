"""Runs the published operations of `operations/umang` in this process, through the graph's own pipeline.

Policy, cost, idempotency, errors and languages are those of the graph: UMANG's API reaches actions in no other way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult

from domain.kernel import Clock, ErrorCode, Language, Problem, SourceState, Subject
from gateway.http.calls import RequestContext
from gateway.operations.published import PublishedOperations
from gateway.umang.failures import CallFailed, failure_of_code
from schema.kernel.errors import OURS, problem_of, text_of

READ_SECONDS, WRITE_SECONDS = 3.5, 4.0
"""How long one call may take in all, whatever it asks of the graph; five are the most
(docs/contracts/umang.md section 6)."""

APP = "umang"

MakeContext = Callable[["Caller"], RequestContext]
"""Makes the context of one operation of the graph."""


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom, in which language, and under which key the graph is asked."""

    subject: Subject
    language: Language
    request_id: str


@dataclass(frozen=True, slots=True)
class OperationResult:
    """The graph's answer: its data, and the outside systems that did not answer."""

    data: Mapping[str, Any]
    missing: tuple[str, ...] = ()


class Operations:
    """Runs operations of the graph for one call, within the seconds that the call may take in all."""

    def __init__(
        self, documents: PublishedOperations, make_context: MakeContext, caller: Caller, clock: Clock, seconds: float
    ) -> None:
        self._documents = documents
        self._make_context = make_context
        self._clock = clock
        self._ends_at = clock.monotonic() + seconds
        self.caller = caller

    @property
    def language(self) -> Language:
        """The language of the answer."""
        return self.caller.language

    async def run(self, name: str, **variables: Any) -> OperationResult:
        """Run an operation of the folder. Raises CallFailed where the graph refuses it, or is not done in time."""
        left = self._ends_at - self._clock.monotonic()
        if left <= 0:
            raise failure_of_code(ErrorCode.DEADLINE_EXCEEDED, self.language)
        ready = self._documents.ready(name, variables)
        context = self._make_context(self.caller)
        try:
            result = await self._documents.pipeline.execute(ready, context, seconds=left)
        except TimeoutError:
            raise failure_of_code(ErrorCode.DEADLINE_EXCEEDED, self.language) from None
        except Exception as error:
            if isinstance(error, OURS):
                raise _failure_of_problem(problem_of(error), self.language) from None
            raise
        return self._read_result(result)

    def _read_result(self, result: ExecutionResult) -> OperationResult:
        errors: list[dict[str, Any]] = [dict(error.formatted) for error in result.errors or ()]
        data = result.data
        if data is None or (errors and all(value is None for value in data.values())):
            raise _of_errors(errors, self.language)
        sources = (result.extensions or {}).get("sources") or ()
        missing = {source["name"] for source in sources if source["state"] == SourceState.DOWN.value}
        missing |= {extensions["source"] for error in errors if "source" in (extensions := error["extensions"])}
        return OperationResult(data, tuple(sorted(missing)))


def _failure_of_problem(problem: Problem, language: Language) -> CallFailed:
    return failure_of_code(problem.code, language, text=text_of(problem, language), wait=problem.retry_after)


def _of_errors(errors: list[dict[str, Any]], language: Language) -> CallFailed:
    if not errors:
        return failure_of_code(ErrorCode.INTERNAL, language)
    extensions = errors[0]["extensions"]
    source = extensions.get("source")
    return failure_of_code(
        ErrorCode[extensions["code"]],
        language,
        text=errors[0]["message"],
        wait=extensions.get("retryAfterSeconds"),
        missing=(source,) if source else (),
    )
