"""Closes a batch: deletes its file when the last line's status is final; its name and hash are retained."""

from collections.abc import Iterable

from actions.kernel import UnitOfWork
from domain.identity.policy import Purpose
from domain.payments.files import BatchState, FileState, PaymentFileBatch
from store.payments import payment_batches, payment_files


async def close_batch(acting: UnitOfWork, batch: PaymentFileBatch, state: BatchState) -> None:
    """Give a batch its last state and destroy its file, in the caller's transaction."""
    await payment_batches.set_state(acting.tx, batch.id, state, closed_at=acting.now)
    destroyed = await payment_batches.destroy_sealed(acting.tx, batch.id)
    await payment_files.settle_outgoing(acting.tx, batch.id, FileState.DESTROYED)
    detail: dict[str, int | str] = {"lines": batch.lines, "destroyed": int(destroyed)}
    await note_batch(acting, batch, f"payment_batch.{state.value.lower()}", detail)


async def close_if_final(acting: UnitOfWork, batch: PaymentFileBatch) -> bool:
    """Close a payment batch of whose lines no money is on its way any more; False where some is."""
    if batch.state in {BatchState.CLOSED, BatchState.REJECTED, BatchState.ABANDONED}:
        return False
    if await payment_batches.has_living(acting.tx, batch.id):
        return False
    await close_batch(acting, batch, BatchState.CLOSED)
    return True


async def close_final_batches(acting: UnitOfWork, batch_ids: Iterable[str]) -> None:
    """Close those of some batches, in the order of their ids, of which no money is on its way any more."""
    for batch_id in sorted(set(batch_ids)):
        batch = await payment_batches.batch(acting.tx, batch_id)
        if batch is not None:
            await close_if_final(acting, batch)


async def note_batch(acting: UnitOfWork, batch: PaymentFileBatch, action: str, detail: dict[str, int | str]) -> None:
    """An audit line about a batch, by the message under which PFMS knows it."""
    await acting.record(action, "PAYMENT_BATCH", batch.message_id, Purpose.PAY_BENEFIT, **detail)
