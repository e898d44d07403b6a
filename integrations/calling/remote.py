"""The one resilient HTTP caller that every adapter uses.

Order, outermost first: request deadline, cached answers and single flight, retry, circuit breaker, bulkhead,
limiter, one HTTP call with total time-out, body cap and the content type checked (ADR 0016).
Redirects are not followed; where a call may go is guarded below the transport (integrations/calling/ssrf_guard.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypedDict, TypeVar, Unpack

import httpx
import tenacity
from tenacity import RetryCallState

from domain.kernel import Clock, Source, Sourced
from integrations.calling.answers import Answer, retry_after_seconds
from integrations.calling.breakers import CircuitOpen
from integrations.calling.cache import Codec
from integrations.calling.calls import count_call
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
from integrations.calling.http_transport import CertificateRefused, ServerNotTrusted
from integrations.calling.limiter import BulkheadState
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.resilience import Resilience
from integrations.calling.streams import Body, Limits, read_whole
from integrations.calling.transport import Client

__all__ = ["Answer", "Body", "Codec", "Remote", "Resilience", "retry_after_seconds"]

T = TypeVar("T")
CERTIFICATE_REFUSED = "certificate_refused"
LONGEST_RETRY_AFTER = 5.0
"""Seconds; a partner that asks for a longer wait is not asked again for this request."""

_WAIT = tenacity.wait_random_exponential(multiplier=0.1, max=1)
"""Full jitter: anything up to 0.1 s, 0.2 s, 0.4 s ... and at most 1 s."""


class Crowded(NotAsked):
    """The call found no place, or had no time left to begin; nothing was sent."""


class Parts(TypedDict, total=False):
    """The parts of a request. A callable `content` is made anew for each attempt.

    `group` is the breaker group where the policy leaves it to the call. `judge` reads the answer and may
    raise; an Unavailable of it is tried again where the policy lets calls be repeated.
    """

    headers: Mapping[str, str] | None
    params: Mapping[str, str] | None
    json: Any
    form: Mapping[str, str] | None
    content: bytes | Callable[[], bytes] | None
    group: str
    judge: Callable[[Answer], None] | None


@dataclass(slots=True)
class _Call:
    """One logical call on its way.

    `lost` once an attempt may have arrived without an answer of use; `unknown` once it could not be learnt
    whether it did, so that nothing may be repeated.
    """

    policy: CallPolicy
    method: str
    url: str
    parts: Parts
    group: str
    lane: BulkheadState
    ends_at: float
    confirm: Callable[[], Awaitable[bool]] | None
    lost: Unavailable | Garbled | None = None
    unknown: bool = False
    streamed: bool = False
    body: Body | None = None


class Remote:
    """One outside system at one origin. Paths are relative to `base_url`; redirects are never followed."""

    def __init__(self, source: Source, base_url: str, *, client: Client, shared: Resilience) -> None:
        self.source = source
        self._base_url = base_url.rstrip("/")
        self._client = client
        self._shared = shared
        self._lanes: dict[Bulkhead, BulkheadState] = {}

    @property
    def clock(self) -> Clock:
        """The clock of this process, for what a partner wants dated."""
        return self._shared.clock

    async def send(self, policy: CallPolicy, method: str, path: str, **parts: Unpack[Parts]) -> Answer:
        """Ask, and return the answer that `judge` let pass.

        Raises Unavailable after the last attempt, and whatever `judge` raises.
        """
        answer = await self._run_call(self._call(policy, method, path, parts, None))
        if answer is None:
            raise RuntimeError("only a confirmed call has no answer")
        return answer

    async def stream(self, policy: CallPolicy, method: str, path: str, **parts: Unpack[Parts]) -> Body:
        """As `send`, but the body of a 200 is left to be passed on (close it); `judge` reads the other answers.

        Only what comes before the body is tried again. How the body ended is noted for the system as for a call.
        """
        call = self._call(policy, method, path, parts, None)
        call.streamed = True
        await self._run_call(call)
        if call.body is None:
            raise RuntimeError("an answer that was let pass has a body")
        return call.body

    async def send_once(
        self,
        policy: CallPolicy,
        method: str,
        path: str,
        *,
        confirm: Callable[[], Awaitable[bool]],
        **parts: Unpack[Parts],
    ) -> Answer | None:
        """Send a write that carries a key; None where `confirm` found that an earlier attempt had arrived.

        After a lost or garbled answer `confirm` asks the partner whether it has the key: before each repeat,
        and once more before giving up. Where that cannot be learnt, the loss is reported and nothing is repeated.
        """
        return await self._run_call(self._call(policy, method, path, parts, confirm))

    async def fetch_cached(
        self,
        policy: CallPolicy,
        key: tuple[str, ...],
        load: Callable[[], Awaitable[T]],
        codec: Codec[T],
        whole: Callable[[T], bool] | None = None,
    ) -> Sourced[T]:
        """A cached answer or a loaded one, as the policy's freshness says.

        `key` begins with whom the answer is of. What is not `whole`, such as a part of a list, is not cached.
        A garbled answer is covered by an old copy as silence is; one that fails its integrity check is not.
        """
        self._shared.gate.admit_cached(self.source, self._shared.clock.now())

        async def load_with_alarms() -> T:
            with self.raise_alarms(policy):
                return await load()

        return await self._shared.kept.get(policy, key, load_with_alarms, codec, whole)

    def admit(self, *, writes: bool = False) -> None:
        """Raise SwitchedOff where a switch holds calls back; for what a browser is sent to without a call of ours."""
        self._shared.gate.admit(self.source, self._shared.clock.now(), writes=writes)

    async def forget(self, policy: CallPolicy, key: tuple[str, ...]) -> None:
        """Drop a cached answer."""
        await self._shared.kept.forget(policy, key)

    @contextmanager
    def raise_alarms(self, policy: CallPolicy) -> Iterator[None]:
        """Raise the alarm for an IntegrityFailure or a NotLetIn that comes through, once."""
        try:
            yield
        except NotLetIn as error:
            if not error.alarmed:
                error.alarmed = True
                self._shared.monitor.record_not_let_in(self.source, policy.name, error.code)
            raise
        except IntegrityFailure as error:
            self._raise_integrity_alarm(policy, error)
            raise

    def _raise_integrity_alarm(self, policy: CallPolicy, error: IntegrityFailure) -> None:
        if not error.alarmed:
            error.alarmed = True
            self._shared.monitor.record_integrity_failure(self.source, policy.name, error.code)

    def _call(
        self,
        policy: CallPolicy,
        method: str,
        path: str,
        parts: Parts,
        confirm: Callable[[], Awaitable[bool]] | None,
    ) -> _Call:
        self.admit(writes=policy.writes)
        group = parts.get("group") or ("" if policy.group_is_named else policy.breaker)
        if policy.group_is_named and not group:
            raise ValueError(f"{policy.name} names its breaker group with each call")
        lane = self._lanes.get(policy.lane)
        if lane is None:
            lane = self._lanes[policy.lane] = BulkheadState(policy.lane, self._shared.clock)
        clock = self._shared.clock
        ends_at = clock.monotonic() + share(clock, policy.total, policy.priority)
        return _Call(policy, method, self._base_url + path, parts, group, lane, ends_at, confirm)

    async def _run_call(self, call: _Call) -> Answer | None:
        started = self._shared.clock.monotonic()
        call.lane.budget.earn()
        try:
            with self.raise_alarms(call.policy):
                answer = await self._with_retries(call)
        except RemoteError as error:
            self._note(call.policy, started, error)
            raise
        self._note(call.policy, started, None)
        return answer

    async def _with_retries(self, call: _Call) -> Answer | None:
        try:
            return await self._attempt(call)
        except Unavailable as error:
            if not _may_be_repeated(call, error, 1):  # an open circuit is refused without the cost of a retry
                return await self._given_up(call, error)
            first: Unavailable | None = error
        except Garbled as error:
            return await self._given_up(call, error)

        async def next_attempt() -> Answer | None:
            nonlocal first
            if first is not None:  # the first attempt is made already; tenacity judges it like the others
                error, first = first, None
                raise error
            return await self._attempt(call)

        try:
            return await self._retry_loop(call)(next_attempt)
        except (Unavailable, Garbled) as error:
            return await self._given_up(call, error)

    async def _attempt(self, call: _Call) -> Answer | None:
        if await self._has_arrived(call):
            return None
        try:
            return await self._shared.breakers.call(
                self.source, call.group, lambda: self._run_attempt(call), call.policy.traffic, begins=call.streamed
            )
        except (Unavailable, Garbled) as error:
            if not isinstance(error, NeverSent | CircuitOpen | Crowded):
                call.lost = error
            raise

    async def _has_arrived(self, call: _Call) -> bool:
        """Whether a write whose answer was lost is there; raises the loss where that cannot be learnt."""
        if call.lost is None or call.confirm is None:
            return False
        try:
            return await call.confirm()
        except (Unavailable, Garbled):
            call.unknown = True
            raise call.lost from None

    async def _given_up(self, call: _Call, error: Unavailable | Garbled) -> Answer | None:
        """Before a loss is reported, ask once more whether the write arrived."""
        if not call.unknown and await self._has_arrived(call):
            return None
        raise error

    def _retry_loop(self, call: _Call) -> tenacity.AsyncRetrying:
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

    async def _run_attempt(self, call: _Call) -> Answer:
        policy = call.policy
        seconds = min(policy.attempt, call.ends_at - self._shared.clock.monotonic())
        if seconds <= 0:
            raise Crowded(self.source, "deadline_exceeded")
        asked = False
        try:
            async with asyncio.timeout(seconds), AsyncExitStack() as held:
                await held.enter_async_context(call.lane.place(call.group))
                asked = True
                count_call(self.source)
                answer = await self._exchange(call, held)
        except TimeoutError as error:
            raise self._timed_out(policy, seconds, asked=asked) from error
        except httpx.PoolTimeout as error:
            raise Crowded(self.source, "crowded") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._never_sent(error, policy) from error
        except httpx.HTTPError as error:
            raise Unavailable(self.source, "connection_lost") from error
        if call.body is not None:
            return answer
        self._check(policy, answer)
        judge = call.parts.get("judge")
        if judge is not None:
            judge(answer)
        return answer

    def _timed_out(self, policy: CallPolicy, seconds: float, *, asked: bool) -> Unavailable:
        """A system is judged by a time-out only where it had at least half of the time that the policy gives."""
        if not asked:
            return Crowded(self.source, "crowded")
        if seconds < policy.attempt / 2:
            return NotAsked(self.source, "timed_out")
        return Unavailable(self.source, "timed_out")

    def _request(self, call: _Call) -> httpx.Request:
        parts = call.parts
        content = parts.get("content")
        return self._client.request(
            call.method,
            call.url,
            headers=dict(parts.get("headers") or {}),
            params=parts.get("params"),
            json=parts.get("json"),
            form=parts.get("form"),
            content=content() if callable(content) else content,
            repeatable=call.policy.repeatable and not call.policy.keyed,
            patience=call.policy.attempt,
        )

    async def _exchange(self, call: _Call, held: AsyncExitStack) -> Answer:
        response = await self._client.send(self._request(call))
        names = {name.lower(): value for name, value in response.headers.items()}
        limits = Limits(self.source, call.policy.body_limit, call.policy.total)
        head = Answer(response.status_code, names, b"", self._shared.clock.now())
        try:
            if call.streamed and head.status == 200:
                self._check(call.policy, head)
                if head.media_type in call.policy.accepts:
                    call.body = self._open_body(call, head, response, limits, held)
                    return head
            return replace(head, content=await read_whole(response, limits), at=self._shared.clock.now())
        finally:
            if call.body is None:
                await response.aclose()

    def _open_body(
        self, call: _Call, head: Answer, response: httpx.Response, limits: Limits, held: AsyncExitStack
    ) -> Body:
        started = self._shared.clock.monotonic()

        def note_end(error: RemoteError | None) -> None:
            if isinstance(error, IntegrityFailure):
                self._raise_integrity_alarm(call.policy, error)
            self._shared.breakers.settle(self.source, call.group, error)
            self._note(call.policy, started, error)

        return Body(head, response, limits, held.pop_all(), self._shared.clock, note_end)

    def _check(self, policy: CallPolicy, answer: Answer) -> None:
        """Refuse what no adapter may read: redirects, packed bodies, statuses of trouble, other content types."""
        if 300 <= answer.status < 400:
            raise Garbled(self.source, "redirected")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Garbled(self.source, "encoded_body")
        if answer.status in policy.retry_statuses:
            raise Unavailable(self.source, f"http_{answer.status}", retry_after=retry_after_seconds(answer))
        if answer.status >= 300 or not answer.content or answer.media_type in policy.accepts:
            return
        if answer.media_type == "text/html":  # a portal that is down, or a page for signing in
            raise Unavailable(self.source, "html_page")
        raise Garbled(self.source, "media_type")

    def _never_sent(self, error: httpx.ConnectError | httpx.ConnectTimeout, policy: CallPolicy) -> NeverSent:
        """What a connection that failed means; that our certificate is not taken raises the alarm too."""
        if isinstance(error, CertificateRefused):
            self._shared.monitor.record_not_let_in(self.source, policy.name, CERTIFICATE_REFUSED)
            return CertificateNotTaken(self.source, CERTIFICATE_REFUSED)
        if isinstance(error, ServerNotTrusted):
            return NeverSent(self.source, "server_not_trusted")
        return NeverSent(self.source, "connection_failed")

    def _note(self, policy: CallPolicy, started: float, error: RemoteError | None) -> None:
        now, seconds = self._shared.clock.now(), self._shared.clock.monotonic() - started
        if isinstance(error, NotAsked) and not isinstance(error, CircuitOpen):
            self._shared.monitor.record_not_asked(self.source, policy.name, seconds)
        elif isinstance(error, Unavailable | Garbled):
            self._shared.monitor.record_failure(self.source, policy.name, now, seconds, error.retry_after)
        else:
            self._shared.monitor.record_success(self.source, policy.name, now, seconds)


def _may_be_repeated(call: _Call, error: BaseException | None, attempt: int) -> bool:
    """Whether a failed attempt, the first or a later one, may be followed by another, if the budget allows it."""
    if not isinstance(error, Unavailable) or isinstance(error, CircuitOpen | CertificateNotTaken) or call.unknown:
        return False
    if (error.retry_after or 0) > LONGEST_RETRY_AFTER or attempt >= call.policy.attempts:
        return False
    return call.policy.repeatable or isinstance(error, NeverSent)
