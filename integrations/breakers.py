"""Circuit breakers by system and group, over interlock, behind a small door of our own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from interlock import CircuitBreaker, CircuitOpenError, Config, State

from domain.clock import Clock
from domain.sources import Source
from integrations.errors import Garbled, Unavailable

T = TypeVar("T")

LOW_TRAFFIC = Config(
    failure_rate_threshold=1.0,
    minimum_number_of_calls=5,
    window_size=5,
    permitted_calls_in_half_open=3,
    max_concurrent_probes=1,
    wait_duration_in_open=15.0,
    wait_duration_backoff_multiplier=2.0,
    wait_duration_in_open_max=300.0,
)
"""Five of five open it (DECISIONS.md, The graph, Breaker); for groups that are asked seldom."""


class CircuitOpen(Unavailable):
    """The breaker did not let the call through; it must not be repeated at once."""


class _OnlyTrouble:
    """A refusal is an answer; only no answer or a garbled one counts against a system."""

    def is_failure(self, *, result: object, exception: Exception | None) -> bool:
        del result
        return isinstance(exception, Unavailable | Garbled)


class Breakers:
    """One breaker for each (system, group), made when first asked for. State is this process's own.

    `spread` in [0, 1) lengthens the open time by up to a fifth, so that processes do not probe together.
    """

    def __init__(self, clock: Clock, *, spread: float = 0.0) -> None:
        self._clock = clock
        self._open_seconds = LOW_TRAFFIC.wait_duration_in_open * (1 + 0.2 * spread)
        self._breakers: dict[tuple[Source, str], CircuitBreaker] = {}
        self._turns: dict[tuple[Source, str], asyncio.Lock] = {}

    async def call(self, source: Source, group: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run one attempt; raises CircuitOpen with the seconds until the next probe.

        While a group recovers, one call probes and the others wait for its verdict instead of failing: a
        question that needs several calls would else cancel its own probe for ever.
        """
        breaker = self._breaker(source, group)
        if not _closed(breaker):
            async with self._turns.setdefault((source, group), asyncio.Lock()):
                if not _closed(breaker):
                    return await self._through(breaker, source, work)
        return await self._through(breaker, source, work)

    async def _through(self, breaker: CircuitBreaker, source: Source, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await breaker.call_async(work)
        except CircuitOpenError as error:
            raise CircuitOpen(source, "circuit_open", retry_after=error.retry_after) from None

    def is_open(self, source: Source, group: str = "") -> bool:
        """Whether calls of the group are refused now."""
        breaker = self._breakers.get((source, group))
        return breaker is not None and breaker.state is State.OPEN

    def _breaker(self, source: Source, group: str) -> CircuitBreaker:
        key = (source, group)
        if key not in self._breakers:
            config = replace(LOW_TRAFFIC, wait_duration_in_open=self._open_seconds)
            self._breakers[key] = CircuitBreaker(
                name=f"{source.value}:{group}", config=config, clock=self._clock, classifier=_OnlyTrouble()
            )
        return self._breakers[key]


def _closed(breaker: CircuitBreaker) -> bool:
    return breaker.state is State.CLOSED
