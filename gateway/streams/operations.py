"""Runs one operation for a transport that takes its results one by one.

A query or mutation gives one answer, a subscription one for each event. Each event is run like an operation of its
own: with a new context, so with the session, the roles and the postings as they are then, within the same time and
through the same guards. Strawberry's handlers keep one context for a whole subscription, and parse by themselves.

A change is read once for those for whom the answer is the same, counts as one operation of its reader, and of one
reader no two are read at the same time: who follows much must not slow others down.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable
from weakref import WeakValueDictionary

import structlog
from graphql import ExecutionResult, Executor, GraphQLError, OperationType, create_source_event_stream

from domain.kernel import ErrorCode, Language, NotSignedIn, Problem
from gateway.graphql.pipeline import InvalidDocument, Pipeline
from gateway.http.callers import Caller
from gateway.http.calls import OperationRecord, ReadyOperation, RequestContext, RequestFacts
from gateway.http.problems import RequestProblem
from schema.kernel.errors import OURS, extensions_of, problem_of, replace_errors, root_cause, text_of

ENDED = 499
"""The status in metrics of a stream that its reader left."""

SHARED_SECONDS = 1.0
"""For how long the answer to an event is given to further readers; the feed is looked at as often."""

log = structlog.get_logger(__name__)


@runtime_checkable
class Event(Protocol):
    """What a root field of subscriptions gives."""

    cursor: str

    async def seen_by(self, context: Any) -> bool:
        """Whether the subject of the context may know of it now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; with `cursor`, a reader can go on behind it. `over` says that the operation ended with it."""

    body: dict[str, Any]
    cursor: str | None = None
    over: bool = False


@dataclass(slots=True)
class OperationRequest:
    """An operation and its caller. `resume` is the cursor of the last event that the reader has, from the transport."""

    ready: ReadyOperation
    caller: Caller
    facts: RequestFacts
    language: Language
    transport: str
    resume: str | None = None
    events: int = 0
    codes: tuple[str, ...] = ()


class SharedRuns:
    """What is run once for all who ask for the same at about the same time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._runs: OrderedDict[Hashable, tuple[float, asyncio.Future[Any]]] = OrderedDict()

    async def run_once(self, key: Hashable, run: Callable[[], Awaitable[Any]]) -> Any:
        """What `run` gives or raises, run now or within the last second for the same key."""
        now = self._now()
        while self._runs and next(iter(self._runs.values()))[0] <= now:
            self._runs.popitem(last=False)
        if key not in self._runs:
            running = asyncio.ensure_future(run())
            running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # its readers may be gone
            self._runs[key] = (now + SHARED_SECONDS, running)
        return await asyncio.shield(self._runs[key][1])


class Operations:
    """Runs operations behind one pipeline. `behind` is called for each one whose reader fell too many events behind."""

    def __init__(self, pipeline: Pipeline, behind: Callable[[], None] | None = None) -> None:
        self.pipeline = pipeline
        self._behind = behind
        self._shared = SharedRuns(pipeline.edge.clock.monotonic)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answers(self, asked: OperationRequest) -> AsyncGenerator[Answer, None]:
        """Every answer. Whatever goes wrong is an answer too, the last one, with `over`."""
        clock = self.pipeline.edge.clock
        started, status = clock.monotonic(), ENDED
        try:
            async with aclosing(self._answers(asked)) as answers:
                async for answer in answers:
                    asked.events += 1
                    asked.codes = codes_of(answer.body)
                    yield answer
            status = 200
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a client never sees a stack trace
            status = 200 if isinstance(error, OURS) and not isinstance(error, RequestProblem) else 503
            body = {"errors": self.client_errors(error, asked)}
            asked.codes = codes_of(body)
            if self._behind is not None and ErrorCode.READER_TOO_SLOW in asked.codes:
                self._behind()
            yield Answer(body, over=True)
        finally:
            self._observe(asked, status, clock.monotonic() - started)

    def client_errors(
        self, error: BaseException, asked: "OperationRequest | None" = None, language: Language = Language.EN
    ) -> list[Any]:
        """The errors of an operation that could not go on, as the client may see them."""
        request_id = asked.facts.request_id if asked else None
        language = asked.language if asked else language
        if isinstance(error, InvalidDocument):
            errors = self.pipeline.visible_errors(list(error.errors), None)
            replace_errors(errors, language, request_id)
            return [one.formatted for one in errors]
        if not isinstance(error, OURS):
            log.error("stream_fault", exception=type(error).__name__)
        problem = problem_of(error)
        return [{"message": text_of(problem, language), "extensions": extensions_of(problem, request_id)}]

    async def _answers(self, asked: OperationRequest) -> AsyncGenerator[Answer, None]:
        context = await self._context(asked)
        if asked.ready.type is OperationType.SUBSCRIPTION:
            async with aclosing(self._events(asked, context)) as events:
                async for answer in events:
                    yield answer
            return
        async with self.pipeline.slot(asked.caller):
            result = await self.pipeline.execute(asked.ready, context)
        yield Answer(body_of(result))

    async def _events(self, asked: OperationRequest, context: RequestContext) -> AsyncGenerator[Answer, None]:
        tried = await self.pipeline.execute(asked.ready, context)
        if tried.errors:  # run without an event: the cost, the variables and the rest of the document are judged so
            yield Answer({"errors": [error.formatted for error in tried.errors]}, over=True)
            return
        source: Any = await self._source(asked.ready, context)
        async with aclosing(source) as events:
            async for event in events:
                answer = await self._event(asked, event)
                if answer is not None:
                    yield answer

    async def _event(self, asked: OperationRequest, event: Any) -> Answer | None:
        ready, facts, change = asked.ready, asked.facts, getattr(event, "change", None)
        if change is None:
            return await self._answer_to(asked, event, await self._context(asked))
        variables = json.dumps(ready.parameters.variables, sort_keys=True)
        key = (change, event.cursor, ready.resolved.query, ready.name, variables, facts.accept_language, facts.router)
        context: Any = await self._shared.run_once((*key, facts.token), lambda: self._context(asked))
        asked.language = context.language
        reader = (replace(context.subject, session_id=None), context.language)  # other sessions of hers read the same
        answer: Answer | None = await self._shared.run_once(
            (*key, reader), lambda: self._answer_to(asked, event, context)
        )
        return answer

    async def _answer_to(self, asked: OperationRequest, event: Any, context: RequestContext) -> Answer | None:
        turn = self._turns.setdefault(asked.caller.key, asyncio.Lock())
        async with turn:
            if isinstance(event, Event) and not await event.seen_by(context):
                return None
            await self.pipeline.spend(asked.caller)
            result = await self.pipeline.execute(asked.ready, context, root=event)
        return Answer(body_of(result), getattr(event, "cursor", None))

    async def _context(self, asked: OperationRequest) -> RequestContext:
        async with asyncio.timeout(self.pipeline.seconds(OperationType.QUERY)):
            context = await self.pipeline.context(asked.facts)
        asked.language = context.language
        if asked.resume is None:
            return context
        changed: Any = context
        resumed: RequestContext = replace(changed, resume=asked.resume)
        return resumed

    async def _source(self, ready: ReadyOperation, context: RequestContext) -> AsyncIterable[Any]:
        """The events of the root field. Raises what its resolver raised."""
        schema: Any = self.pipeline.schema
        executor = Executor.build(
            schema._schema,  # noqa: SLF001 - Strawberry gives graphql-core's schema no public name
            ready.prepared.document,
            context_value=context,
            raw_variable_values=ready.parameters.variables,
            operation_name=ready.parameters.operation_name,
        )
        if isinstance(executor, list):
            raise InvalidDocument(executor)
        made: Any = create_source_event_stream(executor)
        source = await made if asyncio.iscoroutine(made) else made
        if isinstance(source, ExecutionResult):
            raise _cause(source.errors or [])
        return source  # type: ignore[no-any-return]

    def _observe(self, asked: OperationRequest, status: int, seconds: float) -> None:
        ready = asked.ready
        log.info(
            "stream",
            transport=asked.transport,
            operation=ready.type.value,
            status=status,
            ms=round(seconds * 1000),
            events=asked.events,
            codes=asked.codes,
        )
        observe = self.pipeline.edge.observe
        if observe is not None and ready.type is not OperationType.SUBSCRIPTION:
            name = ready.resolved.name or ready.name
            trusted = ready.resolved.trusted
            observe(
                OperationRecord(
                    name, ready.type.value, status, seconds, asked.codes, asked.caller.kind, trusted=trusted
                )
            )


def body_of(result: Any) -> dict[str, Any]:
    """The body of one result, as over HTTP."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def codes_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The codes of a body's errors."""
    return tuple(error.get("extensions", {}).get("code", "") for error in body.get("errors", ()))


def final_answer(error: Problem, request_id: str, language: Language) -> Answer:
    """The last answer of a stream that we end."""
    told = {"message": text_of(error, language), "extensions": extensions_of(error, request_id)}
    return Answer({"errors": [told]}, over=True)


SESSION_ENDED = problem_of(NotSignedIn())
"""The error sent to a stream whose session has ended."""


def _cause(errors: list[GraphQLError]) -> Exception:
    cause = root_cause(errors[0]) if errors else None
    return cause if isinstance(cause, Exception) else InvalidDocument(errors)
