"""What the treasury has said of a bill and asks back in its later calls, as it is kept from one enquiry to the next.

It names no person and no account: references, dates, and the end of the bank's reference.
"""

from collections.abc import Iterable, Mapping

from integrations.dbt_finance.jit.models import BillReference, InstructionStage, InstructionStatus
from integrations.dbt_finance.jit.records import Advice, Debit, Scroll
from integrations.dbt_finance.jit.wire import instant

_ADVICE = ("bill_reference", "token_number", "token_date", "financial_year")


def progress_of(
    bill: BillReference, status: InstructionStatus, advice: Advice | None, scrolls: Iterable[Scroll]
) -> dict[str, str]:
    """How far a bill with one payment has come by these answers; nothing before it was approved."""
    if status.instruction_id is None or status.instructed_on is None:
        return {}
    reached = {"instruction_id": status.instruction_id, "instructed_on": status.instructed_on}
    if advice is not None:
        reached |= {name: getattr(advice, name) for name in _ADVICE}
    for scroll in scrolls:
        for debit in scroll.debits:
            if debit.beneficiary_id == bill.beneficiary_id:
                reached |= {"voucher_date": scroll.voucher_date, "paid_at": debit.at.isoformat()}
                reached |= {"payment": debit.end_to_end_id, "utr_last4": debit.utr[-4:]}
    return reached


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


def debit_in(bill: BillReference) -> Debit | None:
    """The payment of a bill, with the end of the scroll's reference alone."""
    reached = bill.reached
    if "paid_at" not in reached:
        return None
    return Debit(bill.beneficiary_id, reached["payment"], reached["utr_last4"], instant(reached["paid_at"]))
