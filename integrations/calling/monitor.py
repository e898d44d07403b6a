"""The last outcomes of each outside system, for the status page, `Query.sources` and metrics."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.kernel import Source, SourceState

log = structlog.get_logger(__name__)

CallObserver = Callable[[Source, str, str, float], None]
"""Called with every remote call: source, policy name, outcome, seconds.

Outcomes are answered, failed and not_asked; integrity and not_let_in are reported in addition to one of them.
"""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The last we know of one system.

    `state` is what the last call found; before the first one whether it takes connections; None where it was
    not tried either, as for a system that asks us.
    """

    source: Source
    configured: bool
    state: SourceState | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    retry_after: float | None


class SourceMonitor:
    """Remembers the last outcome of every system, in this process."""

    def __init__(self, configured: Iterable[Source], observer: CallObserver | None = None) -> None:
        self._configured = frozenset(configured)
        self._observer = observer
        self._success: dict[Source, datetime] = {}
        self._failure: dict[Source, tuple[datetime, float | None]] = {}
        self._reached: dict[Source, bool] = {}
        self.integrity_failures: dict[tuple[Source, str], int] = {}

    def record_success(self, source: Source, policy: str, at: datetime, seconds: float) -> None:
        """A usable answer came, which may be a refusal."""
        self._success[source] = at
        self._observe(source, policy, "answered", seconds)

    def record_failure(
        self, source: Source, policy: str, at: datetime, seconds: float, retry_after: float | None
    ) -> None:
        """No usable answer came."""
        self._failure[source] = (at, retry_after)
        self._observe(source, policy, "failed", seconds)

    def record_reachability(self, source: Source, *, reachable: bool) -> None:
        """Whether it accepts connections; set only for a system that was not called yet, and cleared once it was."""
        self._reached[source] = reachable

    def was_asked(self, source: Source) -> bool:
        """Whether a call has found anything out about it."""
        return source in self._success or source in self._failure

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
        return [self._status(source) for source in Source if source is not Source.STORE]

    def _status(self, source: Source) -> SourceStatus:
        success = self._success.get(source)
        failure, retry_after = self._failure.get(source, (None, None))
        state: SourceState | None = None
        if success is not None and (failure is None or success >= failure):
            state = SourceState.LIVE
        elif failure is not None:
            state = SourceState.DOWN
        elif source in self._reached:
            state = SourceState.LIVE if self._reached[source] else SourceState.DOWN
        shown = retry_after if state is SourceState.DOWN else None
        return SourceStatus(source, source in self._configured, state, success, failure, shown)
