"""The resilience of integrations/calling/remote.py for calls other than HTTP: the same parts in the same order.

Kill switch, request deadline, retry with its budget, breaker, bulkhead, one attempt with its time-out; every outcome is
noted for the system. What is called must be safe to repeat: a write looks first whether it is done already.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity
from tenacity import RetryCallState

from domain.kernel import Source
from integrations.calling.breakers import CircuitOpen
from integrations.calling.calls import count_call
from integrations.calling.deadline import share
from integrations.calling.errors import Garbled, IntegrityFailure, NotAsked, NotLetIn, RemoteError, Unavailable
from integrations.calling.limiter import BulkheadState
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import LONGEST_RETRY_AFTER, Crowded
from integrations.calling.resilience import Resilience

T = TypeVar("T")

_WAIT = tenacity.wait_random_exponential(multiplier=0.1, max=1)


class GuardedCalls:
    """Calls of one outside system, whatever they are carried by."""

    def __init__(self, source: Source, shared: Resilience) -> None:
        self._source = source
        self._shared = shared
        self._lanes: dict[Bulkhead, BulkheadState] = {}

    async def run(self, policy: CallPolicy, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, tried as the policy says. Raises the RemoteError of the last attempt."""
        shared = self._shared
        shared.gate.admit(self._source, shared.clock.now(), writes=policy.writes)
        lane = self._lanes.setdefault(policy.lane, BulkheadState(policy.lane, shared.clock))
        started = shared.clock.monotonic()
        ends_at = started + share(shared.clock, policy.total, policy.priority)
        lane.budget.earn()
        try:
            result: T = await self._retry_loop(policy, lane, ends_at)(self._attempt, policy, lane, ends_at, work)
        except RemoteError as error:
            self._note(policy, started, error)
            raise
        self._note(policy, started, None)
        return result

    async def _attempt(
        self, policy: CallPolicy, lane: BulkheadState, ends_at: float, work: Callable[[], Awaitable[T]]
    ) -> T:
        return await self._shared.breakers.call(
            self._source, policy.breaker, lambda: self._run_attempt(policy, lane, ends_at, work), policy.traffic
        )

    async def _run_attempt(
        self, policy: CallPolicy, lane: BulkheadState, ends_at: float, work: Callable[[], Awaitable[T]]
    ) -> T:
        seconds = min(policy.attempt, ends_at - self._shared.clock.monotonic())
        if seconds <= 0:
            raise Crowded(self._source, "deadline_exceeded")
        asked = False
        try:
            async with asyncio.timeout(seconds), lane.place(policy.breaker):
                asked = True
                count_call(self._source)
                return await work()
        except TimeoutError as error:
            if not asked:
                raise Crowded(self._source, "crowded") from error
            if seconds < policy.attempt / 2:  # too little time to judge the system by
                raise NotAsked(self._source, "timed_out") from error
            raise Unavailable(self._source, "timed_out") from error

    def _retry_loop(self, policy: CallPolicy, lane: BulkheadState, ends_at: float) -> tenacity.AsyncRetrying:
        clock = self._shared.clock

        def may_retry(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            if not isinstance(error, Unavailable) or isinstance(error, CircuitOpen) or not policy.repeatable:
                return False
            if (error.retry_after or 0) > LONGEST_RETRY_AFTER or state.attempt_number >= policy.attempts:
                return False
            return lane.budget.spend()

        return tenacity.AsyncRetrying(
            stop=lambda state: clock.monotonic() + state.upcoming_sleep >= ends_at,
            wait=_WAIT,
            retry=may_retry,
            sleep=clock.sleep,
            reraise=True,
        )

    def _note(self, policy: CallPolicy, started: float, error: RemoteError | None) -> None:
        clock, monitor = self._shared.clock, self._shared.monitor
        now, seconds = clock.now(), clock.monotonic() - started
        if isinstance(error, NotLetIn) and not error.alarmed:
            error.alarmed = True
            monitor.record_not_let_in(self._source, policy.name, error.code)
        elif isinstance(error, IntegrityFailure) and not error.alarmed:
            error.alarmed = True
            monitor.record_integrity_failure(self._source, policy.name, error.code)
        if isinstance(error, NotAsked) and not isinstance(error, CircuitOpen):
            monitor.record_not_asked(self._source, policy.name, seconds)
        elif isinstance(error, Unavailable | Garbled):
            monitor.record_failure(self._source, policy.name, now, seconds, error.retry_after)
        else:
            monitor.record_success(self._source, policy.name, now, seconds)
