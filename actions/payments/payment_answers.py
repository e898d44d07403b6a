"""Answer files of PFMS and the banks: fetched, stored with their hash, verified whole, then applied in parts.

A file is in the ledger before anything of it counts, and leaves PFMS's folder after all of it did. How far it was
applied is noted in the transaction of each part, so that whoever carries on applies each row once.

An acknowledgement is of a whole batch (actions/payments/acknowledgements.py).
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.payments.acknowledgements import apply_acknowledgement
from actions.payments.closing import close_if_final
from actions.payments.incoming_files import archive_file, enter, fetch_file
from actions.payments.registrations import apply_rows, is_wrong_itself
from actions.payments.rows import RowSource, apply_payment_rows
from actions.payments.signers import apply_enrolment
from actions.payments.taken_files import note_taken_files
from actions.reconciliation.finance_cases import open_case
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM
from domain.payments.files import BatchKind, FileState, LedgerFile, PaymentFileBatch
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from integrations.calling.errors import RemoteError
from integrations.dbt_finance.pfms import Pfms
from integrations.dbt_finance.pfms.answers import Answer, read_answer
from integrations.dbt_finance.pfms.exchange import FileExchange, IncomingFile
from integrations.dbt_finance.pfms.models import (
    BankStatus,
    BatchAcknowledgement,
    BeneficiaryAnswer,
    EnrolmentAnswer,
    FileKind,
    FileRefused,
)
from store.database import crash_points
from store.payments import payment_batches, payment_files

ROWS = 500
"""Rows that one transaction applies; an acknowledgement of a batch is applied as one."""

NAME_REUSED, UNKNOWN_BATCH = "NAME_REUSED", "UNKNOWN_BATCH"
UNKNOWN_NAMESPACE = "UNKNOWN_NAMESPACE"
"""Of a file that was applied: its namespace was never seen before, its root was known."""
_NOT_OURS_TO_READ = frozenset({FileKind.STATEMENTS})
"""Statements of a day are read by the reconciliation."""

_log = structlog.get_logger(__name__)


async def fetch_answers(env: Environment) -> int:
    """Take in the files ready at PFMS and resume interrupted ones; returns how many files were completed.

    Raises RemoteError where PFMS cannot be asked; what was taken in stays so. That the way of before cannot be
    asked stops nothing.
    """
    partner = env.partners.pfms
    if partner is None:
        return 0
    settled = 0
    await note_taken_files(env, partner)
    async with env.store.read_transaction() as tx:
        begun = await payment_files.received_files(tx, env.rules.payments.files_at_once, but=_NOT_OURS_TO_READ)
    for file_id in begun:
        settled += await _settle(env, partner, file_id)
    at_once = env.rules.payments.files_at_once
    settled += await _take_all(env, partner, partner.exchange, at_once - settled)
    if partner.former is not None:
        try:
            settled += await _take_all(env, partner, partner.former, at_once - settled)
        except RemoteError as error:
            _log.warning("payment_answers_not_fetched", code=error.code, way=partner.way.other.value)
    return settled


async def _take_all(env: Environment, partner: Pfms, exchange: FileExchange, most: int) -> int:
    """Take in the files ready over one transport, at most so many; returns how many were completed."""
    settled = 0
    for file in await exchange.list_incoming() if most > 0 else ():
        if settled >= most:
            break
        if file.kind not in _NOT_OURS_TO_READ:
            settled += await _take(env, partner, exchange, file)
    return settled


async def forget_answers(env: Environment) -> int:
    """Destroy the bytes of answers after their time; name, hash and what became of them stay."""
    before = env.clock.now() - timedelta(days=env.rules.payments.answer_days)
    return await env.store.carry_out(lambda tx: payment_files.destroy_answers(tx, before, ROWS))


async def _take(env: Environment, partner: Pfms, exchange: FileExchange, file: IncomingFile) -> bool:
    """Keep a file, apply it, and put it away at PFMS; False where it was settled before."""
    content = await fetch_file(env, exchange, file)
    if content is None:
        return False
    entry = await env.store.carry_out(lambda tx: enter(env, tx, file, content))
    crash_points.reach(crash_points.ANSWER_FETCHED)
    fresh = entry.state is FileState.RECEIVED
    if fresh:
        await _settle(env, partner, entry.id)
        async with env.store.read_transaction() as tx:
            entry = await payment_files.file(tx, entry.id) or entry
    await archive_file(exchange, file, entry)
    return fresh


async def _settle(env: Environment, partner: Pfms, file_id: str) -> bool:
    """Apply a file that was taken in, to its end."""
    async with env.store.read_transaction() as tx:
        entry = await payment_files.file(tx, file_id)
        content = await payment_files.answer(tx, file_id)
        reused = entry is not None and await payment_files.applied_before(tx, entry)
    if entry is None or entry.state is not FileState.RECEIVED or content is None:
        return False
    if reused and entry.applied == 0:
        await env.store.carry_out(lambda tx: _refuse_reused_name(UnitOfWork(env, tx, SYSTEM), entry))
        return True
    trust = partner.papers.trust(env.clock.now())
    try:
        answer = await asyncio.to_thread(read_answer, entry.name, content, trust)
    except FileRefused as refused:
        reason, detail = refused.reason.value, refused.detail
        await env.store.carry_out(lambda tx: _refuse_file(UnitOfWork(env, tx, SYSTEM), entry, reason, detail))
        return True
    if isinstance(answer, EnrolmentAnswer):
        enrolled = answer
        await env.store.carry_out(lambda tx: apply_enrolment(UnitOfWork(env, tx, SYSTEM), partner, file_id, enrolled))
        return True
    told: Answer = answer
    while await env.store.carry_out(lambda tx: _apply_part(UnitOfWork(env, tx, SYSTEM), file_id, told)):
        pass
    crash_points.reach(crash_points.ANSWER_APPLIED)
    return True


async def _apply_part(acting: UnitOfWork, file_id: str, answer: Answer) -> bool:
    """Apply the next rows of a file; False where none is left, or another worker is at it."""
    entry = await payment_files.file(acting.tx, file_id)
    if entry is None or entry.state is not FileState.RECEIVED:
        return False
    batch = await _batch_of(acting, answer)
    if batch is None and not _names_payments_only(answer):
        await _unknown_batch(acting, entry, answer)
        return False
    begins, rows = entry.applied, answer.rows
    whole = isinstance(answer, BatchAcknowledgement)
    ends = len(rows) if whole else min(begins + ROWS, len(rows))
    unknown = entry.unknown + await _apply(acting, entry, batch, answer, begins, ends)
    await payment_files.advance(acting.tx, file_id, rows=len(rows), applied=ends, unknown=unknown)
    if ends < len(rows):
        return True
    strange = answer.unknown_namespace
    await payment_files.settle(
        acting.tx,
        file_id,
        FileState.APPLIED,
        batch_id=batch.id if batch else None,
        reason=None if strange is None else UNKNOWN_NAMESPACE,
        detail=strange,
    )
    detail: dict[str, int | str] = {"digest": entry.digest, "rows": len(rows), "unknown": unknown}
    await _audit_file(acting, entry, "payment_answer.applied", detail)
    _log.info("payment_answer_applied", kind=entry.kind, rows=len(rows), unknown=unknown)
    return False


async def _apply(
    acting: UnitOfWork, entry: LedgerFile, batch: PaymentFileBatch | None, answer: Answer, begins: int, ends: int
) -> int:
    told = RowSource(entry.name, min(answer.created_at, acting.now), batch.id if batch else None)
    if isinstance(answer, BeneficiaryAnswer):
        others_wrong = any(map(is_wrong_itself, answer.rows))
        rows = answer.rows[begins:ends]
        return await apply_rows(acting, batch, rows, others_wrong=others_wrong) if batch else 0
    if isinstance(answer, BatchAcknowledgement):
        unknown = await apply_acknowledgement(acting, batch, answer, told) if batch else 0
        present = await payment_batches.batch(acting.tx, batch.id) if batch else None
        if present is not None and present.kind is BatchKind.PAYMENT:
            await close_if_final(acting, present)
        return unknown
    return await apply_payment_rows(acting, told, answer.rows[begins:ends])


async def _batch_of(acting: UnitOfWork, answer: Answer) -> PaymentFileBatch | None:
    """The batch that an answer is about, of the kind that it can be about."""
    message = answer.message_id if isinstance(answer, BatchAcknowledgement) else None
    found = await payment_batches.find_batch(acting.tx, pfms_batch=answer.batch_id)
    found = found or await payment_batches.find_batch(acting.tx, message=message)
    wanted = BatchKind.BENEFICIARY if isinstance(answer, BeneficiaryAnswer) else BatchKind.PAYMENT
    if found is None or (found.kind is not wanted and not isinstance(answer, BatchAcknowledgement)):
        return None
    return found


def _names_payments_only(answer: Answer) -> bool:
    return isinstance(answer, BankStatus) and answer.batch_id is None


async def _unknown_batch(acting: UnitOfWork, entry: LedgerFile, answer: Answer) -> None:
    """It is not about a batch of ours: nothing of it is applied."""
    named = answer.batch_id or (answer.message_id if isinstance(answer, BatchAcknowledgement) else None)
    await payment_files.settle(acting.tx, entry.id, FileState.REFUSED, reason=UNKNOWN_BATCH, detail=named)
    rows: Sequence[object] = answer.rows
    difference = FinanceDifference(
        DifferenceKind.NOT_WITH_US, f"batch:{named}"[:200], expected=None, found=f"{len(rows)} rows"
    )
    await open_case(acting, difference)
    await _audit_file(acting, entry, "payment_answer.refused", {"digest": entry.digest, "reason": UNKNOWN_BATCH})


async def _refuse_file(acting: UnitOfWork, entry: LedgerFile, reason: str, detail: str) -> None:
    present = await payment_files.file(acting.tx, entry.id)
    if present is None or present.state is not FileState.RECEIVED:
        return
    await payment_files.settle(acting.tx, entry.id, FileState.REFUSED, reason=reason, detail=detail or None)
    found = f"{reason} {detail}".strip()[:200]
    difference = FinanceDifference(DifferenceKind.FILE_REFUSED, f"file:{entry.name}"[:200], found=found)
    await open_case(acting, difference)
    await _audit_file(acting, entry, "payment_answer.refused", {"digest": entry.digest, "reason": reason})
    _log.error("payment_answer_refused", kind=entry.kind, reason=reason)


async def _refuse_reused_name(acting: UnitOfWork, entry: LedgerFile) -> None:
    """The name of a file that was applied, with other content: an alarm, and nothing of it is applied."""
    present = await payment_files.file(acting.tx, entry.id)
    if present is None or present.state is not FileState.RECEIVED:
        return
    await payment_files.settle(acting.tx, entry.id, FileState.REUSED, reason=NAME_REUSED)
    difference = FinanceDifference(
        DifferenceKind.FILE_NAME_REUSED, f"file:{entry.name}"[:200], expected="one content", found=entry.digest[:16]
    )
    await open_case(acting, difference)
    await _audit_file(acting, entry, "payment_answer.name_reused", {"digest": entry.digest})
    _log.error("payment_file_name_reused", kind=entry.kind)


async def _audit_file(acting: UnitOfWork, entry: LedgerFile, action: str, detail: dict[str, int | str]) -> None:
    await acting.record(action, "PAYMENT_FILE", entry.name, Purpose.PAY_BENEFIT, **detail)
