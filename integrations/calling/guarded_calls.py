"""The resilience of every call to an outside system, whatever carries it.

Order, outermost first: kill switch, request deadline, retry with its budget, circuit breaker, bulkhead and limiter,
quota of the day, one attempt with its time-out (ADR 0016). Every outcome is noted for the system. HTTP is in
integrations/calling/remote.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

import tenacity
from tenacity import RetryCallState

from domain.kernel import Clock, Source, SystemClock
from domain.kernel.tracing import Step, span
from integrations.calling.breakers import Breakers, CircuitOpen
from integrations.calling.cache import AnswerCache
from integrations.calling.calls import count_call, outside_call
from integrations.calling.deadline import share
from integrations.calling.errors import (
    CertificateNotTaken,
    Garbled,
    IntegrityFailure,
    NeverSent,
    NotAsked,
    NotLetIn,
    RemoteError,
    Unavailable,
)
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.limiter import BulkheadState
from integrations.calling.monitor import SourceMonitor
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.request_counters import SourceQuotas

T = TypeVar("T")
LONGEST_RETRY_AFTER = 5.0
"""Seconds; a partner that asks for a longer wait is not asked again for this request."""

_WAIT = tenacity.wait_random_exponential(multiplier=0.1, max=1)
"""Full jitter: anything up to 0.1 s, 0.2 s, 0.4 s ... and at most 1 s."""

Work = Callable[[AsyncExitStack], Awaitable[T]]
"""One attempt. What it takes out of the stack, such as its place in the bulkhead, it has to close itself."""

Confirm = Callable[[], Awaitable[bool]]
"""Asks the system whether a write has arrived there."""


@dataclass(frozen=True, slots=True)
class Resilience:
    """What all callers of one process share.

    Clock, breakers, cached answers, what each system did last, the switches, and the quotas of the day.
    """

    clock: Clock
    breakers: Breakers
    kept: AnswerCache
    monitor: SourceMonitor
    gate: KillSwitch = field(default_factory=KillSwitch)
    quotas: SourceQuotas = field(default_factory=lambda: SourceQuotas(SystemClock(), {}, None))


class Crowded(NotAsked):
    """The call found no place, or had no time left to begin; nothing was sent."""


@dataclass(slots=True)
class _Call(Generic[T]):
    """One logical call on its way.

    `lost` once an attempt may have arrived without an answer of use; `unknown` once it could not be learnt
    whether it did, so that nothing may be repeated. `begins` where a success only begins an answer that is read later.
    """

    policy: CallPolicy
    work: Work[T]
    group: str
    lane: BulkheadState
    ends_at: float
    confirm: Confirm | None
    begins: bool
    last_error: Unavailable | Garbled | None = None
    unknown: bool = False


class GuardedCalls:
    """The calls of one outside system. What is run must be safe to repeat where its policy says so."""

    def __init__(self, source: Source, shared: Resilience) -> None:
        self._source = source
        self._shared = shared
        self._lanes: dict[Bulkhead, BulkheadState] = {}

    async def run(self, policy: CallPolicy, work: Work[T], *, group: str = "", begins: bool = False) -> T:
        """What `work` gives, tried as the policy says. Raises the RemoteError of the last attempt.

        `group` is the breaker group where the policy leaves it to the call.
        """
        return cast("T", await self._run_call(self._call(policy, work, group, None, begins=begins)))

    async def run_once(self, policy: CallPolicy, work: Work[T], confirm: Confirm, *, group: str = "") -> T | None:
        """Run a write that carries a key; None where `confirm` found that an earlier attempt had arrived.

        After a lost or garbled answer `confirm` asks the partner whether it has the key: before each repeat,
        and once more before giving up. Where that cannot be learnt, the loss is reported and nothing is repeated.
        """
        return await self._run_call(self._call(policy, work, group, confirm))

    def admit(self, system: str = "", *, writes: bool = False) -> None:
        """Raise SwitchedOff where a switch holds calls back."""
        self._shared.gate.admit(self._source, self._shared.clock.now(), system, writes=writes)

    def refuse_open_circuit(self, policy: CallPolicy, group: str) -> None:
        """Raise CircuitOpen where the breaker would not let a call by the policy through now."""
        wait = self._shared.breakers.open_seconds(self._source, _group_of(policy, group))
        if wait:
            raise CircuitOpen(self._source, "circuit_open", retry_after=wait)

    @contextmanager
    def raise_alarms(self, policy: CallPolicy) -> Iterator[None]:
        """Raise the alarm for an IntegrityFailure or a NotLetIn that comes through, once."""
        try:
            yield
        except (NotLetIn, IntegrityFailure) as error:
            self.raise_alarm(policy, error)
            raise

    def raise_alarm(self, policy: CallPolicy, error: RemoteError | None) -> None:
        """Raise the alarm for an outcome that somebody must look at, unless it was raised already."""
        if not isinstance(error, NotLetIn | IntegrityFailure) or error.alarmed:
            return
        error.alarmed = True
        monitor = self._shared.monitor
        record = monitor.record_not_let_in if isinstance(error, NotLetIn) else monitor.record_integrity_failure
        record(self._source, policy.name, error.code)

    def note_end(self, policy: CallPolicy, group: str, started: float, error: RemoteError | None) -> None:
        """Note how an answer has ended that a call of `run` had only begun."""
        self.raise_alarm(policy, error)
        self._shared.breakers.settle(self._source, _group_of(policy, group), error)
        self._note(policy, started, error)

    def _call(
        self, policy: CallPolicy, work: Work[T], group: str, confirm: Confirm | None, *, begins: bool = False
    ) -> _Call[T]:
        self.admit(policy.system, writes=policy.writes)
        clock = self._shared.clock
        lane = self._lanes.get(policy.lane)
        if lane is None:
            lane = self._lanes[policy.lane] = BulkheadState(policy.lane, clock)
        ends_at = clock.monotonic() + share(clock, policy.total, policy.priority)
        return _Call(policy, work, _group_of(policy, group), lane, ends_at, confirm, begins)

    def _note(self, policy: CallPolicy, started: float, error: RemoteError | None) -> None:
        monitor, clock = self._shared.monitor, self._shared.clock
        now, seconds = clock.now(), clock.monotonic() - started
        if isinstance(error, NotAsked) and not isinstance(error, CircuitOpen):
            monitor.record_not_asked(self._source, policy.name, seconds)
        elif isinstance(error, Unavailable | Garbled):
            monitor.record_failure(self._source, policy.name, now, seconds, error.retry_after, system=policy.system)
        else:
            monitor.record_success(self._source, policy.name, now, seconds, system=policy.system)

    async def _run_call(self, call: _Call[T]) -> T | None:
        async with outside_call():
            started = self._shared.clock.monotonic()
            call.lane.budget.earn()
            try:
                with self.raise_alarms(call.policy), span(Step.CALL, f"{self._source.value} {call.policy.name}"):
                    result = await self._with_retries(call)
            except RemoteError as error:
                self._note(call.policy, started, error)
                raise
            self._note(call.policy, started, None)
            return result

    async def _with_retries(self, call: _Call[T]) -> T | None:
        try:
            return await self._attempt(call)
        except Unavailable as error:
            if not _may_be_repeated(call, error, 1):  # an open circuit is refused without the cost of a retry
                return await self._given_up(call, error)
            first: Unavailable | None = error
        except Garbled as error:
            return await self._given_up(call, error)

        async def next_attempt() -> T | None:
            nonlocal first
            if first is not None:  # the first attempt is made already; tenacity judges it like the others
                error, first = first, None
                raise error
            return await self._attempt(call)

        try:
            return await self._retry_loop(call)(next_attempt)
        except (Unavailable, Garbled) as error:
            return await self._given_up(call, error)

    async def _attempt(self, call: _Call[T]) -> T | None:
        if await self._has_arrived(call):
            return None
        try:
            return await self._shared.breakers.call(
                self._source, call.group, lambda: self._run_attempt(call), call.policy.traffic, begins=call.begins
            )
        except (Unavailable, Garbled) as error:
            if not isinstance(error, NeverSent | CircuitOpen | Crowded):
                call.last_error = error
            raise

    async def _has_arrived(self, call: _Call[T]) -> bool:
        """Whether a write whose answer was lost is there; raises the loss where that cannot be learnt."""
        if call.last_error is None or call.confirm is None:
            return False
        try:
            return await call.confirm()
        except (Unavailable, Garbled):
            call.unknown = True
            raise call.last_error from None

    async def _given_up(self, call: _Call[T], error: Unavailable | Garbled) -> T | None:
        """Before a loss is reported, ask once more whether the write arrived."""
        if not call.unknown and await self._has_arrived(call):
            return None
        raise error

    def _retry_loop(self, call: _Call[T]) -> tenacity.AsyncRetrying:
        clock = self._shared.clock

        def may_retry(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            return _may_be_repeated(call, error, state.attempt_number) and call.lane.budget.spend()

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after or 0.0 if isinstance(error, RemoteError) else 0.0
            return asked + _WAIT(state)

        return tenacity.AsyncRetrying(
            stop=lambda state: clock.monotonic() + state.upcoming_sleep >= call.ends_at,
            wait=wait,
            retry=may_retry,
            sleep=clock.sleep,
            reraise=True,
        )

    async def _run_attempt(self, call: _Call[T]) -> T:
        seconds = min(call.policy.attempt, call.ends_at - self._shared.clock.monotonic())
        if seconds <= 0:
            raise Crowded(self._source, "deadline_exceeded")
        asked = False
        try:
            async with asyncio.timeout(seconds), AsyncExitStack() as held:
                await held.enter_async_context(call.lane.place(call.group))
                quotas = self._shared.quotas
                count_call(self._source, quotas.paise_of(self._source), await quotas.take(self._source))
                asked = True
                with span(Step.ATTEMPT, self._source.value):
                    return await call.work(held)
        except TimeoutError as error:
            raise self._timed_out(call.policy, seconds, asked=asked) from error

    def _timed_out(self, policy: CallPolicy, seconds: float, *, asked: bool) -> Unavailable:
        """A system is judged by a time-out only where it had at least half of the time that the policy gives."""
        if not asked:
            return Crowded(self._source, "crowded")
        if seconds < policy.attempt / 2:
            return NotAsked(self._source, "timed_out")
        return Unavailable(self._source, "timed_out")


def _group_of(policy: CallPolicy, named: str) -> str:
    """The breaker group of a call; raises ValueError where the call has to name it and does not."""
    if policy.group_is_named and not named:
        raise ValueError(f"{policy.name} names its breaker group with each call")
    return named or policy.breaker


def _may_be_repeated(call: _Call[T], error: BaseException | None, attempt: int) -> bool:
    """Whether a failed attempt, the first or a later one, may be followed by another, if the budget allows it."""
    if not isinstance(error, Unavailable) or isinstance(error, CircuitOpen | CertificateNotTaken) or call.unknown:
        return False
    if (error.retry_after or 0) > LONGEST_RETRY_AFTER or attempt >= call.policy.attempts:
        return False
    return call.policy.repeatable or isinstance(error, NeverSent)
