"""The one resilient HTTP caller that every adapter uses.

A call goes through cached answers and single flight, then through integrations/calling/guarded_calls.py. An attempt is
one HTTP call with a body cap, whose content type is checked (ADR 0016). Redirects are not followed; where a call may go
is guarded below the transport (integrations/calling/ssrf_guard.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any, TypedDict, TypeVar, Unpack, cast

import httpx

from domain.kernel import Clock, Source, Sourced
from domain.kernel.tracing import current_trace
from integrations.calling.answers import Answer, read_as, retry_after_seconds
from integrations.calling.cache import Codec
from integrations.calling.errors import CertificateNotTaken, Garbled, NeverSent, Unavailable
from integrations.calling.guarded_calls import Confirm, Crowded, GuardedCalls, Resilience, Work
from integrations.calling.http_transport import CertificateRefused, ServerNotTrusted
from integrations.calling.policies import CallPolicy
from integrations.calling.streams import Body, Limits, read_whole
from integrations.calling.transport import PROBE_HOLDS, Client, RecentProbe

__all__ = ["Answer", "Body", "Codec", "Remote", "Resilience", "never_arrived", "retry_after_seconds"]

T = TypeVar("T")
CERTIFICATE_REFUSED = "certificate_refused"


class Parts(TypedDict, total=False):
    """The parts of a request. Callable `headers` and `content` are made anew for each attempt.

    `group` is the breaker group where the policy leaves it to the call. `judge` reads the answer and may
    raise; an Unavailable of it is tried again where the policy lets calls be repeated.
    """

    headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None
    params: Mapping[str, str] | None
    json: Any
    form: Mapping[str, str] | None
    content: bytes | Callable[[], bytes] | None
    group: str
    judge: Callable[[Answer], None] | None


class Remote:
    """One outside system at one origin. Paths are relative to `base_url`; redirects are never followed."""

    def __init__(
        self, source: Source, base_url: str, *, client: Client, shared: Resilience, probe: RecentProbe | None = None
    ) -> None:
        self.source = source
        self._probe = probe
        self._base_url = base_url.rstrip("/")
        self._client = client
        self._shared = shared
        self._calls = GuardedCalls(source, shared)

    @property
    def base_url(self) -> str:
        """Where the system is reached, without a slash at its end."""
        return self._base_url

    @property
    def clock(self) -> Clock:
        """The clock of this process, for what a partner wants dated."""
        return self._shared.clock

    async def send(self, policy: CallPolicy, method: str, path: str, **parts: Unpack[Parts]) -> Answer:
        """Ask, and return the answer that `judge` let pass.

        Raises Unavailable after the last attempt, and whatever `judge` raises.
        """
        work = self._work(policy, method, path, parts)
        return cast("Answer", await self._calls.run(policy, work, group=parts.get("group", "")))

    async def ask(
        self, policy: CallPolicy, method: str, path: str, read: Callable[[Answer], T], **parts: Unpack[Parts]
    ) -> T:
        """What `read` makes of the answer, which it judges too: the breaker counts what cannot be read.

        Raises as `send` does, and Garbled or IntegrityFailure for what `read` finds Unreadable or Foreign.
        """
        found: list[T] = []
        await self.send(policy, method, path, **self._reading(read, found, parts))
        return found[-1]

    async def ask_once(
        self,
        policy: CallPolicy,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        confirm: Confirm,
        **parts: Unpack[Parts],
    ) -> T | None:
        """As `ask`, for a write that carries a key; None where `confirm` found that an earlier attempt had arrived."""
        found: list[T] = []
        answer = await self.send_once(policy, method, path, confirm=confirm, **self._reading(read, found, parts))
        return None if answer is None else found[-1]

    async def stream(self, policy: CallPolicy, method: str, path: str, **parts: Unpack[Parts]) -> Body:
        """As `send`, but the body of a 200 is left to be passed on (close it); `judge` reads the other answers.

        Only what comes before the body is tried again. How the body ended is noted for the system as for a call.
        """
        work = self._work(policy, method, path, parts, streamed=True)
        begun = await self._calls.run(policy, work, group=parts.get("group", ""), begins=True)
        if isinstance(begun, Answer):
            raise RuntimeError("an answer that was let pass has a body")  # noqa: TRY004 - a defect of the judge
        return begun

    async def send_once(
        self, policy: CallPolicy, method: str, path: str, *, confirm: Confirm, **parts: Unpack[Parts]
    ) -> Answer | None:
        """Send a write that carries a key; None where `confirm` found that an earlier attempt had arrived."""
        work = self._work(policy, method, path, parts)
        return cast("Answer | None", await self._calls.run_once(policy, work, confirm, group=parts.get("group", "")))

    async def fetch_cached(
        self,
        policy: CallPolicy,
        key: tuple[str, ...],
        load: Callable[[], Awaitable[T]],
        codec: Codec[T],
        whole: Callable[[T], bool] | None = None,
        *,
        anew: bool = False,
    ) -> Sourced[T]:
        """A cached answer or a loaded one, as the policy's freshness says; with `anew` a loaded one alone.

        `key` begins with whom the answer is of. What is not `whole`, such as a part of a list, is not cached.
        A garbled answer is covered by an old copy as silence is; one that fails its integrity check is not.
        """
        self._shared.gate.admit_cached(self.source, self._shared.clock.now(), policy.system)

        async def load_with_alarms() -> T:
            with self.raise_alarms(policy):
                return await load()

        return await self._shared.kept.get(policy, key, load_with_alarms, codec, whole, anew=anew)

    def admit(self, *, writes: bool = False) -> None:
        """Raise SwitchedOff where a switch holds calls back; for what a browser is sent to without a call of ours."""
        self._calls.admit(writes=writes)

    async def admit_visitor(self, policy: CallPolicy, group: str = "") -> None:
        """Let a browser be sent to a page of the system, whose outcome a call by the policy will fetch.

        Raises SwitchedOff; CircuitOpen where that call would not be made now; NeverSent where the system takes no
        connection, which the monitor then knows.
        """
        self.admit()
        self._calls.refuse_open_circuit(policy, group)
        if self._probe is not None and not await self._probe.is_reachable():
            self._shared.monitor.record_reachability(self.source, self.clock.now(), reachable=False)
            raise NeverSent(self.source, "connection_failed", retry_after=PROBE_HOLDS)

    async def forget(self, policy: CallPolicy, key: tuple[str, ...]) -> None:
        """Drop a cached answer."""
        await self._shared.kept.forget(policy, key)

    def raise_alarms(self, policy: CallPolicy) -> AbstractContextManager[None]:
        """Raise the alarm for an IntegrityFailure or a NotLetIn that comes through, once."""
        return self._calls.raise_alarms(policy)

    def _reading(self, read: Callable[[Answer], T], found: list[T], parts: Parts) -> Parts:
        """The parts with a judge that keeps what it reads."""

        def judge_and_keep(answer: Answer) -> None:
            found[:] = [read_as(self.source, read, answer)]

        return {**parts, "judge": judge_and_keep}

    def _work(
        self, policy: CallPolicy, method: str, path: str, parts: Parts, *, streamed: bool = False
    ) -> Work[Answer | Body]:
        """One HTTP call: its answer whole and judged, or where it is `streamed` the body of a good one."""

        async def exchange(held: AsyncExitStack) -> Answer | Body:
            try:
                response = await self._client.send(self._request(policy, method, path, parts))
                begun = await self._receive(policy, response, parts.get("group", ""), held if streamed else None)
            except httpx.PoolTimeout as error:
                raise Crowded(self.source, "crowded") from error
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise self._never_sent(error, policy) from error
            except httpx.HTTPError as error:
                raise Unavailable(self.source, "connection_lost") from error
            if isinstance(begun, Answer):
                self._check(policy, begun)
                judge = parts.get("judge")
                if judge is not None:
                    judge(begun)
            return begun

        return exchange

    def _request(self, policy: CallPolicy, method: str, path: str, parts: Parts) -> httpx.Request:
        content, headers, trace = parts.get("content"), parts.get("headers"), current_trace()
        told = trace.headers(self.source.value) if trace else {}
        return self._client.request(
            method,
            self._base_url + path,
            headers={**((headers() if callable(headers) else headers) or {}), **told},
            params=parts.get("params"),
            json=parts.get("json"),
            form=parts.get("form"),
            content=content() if callable(content) else content,
            repeatable=policy.repeatable and not policy.keyed,
            patience=policy.attempt,
        )

    async def _receive(
        self, policy: CallPolicy, response: httpx.Response, group: str, held: AsyncExitStack | None
    ) -> Answer | Body:
        """The answer whole; or, with what is `held` for it, the body of a good one, left to be passed on."""
        names = {name.lower(): value for name, value in response.headers.items()}
        limits = Limits(self.source, policy.body_limit, policy.total)
        head = Answer(response.status_code, names, b"", self._shared.clock.now())
        body: Body | None = None
        try:
            if held is not None and head.status == 200:
                self._check(policy, head)
                if head.media_type in policy.accepts:
                    ended = partial(self._calls.note_end, policy, group, self._shared.clock.monotonic())
                    body = Body(head, response, limits, held.pop_all(), self._shared.clock, ended)
                    return body
            return replace(head, content=await read_whole(response, limits), at=self._shared.clock.now())
        finally:
            if body is None:
                await response.aclose()

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


async def never_arrived() -> bool:
    """The enquiry about a write that changes nothing when it comes again: repeating it is the enquiry."""
    return False
