"""The parameters of each JIT call: pure functions (docs/contracts/dbt_finance.md section 5.3)."""

import re
import unicodedata
from datetime import date
from typing import Any

from domain.kernel import rupees
from integrations.dbt_finance.jit.models import (
    Allotment,
    BillReference,
    Correction,
    DbtFinanceSettings,
    InstructionStatus,
    Payee,
    PaymentInstruction,
)
from integrations.dbt_finance.jit.records import Advice, CorrectionPaid

HEAD_DIGITS = 27


def allotment_params(head: str, since: date, ddo_code: str, settings: DbtFinanceSettings) -> dict[str, str]:
    """The parameters of VA: what was allotted to a head of account since a day."""
    return {
        "hoa": head_digits(head),
        "fromDate": with_time(since),
        "ddoCode": ddo_code,
        "granteCode": settings.grantee_code,
    }


def instruction_params(
    instruction: PaymentInstruction, allotment: Allotment, settings: DbtFinanceSettings
) -> dict[str, Any]:
    """The parameters of PI. The Aadhaar number and the PAN are optional there and sent empty."""
    amount = rupees(instruction.net_paise)
    return {
        "jitBillNo": instruction.bill_number,
        "jitBillDate": with_time(instruction.bill_date),
        "jitBillDdoCode": instruction.ddo_code or settings.ddo_code,
        "granteeAgCode": settings.grantee_code,
        "schemeCode": allotment.scheme_code,
        "hoa": head_digits(instruction.head_of_account or settings.head_of_account),
        "ssuIaId": settings.ssu_ia_id,
        "mstAllotmentDistId": allotment.distribution_id,
        "ssuAllotmentId": allotment.allotment_id,
        "allotmentTxnSlNo": allotment.serial,
        "billGrossAmount": amount,
        "billNetAmount": amount,
        "billNumberOfBenf": str(len(instruction.payees)),
        "purpose": instruction.purpose,
        "beneficiaryDetails": [_payee(payee, instruction.purpose, settings.pan_field) for payee in instruction.payees],
    }


def _payee(payee: Payee, purpose: str, pan_field: str) -> dict[str, str]:
    return {
        "benefId": payee.end_to_end_id,
        "benefName": plain(payee.name),
        "benfAcctNo": payee.account_number,
        "benfBankIfscCode": payee.ifsc,
        "benfMobileNo": payee.mobile,
        "benfEmailId": "",
        "benfAddress": plain(payee.address),
        "benfAccountType": payee.account_type,
        "benfAmount": rupees(payee.amount_paise),
        pan_field: "",
        "adhaarNumber": "",
        "purpose": purpose,
    }


def correction_params(
    correction: Correction, first_reference: str, failed_reference: str, settings: DbtFinanceSettings
) -> dict[str, Any]:
    """The parameters of COR; the references are the treasury's online ones of the first and the last order."""
    line = {
        "benefId": correction.first.end_to_end_id,
        "jitCurBillRefNo": failed_reference,
        "orgAccountNo": correction.first_account.number,
        "orgIfsc": correction.first_account.ifsc,
        "correctedAccountNo": correction.corrected.number,
        "correctedIfsc": correction.corrected.ifsc,
        "curAccountNo": correction.failed_account.number,
        "curIfsc": correction.failed_account.ifsc,
    }
    named = correction_paid_params(correction.bill, correction.first, first_reference, settings)
    return {**named, settings.corrections_field: [line]}


def correction_paid_params(
    bill: BillReference, first: BillReference, first_reference: str, settings: DbtFinanceSettings
) -> dict[str, str]:
    """The parameters of FTPS, which COR has too: the correction, and the first order with its online reference."""
    return {
        "jitCorBillNo": bill.bill_number,
        "jitCorBillDate": with_time(bill.bill_date),
        "jitCorBillDeptCode": settings.application_name,
        "jitOrgBillRefNo": first_reference,
        "jitOrgBillNo": first.bill_number,
        "jitOrgBillDate": with_time(first.bill_date),
    }


def correction_failed_params(bill: BillReference, paid: CorrectionPaid) -> dict[str, str]:
    """The parameters of FTFPS: the correction, with the new reference and token that FTPS gave."""
    return {
        "jitCorBillNo": bill.bill_number,
        "jitCorBillDate": with_time(bill.bill_date),
        "billRefNo": paid.bill_reference,
        "tokenNumber": paid.token_number,
        "tokenDate": paid.token_date,
    }


def status_params(bill: BillReference, ssu_ia_id: str) -> dict[str, str]:
    """The parameters of PIS, which wants the day of the bill without a time."""
    return {"jitBillNo": bill.bill_number, "jitBillDate": bill.bill_date.isoformat(), "ssuIaId": ssu_ia_id}


def advice_params(bill: BillReference, status: InstructionStatus, ssu_ia_id: str) -> dict[str, str]:
    """The parameters of PAG."""
    return {
        "pmtInstId": status.instruction_id or "",
        "pmtInstDate": status.instructed_on or "",
        "billNo": bill.bill_number,
        "billDate": bill.bill_date.isoformat(),
        "ssuIaId": ssu_ia_id,
    }


def debit_params(advice: Advice, application_name: str) -> dict[str, str]:
    """The parameters of PD."""
    return {
        "finYear": advice.financial_year,
        "extAppName": application_name,
        "billRefNo": advice.bill_reference,
        "tokenNumber": advice.token_number,
        "tokenDate": advice.token_date,
    }


def failures_params(advice: Advice, voucher_date: str, settings: DbtFinanceSettings) -> dict[str, str]:
    """The parameters of FD: for all failures of a voucher date, or in its older form for one bill."""
    if settings.failures_by == "bill":
        return debit_params(advice, settings.application_name)
    return {"finYear": advice.financial_year, "extAppName": settings.application_name, "voucherDate": voucher_date}


def head_digits(head: str) -> str:
    """A head of account in the treasury's 27 digits.

    INFERRED: of one that is written by its levels, as 2235-60-102-03-00-42, the last level stands at the end and the
    levels that it does not name are zeros. One of 27 digits stays as it is.
    """
    levels: list[str] = re.findall(r"[0-9]+", head)
    if len(levels) < 2 or sum(map(len, levels)) > HEAD_DIGITS:
        return "".join(levels)
    above = "".join(levels[:-1])
    return above + levels[-1].rjust(HEAD_DIGITS - len(above), "0")


def with_time(day: date) -> str:
    """The date of a bill with the time that the treasury wants: that of midnight, so that a repeat says the same."""
    return f"{day.isoformat()} 00:00:00"


def plain(name: str) -> str:
    """A name or an address as letters, digits and spaces; the signs that belong to letters of Indian scripts stay."""
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in name)
    return " ".join("".join(kept).split())
