"""What PFMS says of a whole batch: it took it, or one wrong line made it reject the whole."""

from collections.abc import Collection, Mapping

import structlog

from actions.acting import Acting
from actions.finance_cases import open_case
from actions.payment_closing import close_batch, note_batch
from actions.payment_rows import Told, apply_payment_rows
from actions.payment_sealing import set_aside
from domain.finance_cases import DifferenceKind, FinanceDifference
from domain.payment_files import OF_THE_FILE, BatchKind, BatchLine, BatchState, LineState, PaymentFileBatch
from integrations.dbt_finance.pfms_models import BatchAcknowledgement, LineStatus, PaymentRow
from store import payment_batches

MALFORMED, DUPLICATE_BATCH = "DBE0001", "DBE0004"
"""The file is malformed; PFMS has a batch or message under this id, so that its answers are awaited
(docs/contracts/dbt_finance.md section 10)."""

_OPEN = frozenset({BatchState.BUILT, BatchState.SEALED, BatchState.SENT, BatchState.IN_DOUBT})
_log = structlog.get_logger(__name__)


async def apply_acknowledgement(acting: Acting, batch: PaymentFileBatch, said: BatchAcknowledgement, told: Told) -> int:
    """Apply an acknowledgement in the caller's transaction; tells how many of its rows are not ours."""
    if said.accepted:
        return await _accepted(acting, batch, said, told)
    if DUPLICATE_BATCH in said.codes or batch.state not in _OPEN:
        await _contradicts(acting, batch, said.codes)
        return 0
    return await _rejected(acting, batch, said)


async def _accepted(acting: Acting, batch: PaymentFileBatch, said: BatchAcknowledgement, told: Told) -> int:
    """Every line is taken, also those that the file does not name."""
    if batch.state in {BatchState.REJECTED, BatchState.ABANDONED}:
        await _contradicts(acting, batch, ("ACCP",))
        return 0
    if batch.state in _OPEN:
        await payment_batches.set_state(acting.tx, batch.id, BatchState.ACCEPTED, answered_at=acting.now)
        await note_batch(acting, batch, "payment_batch.accepted", {"lines": batch.lines})
    if batch.kind is BatchKind.BENEFICIARY:
        return 0
    named = {row.end_to_end_id for row in said.rows}
    taken = [
        PaymentRow(line.end_to_end_id, LineStatus.ACCEPTED)
        for line in await payment_batches.lines(acting.tx, batch.id)
        if line.end_to_end_id not in named and line.state is LineState.BUILT
    ]
    return await apply_payment_rows(acting, told, [*said.rows, *taken])


async def _rejected(acting: Acting, batch: PaymentFileBatch, said: BatchAcknowledgement) -> int:
    """The wrong lines are set aside, each with a case; the others go in another batch, under their own ids.

    Where PFMS names no line, the file itself was wrong: sending its payments again would have the same end, so
    they are held until an officer releases them (`apuni dbt release`). Where PFMS came to it only after its day they
    go in another batch, which has a new day, once.
    """
    if batch.kind is BatchKind.BENEFICIARY:
        await _hold(acting, batch, said.codes)
        return 0
    lines = await payment_batches.lines(acting.tx, batch.id)
    by_id = {line.end_to_end_id: line for line in lines}
    wrong = _wrong(said, by_id)
    alike = len(wrong) == len(lines) > 1 and {code for _, code in wrong} == {MALFORMED}
    if alike or (not wrong and not await _may_be_late(acting, batch, by_id)):
        built = [line for line in lines if line.state is LineState.BUILT]
        await _hold(acting, batch, said.codes, built)
        return sum(row.end_to_end_id not in by_id for row in said.rows)
    await set_aside(acting, wrong)
    released = await payment_batches.release(acting.tx, batch.id)
    await close_batch(acting, batch, BatchState.REJECTED)
    _log.warning("payment_batch_rejected", lines=batch.lines, wrong=len(wrong), released=released)
    return sum(row.end_to_end_id not in by_id for row in said.rows)


async def _may_be_late(acting: Acting, batch: PaymentFileBatch, by_id: Collection[str]) -> bool:
    """Whether PFMS may have come to a batch only after the day on which it was to be carried out, as after an outage.

    We hear of it on a later day then; the time in its answer does not tell when it looked. Not where a payment of the
    batch was let go from one before: then the same might happen for ever, and nobody would look.
    """
    if acting.today <= batch.executes_on:
        return False
    return not await payment_batches.was_released(acting.tx, by_id)


def _wrong(said: BatchAcknowledgement, by_id: Mapping[str, BatchLine]) -> list[tuple[BatchLine, str]]:
    """The lines that PFMS says are wrong themselves, each with its code."""
    found = []
    for row in said.rows:
        line, own = by_id.get(row.end_to_end_id), [code for code in row.codes if code not in OF_THE_FILE]
        if line is not None and row.status is LineStatus.REJECTED and own:
            found.append((line, own[0]))
    return found


async def _hold(
    acting: Acting, batch: PaymentFileBatch, codes: Collection[str], built: Collection[BatchLine] = ()
) -> None:
    await payment_batches.note(
        acting.tx, [payment_batches.LineNews(line, LineState.SET_ASIDE, tuple(codes)) for line in built]
    )
    await close_batch(acting, batch, BatchState.REJECTED)
    found = ",".join(codes)[:200] or "RJCT"
    difference = FinanceDifference(
        DifferenceKind.FILE_REFUSED,
        f"batch:{batch.message_id}",
        expected="ACCP",
        found=found,
        amount_paise=batch.total_paise,
    )
    await open_case(acting, difference)
    _log.error("payment_batch_held", lines=batch.lines, codes=len(codes))


async def _contradicts(acting: Acting, batch: PaymentFileBatch, codes: Collection[str]) -> None:
    """PFMS says of a batch what cannot be: nothing is sent again or let go, somebody looks."""
    difference = FinanceDifference(
        DifferenceKind.STATUS_DIFFERS,
        f"batch:{batch.message_id}",
        expected=batch.state.value,
        found=",".join(codes)[:200] or "RJCT",
        amount_paise=batch.total_paise,
    )
    await open_case(acting, difference)
