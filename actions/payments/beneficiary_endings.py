"""Deactivates beneficiaries at PFMS when no payment remains, and reactivates them when one is due.

Source: docs/contracts/dbt_finance.md section 2.2, purpose D. A beneficiary is deleted once: the line goes in the next
beneficiary batch as every other, under the same rules. She is paid nothing from the moment she is marked; a payment
that comes up later registers her anew before it goes.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_cases
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM
from domain.payments.files import ALREADY_GONE, RegistrationState
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from integrations.dbt_finance.pfms.models import BeneficiaryRow, LineStatus
from store.database import Transaction, audit
from store.payments import beneficiary_endings
from store.payments.beneficiaries import RegistrationAnswer
from store.payments.beneficiary_endings import Looked, Place
from store.platform import alarms

KNOWN_SINCE, HEARD_WITHIN = "0040", timedelta(minutes=5)
"""A worker of a release before this revision stops at a beneficiary who leaves: its round cannot read the new state.
While one was active so recently, as during an update, nobody is marked; the next batch time makes up for it."""

PAGE, SANCTIONS = 200, 1_000
"""Beneficiaries who come back, and sanctions that are over, that one transaction looks at."""

_log = structlog.get_logger(__name__)


async def end_and_return(env: Environment) -> tuple[int, int]:
    """Mark who is to be deleted at PFMS, and who is to be registered again; returns how many of each.

    A page is one transaction. Whoever has something to be paid after all returns, whatever the state of the deletion.
    """
    left = back = 0
    while many := len(await env.store.carry_out(lambda tx: _mark_returning(UnitOfWork(env, tx, SYSTEM)))):
        back += many
    place = None
    while not await _is_misread(env):
        looked = await env.store.carry_out(partial(_mark_leaving, env, place))
        left, place = left + len(looked.marked), looked.place
        if place is None:
            break
    if left or back:
        _log.info("beneficiaries_leave", left=left, back=back)
    return left, back


def deleted_or_not(row: BeneficiaryRow) -> RegistrationState:
    """A beneficiary's state by the answer to the deletion; one whom PFMS does not know is deleted."""
    if row.status is LineStatus.PENDING:
        return RegistrationState.CHECKED
    gone = row.status is LineStatus.ACCEPTED or not ALREADY_GONE.isdisjoint(row.codes)
    return RegistrationState.DELETED if gone else RegistrationState.NOT_DELETED


async def record_deletions(acting: UnitOfWork, heard: Sequence[RegistrationAnswer]) -> None:
    """Note who was deleted, and open a case for each whom PFMS would not delete, in the caller's transaction."""
    gone = [each.line.beneficiary_id for each in heard if each.state is RegistrationState.DELETED]
    await audit.append_many(acting.tx, [_line(acting, who, "beneficiary.deleted") for who in gone])
    declined = [each for each in heard if each.state is RegistrationState.NOT_DELETED]
    await open_cases(acting, [not_deleted(each.line.beneficiary_id, each.codes) for each in declined])


def not_deleted(who: str, codes: Sequence[str]) -> FinanceDifference:
    """The case of a beneficiary who is to be deleted and cannot be."""
    found = ",".join(codes)[:200] or "no code"
    return FinanceDifference(DifferenceKind.FILE_REFUSED, f"beneficiary:{who}", expected="DELETED", found=found)


async def _is_misread(env: Environment) -> bool:
    misread = await env.store.read(lambda tx: alarms.older_worker(tx, KNOWN_SINCE, HEARD_WITHIN))
    if misread:
        _log.warning("beneficiaries_wait_for_older_workers")
    return misread


async def _mark_leaving(env: Environment, after: Place | None, tx: Transaction) -> Looked:
    acting = UnitOfWork(env, tx, SYSTEM)
    looked = await beneficiary_endings.mark_leaving(tx, acting.today, acting.now, after, SANCTIONS)
    await audit.append_many(tx, [_line(acting, who, "beneficiary.leaving") for who in looked.marked])
    return looked


async def _mark_returning(acting: UnitOfWork) -> Sequence[str]:
    found = await beneficiary_endings.mark_returning(acting.tx, PAGE)
    await audit.append_many(acting.tx, [_line(acting, who, "beneficiary.returning") for who in found])
    return found


def _line(acting: UnitOfWork, who: str, action: str) -> audit.AuditLine:
    return audit.AuditLine(acting.subject.label, action, "BENEFICIARY", who, Purpose.PAY_BENEFIT.value, {})
