"""Notes which of our payment files PFMS took by the day on which their payments are to be carried out.

A refusal that comes afterwards cannot mean that the file came too late (docs/contracts/dbt_finance.md section 2.6).
"""

from functools import partial

import structlog

from actions.kernel import Environment
from actions.payments.partner import FILE_KINDS
from domain.kernel import ist_date
from domain.payments.files import PaymentFileBatch
from integrations.calling.errors import RemoteError
from integrations.dbt_finance.pfms import Pfms
from store.payments import payment_batches, payment_files

AT_ONCE = 50
"""Files that one round looks for."""
_log = structlog.get_logger(__name__)


async def note_taken_files(env: Environment, partner: Pfms) -> int:
    """Look for the files that went and were not seen taken yet; returns how many were.

    That PFMS cannot be asked stops nothing: it is looked again in the next round, on the same day.
    """
    today, many = ist_date(env.clock.now()), 0
    sent = await env.store.read(lambda tx: payment_batches.sent_not_taken(tx, today, AT_ONCE))
    for batch in sent:
        try:
            taken = await _is_taken(partner, batch)
        except RemoteError as error:
            _log.info("payment_file_not_looked_for", code=error.code)
            return many
        if taken and ist_date(env.clock.now()) <= batch.executes_on:
            await env.store.carry_out(partial(payment_files.note_taken, batch_id=batch.id))
            many += 1
    return many


async def _is_taken(partner: Pfms, batch: PaymentFileBatch) -> bool:
    exchange = partner.exchange_via(batch.way)
    return exchange is not None and await exchange.is_taken(FILE_KINDS[batch.kind], batch.file_name)
