"""What the treasury has said of a bill and asks back in its later calls, as it is kept from one enquiry to the next.

It names no person and no account: references, dates, and the end of the bank's reference.
"""

from collections.abc import Iterable, Mapping

from integrations.dbt_finance.jit.models import BillReference, InstructionStage, InstructionStatus
from integrations.dbt_finance.jit.records import Advice, CorrectionPaid, Debit, Scroll
from integrations.dbt_finance.jit.wire import instant

_TOKEN = ("bill_reference", "token_number", "token_date")
_ADVICE = (*_TOKEN, "financial_year")


def progress_of(
    bill: BillReference, status: InstructionStatus, advice: Advice | None, scrolls: Iterable[Scroll]
) -> dict[str, str]:
    """How far a bill with one payment has come by these answers; nothing before it was approved."""
    if status.instruction_id is None or status.instructed_on is None:
        return {}
    reached = {"instruction_id": status.instruction_id, "instructed_on": status.instructed_on}
    if advice is not None:
        reached |= {name: getattr(advice, name) for name in _ADVICE}
    return reached | _payment_steps(bill, scrolls)


def progress_of_correction(bill: BillReference, first_reference: str, paid: CorrectionPaid | None) -> dict[str, str]:
    """How far a correction has come; `first_reference` is the treasury's of the first order, which FTPS asks back."""
    reached = {"first_reference": first_reference}
    if paid is None:
        return reached
    return reached | {name: getattr(paid, name) for name in _TOKEN} | _payment_steps(bill, [paid.scroll])


def _payment_steps(bill: BillReference, scrolls: Iterable[Scroll]) -> dict[str, str]:
    paid = {}
    for scroll in scrolls:
        for debit in scroll.debits:
            if debit.beneficiary_id == bill.beneficiary_id:
                paid = {"voucher_date": scroll.voucher_date, "paid_at": debit.at.isoformat()}
                paid |= {"payment": debit.end_to_end_id, "utr_last4": debit.utr[-4:]}
    return paid


def status_in(reached: Mapping[str, str]) -> InstructionStatus:
    """The approval of a bill, as far as the later calls need it. Raises KeyError before it was approved."""
    at = reached["instructed_on"]
    return InstructionStatus(InstructionStage.APPROVED, reached["instruction_id"], at, instant(at))


def advice_in(reached: Mapping[str, str]) -> Advice | None:
    """The advice of a bill, without its payees."""
    if "bill_reference" not in reached:
        return None
    bill_reference, token_number, token_date, year = (reached[name] for name in _ADVICE)
    return Advice(bill_reference, token_number, token_date, year, ())


def first_reference_in(bill: BillReference) -> str | None:
    """The treasury's reference of the first order of a correction; None where neither of them was asked for yet."""
    before = bill.corrects.reached if bill.corrects is not None else {}
    return bill.reached.get("first_reference") or before.get("bill_reference")


def correction_in(bill: BillReference) -> CorrectionPaid | None:
    """The payment of a correction; None before it was paid."""
    debit = debit_in(bill)
    if debit is None:
        return None
    reference, number, day, voucher = (bill.reached[name] for name in (*_TOKEN, "voucher_date"))
    return CorrectionPaid(reference, number, day, Scroll(voucher, (debit,)))


def debit_in(bill: BillReference) -> Debit | None:
    """The payment of a bill, with the end of the scroll's reference alone."""
    reached = bill.reached
    if "paid_at" not in reached:
        return None
    return Debit(bill.beneficiary_id, reached["payment"], reached["utr_last4"], instant(reached["paid_at"]))
