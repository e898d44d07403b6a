"""The clock of public money: one leader among all workers asks the treasury each minute, and compares books hourly."""

import asyncio
import contextlib

import structlog

from actions.bharat_reports import plan_reports
from actions.environment import Environment
from actions.finance_totals import make_statements
from actions.payment_enquiries import ROUND, ask_due
from actions.reconciliation import reconcile_due
from gateway.leadership import Lead
from store.errors import StoreError

LEASE = "reconciliation"
LEASE_SECONDS = 120.0
LOOK_SECONDS = 60.0
"""How often it is looked whether payments are to be asked for; as long as some are, it goes on without a pause."""
RECONCILE_SECONDS = 3600.0
"""How often it is looked whether a day is still to be compared; the treasury's answers may be owed."""

_log = structlog.get_logger(__name__)


class FinanceClock:
    """Stands for election, and goes round while it leads. Two that went round at once would only do less."""

    def __init__(self, environment: Environment, stopping: asyncio.Event) -> None:
        self._environment = environment
        self._stopping = stopping
        self._lead = Lead(environment, LEASE, LEASE_SECONDS)
        self.compared_at: float | None = None
        """When books were compared last, on the monotonic clock; None before the first time."""

    async def run(self) -> None:
        """Work until stopped, then give the lead back so that another need not wait."""
        while not self._stopping.is_set():
            begun = self._environment.clock.monotonic()
            try:
                await self.tick()
            except StoreError as error:
                _log.warning("store_unavailable", kind=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - one bad round must not stop the worker
                _log.error("finance_round_failed", kind=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, begun + LOOK_SECONDS - self._environment.clock.monotonic())):
                    await self._stopping.wait()
        with contextlib.suppress(StoreError):
            await self.resign()

    async def tick(self) -> bool:
        """Go round once where this one leads; False where another does."""
        if not await self._lead.take():
            return False
        if not await self._ask():
            return False
        now = self._environment.clock.monotonic()
        if self.compared_at is None or now - self.compared_at >= RECONCILE_SECONDS:
            await reconcile_due(self._environment)
            await make_statements(self._environment)
            await plan_reports(self._environment)
            self.compared_at = now
        return True

    async def _ask(self) -> bool:
        """Ask for what is due, up to a minute's part of the hourly number; False where the lead was lost meanwhile.

        It ends early where nothing more is due, the treasury does not answer, or the minute is over: so the books
        are compared in time however many orders are open.
        """
        environment = self._environment
        left = environment.payments.enquiries_an_hour // 60
        ends = environment.clock.monotonic() + LOOK_SECONDS
        while True:
            wanted = min(left, ROUND)
            done = await ask_due(environment, limit=wanted)
            left -= done.asked
            over = self._stopping.is_set() or environment.clock.monotonic() >= ends
            if over or left <= 0 or done.asked < wanted or done.unanswered == done.asked:
                return True
            if not await self._lead.take():
                return False

    async def resign(self) -> None:
        """Give the lead back."""
        await self._lead.resign()
