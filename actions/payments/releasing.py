"""Releases payments that were set aside, or that PFMS confirmed not to have: their cases are resolved first."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from actions.kernel import UnitOfWork
from actions.payments.closing import close_batch
from actions.payments.rows import RowSource, apply_payment_rows
from actions.payments.sending import free_lines
from domain.identity.policy import Purpose
from domain.kernel import CommandFailed
from domain.payments.files import BatchKind, BatchLine, BatchState, LineState, PaymentFileBatch
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind, FinanceCase
from integrations.dbt_finance.pfms.models import LineStatus, PaymentRow
from store.payments import beneficiary_endings, payment_batches
from store.reconciliation import finance_cases

_CONTRADICTIONS = (DifferenceKind.STATUS_DIFFERS, DifferenceKind.FILE_NAME_REUSED)
"""After these it is not known what PFMS has of a batch."""
_HELD = frozenset({LineState.SET_ASIDE, LineState.BUILT, LineState.ACCEPTED})
_UNANSWERED = frozenset({BatchState.SENT, BatchState.IN_DOUBT})


class CasesAreOpen(CommandFailed):
    """What is to go again has a case that nobody settled: it may be paid already, or fail anew."""

    def __init__(self, what: str, cases: Sequence[FinanceCase]) -> None:
        named = ", ".join(f"{case.kind.value} about {case.about} ({case.state.value})" for case in cases[:3])
        super().__init__(
            f"{what} stays as it is: {len(cases)} of its cases not settled yet: {named}; a finance officer takes and "
            "settles them first (settleFinanceCase, docs/reconciliation.md)"
        )


class MayBeAtPfms(CommandFailed):
    """PFMS may have what is to go again, or told of a payment of it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"{what} stays as it is: {why}; ask PFMS, and where it has none of it have two finance officers settle the "
            f"case as {CaseOutcome.NOT_RECEIVED.value} (docs/payments.md)"
        )


class Released(NamedTuple):
    """How many lines may go in another batch, and how many payments PFMS had taken and are returned."""

    lines: int
    returned: int = 0


async def release_set_aside(acting: UnitOfWork, what: str) -> Released:
    """Let lines go in another batch, in the caller's transaction.

    Those of the batch with a message id, one payment, or one beneficiary whom PFMS would not delete. Released are lines
    that were set aside, and every line of a batch about which PFMS contradicted itself, once two finance officers have
    settled that case with NOT_RECEIVED; what PFMS had acknowledged before is returned, to be paid anew by an order.
    Raises CasesAreOpen where a case about the batch, the payments or the beneficiary is not settled; MayBeAtPfms where
    PFMS contradicted itself and did not confirm that it has none of the batch, or told of a payment of it.
    """
    batch = await payment_batches.find_batch(acting.tx, message=what)
    unsettled = await _unresolved_cases(acting, what, batch)
    if unsettled:
        raise CasesAreOpen(what, unsettled)
    if batch is None:
        many = await payment_batches.release_set_aside(acting.tx, payment=what)
        released = Released(many + await beneficiary_endings.try_again(acting.tx, what))
    else:
        released = await _release_batch(acting, batch)
    counts = {"lines": released.lines, "returned": released.returned}
    await acting.record("payment.released", "PAYMENT_BATCH", what, Purpose.PAY_BENEFIT, **counts)
    return released


async def _release_batch(acting: UnitOfWork, batch: PaymentFileBatch) -> Released:
    case = await finance_cases.last_settled(acting.tx, _CONTRADICTIONS, _names_of(batch))
    if case is not None and case.outcome is not CaseOutcome.NOT_RECEIVED:
        raise MayBeAtPfms(batch.message_id, f"its case {case.kind.value} was settled as {case.outcome}")
    many = 0
    if batch.kind is BatchKind.PAYMENT:
        many = await payment_batches.release_set_aside(acting.tx, batch_id=batch.id)
    elif batch.state is BatchState.REJECTED:
        many = await free_lines(acting.tx, batch)
    if case is None or batch.state not in _UNANSWERED | {BatchState.ACCEPTED}:
        return Released(many)
    lines = await payment_batches.lines(acting.tx, batch.id)
    if any(line.state not in {LineState.BUILT, LineState.ACCEPTED} for line in lines):
        raise MayBeAtPfms(batch.message_id, "PFMS or the bank told of a payment of it")
    if batch.state in _UNANSWERED:
        many += await free_lines(acting.tx, batch)
        await close_batch(acting, batch, BatchState.REJECTED)
        return Released(many)
    codes = tuple((case.found or "").split(",")[:1])
    rows = [PaymentRow(line.end_to_end_id, LineStatus.REJECTED, codes) for line in lines]
    await apply_payment_rows(acting, RowSource(f"case {case.id}", acting.now, batch.id), rows)
    return Released(many, len(rows))


def _names_of(batch: PaymentFileBatch) -> tuple[str, str]:
    """By what cases name a batch and its file."""
    return f"batch:{batch.message_id}", f"file:{batch.file_name}"


async def _unresolved_cases(acting: UnitOfWork, what: str, batch: PaymentFileBatch | None) -> list[FinanceCase]:
    """The open cases about what is to go: those of a whole batch, and of each payment in it, are two things."""
    tx = acting.tx
    known: Collection[BatchLine]
    if batch is None:
        known = (await payment_batches.lines_known_by(tx, [what])).values()
        known = [line for line in known if line.state is LineState.SET_ASIDE]
    else:
        known = [line for line in await payment_batches.lines(tx, batch.id) if line.state in _HELD]
    if batch is None and known:
        batch = await payment_batches.batch(tx, known[0].batch_id)
    names = _names_of(batch) if batch is not None else (f"beneficiary:{what}",)
    found = [case for name in names for case in await finance_cases.open_about(tx, name)]
    by_payment = await finance_cases.of_instalments(tx, [line.instalment_id for line in known])
    return [*found, *(case for cases in by_payment.values() for case in cases)]
