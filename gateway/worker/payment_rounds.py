"""The worker's jobs for payment files: batch times, sending, and reading answers; any number may run."""

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from actions.kernel import Environment
from actions.payments.payment_answers import fetch_answers, forget_answers
from actions.payments.payment_batches import SEND, batch_round
from actions.payments.pfms_transport_switch import report_disconnected_transports
from actions.payments.registrations import enrol
from gateway.runtime.leadership import Leader
from integrations.calling.errors import RemoteError
from integrations.dbt_finance.pfms import sftp_exchange
from integrations.dbt_finance.pfms.exchange import LARGEST_FILE, SLOWEST
from store.database import StoreError

LEASE, LEASE_SECONDS = "payment-files", 30.0
"""One worker at a time runs the round. Two at once would be correct, only in vain. The lease is short, so
that a dead worker holds nobody up, and is renewed while a round goes on: an answer may take minutes on a slow line."""

_log = structlog.get_logger(__name__)


PAYMENT_LONGEST: Mapping[str, float] = {SEND: 2 * sftp_exchange.SEND.total + LARGEST_FILE / SLOWEST}
"""Seconds of the largest file on the slowest line, and as long as a send may take at all for all that comes before."""


class PaymentRounds(Leader[bool]):
    """Runs one round each time; while more answers are ready than one round takes, the next begins at once."""

    def __init__(self, environment: Environment, stopping: asyncio.Event) -> None:
        super().__init__(environment, LEASE, LEASE_SECONDS)
        self._stopping = stopping
        self._more = self._watched = False

    async def run(self) -> None:
        """Run rounds until no more answers are ready, or the worker is to stop."""
        while await self.round() and self._more and not self._stopping.is_set():
            pass

    async def round(self) -> bool:
        """Make batches that are due and take in answers; False where another worker is at it."""
        if self._environment.partners.pfms is None:
            return False
        try:
            return await self.tick() is not None
        finally:
            with contextlib.suppress(StoreError):
                await self.resign()

    async def _round(self) -> bool:
        environment = self._environment
        partner = environment.partners.pfms
        async with self.renew_in_background():
            if not self._watched and partner is not None:  # the settings change with a new process only
                await report_disconnected_transports(environment, partner)
                self._watched = True
            await enrol(environment)
            await batch_round(environment)
            await forget_answers(environment)
            self._more = await self._fetch()
        return True

    async def _fetch(self) -> bool:
        """Process the answers that are ready; returns whether there may be more than one round takes."""
        try:
            settled = await fetch_answers(self._environment)
        except RemoteError as error:
            _log.warning("payment_answers_not_fetched", code=error.code)
            return False
        if settled:
            _log.info("payment_answers_settled", files=settled)
        return settled >= self._environment.rules.payments.files_at_once
