"""Asks the state treasury each hour for the status of every payment that is not final, and applies the answers.

A credit at the bank thereby reaches the store, the count for e-Taal and the citizen without anybody's doing.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from actions.benefits.payment_status import apply_statuses
from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_cases
from actions.reconciliation.second_payments import paid_again
from domain.benefits.benefits import RETURN_WINDOW, PaymentNews, PaymentStatus, Rail
from domain.kernel import SYSTEM
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from integrations.calling.errors import RemoteError, Unavailable
from integrations.dbt_finance import BillEnquiry, BillReference
from store.benefits import payment_enquiries
from store.benefits.payment_enquiries import EnquiryAnswer
from store.database import AnyRow, crash_points
from store.payments import payment_reads
from store.reconciliation import reconciliation

ROUND, APPLIED_AT_ONCE = 200, 25
"""Bills of one round, and answers kept in one transaction; the longest due come first, so none is passed over.

How many bills are asked for at the same time, and in an hour, are settings (PaymentRules).
"""
EVERY_HOUR = timedelta(hours=1)
AFTER_CREDIT, AFTER_WINDOW = timedelta(days=1), timedelta(days=7)
"""How often a credit is asked for while it may lawfully come back, and afterwards."""
FOLLOWED_FOR = timedelta(days=35)
"""After so long a credit is asked for no more; the daily statement would still show a return."""
PUT_OFF = timedelta(minutes=10)
NOT_KNOWN = "NOT_KNOWN"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """One round of enquiries: how many were asked, how many had news, and how many were not answered."""

    asked: int = 0
    changed: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    instalment_id: str
    end_to_end_id: str
    bill: BillReference
    amount_paise: int
    status: PaymentStatus
    since: datetime


async def ask_due(env: Environment, *, limit: int = ROUND) -> Round:
    """Ask for the payments that are due, the longest due first, and apply the answers.

    One that the treasury does not answer is put off, alone; where it is away altogether the round ends early. May
    be run again and by several workers at once: news is applied once, whoever brings it.
    """
    now = env.clock.now()
    async with env.store.read_transaction() as tx:
        due = await payment_enquiries.due(tx, now, limit)
        waiting = [_bill_to_ask(row) for row in await payment_reads.present(tx, due) if row.rail == Rail.IFMS.value]
    total = Round()
    for start in range(0, len(waiting), APPLIED_AT_ONCE):
        part = await _ask(env, waiting[start : start + APPLIED_AT_ONCE])
        total = Round(total.asked + part.asked, total.changed + part.changed, total.unanswered + part.unanswered)
        if part.unanswered == part.asked:
            break
    if total.asked:
        _log.info("payments_asked", asked=total.asked, changed=total.changed, unanswered=total.unanswered)
    return total


async def _ask(env: Environment, waiting: Sequence[_Asked]) -> Round:
    places = asyncio.Semaphore(env.rules.payments.enquiries_at_once)

    async def ask_bill(asked: _Asked) -> BillEnquiry | RemoteError:
        async with places:
            try:
                return await env.partners.dbt.enquire(asked.bill)
            except RemoteError as error:
                return error

    answers = await asyncio.gather(*(ask_bill(asked) for asked in waiting))
    heard = [(asked, answer) for asked, answer in zip(waiting, answers, strict=True) if isinstance(answer, BillEnquiry)]
    silent = [asked.instalment_id for asked, answer in zip(waiting, answers, strict=True) if not _is_answer(answer)]
    crash_points.reach(crash_points.ENQUIRY_HEARD)
    changed = await env.store.carry_out(lambda tx: _apply(UnitOfWork(env, tx, SYSTEM), heard, silent))
    away = sum(isinstance(answer, Unavailable) for answer in answers)
    return Round(len(waiting), changed, len(waiting) if away == len(waiting) else len(silent))


def _is_answer(answer: object) -> bool:
    return isinstance(answer, BillEnquiry)


async def _apply(acting: UnitOfWork, heard: Sequence[tuple[_Asked, BillEnquiry]], silent: Sequence[str]) -> int:
    told = [(asked.instalment_id, _news(enquiry)) for asked, enquiry in heard if enquiry.state is not None]
    changed = await apply_statuses(acting, told)
    await open_cases(acting, [one for asked, enquiry in heard for one in _differences(asked, enquiry)])
    await _claim_references(acting, heard)
    await open_cases(acting, await _second_credits(acting, heard))
    await payment_enquiries.record_answers(
        acting.tx, [_heard_record(acting, asked, enquiry) for asked, enquiry in heard], acting.now
    )
    if silent:
        await payment_enquiries.put_off(acting.tx, silent, acting.now + PUT_OFF)
    return len(changed)


async def _second_credits(acting: UnitOfWork, heard: Sequence[tuple[_Asked, BillEnquiry]]) -> list[FinanceDifference]:
    """Bills that were credited under another reference than the one reported before."""
    credited = {
        asked.instalment_id: hash_of(enquiry.utr)
        for asked, enquiry in heard
        if enquiry.utr and enquiry.state is not None and enquiry.state.status is PaymentStatus.CREDITED
    }
    before = await payment_enquiries.credits_heard(acting.tx, credited)
    return [paid_again(one) for one, utr in credited.items() if before.get(one, utr) != utr]


async def _claim_references(acting: UnitOfWork, heard: Sequence[tuple[_Asked, BillEnquiry]]) -> None:
    claims = {hash_of(enquiry.utr): asked.end_to_end_id for asked, enquiry in heard if enquiry.utr}
    taken = await reconciliation.claim_utrs(acting.tx, claims)
    await open_cases(acting, [reference_twice(utr, claims[utr]) for utr in sorted(taken)])


def hash_of(utr: str) -> str:
    """By what a bank reference is known to the store."""
    return hashlib.sha256(utr.encode()).hexdigest()


def reference_twice(utr_hash: str, payment: str) -> FinanceDifference:
    """A bank reference that belongs to more than one payment."""
    return FinanceDifference(DifferenceKind.UTR_TWICE, f"utr:{utr_hash[:16]}", expected="1", found=payment)


def _bill_to_ask(row: AnyRow) -> _Asked:
    begins: date = row.period_from
    bill = BillReference(row.bill_number, begins, row.end_to_end_id)
    return _Asked(row.id, row.end_to_end_id, bill, row.amount_paise, PaymentStatus(row.status), row.status_at)


def _news(enquiry: BillEnquiry) -> PaymentNews:
    state = enquiry.state
    if state is None:
        raise ValueError("no state was heard")
    return PaymentNews(
        state.status,
        state.at,
        source_ref="PIS/PAG/PD/FD",
        utr_last4=state.utr_last4,
        return_code=state.return_code,
        rail=Rail.IFMS,
    )


def _differences(asked: _Asked, enquiry: BillEnquiry) -> list[FinanceDifference]:
    about = f"{INSTALMENT}{asked.instalment_id}"
    found = [
        FinanceDifference(DifferenceKind.UNKNOWN_IN_SCROLL, f"payment:{stranger}", found=asked.bill.bill_number)
        for stranger in enquiry.strangers
    ]
    if enquiry.state is None:
        found.append(FinanceDifference(DifferenceKind.NOT_AT_PARTNER, about, asked.status.value, NOT_KNOWN))
    elif enquiry.net_paise is not None and enquiry.net_paise != asked.amount_paise:
        theirs = str(enquiry.net_paise)
        found.append(FinanceDifference(DifferenceKind.AMOUNT_DIFFERS, about, str(asked.amount_paise), theirs))
    return found


def _heard_record(acting: UnitOfWork, asked: _Asked, enquiry: BillEnquiry) -> EnquiryAnswer:
    state = enquiry.state
    return EnquiryAnswer(
        asked.instalment_id,
        state.status if state else None,
        state.at if state else None,
        enquiry.net_paise,
        hash_of(enquiry.utr) if enquiry.utr else None,
        state.return_code if state else None,
        next_enquiry(state.status if state else None, state.at if state else None, acting.now),
    )


def next_enquiry(status: PaymentStatus | None, at: datetime | None, now: datetime) -> datetime | None:
    """When a payment is asked for again; None where it is final."""
    if status is PaymentStatus.CREDITED and at is not None:
        age = now - at
        if age <= RETURN_WINDOW:
            return now + AFTER_CREDIT
        return now + AFTER_WINDOW if age <= FOLLOWED_FOR else None
    if status in {PaymentStatus.RETURNED, PaymentStatus.REISSUED}:
        return None
    return now + EVERY_HOUR
