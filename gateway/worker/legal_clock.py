"""The clock worker: one leader among all workers goes round hourly, and at ten past midnight in India."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import date, timedelta

import structlog

from actions.environment import Environment
from actions.legal_sweep import Swept, sweep
from domain.clock import ist_date
from gateway.leadership import Lead
from store.engine import Transaction
from store.errors import StoreError

LEASE = "legal-clock"
LEASE_SECONDS = 30.0
RENEW_SECONDS = 10.0
ROUND_SECONDS = 3600.0
AFTER_MIDNIGHT = timedelta(minutes=10)
"""The round of a new day begins at 00:10 in India (docs/contracts/right_to_service.md section 8)."""

_log = structlog.get_logger(__name__)


class LostTheLead(Exception):
    """Another worker leads; the transaction in which it showed is rolled back."""


class LegalClock:
    """Stands for election, and goes round while it leads. Any number may run, on one store or many machines."""

    def __init__(
        self, environment: Environment, stopping: asyncio.Event, swept: Callable[[], object] = lambda: None
    ) -> None:
        """`swept` is told of every round that came to its end."""
        self._told = swept
        self._environment = environment
        self._stopping = stopping
        self._lead = Lead(environment, LEASE, LEASE_SECONDS)
        self._day: date | None = None
        self._last_round: float | None = None

    @property
    def leads(self) -> bool:
        """Whether this one had the lead when it last asked."""
        return self._lead.lease is not None

    async def run(self) -> None:
        """Work until stopped, then give the lead back so that another need not wait."""
        while not self._stopping.is_set():
            try:
                await self.tick()
            except StoreError as error:
                _log.warning("store_unavailable", kind=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_SECONDS):
                    await self._stopping.wait()
        with contextlib.suppress(StoreError):
            await self.resign()

    async def tick(self) -> Swept | None:
        """Take or keep the lead, and go round if it is time; None where nothing was to be done."""
        if not await self._lead.take() or not self._is_time():
            return None
        try:
            swept = await sweep(self._environment, self._fence)
        except LostTheLead:
            _log.info("legal_clock_lost_the_lead")
            self._lead.lease = None
            return None
        # Only a round that came to its end counts: one that was cut off is taken up at the next tick.
        self._day, self._last_round = self._today(), self._environment.clock.monotonic()
        self._told()
        return swept

    async def resign(self) -> None:
        """Give the lead back."""
        await self._lead.resign()

    async def _fence(self, tx: Transaction) -> None:
        """Renew in the transaction of the work itself: it fails where the lead has passed on."""
        if not await self._lead.renewed(tx):
            raise LostTheLead

    def _is_time(self) -> bool:
        """A new day, also one that the clock stepped to or back to, or an hour since the last round."""
        if self._last_round is None or self._day != self._today():
            return True
        return self._environment.clock.monotonic() - self._last_round >= ROUND_SECONDS

    def _today(self) -> date:
        return ist_date(self._environment.clock.now() - AFTER_MIDNIGHT)
