"""Maps the treasury's answers to the one state that a citizen sees (docs/contracts/dbt_finance.md section 7).

No PAG yet is INSTRUCTED, an advice is AT_BANK, a line of the debit scroll with its bank reference is
CREDITED, and a line of FD is RETURNED whatever was said before: a paid amount can still come back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.benefits.benefits import PaymentStatus
from domain.kernel import IST
from integrations.dbt_finance.jit.models import (
    BillEnquiry,
    BillReference,
    InstructionStage,
    InstructionStatus,
    PaymentState,
)
from integrations.dbt_finance.jit.return_codes import INSTRUCTION_REJECTED, code_of_reason
from integrations.dbt_finance.jit.wire import Advice, Debit, Failure


@dataclass(frozen=True, slots=True)
class BillAnswers:
    """All answers about one bill. `asked_at` stands for the time of a refusal, which carries none."""

    status: InstructionStatus | None
    advice: Advice | None
    debits: Sequence[Debit]
    failures: Sequence[Failure]
    asked_at: datetime


def states_of(bills: Iterable[BillReference], heard: BillAnswers) -> dict[str, PaymentState]:
    """The state of each payment of one bill; none where the treasury does not know the bill."""
    if heard.status is None:
        return {}
    paid = {debit.end_to_end_id: debit for debit in heard.debits}
    returned = {failure.end_to_end_id: failure for failure in heard.failures}
    return {bill.end_to_end_id: _state(bill, heard, heard.status, paid, returned) for bill in bills}


def enquiry_of(bill: BillReference, heard: BillAnswers) -> BillEnquiry:
    """All answers about a bill with one payment: its state, the treasury's amount, and payments not ours."""
    state = states_of([bill], heard).get(bill.end_to_end_id)
    own = next((debit for debit in heard.debits if debit.end_to_end_id == bill.end_to_end_id), None)
    told = {debit.end_to_end_id for debit in heard.debits} | {one.end_to_end_id for one in heard.failures}
    return BillEnquiry(
        state=state,
        net_paise=heard.status.net_paise if heard.status else None,
        utr=own.utr if own else None,
        strangers=tuple(sorted(told - {bill.end_to_end_id})),
    )


def _state(
    bill: BillReference,
    heard: BillAnswers,
    status: InstructionStatus,
    paid: Mapping[str, Debit],
    returned: Mapping[str, Failure],
) -> PaymentState:
    debit = paid.get(bill.end_to_end_id)
    failure = returned.get(bill.end_to_end_id)
    if failure is not None:
        last4 = debit.utr[-4:] if debit else None
        return PaymentState(PaymentStatus.RETURNED, failure.at, last4, code_of_reason(failure.reason))
    if debit is not None:
        return PaymentState(PaymentStatus.CREDITED, debit.at, debit.utr[-4:])
    if heard.advice is not None:
        return PaymentState(PaymentStatus.AT_BANK, heard.advice.at)
    if status.stage is InstructionStage.REJECTED:
        return PaymentState(PaymentStatus.RETURNED, heard.asked_at, return_code=INSTRUCTION_REJECTED)
    midnight = datetime.combine(bill.bill_date, datetime.min.time(), IST)
    return PaymentState(PaymentStatus.INSTRUCTED, status.instructed_at or midnight)
