"""The records in the DBT finance sandbox's answers: pure functions of a bill and the time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.dbt_finance import bills

Bill = Mapping[str, Any]
Record = dict[str, Any]


def status_record(bill: Bill, day: object, ssu_ia_id: str) -> Record:
    """What PIS says of a bill that was taken."""
    return {
        "pmtInstId": instruction_id(bill),
        "payInstDate": bills.time_text(bills.accepted_at(bill)),
        "jitBillNumber": bill["number"],
        "jitBillDate": bill["day"] or day,
        "ssuIaId": ssu_ia_id,
        "billNetAmount": bills.rupee_text(bill["net"]),
        "billGrossAmount": bills.rupee_text(bill["gross"]),
        "schemeCode": bill["scheme"],
        "totalNumberOfBeneficiary": str(len(bill["payees"])),
    }


def advice_record(bill: Bill, at_bank: datetime, ssu_ia_id: str) -> Record:
    """What PAG says of a bill that was given to the bank."""
    lines = [
        {
            "benfId": payee["id"],
            "benfAccountNo": f"XXXX{payee['last4']}",
            "benfBankIfscCode": payee["ifsc"],
            "amount": bills.rupee_text(payee["paise"]),
        }
        for payee in bill["payees"]
    ]
    own = {"billNo": bill["number"], "ssuIaId": ssu_ia_id, "adviceDate": bills.day_text(at_bank)}
    return {**own, **token(bill, at_bank), "benfDtls": lines}


def debit_record(bill: Bill, now: datetime) -> Record | None:
    """What PD says: the payments that the bank was debited for; None where there are none yet."""
    lines = [
        {**_line(payee), "utrNo": _utr(bill, payee), "utrDate": bills.time_text(reached.credited)}
        for payee in bill["payees"]
        if (reached := bills.progress(bill, payee, now)).credited
    ]
    return {**_head(bill, now), "paymentStatus": "Payment successful", "benfDtls": lines} if lines else None


def failure_record(bill: Bill, now: datetime) -> Record | None:
    """What FD says: the payments that came back; None where there are none."""
    lines = [
        {
            **_line(payee),
            "utrNo": _utr(bill, payee),
            "orgBillRefNumber": bill_reference(bill["number"]),
            "challanNumber": bills.reference("CHL", bill["number"]),
            "challanDate": bills.time_text(reached.returned),
            "failedReason": f"{reached.code} - {bills.APBS_TEXTS.get(str(reached.code), 'Other reason')}",
        }
        for payee in bill["payees"]
        if (reached := bills.progress(bill, payee, now)).returned
    ]
    return {**_head(bill, now), "benfDtls": lines} if lines else None


def instruction_id(bill: Bill) -> str:
    """The treasury's own number of an instruction."""
    return bills.reference("PMT", bill["number"])


def bill_reference(number: str) -> str:
    """The treasury's online reference of a bill, by which PD is asked."""
    return bills.reference("OBR", number)


def token(bill: Bill, at_bank: datetime) -> dict[str, str]:
    """What a bill carries from the day that it was given to the bank."""
    number = bill["number"]
    return {
        "finYear": bills.financial_year(at_bank),
        "adviceId": bills.reference("ADV", number),
        "onlineBillRefNo": bill_reference(number),
        "tokenNumber": bills.reference("", number, 6),
        "tokenDate": bills.time_text(at_bank),
    }


def _head(bill: Bill, now: datetime) -> dict[str, str]:
    at_bank = bills.bill_at_bank(bill, now) or bills.accepted_at(bill)
    carried = token(bill, at_bank)
    return {
        "billNumber": bill["number"],
        "billDate": bill["day"] or bills.day_text(bills.accepted_at(bill)),
        "voucherNo": bills.reference("VCH", bill["number"]),
        "voucherDate": bills.day_text(at_bank),
        "billRefNo": carried["onlineBillRefNo"],
        "tokenNumber": carried["tokenNumber"],
        "tokenDate": carried["tokenDate"],
    }


def _line(payee: Mapping[str, Any]) -> dict[str, str]:
    return {
        "benfId": payee["id"],
        "endToEndId": payee["id"],
        "benfAcctNo": f"XXXX{payee['last4']}",
        "benfBankIfscCode": payee["ifsc"],
    }


def _utr(bill: Bill, payee: Mapping[str, Any]) -> str:
    return bills.reference("SBIN", f"{bill['number']}/{payee['id']}", 12)
