"""Applies what PFMS says of a whole batch: that it took it, or that it rejected it, with what follows for each line."""

from collections.abc import Collection, Sequence

import structlog

from actions.kernel import UnitOfWork
from actions.payments.closing import close_batch, note_batch
from actions.payments.partner import pfms
from actions.payments.rows import RowSource, apply_payment_rows
from actions.payments.sealing import set_aside
from actions.payments.sending import hold_lines
from actions.reconciliation.finance_cases import open_case, open_cases
from domain.payments.files import BatchKind, BatchLine, BatchState, LineState, PaymentFileBatch
from domain.payments.refusals import Refusal, RefusalEffect
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from integrations.dbt_finance.pfms.models import BatchAcknowledgement, LineStatus, PaymentRow
from store.payments import payment_batches, payment_files

_OPEN = frozenset({BatchState.BUILT, BatchState.SEALED, BatchState.SENT, BatchState.IN_DOUBT})
_AT_PFMS = frozenset(
    {LineState.ACCEPTED, LineState.DEBITED, LineState.CREDITED, LineState.RETURNED, LineState.REJECTED}
)
_log = structlog.get_logger(__name__)


async def apply_acknowledgement(
    acting: UnitOfWork, batch: PaymentFileBatch, said: BatchAcknowledgement, source: RowSource
) -> int:
    """Apply an acknowledgement in the caller's transaction; returns how many of its rows are not ours."""
    if said.accepted:
        return await _accept_batch(acting, batch, said, source)
    return await _reject_batch(acting, batch, said)


async def _accept_batch(
    acting: UnitOfWork, batch: PaymentFileBatch, said: BatchAcknowledgement, source: RowSource
) -> int:
    """Every line is taken, also those that the file does not name; then what it says of each."""
    if batch.state in {BatchState.REJECTED, BatchState.ABANDONED}:
        await _contradicts(acting, batch, ("ACCP",))
        await hold_lines(acting, batch)
        return 0
    if batch.state in _OPEN:
        await payment_batches.set_state(acting.tx, batch.id, BatchState.ACCEPTED, answered_at=acting.now)
        await note_batch(acting, batch, "payment_batch.accepted", {"lines": batch.lines})
    if batch.kind is BatchKind.BENEFICIARY:
        return 0
    lines = {line.end_to_end_id: line for line in await payment_batches.lines(acting.tx, batch.id)}
    rejected = [row for row in said.rows if row.status is LineStatus.REJECTED]
    named = {row.end_to_end_id for row in said.rows if row.status is not LineStatus.REJECTED}
    taken = [
        PaymentRow(line.end_to_end_id, LineStatus.ACCEPTED)
        for line in lines.values()
        if line.end_to_end_id not in named and line.state is LineState.BUILT
    ]
    others = [row for row in said.rows if row.status is not LineStatus.REJECTED]
    unknown = await apply_payment_rows(acting, source, [*others, *taken, *rejected])
    await open_cases(
        acting, [_rejected_alone(line, row) for row in rejected if (line := lines.get(row.end_to_end_id)) is not None]
    )
    return unknown


async def _reject_batch(acting: UnitOfWork, batch: PaymentFileBatch, said: BatchAcknowledgement) -> int:
    """What domain/payments/refusals.py says of a refusal, for the lines of the batch."""
    if batch.kind is BatchKind.BENEFICIARY:
        await (_hold(acting, batch, said.codes) if batch.state in _OPEN else _contradicts(acting, batch, said.codes))
        return 0
    lines = await payment_batches.lines(acting.tx, batch.id)
    refusal, known = await _refusal(acting, batch, said, lines), pfms(acting.env).identity.refusal_codes
    effect = refusal.effect(known)
    if effect is RefusalEffect.CONTRADICTED:
        await _contradicts(acting, batch, sorted(refusal.all_codes))
        return 0
    if effect is RefusalEffect.HELD:
        await _hold(acting, batch, sorted(refusal.all_codes), [one for one in lines if one.state is LineState.BUILT])
    else:
        own = refusal.own_codes(known) if effect is RefusalEffect.LINES_WRONG else {}
        await set_aside(acting, [(line, own[line.end_to_end_id]) for line in lines if line.end_to_end_id in own])
        released = await payment_batches.release(acting.tx, batch.id)
        await close_batch(acting, batch, BatchState.REJECTED)
        _log.warning("payment_batch_rejected", lines=batch.lines, wrong=len(own), released=released)
    ours = {line.end_to_end_id for line in lines}
    return sum(row.end_to_end_id not in ours for row in said.rows)


async def _refusal(
    acting: UnitOfWork, batch: PaymentFileBatch, said: BatchAcknowledgement, lines: Sequence[BatchLine]
) -> Refusal:
    """What is known of a refusal. The time in it does not tell when PFMS looked, so ours decides whether it is late."""
    ours = {line.end_to_end_id for line in lines}
    rejected = [row for row in said.rows if row.status is LineStatus.REJECTED and row.end_to_end_id in ours]
    return Refusal(
        codes=said.codes,
        lines={row.end_to_end_id: row.codes for row in rejected},
        many=len(lines),
        late=acting.today > batch.executes_on,
        seen_taken=await payment_files.was_taken(acting.tx, batch.id),
        moved=batch.state not in _OPEN or any(line.state in _AT_PFMS for line in lines),
        released_before=await payment_batches.was_released(acting.tx, ours),
    )


async def _hold(
    acting: UnitOfWork, batch: PaymentFileBatch, codes: Collection[str], built: Collection[BatchLine] = ()
) -> None:
    await payment_batches.note(
        acting.tx, [payment_batches.LineNews(line, LineState.SET_ASIDE, tuple(codes)) for line in built]
    )
    await close_batch(acting, batch, BatchState.REJECTED)
    await open_case(acting, _about_batch(DifferenceKind.FILE_REFUSED, batch, "ACCP", codes))
    _log.error("payment_batch_held", lines=batch.lines, codes=len(codes))


async def _contradicts(acting: UnitOfWork, batch: PaymentFileBatch, codes: Collection[str]) -> None:
    """PFMS reports an impossible state of a batch: nothing is resent or released, a case is opened."""
    await open_case(acting, _about_batch(DifferenceKind.STATUS_DIFFERS, batch, batch.state.value, codes))


def _about_batch(
    kind: DifferenceKind, batch: PaymentFileBatch, expected: str, codes: Collection[str]
) -> FinanceDifference:
    found = ",".join(codes)[:200] or "RJCT"
    about = f"batch:{batch.message_id}"
    return FinanceDifference(kind, about, expected=expected, found=found, amount_paise=batch.total_paise)


def _rejected_alone(line: BatchLine, row: PaymentRow) -> FinanceDifference:
    """A payment that was rejected in a batch that was taken: its account may be right and the reason another."""
    about, found = f"{INSTALMENT}{line.instalment_id}", ",".join(row.codes)[:200] or "RJCT"
    return FinanceDifference(DifferenceKind.FILE_REFUSED, about, expected="ACCP", found=found)
