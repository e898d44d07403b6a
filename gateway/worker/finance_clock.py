"""The finance clock: the leader asks the treasury each minute and reconciles hourly."""

import asyncio

from actions.benefits.bharat_reports import plan_reports
from actions.benefits.payment_enquiries import ROUND, ask_due
from actions.kernel import Environment
from actions.payments.reconciliation import reconcile_due
from actions.reconciliation.finance_totals import make_statements
from gateway.runtime.leadership import Leader

LEASE = "reconciliation"
LEASE_SECONDS = 120.0
LOOK_SECONDS = 60.0
"""How often it checks for payments to enquire about; while there are some, it continues without a pause."""
RECONCILE_SECONDS = 3600.0
"""How often it is looked whether a day is still to be compared; the treasury's answers may be owed."""


class FinanceClock(Leader[bool]):
    """Runs its rounds while it leads. Two at once would only each do less."""

    def __init__(self, environment: Environment, stopping: asyncio.Event) -> None:
        super().__init__(environment, LEASE, LEASE_SECONDS)
        self._stopping = stopping
        self.compared_at: float | None = None
        """When books were compared last, on the monotonic clock; None before the first time."""

    async def _round(self) -> bool | None:
        """Whether it came to its end; None where the lead was lost meanwhile."""
        if not await self._ask():
            return None
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
        left = environment.rules.payments.enquiries_an_hour // 60
        ends = environment.clock.monotonic() + LOOK_SECONDS
        while True:
            wanted = min(left, ROUND)
            done = await ask_due(environment, limit=wanted)
            left -= done.asked
            over = self._stopping.is_set() or environment.clock.monotonic() >= ends
            if over or left <= 0 or done.asked < wanted or done.unanswered == done.asked:
                return True
            if not await self.take():
                return False
