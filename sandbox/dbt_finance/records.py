"""The records in the DBT finance sandbox's answers: pure functions of a bill and the time.

docs/contracts/dbt_finance.md sections 5.3 and 5.8. Of an account the treasury's books here hold the last digits.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.dbt_finance import bills

Bill = Mapping[str, Any]
Record = dict[str, Any]
PAID = "Paid by RBI eKuber,please check with your bank"


def status_record(bill: Bill, day: object, approved: datetime, ssu_ia_id: str) -> Record:
    """What PIS says of a bill that was approved."""
    return {
        "pmtInstId": instruction_id(bill),
        "payInstDate": bills.time_text(approved),
        "jitBillNumber": bill["number"],
        "jitBillDate": day,
        "billNetAmount": whole_rupees(bill["net"]),
        "billGrossAmount": whole_rupees(bill["gross"]),
        "totalNumberOfBeneficiary": str(len(bill["payees"])),
        "schemeCode": bill["scheme"],
        "ssuIaId": ssu_ia_id,
    }


def advice_record(bill: Bill, at_bank: datetime, ssu_ia_id: str) -> Record:
    """What PAG says of a bill that was given to the bank."""
    lines = [
        {
            "benfName": "Payee",
            "benfAccountNo": _account(payee),
            "benfBankIfscCode": payee["ifsc"],
            "amount": whole_rupees(payee["paise"]),
            "benfId": payee["id"],
        }
        for payee in bill["payees"]
    ]
    return {
        "billNo": bill["number"],
        "ssuIaId": ssu_ia_id,
        "finYear": bills.financial_year(at_bank),
        "adviceId": bills.reference("", f"advice/{bill['number']}", 6),
        "adviceDate": bills.day_text(at_bank),
        "onlineBillRefNo": bill_reference(bill["number"]),
        **token(bill, at_bank),
        "benfList": lines,
    }


def debit_record(bill: Bill, now: datetime) -> Record | None:
    """What PD says: the payees of the debit scroll; None where there are none yet."""
    lines = _paid_lines(bill, now)
    return {**_head(bill, now), "paymentStatus": PAID, "benfDtls": lines} if lines else None


def failure_record(bill: Bill, now: datetime) -> Record | None:
    """What FD says: the payments that came back; None where there are none."""
    lines = _failed_lines(bill, now)
    return {**_head(bill, now), "benfDtls": lines} if lines else None


def correction_paid_record(bill: Bill, asked: Mapping[str, Any], now: datetime) -> Record | None:
    """What FTPS says of a correction that was paid; None where it is in process."""
    lines = _paid_lines(bill, now)
    if not lines:
        return None
    head = _head(bill, now)
    return {
        "jitCorBillNo": bill["number"],
        "jitCorBillDate": asked["jitCorBillDate"],
        "jitOrgBillRefNo": asked["jitOrgBillRefNo"],
        **{name: head[name] for name in ("voucherNo", "voucherDate", "billRefNo")},
        "paymentStatus": PAID,
        **{name: head[name] for name in ("tokenNumber", "tokenDate")},
        "benfDtls": lines,
    }


def correction_failure_record(bill: Bill, asked: Mapping[str, Any], now: datetime) -> Record | None:
    """What FTFPS says of a correction that failed too; None where it did not."""
    lines = _failed_lines(bill, now)
    if not lines:
        return None
    named = ("jitCorBillNo", "jitCorBillDate", "billRefNo", "tokenNumber", "tokenDate")
    return {**{name: asked[name] for name in named}, "benfDtls": lines}


def instruction_id(bill: Bill) -> str:
    """The treasury's own number of an instruction."""
    return bills.reference("", f"instruction/{bill['number']}", 6)


def bill_reference(number: str) -> str:
    """The treasury's online reference of a bill, by which PD is asked."""
    return bills.reference("", f"reference/{number}", 12)


def token(bill: Bill, at_bank: datetime) -> dict[str, str]:
    """What a bill carries from the day that it was given to the bank."""
    return {"tokenNumber": bills.reference("", bill["number"], 6), "tokenDate": bills.day_text(at_bank)}


def voucher_date(bill: Bill, now: datetime) -> str | None:
    """The day of the debit scroll; None where nothing was paid yet."""
    paid = [reached.credited for payee in bill["payees"] if (reached := bills.progress(bill, payee, now)).credited]
    return bills.day_text(min(paid)) if paid else None


def whole_rupees(paise: int) -> str:
    """Rupees as the treasury answers them: without decimals where there are none."""
    return bills.rupee_text(paise).removesuffix(".00")


def _paid_lines(bill: Bill, now: datetime) -> list[Record]:
    return [
        {
            "benfAcctNo": _account(payee),
            "benfBankIfscCode": payee["ifsc"],
            "utrNo": bills.reference("RBI", f"scroll/{bill['number']}", 9),
            "utrDate": bills.day_text(reached.credited),
            "endToEndId": _end_to_end_id(bill, payee),
            "benfId": payee["id"],
        }
        for payee in bill["payees"]
        if (reached := bills.progress(bill, payee, now)).credited
    ]


def _failed_lines(bill: Bill, now: datetime) -> list[Record]:
    return [
        {
            "benfAcctNo": _account(payee),
            "benfBankIfscCode": payee["ifsc"],
            "utrNo": bills.reference("RBI", f"return/{bill['number']}", 9),
            "utrDate": bills.day_text(reached.credited or reached.returned),
            "endToEndId": _end_to_end_id(bill, payee),
            "orgBillRefNumber": bill_reference(bill["number"]),
            "challanNumber": bills.reference("", f"challan/{bill['number']}", 5),
            "challanDate": bills.day_text(reached.returned),
            "failedReason": f" {bills.APBS_TEXTS[str(reached.code)]}",
            "benfId": payee["id"],
        }
        for payee in bill["payees"]
        if (reached := bills.progress(bill, payee, now)).returned
    ]


def _head(bill: Bill, now: datetime) -> dict[str, str]:
    at_bank = bills.bill_at_bank(bill, now) or bills.accepted_at(bill)
    return {
        "billNumber": bill["number"],
        "billDate": (bill["day"] or bills.day_text(bills.accepted_at(bill)))[:10],
        "voucherNo": bills.reference("", f"voucher/{bill['number']}", 5),
        "voucherDate": voucher_date(bill, now) or bills.day_text(at_bank),
        "billRefNo": bill_reference(bill["number"]),
        **token(bill, at_bank),
    }


def _account(payee: Mapping[str, Any]) -> str:
    return f"XXXXXX{payee['last4']}"


def _end_to_end_id(bill: Bill, payee: Mapping[str, Any]) -> str:
    return bills.reference("EP", f"{bill['number']}/{payee['id']}", 24)
