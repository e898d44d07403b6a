"""Sends a batch; looks for its file at PFMS before uploading it a second time.

The names were minted and kept before; the same name never carries other bytes from us, and a payment whose file may
be at PFMS never goes in another (docs/contracts/dbt_finance.md section 10).
"""

from datetime import datetime

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.payments.closing import close_batch, note_batch
from actions.payments.partner import FILE_KINDS, pfms
from actions.payments.pfms_transport_switch import WAY_GONE, open_disconnected_cases
from actions.payments.sealing import content_of
from actions.payments.signers import is_stopped, never_tried
from actions.reconciliation.finance_cases import open_case
from domain.kernel import SYSTEM, Source, ist_date
from domain.payments.files import BatchKind, BatchState, FileState, LineState, PaymentFileBatch, RegistrationState
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from integrations.calling.errors import NotAsked, RemoteError
from integrations.dbt_finance.pfms import Pfms
from integrations.dbt_finance.pfms.exchange import NameTaken
from store.database import NotThere, Transaction, crash_points
from store.payments import beneficiaries, payment_batches, payment_files
from store.payments.beneficiaries import RegistrationAnswer
from store.payments.payment_batches import LineNews

_NOT_SENT = frozenset({BatchState.BUILT, BatchState.SEALED})
_log = structlog.get_logger(__name__)


async def send_batch(env: Environment, batch_id: str) -> None:
    """Sign and send a batch; may be run again at any point, and after any death.

    Raises Unavailable (the outbox asks again), also where it was tried by a way that is not connected any more; and
    FileDiffers where the bytes that were kept are lost and cannot be made again. Other bytes under its name at PFMS
    leave it in doubt, with a case: only an answer ends that.
    """
    partner = pfms(env)
    async with env.store.read_transaction() as tx:
        batch = await payment_batches.batch(tx, batch_id)
        stopped = batch is not None and await is_stopped(tx, partner, batch)
    if batch is None:
        raise NotThere("the batch")
    if batch.state not in _NOT_SENT:
        return
    over = never_tried(batch) and batch.executes_on < ist_date(env.clock.now())
    if over or stopped:
        await env.store.carry_out(lambda tx: _abandon(UnitOfWork(env, tx, SYSTEM), batch.id))
        return
    content = await content_of(env, partner, batch)
    if content is None:
        return
    if await env.store.read(lambda tx: _holds_back(tx, batch.id)) and not await _lies_there(partner, batch):
        await env.store.carry_out(lambda tx: _abandon(UnitOfWork(env, tx, SYSTEM), batch.id))
        return
    now, way = env.clock.now(), partner.way
    first = await env.store.carry_out(lambda tx: payment_batches.start_sending(tx, batch.id, now, way))
    known = batch if first else await _tried_before(env, batch.id)
    if known is not None:
        await _send(env, partner, known, content, begun_at=now if first else None)


async def _holds_back(tx: Transaction, batch_id: str) -> bool:
    """Whether a payment was stopped since its batch was signed, and PFMS certainly has nothing of the batch.

    Then the batch is made anew without that payment, as when somebody died while PFMS could not be reached.
    """
    batch = await payment_batches.batch(tx, batch_id)
    return batch is not None and never_tried(batch) and await payment_batches.has_held(tx, batch_id)


async def _lies_there(partner: Pfms, batch: PaymentFileBatch) -> bool:
    kind, name = FILE_KINDS[batch.kind], batch.file_name
    return any([await each.is_sent(kind, name) for each in partner.exchanges])


async def _send(
    env: Environment, partner: Pfms, batch: PaymentFileBatch, content: bytes, *, begun_at: datetime | None
) -> None:
    """Put the file there; `begun_at` where it is the first attempt, which is none where nothing can have arrived.

    A batch that may have arrived goes out again as it is, whoever died since.
    """
    try:
        await _put_there(env, partner, batch, content, first=begun_at is not None)
    except NameTaken:
        await env.store.carry_out(lambda tx: _in_doubt(UnitOfWork(env, tx, SYSTEM), batch))
        return
    except RemoteError as error:
        if begun_at is not None and error.nothing_arrived:
            await env.store.carry_out(lambda tx: payment_batches.forget_attempt(tx, batch.id, begun_at))
        raise
    crash_points.reach(crash_points.PAYMENT_SENT)
    await env.store.carry_out(lambda tx: _note_sent(UnitOfWork(env, tx, SYSTEM), batch.id))
    crash_points.reach(crash_points.PAYMENT_NOTED)
    _log.info("payment_batch_sent", kind=batch.kind.value, lines=batch.lines, first=begun_at is not None)


async def _put_there(env: Environment, partner: Pfms, batch: PaymentFileBatch, content: bytes, *, first: bool) -> None:
    """Put the file there by the way on which it was tried before, whatever the settings say now.

    Raises NotAsked, after a case was opened, where that way is not connected. Of what an old release tried nobody
    noted the way: before it goes by the present one, every way that is connected is asked.
    """
    kind, name = FILE_KINDS[batch.kind], batch.file_name
    exchange = partner.exchange if first else partner.exchange_via(batch.way)
    if exchange is None:
        await env.store.carry_out(lambda tx: open_disconnected_cases(UnitOfWork(env, tx, SYSTEM), [batch]))
        raise NotAsked(Source.PFMS, WAY_GONE)
    asked = (exchange,) if batch.way is not None else partner.exchanges
    if first or not any([await each.is_sent(kind, name) for each in asked]):
        await exchange.send(kind, name, content)


async def _tried_before(env: Environment, batch_id: str) -> PaymentFileBatch | None:
    """The batch as it was tried, with its way; None where another worker brought it to an end meanwhile."""
    batch = await env.store.read(lambda tx: payment_batches.batch(tx, batch_id))
    return batch if batch is not None and batch.state in _NOT_SENT else None


async def _note_sent(acting: UnitOfWork, batch_id: str) -> None:
    """Unless its answer was quicker."""
    batch = await payment_batches.batch(acting.tx, batch_id)
    if batch is None or batch.state not in _NOT_SENT:
        return
    await payment_batches.set_state(acting.tx, batch_id, BatchState.SENT, sent_at=acting.now)
    await payment_files.settle_outgoing(acting.tx, batch_id, FileState.SENT)
    await note_batch(acting, batch, "payment_batch.sent", {"lines": batch.lines})


async def _in_doubt(acting: UnitOfWork, batch: PaymentFileBatch) -> None:
    present = await payment_batches.batch(acting.tx, batch.id)
    if present is None or present.state not in _NOT_SENT:
        return
    await payment_batches.set_state(acting.tx, batch.id, BatchState.IN_DOUBT)
    await note_batch(acting, batch, "payment_batch.in_doubt", {"lines": batch.lines})
    difference = FinanceDifference(
        DifferenceKind.FILE_NAME_REUSED,
        f"file:{batch.file_name}",
        expected=(present.digest or "")[:16],
        found="other content lies at PFMS",
    )
    await open_case(acting, difference)
    _log.error("payment_file_name_taken", kind=batch.kind.value)


async def _abandon(acting: UnitOfWork, batch_id: str) -> None:
    """A batch that certainly never went and must not go: for its day, for its signer, or for who was stopped since.

    Its lines go in another, as far as nothing holds them back.
    """
    batch = await payment_batches.batch(acting.tx, batch_id)
    if batch is None or not never_tried(batch):
        return
    await free_lines(acting.tx, batch)
    await close_batch(acting, batch, BatchState.ABANDONED)


async def free_lines(tx: Transaction, batch: PaymentFileBatch) -> int:
    """Release the lines of a batch that PFMS does not have for another batch; returns how many."""
    if batch.kind is BatchKind.PAYMENT:
        return await payment_batches.release(tx, batch.id)
    lines = [line for line in await beneficiaries.lines(tx, batch.id) if line.state is RegistrationState.SENT]
    await beneficiaries.note(tx, [RegistrationAnswer(line, RegistrationState.RELEASED, None, ()) for line in lines])
    return len(lines)


async def hold_lines(acting: UnitOfWork, batch: PaymentFileBatch) -> None:
    """Set aside what was released from a payment batch that PFMS took after all, in the caller's transaction.

    A batch that has one of these payments now and certainly never went is given up for it; what went stays.
    """
    gone = [each for each in await payment_batches.lines(acting.tx, batch.id) if each.state is LineState.RELEASED]
    names = [line.end_to_end_id for line in gone]
    elsewhere = await payment_batches.lines_known_by(acting.tx, names)
    for other in sorted({line.batch_id for line in elsewhere.values() if line.state is LineState.BUILT}):
        await _abandon(acting, other)
    present = await payment_batches.lines_known_by(acting.tx, names)
    free = [line for line in gone if present[line.end_to_end_id].state is LineState.RELEASED]
    await payment_batches.note(acting.tx, [LineNews(line, LineState.SET_ASIDE) for line in free])
