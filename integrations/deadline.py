"""The time that the request being answered has left, handed down to every remote call."""

from contextvars import ContextVar

from domain.clock import Clock

RESERVE_SECONDS = 0.25
"""Kept back from every remote call so that our own store and the answer still fit in."""

_ends_at: ContextVar[float | None] = ContextVar("request_deadline", default=None)


def set_request_deadline(clock: Clock, seconds: float) -> None:
    """Start the clock of this request: remote calls made for it end before so many seconds have passed."""
    _ends_at.set(clock.monotonic() + seconds)


def seconds_left(clock: Clock, at_most: float) -> float:
    """Seconds a remote call may take now; `at_most` where no request deadline is set, never below zero."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return at_most
    return max(0.0, min(at_most, ends_at - clock.monotonic() - RESERVE_SECONDS))
