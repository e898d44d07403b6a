"""Releases payments that were set aside, or that PFMS confirmed not to have: their cases are resolved first."""

from collections.abc import Sequence
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
from store.payments import beneficiaries, beneficiary_endings, payment_batches
from store.payments.payment_batches import LineNews
from store.reconciliation import finance_cases

_CONTRADICTIONS = (DifferenceKind.STATUS_DIFFERS, DifferenceKind.FILE_NAME_REUSED)
"""After these it is not known what PFMS has of a batch."""
_HELD = frozenset({LineState.SET_ASIDE, LineState.BUILT, LineState.ACCEPTED})
_UNANSWERED = frozenset({BatchState.SENT, BatchState.IN_DOUBT})
_NOT_TAKEN = _UNANSWERED | {BatchState.SEALED, BatchState.REJECTED, BatchState.ABANDONED}
_NOT_AT_PFMS = frozenset({LineState.BUILT, LineState.SET_ASIDE, LineState.RELEASED})


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
    """How many lines may go in another batch, how many payments are returned, and how many PFMS has after all."""

    lines: int
    returned: int = 0
    taken: int = 0


async def release_set_aside(acting: UnitOfWork, what: str) -> Released:
    """Carry out what officers found out about a batch by its message id, one payment or one beneficiary.

    In the caller's transaction. Lines that were set aside may go in another batch; so may every line of a batch about
    which PFMS contradicted itself once two finance officers have settled that case with NOT_RECEIVED, and what PFMS had
    acknowledged before is returned, to be paid anew by an order. Settled with RECEIVED the batch counts as taken.
    Raises CasesAreOpen where a case about the batch, the payments or the beneficiary is not settled; MayBeAtPfms where
    PFMS contradicted itself and did not confirm that it has none of the batch, told of a payment of it, or may have a
    payment of a batch that is to count as taken in another one too.
    """
    batch = await payment_batches.find_batch(acting.tx, message=what)
    held = await _held_lines(acting, what, batch)
    home = await payment_batches.batch(acting.tx, held[0].batch_id) if batch is None and held else batch
    unsettled = await _unresolved_cases(acting, what, home, held)
    if unsettled:
        raise CasesAreOpen(what, unsettled)
    case = None
    if home is not None:
        case = await finance_cases.last_settled(acting.tx, _CONTRADICTIONS, _names_of(home))
    if batch is not None:
        released = await _release_batch(acting, batch, case)
    elif home is not None and _was_taken_after_all(home, case):
        raise MayBeAtPfms(what, f"PFMS took its batch {home.message_id} after all")
    else:
        many = await payment_batches.release_set_aside(acting.tx, payment=what)
        released = Released(many + await beneficiary_endings.try_again(acting.tx, what))
    counts = {"lines": released.lines, "returned": released.returned, "taken": released.taken}
    await acting.record("payment.released", "PAYMENT_BATCH", what, Purpose.PAY_BENEFIT, **counts)
    return released


def _was_taken_after_all(batch: PaymentFileBatch, case: FinanceCase | None) -> bool:
    """Whether PFMS contradicted itself after the batch was closed, and officers did not find that it has none of it."""
    if case is None or case.outcome is CaseOutcome.NOT_RECEIVED:
        return False
    return batch.closed_at is not None and case.last_found_at >= batch.closed_at


async def _release_batch(acting: UnitOfWork, batch: PaymentFileBatch, case: FinanceCase | None) -> Released:
    if case is not None and case.outcome is CaseOutcome.RECEIVED:
        return Released(0, taken=await _take(acting, batch, case))
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


async def _take(acting: UnitOfWork, batch: PaymentFileBatch, case: FinanceCase) -> int:
    """Let a batch that PFMS has count as taken, with every payment of it; returns of how many that is news.

    What PFMS refused of another batch is released there, as one order stands for one payment.
    """
    awaited = batch.kind is BatchKind.PAYMENT or await beneficiaries.has_awaited_lines(acting.tx, batch.id)
    if batch.state not in _NOT_TAKEN or not awaited:
        return 0
    lines = [line for line in await payment_batches.lines(acting.tx, batch.id) if line.state in _NOT_AT_PFMS]
    known = await payment_batches.lines_known_by(acting.tx, [line.end_to_end_id for line in lines])
    others = [line for line in known.values() if line.batch_id != batch.id]
    for line in others:
        await _refuse_elsewhere(acting, batch, line)
    await payment_batches.note(acting.tx, [LineNews(line, LineState.RELEASED) for line in others])
    await payment_batches.note(acting.tx, [LineNews(line, LineState.BUILT) for line in lines])
    await payment_batches.set_state(acting.tx, batch.id, BatchState.ACCEPTED, answered_at=acting.now, closed_at=None)
    rows = [PaymentRow(line.end_to_end_id, LineStatus.ACCEPTED) for line in lines]
    await apply_payment_rows(acting, RowSource(f"case {case.id}", acting.now, batch.id), rows)
    return max(len(rows), 1)


async def _refuse_elsewhere(acting: UnitOfWork, batch: PaymentFileBatch, line: BatchLine) -> None:
    """Raise MayBeAtPfms where PFMS may have a payment of a batch in another one too."""
    other = await payment_batches.batch(acting.tx, line.batch_id)
    if other is None or line.state is LineState.RELEASED:
        return
    case = await finance_cases.last_settled(acting.tx, _CONTRADICTIONS, _names_of(other))
    unsettled = await _unresolved_cases(acting, other.message_id, other, ())
    if line.state is not LineState.SET_ASIDE or unsettled or _was_taken_after_all(other, case):
        why = f"payment {line.end_to_end_id} is {line.state.value} in batch {other.message_id} too"
        raise MayBeAtPfms(batch.message_id, why)


async def _held_lines(acting: UnitOfWork, what: str, batch: PaymentFileBatch | None) -> list[BatchLine]:
    if batch is not None:
        return [line for line in await payment_batches.lines(acting.tx, batch.id) if line.state in _HELD]
    known = (await payment_batches.lines_known_by(acting.tx, [what])).values()
    return [line for line in known if line.state is LineState.SET_ASIDE]


async def _unresolved_cases(
    acting: UnitOfWork, what: str, batch: PaymentFileBatch | None, held: Sequence[BatchLine]
) -> list[FinanceCase]:
    """The open cases about what is to go: those of a whole batch, and of each payment in it, are two things."""
    names = _names_of(batch) if batch is not None else (f"beneficiary:{what}",)
    found = [case for name in names for case in await finance_cases.open_about(acting.tx, name)]
    by_payment = await finance_cases.of_instalments(acting.tx, [line.instalment_id for line in held])
    return [*found, *(case for cases in by_payment.values() for case in cases)]
