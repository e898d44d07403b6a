"""What was set aside goes on: an officer looked, and says that it may be sent again."""

from actions.acting import Acting
from domain.payment_files import BatchKind, BatchState, RegistrationState
from domain.policy import Purpose
from store import audit, beneficiaries, beneficiary_endings, payment_batches
from store.beneficiaries import Heard


async def release_set_aside(acting: Acting, what: str) -> int:
    """Let lines go in another batch, in the caller's transaction.

    Those of the batch with a message id, one payment, or one beneficiary whom PFMS would not delete.
    Only lines that were set aside are released, and only what PFMS does not have is ever set aside. Gives how many.
    """
    batch = await payment_batches.named(acting.tx, message=what)
    if batch is None:
        many = await payment_batches.release_set_aside(acting.tx, payment=what)
        many += await beneficiary_endings.try_again(acting.tx, what)
    elif batch.kind is BatchKind.PAYMENT:
        many = await payment_batches.release_set_aside(acting.tx, batch_id=batch.id)
    elif batch.state is BatchState.REJECTED:
        lines = [
            line for line in await beneficiaries.lines(acting.tx, batch.id) if line.state is RegistrationState.SENT
        ]
        await beneficiaries.note(acting.tx, [Heard(line, RegistrationState.RELEASED, None, ()) for line in lines])
        many = len(lines)
    else:
        many = 0
    line = audit.AuditLine(
        acting.subject.label, "payment.released", "PAYMENT_BATCH", what, Purpose.PAY_BENEFIT.value, {"lines": many}
    )
    await audit.append(acting.tx, line)
    return many
