"""Sends a failed treasury payment again to the corrected account, as a correction of its order (COR).

It is a reissue as every other: an instalment of its own with a bill number and an end-to-end id that were minted once,
which names the one that came back. Only how it is ordered and asked for differs (docs/contracts/dbt_finance.md
section 5).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from actions.benefits.payee_account import account_at, account_at_place
from actions.benefits.payment_status import apply_status
from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_case
from domain.benefits.benefits import Instalment, PaymentEvent, PaymentNews, PaymentStatus, Rail, Sanction
from domain.benefits.sanction_course import PaymentAccount
from domain.kernel import ist_date
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from integrations.dbt_finance import INSTRUCTION_REJECTED, WRONG_IFSC, BankAccount, BillReference, Correction
from store.benefits import benefits
from store.database import AnyRow, Transaction

CORRECTS = "COR "
"""How the note of an order begins that was sent as a correction; the bill that failed first follows."""

REFUSALS = frozenset({"NOT_IN_ORIGINAL", "WRONG_IFSC", "SAME_ACCOUNT_TWICE", "NOT_ACCEPTED"})
"""Words of the treasury after which a correction is over: it took nothing, and would not at another time.

NOT_FAILED is none of them, nor is a word that we do not know: the first payment may stand, or this correction may have
been taken and its answer lost, so somebody must look before anything is ordered anew.
"""


async def correction_of(
    env: Environment, tx: Transaction, instalment: Instalment, sanction: Sanction, account: PaymentAccount
) -> Correction | None:
    """The correction that an order is; None where it is an order as any other.

    It is one where it pays again, to another account and to the paisa, what the treasury had sent and the bank sent
    back, as long as the treasury takes corrections of the first order. An order that the treasury rejected before it
    left is ordered anew, as is one whose account stayed the same.
    """
    failed = await benefits.instalment(tx, instalment.reissue_of) if instalment.reissue_of else None
    if failed is None or failed.rail is not Rail.IFMS or failed.amount_paise != instalment.amount_paise:
        return None
    made = (await benefits.instalments(tx, [sanction.id])).get(sanction.id, [])
    events = await benefits.payment_events(tx, [one.id for one in made])
    while failed.reissue_of and _came_back_for(failed, events, WRONG_IFSC):  # that correction never went
        failed = next(one for one in made if one.id == failed.reissue_of)
    first = _first_of(failed, made, events)
    before, at_first = [await _sent_to(tx, sanction, one, events[one.id]) for one in (failed, first)]
    present = BankAccount(account.number, account.ifsc)
    if before is None or at_first is None or before == present or _came_back_for(failed, events, INSTRUCTION_REJECTED):
        return None
    if not _is_in_time(env, instalment, first, events):
        return None
    return Correction(
        bill_number=instalment.bill_number,
        bill_date=instalment.period_from,
        end_to_end_id=instalment.end_to_end_id,
        amount_paise=instalment.amount_paise,
        first=bill_of(first),
        first_account=at_first,
        failed=bill_of(failed) if failed is first else replace(bill_of(failed), corrects=bill_of(first)),
        failed_account=before,
        corrected=present,
    )


def bill_of(instalment: Instalment | AnyRow) -> BillReference:
    """How the treasury is asked about an instalment; the bill bears the date on which its period begins."""
    return BillReference(instalment.bill_number, instalment.period_from, instalment.end_to_end_id)


async def first_orders(tx: Transaction, reissued: Mapping[str, str]) -> dict[str, Instalment]:
    """The first order of each reissue that was sent as a correction; of those that were not there is none.

    `reissued` are instalments that pay another again, with their sanctions.
    """
    events = await benefits.payment_events(tx, reissued)
    bills = {one: bill for one in reissued if (bill := corrected_bill(events.get(one, ()))) is not None}
    made = await benefits.instalments(tx, {reissued[one] for one in bills})
    by_number = {each.bill_number: each for several in made.values() for each in several}
    return {one: by_number[bill] for one, bill in bills.items() if bill in by_number}


async def note_refusal(acting: UnitOfWork, instalment: Instalment, code: str) -> None:
    """Record a refused correction, in the caller's transaction: not sent, the citizen is notified, a case opened.

    An officer may order it again: then it goes as an order of its own. One whose account names no branch is hers to
    mend, without a case, and goes then as a correction again.
    """
    told = WRONG_IFSC if code == WRONG_IFSC else INSTRUCTION_REJECTED
    news = PaymentNews(PaymentStatus.RETURNED, acting.now, source_ref="COR", return_code=told, rail=instalment.rail)
    if not await apply_status(acting, instalment.id, news) or code == WRONG_IFSC:
        return
    about = f"{INSTALMENT}{instalment.id}"
    difference = FinanceDifference(DifferenceKind.CORRECTION_REFUSED, about, expected="COR", found=code)
    await open_case(acting, difference)


def note_of(correction: Correction) -> str:
    """What is kept with the order beside its state."""
    return f"{CORRECTS}{correction.first.bill_number}"


def _first_of(
    failed: Instalment, made: Sequence[Instalment], events: Mapping[str, Sequence[PaymentEvent]]
) -> Instalment:
    """The order that failed first: the one that a correction before this one corrected."""
    bill = corrected_bill(events.get(failed.id, ()))
    return next((one for one in made if one.bill_number == bill), failed)


def corrected_bill(events: Iterable[PaymentEvent]) -> str | None:
    """The bill that failed first, where an order was sent as a correction of it."""
    notes = (event.source_ref or "" for event in events)
    return next((note.removeprefix(CORRECTS) for note in notes if note.startswith(CORRECTS)), None)


async def _sent_to(
    tx: Transaction, sanction: Sanction, one: Instalment, events: Sequence[PaymentEvent]
) -> BankAccount | None:
    """The account that an order was sent with; None where it never went, or that is not known any more.

    That it went may have been heard long after it was sent, and the account corrected in between.
    """
    went = next((event for event in events if event.status is PaymentStatus.INSTRUCTED), None)
    if went is None:
        return None
    place = (await benefits.accounts_sent(tx, [one.id])).get(one.id)
    if place is None:
        account = await account_at(tx, sanction, went.heard_at or went.at)
    else:
        account = await account_at_place(tx, sanction, place)
    return BankAccount(account.number, account.ifsc) if account else None


def _is_in_time(
    env: Environment, instalment: Instalment, first: Instalment, events: Mapping[str, Sequence[PaymentEvent]]
) -> bool:
    """Whether a reissue was ordered while the first order could be corrected; so it stays what it was once it went."""
    ordered = next(event.at for event in events[first.id] if event.status is PaymentStatus.INSTRUCTED)
    made = events[instalment.id][0].at
    return env.rules.payments.may_be_corrected(ist_date(ordered), ist_date(made))


def _came_back_for(one: Instalment, events: Mapping[str, Sequence[PaymentEvent]], code: str) -> bool:
    told = events.get(one.id, ())
    return any(event.status is PaymentStatus.RETURNED and event.return_code == code for event in told)
