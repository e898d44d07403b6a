"""The JIT messages of DBT finance: pure functions from and to bytes (docs/contracts/dbt_finance.md section 5).

Call names, fields and reject texts are those of the REST sister that is public. INFERRED: that Uttarakhand
answers alike, the shape of dates (a day, or a day with time, in India), the list name `beneficiaries`, and
the texts by which PIS says pending, rejected and unknown.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.kernel import IST, paise_from_rupees, rupees
from domain.payments.budgets import year_name
from integrations.calling.answers import read_json
from integrations.dbt_finance.jit.models import (
    BillReference,
    Correction,
    DbtFinanceSettings,
    HeadBalance,
    InstructionStage,
    InstructionStatus,
    Payee,
    PaymentInstruction,
)

Record = Mapping[str, Any]


class Unreadable(ValueError):
    """A message that does not have the published form; the text is a short word without content."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The two halves of an answer: records, or the texts of what was refused."""

    records: tuple[Record, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What PAG gives and the later calls ask back."""

    advice_id: str
    bill_reference: str
    token_number: str
    token_date: str
    financial_year: str

    @property
    def at(self) -> datetime:
        """When the treasury took the bill."""
        return instant(self.token_date)


@dataclass(frozen=True, slots=True)
class Debit:
    """A line of the debit scroll: the bank was instructed to pay, with the transaction number of the bank."""

    end_to_end_id: str
    utr: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """A payment that came back."""

    end_to_end_id: str
    reason: str
    at: datetime


REJECTS: tuple[tuple[str, str], ...] = (
    ("insufficient fund", "INSUFFICIENT_FUND"),
    ("duplicate payment in", "DUPLICATE_INSTRUCTION"),
    ("number of beneficiaries provided", "COUNT_MISMATCH"),
    ("total net amount provided", "NET_MISMATCH"),
    ("gross amount can not be less", "GROSS_BELOW_NET"),
    ("beneficiary detail is missing", "NO_BENEFICIARY"),
    ("account number and ifsc are same", "SAME_ACCOUNT_TWICE"),
    ("was not present in the original", "NOT_IN_ORIGINAL"),
    ("has not failed", "NOT_FAILED"),
    ("ssuid configuration is missing", "CONFIGURATION_MISSING"),
    ("is pending", "PENDING"),
    ("is rejected", "REJECTED"),
    ("not found", "NOT_FOUND"),
    ("not generated", "NOT_YET"),
)
"""A part of each text in small letters, and our code; the first that fits counts. INFERRED: NOT_FAILED, the last 4."""


def reject_code(errors: tuple[str, ...]) -> str:
    """The code of the first known text, or UNKNOWN_REJECT."""
    text = " ".join(errors).lower()
    return next((code for part, code in REJECTS if part in text), "UNKNOWN_REJECT")


def message(service: str, params: Mapping[str, Any]) -> bytes:
    """The body of one call."""
    return json.dumps({"serviceId": service, "params": params}, ensure_ascii=False, separators=(",", ":")).encode()


def read_reply(content: bytes, service: str) -> Reply:
    """Split an answer into records and errors; raises Unreadable."""
    try:
        body = read_json(content)
    except ValueError as error:
        raise Unreadable("not_json") from error
    if not isinstance(body, dict) or body.get("serviceId") != service:
        raise Unreadable("other_service")
    records = body.get("data") or []
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Unreadable("records_malformed")
    errors = [body.get("errorMsg"), *(body.get("errorMsgs") or [])]
    return Reply(tuple(records), tuple(text for text in errors if isinstance(text, str) and text))


def instruction_params(instruction: PaymentInstruction, settings: DbtFinanceSettings) -> dict[str, Any]:
    """The parameters of PI. The Aadhaar number and the PAN are optional there and never sent."""
    amount = rupees(instruction.net_paise)
    return {
        "jitBillNo": instruction.bill_number,
        "jitBillDate": instruction.bill_date.isoformat(),
        "jitBillDdoCode": instruction.ddo_code or settings.ddo_code,
        "granteeAgCode": settings.grantee_code,
        "schemeCode": instruction.scheme_code,
        "hoa": instruction.head_of_account or settings.head_of_account,
        "ssuIaId": settings.ssu_ia_id,
        "mstAllotmentDistId": settings.allotment_id,
        "billNetAmount": amount,
        "billGrossAmount": amount,
        "billNumberOfBenf": str(len(instruction.payees)),
        "purpose": instruction.purpose,
        "beneficiaries": [_payee(payee, instruction.purpose) for payee in instruction.payees],
    }


def _payee(payee: Payee, purpose: str) -> dict[str, str]:
    return {
        "benefId": payee.end_to_end_id,
        "benefName": payee.name,
        "benfAcctNo": payee.account_number,
        "ifscCode": payee.ifsc,
        "benfMobileNo": payee.mobile,
        "benfAddress": payee.address,
        "accountType": payee.account_type,
        "paymentAmount": rupees(payee.amount_paise),
        "purpose": purpose,
    }


def correction_params(
    correction: Correction, first_reference: str, failed_reference: str, settings: DbtFinanceSettings
) -> dict[str, Any]:
    """The parameters of COR; the references are the treasury's online ones of the first and the last order (PAG).

    The names are those of the public sister. INFERRED: `endToEndId`, the name of the corrected payment, under which
    the later calls tell of it as they do of an instruction.
    """
    line = {
        "benefId": correction.first.end_to_end_id,
        "endToEndId": correction.end_to_end_id,
        "jitCurBillRefNo": failed_reference,
        "orgAccountNo": correction.first_account.number,
        "orgIfsc": correction.first_account.ifsc,
        "curAccountNo": correction.failed_account.number,
        "curIfsc": correction.failed_account.ifsc,
        "correctedAccountNo": correction.corrected.number,
        "correctedIfsc": correction.corrected.ifsc,
    }
    return {
        "jitCorBillNo": correction.bill_number,
        "jitCorBillDate": correction.bill_date.isoformat(),
        "jitCorBillDeptCode": settings.application_name,
        "jitOrgBillRefNo": first_reference,
        "jitOrgBillNo": correction.first.bill_number,
        "jitOrgBillDate": correction.first.bill_date.isoformat(),
        "beneficiaryDtls": [line],
    }


def status_params(bill_number: str, bill_date: date, ssu_ia_id: str) -> dict[str, str]:
    """The parameters of PIS."""
    return {"jitBillNo": bill_number, "jitBillDate": bill_date.isoformat(), "ssuIaId": ssu_ia_id}


def advice_params(bill: BillReference, status: InstructionStatus, ssu_ia_id: str) -> dict[str, str]:
    """The parameters of PAG."""
    instructed = status.instructed_at
    return {
        "pmtInstId": status.instruction_id or "",
        "pmtInstDate": instructed.astimezone(IST).date().isoformat() if instructed else "",
        "billNo": bill.bill_number,
        "billDate": bill.bill_date.isoformat(),
        "ssuIaId": ssu_ia_id,
    }


def debit_params(advice: Advice, application_name: str) -> dict[str, str]:
    """The parameters of PD."""
    return {
        "finYear": advice.financial_year,
        "ExtAppName": application_name,
        "billRefNo": advice.bill_reference,
        "tokenNumber": advice.token_number,
        "tokenDate": advice.token_date,
    }


def failure_params(bill: BillReference, advice: Advice) -> dict[str, str]:
    """The parameters of FD."""
    return {
        "billno": bill.bill_number,
        "billDate": bill.bill_date.isoformat(),
        "adviceId": advice.advice_id,
        "onlineBillRefNo": advice.bill_reference,
        "tokenNo": advice.token_number,
        "tokenDate": advice.token_date,
    }


def balance_params(head: str, scheme_code: str, day: date, settings: DbtFinanceSettings) -> dict[str, str]:
    """The parameters of BHB. INFERRED, as is the whole call."""
    return {
        "hoa": head,
        "schemeCode": scheme_code,
        "finYear": year_name(day),
        "ssuIaId": settings.ssu_ia_id,
        "mstAllotmentDistId": settings.allotment_id,
    }


def head_balance(record: Record, head: str) -> HeadBalance:
    """Read a record of BHB; raises Unreadable, also where it is of another head."""
    if _text(record, "hoa") != head:
        raise OtherBill("foreign_record")
    return HeadBalance(head, _paise(record, "availableBalance"), instant(_text(record, "asOn")))


def is_accepted(record: Record, bill_number: str) -> bool:
    """Whether PI or COR took this bill: `successCode` 0. Raises Unreadable where the record is of another bill."""
    _same_bill(record, bill_number, "jitBillNo", "jitCorBillNo")
    return str(record.get("successCode", "")).strip() == "0"


def instruction_status(record: Record, bill_number: str) -> InstructionStatus:
    """Read a record of PIS; raises Unreadable."""
    _same_bill(record, bill_number, "jitBillNumber", "jitBillNo")
    return InstructionStatus(
        stage=InstructionStage.APPROVED,
        instruction_id=_text(record, "pmtInstId"),
        instructed_at=instant(_text(record, "payInstDate")),
        net_paise=_paise(record, "billNetAmount"),
        scheme_code=_text(record, "schemeCode"),
        payee_count=_count(record, "totalNumberOfBeneficiary"),
    )


def advice(record: Record, bill_number: str) -> Advice:
    """Read a record of PAG; raises Unreadable."""
    _same_bill(record, bill_number, "billNo", "billNumber")
    read = Advice(
        advice_id=_text(record, "adviceId"),
        bill_reference=_text(record, "onlineBillRefNo"),
        token_number=_text(record, "tokenNumber", "tokenNo"),
        token_date=_text(record, "tokenDate"),
        financial_year=_text(record, "finYear"),
    )
    instant(read.token_date)
    return read


def debits(record: Record, bill_number: str) -> list[Debit]:
    """The paid lines of a record of PD; none where the scroll says that the payment failed. Raises Unreadable."""
    _same_bill(record, bill_number, "billNumber")
    if re.search(r"fail|reject|pending|in process", str(record.get("paymentStatus", "")).lower()):
        return []
    if not _lines(record):
        raise Unreadable("lines_missing")
    return [
        Debit(_payment_id(line), _text(line, "utrNo"), instant(_text(line, "utrDate")))
        for line in _lines(record)
        if line.get("utrNo")
    ]


def failures(record: Record, bill_number: str) -> list[Failure]:
    """The returned lines of a record of FD; raises Unreadable, also where it has none."""
    _same_bill(record, bill_number, "billNumber")
    if not _lines(record):
        raise Unreadable("lines_missing")
    return [
        Failure(_payment_id(line), _text(line, "failedReason"), instant(_text(line, "challanDate", "utrDate")))
        for line in _lines(record)
    ]


def instant(text: str) -> datetime:
    """A day, or a day with time, in India; raises Unreadable."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Unreadable("date_malformed") from error
    return read if read.tzinfo else read.replace(tzinfo=IST)


class OtherBill(Unreadable):
    """The record is of another bill than the one asked for: another citizen's money must never be shown."""


def _same_bill(record: Record, bill_number: str, *names: str) -> None:
    if _text(record, *names) != bill_number:
        raise OtherBill("foreign_record")


def _payment_id(line: Record) -> str:
    return _text(line, "benfId", "benefId", "endToEndId")


def _lines(record: Record) -> list[Record]:
    lines = record.get("benfDtls") or []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise Unreadable("lines_malformed")
    return lines


def _text(record: Record, *names: str) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    raise Unreadable(f"{names[0]}_missing")


def _paise(record: Record, name: str) -> int:
    try:
        return paise_from_rupees(_text(record, name))
    except (ValueError, ArithmeticError) as error:
        raise Unreadable(f"{name}_malformed") from error


def _count(record: Record, name: str) -> int:
    text = _text(record, name)
    if not (text.isascii() and text.isdigit()):
        raise Unreadable(f"{name}_malformed")
    return int(text)
