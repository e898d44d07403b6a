"""Releases payments that were set aside: their cases are resolved, and an officer allows a new attempt."""

from collections.abc import Collection, Sequence

from actions.kernel import UnitOfWork
from domain.identity.policy import Purpose
from domain.kernel import CommandFailed
from domain.payments.files import BatchKind, BatchLine, BatchState, LineState, PaymentFileBatch, RegistrationState
from domain.reconciliation.finance_cases import FinanceCase
from store.payments import beneficiaries, beneficiary_endings, payment_batches
from store.payments.beneficiaries import RegistrationAnswer
from store.reconciliation import finance_cases


class CasesAreOpen(CommandFailed):
    """What is to go again has a case that nobody settled: it may be paid already, or fail anew."""

    def __init__(self, what: str, cases: Sequence[FinanceCase]) -> None:
        named = ", ".join(f"{case.kind.value} about {case.about} ({case.state.value})" for case in cases[:3])
        super().__init__(
            f"{what} stays set aside: {len(cases)} of its cases not settled yet: {named}; a finance officer takes and "
            "settles them first (settleFinanceCase, docs/reconciliation.md)"
        )


async def release_set_aside(acting: UnitOfWork, what: str) -> int:
    """Let lines go in another batch, in the caller's transaction.

    Those of the batch with a message id, one payment, or one beneficiary whom PFMS would not delete.
    Only lines that were set aside are released, and only what PFMS does not have is ever set aside. Returns how many.
    Raises CasesAreOpen where a case about the batch, the payments or the beneficiary is not settled.
    """
    batch = await payment_batches.find_batch(acting.tx, message=what)
    unsettled = await _unresolved_cases(acting, what, batch)
    if unsettled:
        raise CasesAreOpen(what, unsettled)
    if batch is None:
        many = await payment_batches.release_set_aside(acting.tx, payment=what)
        many += await beneficiary_endings.try_again(acting.tx, what)
    elif batch.kind is BatchKind.PAYMENT:
        many = await payment_batches.release_set_aside(acting.tx, batch_id=batch.id)
    elif batch.state is BatchState.REJECTED:
        lines = [
            line for line in await beneficiaries.lines(acting.tx, batch.id) if line.state is RegistrationState.SENT
        ]
        await beneficiaries.note(
            acting.tx, [RegistrationAnswer(line, RegistrationState.RELEASED, None, ()) for line in lines]
        )
        many = len(lines)
    else:
        many = 0
    await acting.record("payment.released", "PAYMENT_BATCH", what, Purpose.PAY_BENEFIT, lines=many)
    return many


async def _unresolved_cases(acting: UnitOfWork, what: str, batch: PaymentFileBatch | None) -> list[FinanceCase]:
    """The open cases about what is to go: those of a whole batch, and of each payment in it, are two things."""
    tx = acting.tx
    known: Collection[BatchLine]
    if batch is None:
        known = (await payment_batches.lines_known_by(tx, [what])).values()
    else:
        known = await payment_batches.lines(tx, batch.id)
    aside = [line for line in known if line.state is LineState.SET_ASIDE]
    if batch is None and aside:
        batch = await payment_batches.batch(tx, aside[0].batch_id)
    about = f"batch:{batch.message_id}" if batch is not None else f"beneficiary:{what}"
    found = await finance_cases.open_about(tx, about)
    by_payment = await finance_cases.of_instalments(tx, [line.instalment_id for line in aside])
    return [*found, *(case for cases in by_payment.values() for case in cases)]
