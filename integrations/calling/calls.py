"""Counts the calls to outside systems of the current request, by attempt, and does what a request does around them."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from domain.kernel import Source

_made: ContextVar[Counter[Source] | None] = ContextVar("calls_made", default=None)
_around: ContextVar[tuple[Callable[[], Awaitable[None]], Callable[[], None]] | None]
_around = ContextVar("around_calls", default=None)


def counted_calls() -> Counter[Source]:
    """Begin to count for this request; the counter grows while calls are made.

    A call that several requests wait for is counted for the one that began it.
    """
    counter: Counter[Source] = Counter()
    _made.set(counter)
    return counter


def count_call(source: Source) -> None:
    """Count one attempt that is about to be sent."""
    counter = _made.get()
    if counter is not None:
        counter[source] += 1


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
