"""Counts the calls to outside systems of the current request, by attempt."""

from collections import Counter
from contextvars import ContextVar

from domain.kernel import Source

_made: ContextVar[Counter[Source] | None] = ContextVar("calls_made", default=None)


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
