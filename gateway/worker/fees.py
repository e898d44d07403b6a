"""The worker's jobs for online fees: due enquiries, refunds, and the daily reconciliation."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from actions.fees.fee_enquiries import RECONCILED
from actions.fees.fee_refunds import REFUND, send_refund
from actions.fees.reconciled import log_reconciled
from actions.fees.scrolls import compare_due, compare_wallet
from actions.kernel import Environment

FEE_SECONDS = 5.0
"""How often a worker looks which orders are to be asked about: one read, and nearly always in vain."""
_log = structlog.get_logger(__name__)


async def _refund(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_refund(environment, payload["order_id"])


async def _handle_reconciled(environment: Environment, payload: Mapping[str, str]) -> None:
    await log_reconciled(environment, payload["order_id"])


FEE_HANDLERS: Mapping[str, Callable[[Environment, Mapping[str, str]], Awaitable[None]]] = {
    REFUND: _refund,
    RECONCILED: _handle_reconciled,
}
"""What is done with the topics of fees. Each may run twice with the same message."""


async def reconcile_fees(environment: Environment) -> None:
    """Take the treasury's scrolls that are there by now, and ask CSC about the wallet payments of the days before."""
    scrolls, agreed = await compare_due(environment), await compare_wallet(environment)
    if scrolls or agreed:
        _log.info("fees_reconciled", scrolls=scrolls, wallet_payments=agreed)
