"""The last outcomes of each outside system, for the status page, `Query.sources` and metrics."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.kernel import Source, SourceState

log = structlog.get_logger(__name__)

CallObserver = Callable[[Source, str, str, float], None]
"""Called with every remote call: source, policy name, outcome, seconds.

Outcomes are answered, failed and not_asked; integrity and not_let_in are reported in addition to one of them.
"""

PROBE_AFTER = timedelta(seconds=30)
"""A system that nobody has asked for so long is tried again: it may have gone away since."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The last we know of one system.

    `state` is what the last call found, of this process or, where it made none, of another one; DOWN also where the
    system takes no connections since. Before the first call it is whether it takes connections, and None where it was
    not tried either, as for a system that asks us.
    """

    source: Source
    configured: bool
    state: SourceState | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    retry_after: float | None


Key = tuple[Source, str]
"""A source, and the name of one system among several of it; empty where the source is one system."""


class SourceMonitor:
    """The last outcome of every system in this process, and what others reported of those that it does not ask.

    Of a source with several systems each has its own status: that one is down says nothing of the others.
    """

    def __init__(self, configured: Iterable[Source], observer: CallObserver | None = None) -> None:
        self._configured = frozenset(configured)
        self._registered: frozenset[Source] = frozenset()
        self._observer = observer
        self._success: dict[Key, datetime] = {}
        self._failure: dict[Key, tuple[datetime, float | None]] = {}
        self._reached: dict[Source, tuple[bool, datetime]] = {}
        self._reported: Mapping[Key, tuple[datetime | None, datetime | None]] = {}
        self.integrity_failures: dict[tuple[Source, str], int] = {}

    def record_success(self, source: Source, policy: str, at: datetime, seconds: float, *, system: str = "") -> None:
        """A usable answer came, which may be a refusal."""
        self._success[source, system] = at
        self._observe(source, policy, "answered", seconds)

    def record_failure(
        self,
        source: Source,
        policy: str,
        at: datetime,
        seconds: float,
        retry_after: float | None,
        *,
        system: str = "",
    ) -> None:
        """No usable answer came."""
        self._failure[source, system] = (at, retry_after)
        self._observe(source, policy, "failed", seconds)

    def record_reachability(self, source: Source, at: datetime, *, reachable: bool) -> None:
        """Whether it accepts connections."""
        self._reached[source] = (reachable, at)

    def take_reports(
        self, reports: Mapping[Key, tuple[datetime | None, datetime | None]], registered: Iterable[Source] = ()
    ) -> None:
        """When each system last answered another process and when it last did not, in place of what was told before.

        `registered` are connected by rows of the store and not by settings.
        """
        self._reported, self._registered = reports, frozenset(registered)

    def is_probe_due(self, source: Source, now: datetime) -> bool:
        """Whether to try if it takes connections: where no call has told, or its last answer or try was long ago.

        That a system which failed a call takes connections would prove nothing.
        """
        success, failure = self._success.get((source, "")), self._failure.get((source, ""))
        if success is None or (failure is not None and failure[0] > success):
            return success is None and failure is None
        reachable, tried_at = self._reached.get(source, (True, success))
        return not reachable or now - max(success, tried_at) >= PROBE_AFTER

    def record_not_asked(self, source: Source, policy: str, seconds: float) -> None:
        """The call was not made, or was cut short by its request; the system's state is not touched."""
        self._observe(source, policy, "not_asked", seconds)

    def record_integrity_failure(self, source: Source, policy: str, code: str) -> None:
        """A signature, HMAC or owner was wrong: somebody must look."""
        self.integrity_failures[source, policy] = self.integrity_failures.get((source, policy), 0) + 1
        log.error("integrity_failure", source=source.value, call=policy, code=code)
        self._observe(source, policy, "integrity", 0.0)

    def record_not_let_in(self, source: Source, policy: str, code: str) -> None:
        """The system says that our own key, subscription or configuration is wrong: somebody must look."""
        log.error("not_let_in", source=source.value, call=policy, code=code)
        self._observe(source, policy, "not_let_in", 0.0)

    def _observe(self, source: Source, policy: str, outcome: str, seconds: float) -> None:
        if self._observer is not None:
            self._observer(source, policy, outcome, seconds)

    def statuses(self) -> list[SourceStatus]:
        """Every system of the list, in its order."""
        return [self.status_of(source) for source in Source if source is not Source.STORE]

    def status_of(self, source: Source, system: str = "") -> SourceStatus:
        """One system, or with its name one of several of the source."""
        success = self._success.get((source, system))
        failure, retry_after = self._failure.get((source, system), (None, None))
        if success is None and failure is None:
            success, failure = self._reported.get((source, system), (None, None))
        state: SourceState | None = None
        reachable, tried_at = (None, None) if system else self._reached.get(source, (None, None))
        if success is not None and (failure is None or success >= failure):
            closed_since = reachable is False and tried_at is not None and tried_at > success
            state = SourceState.DOWN if closed_since else SourceState.LIVE
        elif failure is not None:
            state = SourceState.DOWN
        elif reachable is not None:
            state = SourceState.LIVE if reachable else SourceState.DOWN
        shown = retry_after if state is SourceState.DOWN else None
        connected = source in self._configured or source in self._registered
        return SourceStatus(source, connected, state, success, failure, shown)
