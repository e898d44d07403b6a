"""Maps the treasury's answers to the one state that a citizen sees (docs/contracts/dbt_finance.md section 7).

No PAG yet is INSTRUCTED, an advice is AT_BANK, a payee of the debit scroll with reference and date is CREDITED, and a
payee of FD is RETURNED whatever was said before: a paid amount can still come back. A correction has no PIS and no PAG:
it is INSTRUCTED until FTPS tells that it was paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from integrations.dbt_finance.jit.records import AdvisedPayee, Debit, Failure, is_same_account
from integrations.dbt_finance.jit.return_codes import INSTRUCTION_REJECTED, code_of_reason


@dataclass(frozen=True, slots=True)
class BillAnswers:
    """All answers about one bill. `taken_at` is when the treasury gave it to the bank, None where it has not.

    `asked_at` stands for the time of a refusal, which carries none. Failures are by `benefId`.
    """

    status: InstructionStatus
    asked_at: datetime
    taken_at: datetime | None = None
    payees: Sequence[AdvisedPayee] = ()
    debits: Sequence[Debit] = ()
    failures: Mapping[str, Failure] | None = None
    reached: Mapping[str, str] = field(default_factory=dict)


def state_of(bill: BillReference, heard: BillAnswers, compared: str) -> PaymentState | None:
    """The state of a payment; None of one that goes to another payee. `compared` is the setting `accounts_compared`."""
    return None if _pays_another(bill, heard, compared) else _state(bill, heard)


def enquiry_of(bill: BillReference, heard: BillAnswers, compared: str) -> BillEnquiry:
    """All answers about a bill, which has one payment: its state, the amount of the treasury, and payees not ours."""
    own = _debit_of(bill, heard)
    told = {payee.beneficiary_id for payee in heard.payees} | {debit.beneficiary_id for debit in heard.debits}
    told |= set(heard.failures or ())
    other = heard.status.payee_count not in {None, 1} or _pays_another(bill, heard, compared)
    return BillEnquiry(
        state=_state(bill, heard),
        net_paise=heard.status.net_paise,
        reference=f"{own.end_to_end_id}/{own.beneficiary_id}" if own else None,
        strangers=tuple(sorted(told - {bill.beneficiary_id})),
        other_payee=other,
        reached={} if other else heard.reached,
    )


def _pays_another(bill: BillReference, heard: BillAnswers, compared: str) -> bool:
    """Whether an answer names another account, branch or amount for the payee than was sent.

    Names are not compared: the treasury writes them in its own way.
    """
    own = bill.beneficiary_id
    advised = [one for one in heard.payees if one.beneficiary_id == own]
    accounts = [one.account for one in advised] + [one.account for one in heard.debits if one.beneficiary_id == own]
    accounts += [one.account for name, one in (heard.failures or {}).items() if name == own]
    if any(bill.amount_paise not in {None, one.paise} for one in advised):
        return True
    sent = bill.account
    return sent is not None and any(told and not is_same_account(told, sent, compared) for told in accounts)


def _state(bill: BillReference, heard: BillAnswers) -> PaymentState:
    debit, failure = _debit_of(bill, heard), (heard.failures or {}).get(bill.beneficiary_id)
    if failure is not None:
        last4 = debit.utr[-4:] if debit else None
        return PaymentState(PaymentStatus.RETURNED, failure.at, last4, code_of_reason(failure.reason))
    if debit is not None:
        return PaymentState(PaymentStatus.CREDITED, debit.at, debit.utr[-4:])
    if heard.taken_at is not None:
        return PaymentState(PaymentStatus.AT_BANK, heard.taken_at)
    if heard.status.stage is InstructionStage.REJECTED:
        return PaymentState(PaymentStatus.RETURNED, heard.asked_at, return_code=INSTRUCTION_REJECTED)
    at = heard.status.instructed_at or datetime.combine(bill.bill_date, datetime.min.time(), IST)
    pending = heard.status.stage is InstructionStage.PENDING and bill.corrects is None  # those need no approval
    return PaymentState(PaymentStatus.INSTRUCTED, at, awaits_approval=pending)


def _debit_of(bill: BillReference, heard: BillAnswers) -> Debit | None:
    return next((one for one in heard.debits if one.beneficiary_id == bill.beneficiary_id), None)
