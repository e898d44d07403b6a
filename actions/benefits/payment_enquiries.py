"""Asks the state treasury each hour for the status of every payment that is not final, and applies the answers.

A credit at the bank thereby reaches the store, the count for e-Taal and the citizen without anybody's doing.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from actions.benefits.asked_bills import bills_to_ask
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
from store.database import crash_points
from store.payments import payment_reads
from store.reconciliation import reconciliation

ROUND, APPLIED_AT_ONCE = 200, 25
"""Bills of one round, and answers kept in one transaction; the longest due come first, so none is passed over.

How many bills are asked for at the same time, and in an hour, are settings (PaymentRules).
"""
EVERY_HOUR = timedelta(hours=1)
AFTER_CREDIT, AFTER_WINDOW = timedelta(days=1), timedelta(days=7)
"""How often a credit is asked for while it may lawfully come back, and afterwards."""
FOLLOWED_FOR = timedelta(days=90)
"""After so long a credit is asked for no more (docs/contracts/dbt_finance.md section 5.4)."""
PUT_OFF = timedelta(minutes=10)
OTHER_PAYEE = "OTHER_PAYEE"
"""What a case says was found where the treasury names another account, branch or amount than was sent."""
TOLD_BY = "PIS/PAG/PD/FD"
"""What news of a payment names as its source."""

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
        rows = [row for row in await payment_reads.present(tx, due) if row.rail == Rail.IFMS.value]
        bills = await bills_to_ask(tx, rows)
    waiting = [
        _Asked(row.id, row.end_to_end_id, bills[row.id], row.amount_paise, PaymentStatus(row.status), row.status_at)
        for row in rows
    ]
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
    told = [(asked.instalment_id, _news(enquiry)) for asked, enquiry in heard if not _differs(asked, enquiry)]
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
        asked.instalment_id: hash_of(enquiry.reference)
        for asked, enquiry in heard
        if enquiry.reference and enquiry.state.status is PaymentStatus.CREDITED
    }
    before = await payment_enquiries.credits_heard(acting.tx, credited)
    return [paid_again(one) for one, utr in credited.items() if before.get(one, utr) != utr]


async def _claim_references(acting: UnitOfWork, heard: Sequence[tuple[_Asked, BillEnquiry]]) -> None:
    claims = {hash_of(enquiry.reference): asked.end_to_end_id for asked, enquiry in heard if enquiry.reference}
    taken = await reconciliation.claim_utrs(acting.tx, claims)
    await open_cases(acting, [reference_twice(utr, claims[utr]) for utr in sorted(taken)])


def hash_of(utr: str) -> str:
    """By what a bank reference is known to the store."""
    return hashlib.sha256(utr.encode()).hexdigest()


def reference_twice(utr_hash: str, payment: str) -> FinanceDifference:
    """A bank reference that belongs to more than one payment."""
    return FinanceDifference(DifferenceKind.UTR_TWICE, f"utr:{utr_hash[:16]}", expected="1", found=payment)


def _news(enquiry: BillEnquiry) -> PaymentNews:
    state = enquiry.state
    return PaymentNews(
        state.status,
        state.at,
        source_ref=TOLD_BY,
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
    ours, theirs = str(asked.amount_paise), str(enquiry.net_paise)
    if _is_of_another_amount(asked, enquiry):
        found.append(FinanceDifference(DifferenceKind.AMOUNT_DIFFERS, about, ours, theirs))
    if enquiry.other_payee:
        found.append(FinanceDifference(DifferenceKind.BILL_DIFFERS, about, ours, OTHER_PAYEE))
    return found


def _differs(asked: _Asked, enquiry: BillEnquiry) -> bool:
    """Whether the treasury pays somebody else or another amount than we ordered: a person looks, no step is taken."""
    return enquiry.other_payee or _is_of_another_amount(asked, enquiry)


def _is_of_another_amount(asked: _Asked, enquiry: BillEnquiry) -> bool:
    return enquiry.net_paise is not None and enquiry.net_paise != asked.amount_paise


def _heard_record(acting: UnitOfWork, asked: _Asked, enquiry: BillEnquiry) -> EnquiryAnswer:
    state = enquiry.state
    return EnquiryAnswer(
        asked.instalment_id,
        state.status,
        state.at,
        enquiry.net_paise,
        hash_of(enquiry.reference) if enquiry.reference else None,
        state.return_code,
        next_enquiry(state.status, state.at, acting.now),
        {} if _differs(asked, enquiry) else enquiry.reached,
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
