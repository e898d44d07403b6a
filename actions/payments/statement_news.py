"""Applies what PFMS's daily statement proves of payments whose answer file never arrived.

A statement is signed and was checked whole before a row of it counts. A row is applied where it is the next lawful
step of its payment and everything in it fits: amount, batch, and a bank reference that is nobody else's. What does not
fit is left to a case. When the lost file comes later it changes nothing, as the payment stands there already.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import structlog

from actions.benefits.payment_status import apply_statuses
from actions.kernel import UnitOfWork
from actions.payments.closing import close_final_batches
from actions.payments.rows import STATUS_OF_LINES
from domain.benefits.benefits import PaymentNews, Rail
from domain.identity.policy import Purpose
from domain.payments.files import BatchLine, LineState, line_after
from domain.reconciliation.reconciliation import ReconciliationRun, Side
from store.database import audit
from store.payments import payment_batches, statement_reads
from store.payments.payment_batches import LineNews
from store.payments.statement_reads import StatementEntry
from store.reconciliation import reconciliation

SOURCE = "daily statement"
"""What the history of a payment says of where the news came from, before the name of the file."""

_SAID: Mapping[Side, str] = {
    Side.IN_FLIGHT: "ACCP",
    Side.CREDITED: "ACSC",
    Side.CAME_BACK: "RTND",
    Side.NOT_SENT: "RJCT",
}
"""The least that each side proves, in the words of an answer."""

_AT_PFMS = frozenset({LineState.ACCEPTED, LineState.DEBITED})
_log = structlog.get_logger(__name__)


async def apply_stated(acting: UnitOfWork, run: ReconciliationRun, payments: Sequence[str], at: datetime) -> set[str]:
    """Apply what the statement of a run says of some payments, by their end-to-end ids, in the caller's transaction.

    `at` is when the statement was made. Gives the ids of the instalments that moved; the others are for a case.
    """
    rows = await statement_reads.statement_rows(acting.tx, run.id, payments)
    lines = await payment_batches.lines_known_by(acting.tx, payments)
    batches = await statement_reads.batches_at_pfms(acting.tx, {line.batch_id for line in lines.values()})
    taken = await _not_theirs(acting, run, rows)
    fitting = [
        (row, line, after)
        for name, (row, *more) in rows.items()
        if not more
        and (line := lines.get(name)) is not None
        and _fits(row, line, batches, taken)
        and (after := _state_after(row, line)) is not None
    ]
    told = [(line.instalment_id, _row_news(row, after, at)) for row, line, after in fitting]
    changed = await apply_statuses(acting, told)
    await _note(acting, [each for each in fitting if each[1].instalment_id in changed])
    if changed:
        detail: dict[str, str | int] = {"day": run.day.isoformat(), "payments": len(changed)}
        who, purpose = acting.subject.label, Purpose.PAY_BENEFIT.value
        await audit.record(acting.tx, who, "payment_statement.applied", "RECONCILIATION", run.id, purpose, **detail)
        _log.warning("statement_applied", day=run.day.isoformat(), payments=len(changed))
    return changed


async def _not_theirs(acting: UnitOfWork, run: ReconciliationRun, rows: Mapping[str, list[StatementEntry]]) -> set[str]:
    """The bank references of credits that another payment has, here or for ever; the others are noted as theirs."""
    claims = statement_reads.of_credits(rows)
    shared = await statement_reads.shared_references(acting.tx, run.id, claims)
    own = {utr: payment for utr, payment in claims.items() if utr not in shared}
    return shared | set(await reconciliation.claim_utrs(acting.tx, own))


def _fits(row: StatementEntry, line: BatchLine, batches: Mapping[str, str], taken: Collection[str]) -> bool:
    ours = batches.get(line.batch_id)
    return (
        row.amount_paise == line.amount_paise
        and ours is not None
        and row.batch_id == ours
        and (row.side is not Side.CREDITED or _proves_credit(row, taken))
        and (row.side is not Side.CAME_BACK or row.return_code is not None)
    )


def _proves_credit(row: StatementEntry, taken: Collection[str]) -> bool:
    """Whether a credit has the bank's reference, which is nobody else's, and its date."""
    return row.utr_hash is not None and row.utr_hash not in taken and row.value_on is not None


def _state_after(row: StatementEntry, line: BatchLine) -> LineState | None:
    """What the line comes to; the rejection of a whole batch comes in its acknowledgement, never in a statement."""
    if row.side is Side.NOT_SENT and line.state not in _AT_PFMS:
        return None
    return line_after(line.state, _SAID[row.side])


def _row_news(row: StatementEntry, after: LineState, at: datetime) -> PaymentNews:
    return PaymentNews(
        status=STATUS_OF_LINES[after],
        at=at,
        source_ref=f"{SOURCE} {row.file}",
        utr_last4=row.utr_last4,
        return_code=row.return_code if after in {LineState.RETURNED, LineState.REJECTED} else None,
        rail=Rail.PFMS,
    )


async def _note(acting: UnitOfWork, applied: Sequence[tuple[StatementEntry, BatchLine, LineState]]) -> None:
    """The lines, their bank references, and the batches that are thereby over."""
    news = [
        LineNews(line, after, (row.return_code,) if row.return_code else (), value_on=row.value_on)
        for row, line, after in applied
    ]
    await payment_batches.note(acting.tx, news)
    references = [(line, row.utr_hash, row.utr_last4) for row, line, _ in applied if row.utr_hash]
    await statement_reads.note_references(acting.tx, references)
    await close_final_batches(acting, [line.batch_id for _, line, _ in applied])
