"""The trace of what is being done: its spans, where something traces it, else nothing at the cost of one look.

Names are words of ours: a field of the graph, an action, a table, a system. What somebody sent is never one.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Step(StrEnum):
    """The kind of a span."""

    FIELD = "field"
    ACTION = "action"
    STATEMENT = "statement"
    CALL = "call"
    ATTEMPT = "attempt"


class Trace(Protocol):
    """One trace that is kept."""

    @property
    def id(self) -> str:
        """Its 32 hexadecimal digits (W3C Trace Context)."""

    def span(self, step: Step, name: str) -> AbstractContextManager[object]:
        """A span from here to the end of the `with`; an exception marks it by its type alone."""

    def headers(self, system: str) -> Mapping[str, str]:
        """`traceparent` for a request to a system that may know it; nothing for others."""


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_NOTHING = nullcontext()


def current_trace() -> Trace | None:
    """The trace that is kept of what is being done, if one is."""
    return _current.get()


def span(step: Step, name: str) -> AbstractContextManager[object]:
    """A span of the trace, or nothing where none is kept."""
    trace = _current.get()
    return _NOTHING if trace is None else trace.span(step, name)


def in_span(step: Step, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """The function within a span of its name: one look more where nothing is traced."""

    @wraps(function)
    async def run(*given: P.args, **named: P.kwargs) -> T:
        with span(step, function.__name__):
            return await function(*given, **named)

    return run


@contextmanager
def kept_in(trace: Trace) -> Iterator[None]:
    """Keep the spans of what is done here in this trace."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)
