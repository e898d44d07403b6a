"""The one resilient HTTP caller that every adapter uses.

Order, outermost first: request deadline, kept answers and single flight, retry, circuit breaker,
bulkhead, one HTTP call with total time-out and body cap (DESIGN.md section 5).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import tenacity
from tenacity import RetryCallState

from domain.clock import Clock
from domain.sources import Source, Sourced
from integrations.breakers import Breakers, CircuitOpen
from integrations.cache import Codec, KeptAnswers
from integrations.deadline import seconds_left
from integrations.errors import Garbled, IntegrationError, Unavailable
from integrations.monitor import SourceMonitor
from integrations.policies import CallPolicy

__all__ = ["Answer", "Codec", "Remote", "Resilience"]

T = TypeVar("T")
LONGEST_RETRY_AFTER = 5.0
"""Seconds; a partner that asks for a longer wait is not asked again for this request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower-case; `content` is the raw body as sent."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    at: datetime

    @property
    def media_type(self) -> str:
        """The content type without parameters, lower-case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Resilience:
    """What all callers of one process share."""

    clock: Clock
    breakers: Breakers
    kept: KeptAnswers
    monitor: SourceMonitor


class NeverSent(Unavailable):
    """The connection was not made, so nothing can have happened at the other side."""


class Remote:
    """One outside system at one origin. Paths are relative to `base_url`; redirects are never followed."""

    def __init__(
        self, source: Source, base_url: str, *, client: httpx.AsyncClient, shared: Resilience, concurrent: int = 20
    ) -> None:
        self.source = source
        self._base_url = base_url.rstrip("/")
        self._client = client
        self._shared = shared
        self._bulkhead = asyncio.Semaphore(concurrent)
        self._budget = _RetryBudget()

    async def send(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        policy: CallPolicy,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | Callable[[], bytes] | None = None,
        group: str = "",
        judge: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """Ask, and return the answer that `judge` let pass. A callable `content` is made anew for each attempt.

        Raises Unavailable after the last attempt, and whatever `judge` raises; an Unavailable of `judge`
        is tried again where the policy lets calls be repeated.
        """
        sent = {"Accept-Encoding": "identity", **(headers or {})}

        def build() -> httpx.Request:
            body = content() if callable(content) else content
            return self._client.build_request(
                method, self._base_url + path, headers=sent, params=params, json=json, data=form, content=body
            )

        total = seconds_left(self._shared.clock, policy.total)
        started = self._shared.clock.monotonic()

        async def attempt() -> Answer:
            return await self._shared.breakers.call(
                self.source, group, lambda: self._once(policy, build(), started + total, judge)
            )

        try:
            answer: Answer = await self._retrying(policy, total)(attempt)
        except IntegrationError as error:
            self._note(policy, started, error)
            raise
        self._note(policy, started, None)
        return answer

    async def kept(
        self, policy: CallPolicy, key: tuple[str, ...], load: Callable[[], Awaitable[T]], codec: Codec[T]
    ) -> Sourced[T]:
        """A kept answer or a loaded one, as the policy's freshness says."""
        return await self._shared.kept.get(policy, key, load, codec)

    async def forget(self, policy: CallPolicy, key: tuple[str, ...]) -> None:
        """Drop a kept answer."""
        await self._shared.kept.forget(policy, key)

    def _retrying(self, policy: CallPolicy, total: float) -> tenacity.AsyncRetrying:
        def again(error: BaseException) -> bool:
            if not isinstance(error, Unavailable) or isinstance(error, CircuitOpen):
                return False
            if (error.retry_after or 0) > LONGEST_RETRY_AFTER:
                return False
            return (policy.repeatable or isinstance(error, NeverSent)) and self._budget.spend()

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after or 0.0 if isinstance(error, IntegrationError) else 0.0
            return asked + tenacity.wait_random_exponential(multiplier=0.1, max=1)(state)

        self._budget.earn()
        return tenacity.AsyncRetrying(
            stop=tenacity.stop_any(tenacity.stop_after_attempt(policy.attempts), tenacity.stop_before_delay(total)),
            wait=wait,
            retry=tenacity.retry_if_exception(again),
            sleep=self._shared.clock.sleep,
            reraise=True,
        )

    async def _once(
        self, policy: CallPolicy, request: httpx.Request, ends_at: float, judge: Callable[[Answer], None] | None
    ) -> Answer:
        seconds = min(policy.attempt, ends_at - self._shared.clock.monotonic())
        if seconds <= 0:
            raise NeverSent(self.source, "deadline_exceeded")
        try:
            async with asyncio.timeout(seconds), self._bulkhead:
                answer = await self._exchange(policy, request)
        except TimeoutError as error:
            raise Unavailable(self.source, "timed_out") from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NeverSent(self.source, "connection_failed") from error
        except httpx.HTTPError as error:
            raise Unavailable(self.source, "connection_lost") from error
        if answer.status in policy.retry_statuses:
            raise Unavailable(self.source, f"http_{answer.status}", retry_after=retry_after_seconds(answer))
        if judge is not None:
            judge(answer)
        return answer

    async def _exchange(self, policy: CallPolicy, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > policy.body_limit:
                    raise Garbled(self.source, "body_too_large")
        finally:
            await response.aclose()
        if 300 <= response.status_code < 400:
            raise Garbled(self.source, "redirected")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Garbled(self.source, "encoded_body")
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, bytes(body), self._shared.clock.now())

    def _note(self, policy: CallPolicy, started: float, error: IntegrationError | None) -> None:
        now, seconds = self._shared.clock.now(), self._shared.clock.monotonic() - started
        if isinstance(error, Unavailable | Garbled):
            self._shared.monitor.failed(self.source, policy.name, now, seconds, error.retry_after)
        else:
            self._shared.monitor.succeeded(self.source, policy.name, now, seconds)


class _RetryBudget:
    """At most a fifth of the calls may be repeats, and three at any time (RELIABILITY.md section 4)."""

    def __init__(self) -> None:
        self._tokens = 3.0

    def earn(self) -> None:
        self._tokens = min(self._tokens + 0.2, 10.0)

    def spend(self) -> bool:
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def retry_after_seconds(answer: Answer) -> float | None:
    """The Retry-After header in seconds, in either of its forms (RFC 9110 section 10.2.3); None if unusable."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - answer.at).total_seconds()) if text else None
    except (TypeError, ValueError):
        return None
