"""Closes finance cases whose discrepancy has been resolved.

Looked through at the end of each day's comparison. Never closed here: what a second officer was asked for, kinds behind
which money may be gone, a payment that came back and was credited after all, and a file that a stranger signed, of
which a good one says nothing. What is closed opens again where the same is found once more.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import resolve_automatically
from domain.kernel import SYSTEM
from domain.payments.files import BatchState, FileState, LedgerFile
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind
from domain.reconciliation.reconciliation import ReconciliationRun
from integrations.dbt_finance.pfms.models import FileKind, FileRefusal
from integrations.dbt_finance.pfms.names import answered_message_id, statement_of
from store.database import Transaction
from store.payments import auto_closed_cases, payment_batches, payment_files
from store.payments.auto_closed_cases import FILE, OpenCase

AT_ONCE = 200
"""Cases that one transaction looks at."""

_NOTES: Mapping[DifferenceKind, tuple[CaseOutcome, str]] = {
    DifferenceKind.NOT_IN_SCROLL: (
        CaseOutcome.CORRECTED_AT_PARTNER,
        "The partner's book has the payment by now, as ours has it.",
    ),
    DifferenceKind.STATUS_DIFFERS: (
        CaseOutcome.CORRECTED_WITH_US,
        "The answer came: the payment stands by now where the partner's book had it.",
    ),
    DifferenceKind.TOO_LONG_IN_FLIGHT: (CaseOutcome.CORRECTED_AT_PARTNER, "The payment arrived, or came back."),
    DifferenceKind.NOT_AT_PARTNER: (CaseOutcome.CORRECTED_AT_PARTNER, "The partner knows the payment by now."),
}
_TAKEN = "What was declined was taken since."
_CAME_GOOD = "What the refused file was to tell came since in a file that was applied."
_log = structlog.get_logger(__name__)
_Look = Callable[[Transaction, str], Awaitable[list[OpenCase]]]


async def auto_close_cases(env: Environment, run: ReconciliationRun) -> int:
    """Close each open case that is resolved after a run; returns how many. May be run again at any time."""
    looks: Sequence[_Look] = (
        lambda tx, after: auto_closed_cases.of_payments(tx, run.id, after, AT_ONCE),
        lambda tx, after: auto_closed_cases.of_beneficiaries(tx, after, AT_ONCE),
        lambda tx, after: auto_closed_cases.of_files(tx, after, AT_ONCE),
    )
    many = 0
    for look in looks:
        after: str | None = ""
        while after is not None:
            settled, after = await env.store.carry_out(partial(_resolve_next_cases, env, look, after))
            many += settled
    if many:
        _log.info("finance_cases_gone", rail=run.rail.value, day=run.day.isoformat(), cases=many)
    return many


async def _resolve_next_cases(env: Environment, look: _Look, after: str, tx: Transaction) -> tuple[int, str | None]:
    """How many of the next cases were settled, and where to go on; None at the end."""
    acting, settled = UnitOfWork(env, tx, SYSTEM), 0
    found = await look(tx, after)
    for case in found:
        outcome, note = _NOTES.get(case.kind, (CaseOutcome.CORRECTED_AT_PARTNER, _TAKEN))
        if case.about.startswith(FILE):
            if not await _came_good(tx, case.about.removeprefix(FILE)):
                continue
            note = _CAME_GOOD
        settled += await resolve_automatically(acting, case.kind, case.about, outcome, note)
    return settled, found[-1].id if len(found) == AT_ONCE else None


async def _came_good(tx: Transaction, name: str) -> bool:
    """Whether all that a refused file was to tell was applied from another one that came after it."""
    entries = await payment_files.files(tx, name=name)
    refused = [one for one in entries if one.state is FileState.REFUSED]
    if not refused or any(one.reason == FileRefusal.FOREIGN_SIGNATURE for one in refused):
        return False
    last = max(refused, key=lambda one: one.seen_at)
    kind, since = last.kind, last.seen_at
    if any(_was_applied_since(one, kind, since) for one in entries):
        return True
    if kind == FileKind.STATEMENTS:
        return await _stated_since(tx, name, since)
    return await _answered_since(tx, kind, name, since)


def _was_applied_since(one: LedgerFile, kind: str, since: datetime) -> bool:
    return one.state is FileState.APPLIED and one.kind == kind and one.seen_at >= since


async def _stated_since(tx: Transaction, name: str, since: datetime) -> bool:
    """Whether the statement of that day, or that part of it, came since."""
    said = statement_of(name)
    if said is None:
        return False
    others = [statement_of(one) for one in await payment_files.applied_since(tx, FileKind.STATEMENTS.value, since)]
    return any(one is not None and one.day == said.day and one.part in (None, said.part) for one in others)


async def _answered_since(tx: Transaction, kind: str, name: str, since: datetime) -> bool:
    """Whether the batch that an answer is about was answered whole since.

    Nothing else proves that the bank's status was received: a batch can be closed and a return still be missing.
    """
    message = answered_message_id(name)
    batch = await payment_batches.find_batch(tx, message=message) if message else None
    if batch is None:
        return False
    if kind == FileKind.ACKNOWLEDGEMENTS:
        taken = batch.state in {BatchState.ACCEPTED, BatchState.CLOSED}
        return taken and batch.answered_at is not None and batch.answered_at >= since
    closed = batch.state is BatchState.CLOSED and batch.closed_at is not None and batch.closed_at >= since
    return closed and kind == FileKind.BENEFICIARY_ANSWERS
