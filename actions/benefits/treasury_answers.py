"""What follows from the treasury's answer to an order that is no acceptance: rejected, declined, or stopped meanwhile.

All of it in the caller's transaction; what was applied before, or overtaken, changes nothing.
"""

from actions.benefits.payment_status import apply_status
from actions.kernel import UnitOfWork
from actions.reconciliation.finance_cases import open_case
from domain.benefits.benefits import UNSENT, Instalment, PaymentNews, PaymentStatus
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from integrations.dbt_finance import INSTRUCTION_REJECTED, OTHER_CONTENT, WRONG_IFSC, Declined
from store.benefits import benefits, payment_enquiries

STOPPED, AWAITS_APPROVAL = "STOPPED", "AWAITS_APPROVAL"


async def note_rejection(acting: UnitOfWork, instalment: Instalment) -> None:
    """The spending unit rejected the order: no money left, the citizen is notified, and it may be ordered anew."""
    await _apply(acting, instalment, PaymentStatus.RETURNED, "PIS", INSTRUCTION_REJECTED)


async def note_declined(acting: UnitOfWork, instalment: Instalment, declined: Declined) -> None:
    """The treasury took nothing of the order.

    One whose account names no branch waits for the citizen to correct it, and goes then under the same number. All else
    an officer has to look at, with the treasury's own text.
    """
    await payment_enquiries.forget_sending(acting.tx, instalment.id)
    if declined.code == WRONG_IFSC:
        await _apply(acting, instalment, PaymentStatus.BENEFICIARY_REJECTED, "PI", WRONG_IFSC)
        return
    about = f"{INSTALMENT}{instalment.id}"
    await open_case(acting, FinanceDifference(DifferenceKind.INSTRUCTION_DECLINED, about, "PI", declined.told))


async def note_sent_before_stop(
    acting: UnitOfWork, instalment: Instalment, note: str | None, *, approved: bool
) -> None:
    """A payment that was stopped may be at the treasury: it counts as to be paid until the treasury says otherwise.

    While it may wait for approval, a case tells the officer to have the spending unit reject it: no message can stop it
    (docs/contracts/dbt_finance.md section 5.4).
    """
    applied = await _apply(acting, instalment, PaymentStatus.INSTRUCTED, note or instalment.bill_number, None)
    if applied and not approved:
        about = f"{INSTALMENT}{instalment.id}"
        kind = DifferenceKind.STOPPED_AFTER_SENDING
        await open_case(acting, FinanceDifference(kind, about, STOPPED, AWAITS_APPROVAL))


async def note_other_bill(acting: UnitOfWork, instalment: Instalment) -> None:
    """The treasury has another bill under the number of the order: nothing is sent, and a person has to look."""
    about, amount = f"{INSTALMENT}{instalment.id}", str(instalment.amount_paise)
    await open_case(acting, FinanceDifference(DifferenceKind.BILL_DIFFERS, about, amount, OTHER_CONTENT))


async def _apply(
    acting: UnitOfWork, instalment: Instalment, status: PaymentStatus, source_ref: str, code: str | None
) -> bool:
    present = await benefits.instalment(acting.tx, instalment.id)
    if present is None or present.status not in UNSENT:
        return False
    news = PaymentNews(status, acting.now, source_ref=source_ref, return_code=code, rail=instalment.rail)
    return await apply_status(acting, instalment.id, news)
