"""The legal clock: the leader's round each hour and at ten past midnight in India."""

from collections.abc import Callable
from datetime import date, timedelta

from actions.appeals.legal_sweep import Swept, sweep
from actions.kernel import Environment
from domain.kernel import ist_date
from gateway.runtime.leadership import Leader

LEASE = "legal-clock"
LEASE_SECONDS = 30.0
RENEW_SECONDS = 10.0
ROUND_SECONDS = 3600.0
AFTER_MIDNIGHT = timedelta(minutes=10)
"""The round of a new day begins at 00:10 in India (docs/contracts/right_to_service.md section 8)."""


class LegalClock(Leader[Swept]):
    """Runs a round once in each hour of leading, each transaction fenced by the lease."""

    def __init__(self, environment: Environment, after_sweep: Callable[[], object] = lambda: None) -> None:
        """`after_sweep` is called after every completed round."""
        super().__init__(environment, LEASE, LEASE_SECONDS)
        self._after_sweep = after_sweep
        self._day: date | None = None
        self._last_round: float | None = None

    async def _round(self) -> Swept | None:
        if not self._is_time():
            return None
        swept = await sweep(self._environment, self._fence)
        # Only a round that came to its end counts: one that was cut off is taken up at the next tick.
        self._day, self._last_round = self._today(), self._environment.clock.monotonic()
        self._after_sweep()
        return swept

    def _is_time(self) -> bool:
        """A new day, also one that the clock stepped to or back to, or an hour since the last round."""
        if self._last_round is None or self._day != self._today():
            return True
        return self._environment.clock.monotonic() - self._last_round >= ROUND_SECONDS

    def _today(self) -> date:
        return ist_date(self._environment.clock.now() - AFTER_MIDNIGHT)
