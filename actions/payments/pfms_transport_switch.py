"""Opens a case for files that were sent to PFMS by a transport that is no longer configured.

A file stays with the way on which it was first tried, since PFMS promises nowhere that both show the same folders
(docs/payments.md). It never goes a second time by the other.
"""

from collections.abc import Sequence

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_cases
from domain.kernel import SYSTEM
from domain.payments.files import PaymentFileBatch
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference, SuggestedCause
from integrations.dbt_finance.pfms import Pfms
from store.payments import payment_batches

WAY_GONE = "way_not_connected"
"""The code of a message that cannot go before its way is connected again."""

_log = structlog.get_logger(__name__)


async def report_disconnected_transports(env: Environment, partner: Pfms) -> int:
    """Open a case for each file under way whose way is not connected; returns how many there are."""
    if partner.former is not None:
        return 0
    cut_off = await env.store.read(lambda tx: payment_batches.under_way_by(tx, partner.way.other))
    if cut_off:
        await env.store.carry_out(lambda tx: open_disconnected_cases(UnitOfWork(env, tx, SYSTEM), cut_off))
    return len(cut_off)


async def open_disconnected_cases(acting: UnitOfWork, batches: Sequence[PaymentFileBatch]) -> None:
    """Open the cases, in the caller's transaction."""
    await open_cases(acting, [_case(batch) for batch in batches])
    _log.error("payment_way_not_connected", files=len(batches))


def _case(batch: PaymentFileBatch) -> FinanceDifference:
    return FinanceDifference(
        DifferenceKind.FILE_REFUSED,
        f"file:{batch.file_name}",
        expected=batch.way.value if batch.way else None,
        found=WAY_GONE,
        suggested_cause=SuggestedCause.FILE_NOT_SENT,
    )
