"""Counts the calls to outside systems of the current request, by attempt, and does what a request does around them."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from domain.kernel import Source


@dataclass(slots=True)
class CallCounts:
    """The calls of one request by source, what they cost in paise, and how many each source has left today."""

    calls: Counter[Source] = field(default_factory=Counter)
    paise: Counter[Source] = field(default_factory=Counter)
    left: dict[Source, int] = field(default_factory=dict)


_made: ContextVar[CallCounts | None] = ContextVar("calls_made", default=None)
_around: ContextVar[tuple[Callable[[], Awaitable[None]], Callable[[], None]] | None]
_around = ContextVar("around_calls", default=None)


def counted_calls() -> CallCounts:
    """Begin to count for this request; the counts grow while calls are made.

    A call that several requests wait for is counted for the one that began it.
    """
    counts = CallCounts()
    _made.set(counts)
    return counts


def count_call(source: Source, paise: int = 0, left: int | None = None) -> None:
    """Count one attempt that is about to be sent."""
    counts = _made.get()
    if counts is not None:
        counts.calls[source] += 1
        counts.paise[source] += paise
        if left is not None:
            counts.left[source] = left


@contextmanager
def around_calls(before: Callable[[], Awaitable[None]], after: Callable[[], None]) -> Iterator[None]:
    """Have this done before and after each call of the current request; no call is made where `before` raises."""
    token = _around.set((before, after))
    try:
        yield
    finally:
        _around.reset(token)


@asynccontextmanager
async def outside_call() -> AsyncIterator[None]:
    """A call, or the wait for one that another request has begun."""
    around = _around.get()
    if around is None:
        yield
        return
    before, after = around
    await before()
    try:
        yield
    finally:
        after()
