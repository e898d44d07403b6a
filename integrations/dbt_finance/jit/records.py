"""Reads the records of JIT answers: pure functions that raise Unreadable, or Foreign for a record of another bill.

docs/contracts/dbt_finance.md sections 5.3 and 5.6.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.payments.budgets import year_of
from integrations.calling.errors import Foreign, Unreadable
from integrations.dbt_finance.jit.models import (
    Allotment,
    BankAccount,
    BillReference,
    DbtFinanceSettings,
    InstructionStage,
    InstructionStatus,
)
from integrations.dbt_finance.jit.wire import Record, check_same, count, instant, lines, maybe_text, paise, text

WITHDRAWAL = "withdrawal"
NOT_PAID = re.compile(r"fail|reject|pending|in process")
"""Words of a `paymentStatus` that says that the bill is not paid. INFERRED."""


@dataclass(frozen=True, slots=True)
class AdvisedPayee:
    """A payee of an advice, with the account and the amount that the treasury gave to the bank."""

    beneficiary_id: str
    account: BankAccount
    paise: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What PAG gives and the later calls ask back."""

    bill_reference: str
    token_number: str
    token_date: str
    financial_year: str
    payees: tuple[AdvisedPayee, ...]

    @property
    def at(self) -> datetime:
        """When the treasury took the bill."""
        return instant(self.token_date)


@dataclass(frozen=True, slots=True)
class Debit:
    """A payee of the debit scroll: the reserve bank paid. `end_to_end_id` is the treasury's own, `utr` the scroll's."""

    beneficiary_id: str
    end_to_end_id: str
    utr: str
    at: datetime
    account: BankAccount | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Scroll:
    """What PD or FTPS tells of one bill: the voucher's day, and the payees that have a reference and a date."""

    voucher_date: str
    debits: tuple[Debit, ...]


@dataclass(frozen=True, slots=True)
class CorrectionPaid:
    """What FTPS gives, and FTFPS and a further correction ask back: the reference and the token are new ones."""

    bill_reference: str
    token_number: str
    token_date: str
    scroll: Scroll

    @property
    def at(self) -> datetime:
        """When the treasury took the correction."""
        return instant(self.token_date)


@dataclass(frozen=True, slots=True)
class Failure:
    """A payment that came back; of the names of its payee those that the answer has."""

    beneficiary_id: str | None
    end_to_end_id: str | None
    account: BankAccount | None = field(repr=False)
    reason: str
    at: datetime


def account_compared(account: BankAccount, compared: str) -> tuple[str, str]:
    """What is compared of an account, as the setting `accounts_compared` says: of its number, and its branch."""
    number = {"whole": account.number, "last_four": account.number[-4:], "none": ""}[compared]
    return number, account.ifsc.upper()


def is_same_account(told: BankAccount, sent: BankAccount, compared: str) -> bool:
    """Whether the treasury names the account that was sent, as far as it shows it."""
    return account_compared(told, compared) == account_compared(sent, compared)


def allotments(records: Iterable[Record], ddo_code: str, settings: DbtFinanceSettings) -> list[Allotment]:
    """What was allotted, one for each allotment, by the records of VA.

    An order names the highest serial of its allotment that is no withdrawal; the balance is that of the last record.
    """
    expected = {"ddoCode": ddo_code, "granteeAgCode": settings.grantee_code}
    by_distribution: dict[str, list[Record]] = {}
    for record in records:
        check_same(record, expected)
        if maybe_text(record, "ssuId") not in {None, settings.ssu_ia_id}:
            continue  # another office of the same drawing officer
        by_distribution.setdefault(text(record, "mstAllotmentDistId"), []).append(record)
    found = []
    for distribution, several in by_distribution.items():
        several.sort(key=lambda one: count(one, "allotmentTxnSlNo"))
        given = [one for one in several if WITHDRAWAL not in text(one, "allotmentTxnType").lower()]
        if given:
            charged, left = given[-1], paise(several[-1], "availableBalance")
            serial, scheme = text(charged, "allotmentTxnSlNo"), text(charged, "schemeCode")
            found.append(Allotment(distribution, text(charged, "ssuAllotmentId"), serial, scheme, left))
    return found


def is_accepted(record: Record, expected: Mapping[str, str]) -> bool:
    """Whether PI or COR took this bill: `successCode` 0, which one reader calls `successCd`."""
    check_same(record, expected)
    return text(record, "successCode", "successCd") == "0"


def instruction_status(record: Record, bill: BillReference, ssu_ia_id: str) -> InstructionStatus:
    """Read a record of PIS."""
    number = "jitBillNumber" if "jitBillNumber" in record else "jitBillNo"
    expected = {number: bill.bill_number, "ssuIaId": ssu_ia_id}
    check_same(record, expected, optional=frozenset({"ssuIaId"}))
    if instant(text(record, "jitBillDate")).date() != bill.bill_date:
        raise Foreign("foreign_record")
    approved = text(record, "payInstDate")
    return InstructionStatus(
        stage=InstructionStage.APPROVED,
        instruction_id=text(record, "pmtInstId"),
        instructed_on=approved,
        instructed_at=instant(approved),
        net_paise=paise(record, "billNetAmount"),
        payee_count=count(record, "totalNumberOfBeneficiary"),
    )


def advice(record: Record, bill: BillReference, ssu_ia_id: str) -> Advice:
    """Read a record of PAG."""
    number = "billNo" if "billNo" in record else "billNumber"
    check_same(record, {number: bill.bill_number, "ssuIaId": ssu_ia_id}, optional=frozenset({"ssuIaId"}))
    token_date = text(record, "tokenDate")
    return Advice(
        bill_reference=text(record, "onlineBillRefNo"),
        token_number=text(record, "tokenNumber", "tokenNo"),
        token_date=token_date,
        financial_year=maybe_text(record, "finYear") or str(year_of(instant(token_date).date())[0].year),
        payees=tuple(
            AdvisedPayee(
                text(line, "benfId", "benefId"),
                BankAccount(text(line, "benfAccountNo", "benfAcctNo"), text(line, "benfBankIfscCode")),
                paise(line, "amount"),
            )
            for line in lines(record, "benfList", "benfDtls")
        ),
    )


def scroll(record: Record, bill: BillReference, reference: str) -> Scroll | None:
    """Read a record of PD; None where it says that the bill is not paid."""
    check_same(record, {"billNumber": bill.bill_number, "billRefNo": reference})
    return _scroll(record)


def correction_paid(record: Record, bill: BillReference, first_reference: str) -> CorrectionPaid | None:
    """Read a record of FTPS; None where it says that the correction is not paid."""
    check_same(record, {"jitCorBillNo": bill.bill_number, "jitOrgBillRefNo": first_reference})
    read = _scroll(record)
    if read is None:
        return None
    paid = CorrectionPaid(text(record, "billRefNo"), text(record, "tokenNumber"), text(record, "tokenDate"), read)
    instant(paid.token_date)
    return paid


def failures_of_bill(records: Iterable[Record], bill: BillReference, reference: str) -> list[Failure]:
    """What records of FD say of one bill. A day's records are of all bills, so those of others are passed over."""
    found: list[Failure] = []
    for record in records:
        named = text(record, "billNumber"), text(record, "billRefNo")
        if named == (bill.bill_number, reference):
            found += _failures(record)
        elif bill.bill_number in named or reference in named:
            raise Foreign("foreign_record")
    return found


def correction_failures(record: Record, bill: BillReference, reference: str) -> list[Failure]:
    """What a record of FTFPS says."""
    check_same(record, {"jitCorBillNo": bill.bill_number, "billRefNo": reference})
    return _failures(record)


def failed_payees(
    failures: Sequence[Failure], debits: Sequence[Debit], payees: Sequence[AdvisedPayee]
) -> dict[str, Failure]:
    """Failures by `benefId`: as they name it, else by the treasury's end-to-end id, else by account and branch."""
    by_reference = {debit.end_to_end_id: debit.beneficiary_id for debit in debits}
    by_account = {payee.account: payee.beneficiary_id for payee in payees}
    by_account |= {debit.account: debit.beneficiary_id for debit in debits if debit.account is not None}
    found = {}
    for failure in failures:
        named = failure.beneficiary_id or by_reference.get(failure.end_to_end_id or "")
        if named is None and failure.account is not None:
            named = by_account.get(failure.account)
        if named is None:
            raise Unreadable("payee_missing")
        found[named] = failure
    return found


def _scroll(record: Record) -> Scroll | None:
    if NOT_PAID.search(str(record.get("paymentStatus", "")).lower()):
        return None
    paid = lines(record, "benfDtls")
    if not paid:
        raise Unreadable("lines_missing")
    voucher = text(record, "voucherDate")
    instant(voucher)
    return Scroll(voucher, tuple(debit for line in paid if (debit := _debit(line)) is not None))


def _debit(line: Record) -> Debit | None:
    """A payee of a scroll; None without a reference or a date, which is no credit yet."""
    payee = text(line, "benfId", "benefId")
    reference, day = maybe_text(line, "endToEndId"), maybe_text(line, "utrDate")
    if reference is None or day is None:
        return None
    return Debit(payee, reference, maybe_text(line, "utrNo") or reference, instant(day), _account(line))


def _failures(record: Record) -> list[Failure]:
    failed = lines(record, "benfDtls")
    if not failed:
        raise Unreadable("lines_missing")
    return [
        Failure(
            maybe_text(line, "benfId", "benefId"),
            maybe_text(line, "endToEndId"),
            _account(line),
            text(line, "failedReason"),
            instant(text(line, "challanDate", "utrDate")),
        )
        for line in failed
    ]


def _account(line: Record) -> BankAccount | None:
    number, ifsc = maybe_text(line, "benfAcctNo", "benfAccountNo"), maybe_text(line, "benfBankIfscCode")
    return BankAccount(number, ifsc) if number and ifsc else None
