"""The deadline of the current request, and the share of it for each call.

A call may take a part of what is left, by its priority, and never all of it: so a system that is slow
leaves time for those that are asked after it. A reserve is left for our own store and the answer.
"""

import math
from contextvars import Context, ContextVar, copy_context

from domain.kernel import Clock
from integrations.calling.policies import Priority

RESERVE_SECONDS = 0.25
"""Subtracted from every remote call's time so that our own store and the answer still fit in."""

SHARES = {Priority.FIRST: 0.9, Priority.NORMAL: 0.75, Priority.LAST: 0.5}
"""The part of the time left, after the reserve, that one logical call with all its attempts may take."""

_ends_at: ContextVar[float | None] = ContextVar("request_deadline", default=None)


def set_request_deadline(clock: Clock, seconds: float) -> None:
    """Start the clock of this request: remote calls made for it end before so many seconds have passed."""
    _ends_at.set(clock.monotonic() + seconds)


def seconds_left(clock: Clock, at_most: float) -> float:
    """Seconds left for all remote calls; `at_most` where no request deadline is set, never below zero."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return at_most
    return max(0.0, min(at_most, ends_at - clock.monotonic() - RESERVE_SECONDS))


def share(clock: Clock, at_most: float, priority: Priority) -> float:
    """Seconds that one call of this priority may take now, never more than `at_most`."""
    if _ends_at.get() is None:
        return at_most
    return min(at_most, seconds_left(clock, math.inf) * SHARES[priority])


def request_is_bounded() -> bool:
    """Whether a request deadline is set here."""
    return _ends_at.get() is not None


def without_deadline() -> Context:
    """A copy of this context for work that several requests wait for, so that none of them cuts it short."""
    context = copy_context()
    context.run(_ends_at.set, None)
    return context
