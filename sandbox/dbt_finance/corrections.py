"""Corrections at the DBT finance sandbox (COR): what it rejects, and the bill that results.

A payment is corrected once for each time that it failed: it must stand in the first order and in the one that failed
last, with the accounts that these had (docs/contracts/dbt_finance.md section 5).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.dbt_finance import bills, records

RECEIVED = "JIT Correction Bill is received successfully ,Forwarded to Treasury officer to generate Return adjust Bill"
_HEADER = ("jitCorBillNo", "jitCorBillDate", "jitCorBillDeptCode", "jitOrgBillRefNo", "jitOrgBillNo", "jitOrgBillDate")
_ACCOUNTS = ("orgAccountNo", "orgIfsc", "curAccountNo", "curIfsc", "correctedAccountNo", "correctedIfsc")
_LINE = ("benefId", "endToEndId", "jitCurBillRefNo", *_ACCOUNTS)
_TWICE = "There are 2 or more than 2 beneficiaries having same account number and IFSC are same."

Bill = Mapping[str, Any]
Find = Callable[[object], Bill | None]


def faults_of(params: Mapping[str, Any], first: Bill | None, find: Find, now: datetime) -> list[str]:
    """Every rule that a correction breaks; `find` gives a bill by its online reference."""
    lines = params.get("beneficiaryDtls")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        return ["Beneficiary detail is missing."]
    missing = [name for name in _HEADER if not params.get(name)]
    missing += [name for line in lines for name in _LINE if not line.get(name)]
    if missing:
        return [f"Mandatory parameter {name} is missing." for name in dict.fromkeys(missing)]
    if first is None or params["jitOrgBillRefNo"] != records.bill_reference(first["number"]):
        return ["Original payment instruction not found."]
    accounts = [(line["correctedAccountNo"], line["correctedIfsc"]) for line in lines]
    if len(set(accounts)) != len(accounts):
        return [_TWICE]
    return [fault for line in lines if (fault := _fault(line, first, find(line["jitCurBillRefNo"]), now))]


def payees_of(params: Mapping[str, Any], first: Bill) -> list[dict[str, Any]]:
    """Whom a correction pays: each under its own name, what the first order paid."""
    paid = {payee["id"]: payee["paise"] for payee in first["payees"]}
    return [
        {
            "id": str(line["endToEndId"]),
            "first": str(line["benefId"]),
            "last4": str(line["correctedAccountNo"])[-4:],
            "ifsc": str(line["correctedIfsc"]),
            "paise": paid[line["benefId"]],
        }
        for line in params["beneficiaryDtls"]
    ]


def mark_corrected(bill: Bill, line: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The bill that failed, with a note by which bill a payment was corrected."""
    payee = _payee(bill, line["benefId"]) or {"id": line["benefId"]}
    return {**bill, "corrected": {**bill.get("corrected", {}), payee["id"]: by}}


def _fault(line: Mapping[str, Any], first: Bill, current: Bill | None, now: datetime) -> str | None:
    absent = f"The beneficiary {line['benefId']} was not present in the original payment instruction."
    original = _payee(first, line["benefId"])
    if original is None or not _is_same_account(first, original, line["orgAccountNo"], line["orgIfsc"]):
        return absent
    if current is None or first["number"] not in {current["number"], current.get("corrects")}:
        return absent
    payee = _payee(current, line["benefId"])
    if payee is None or not _is_same_account(current, payee, line["curAccountNo"], line["curIfsc"]):
        return absent
    failed = bills.progress(current, payee, now).returned is not None
    if not failed or payee["id"] in current.get("corrected", {}):
        return f"Payment of beneficiary {line['benefId']} has not failed, or was corrected before."
    return None


def _payee(bill: Bill, first_id: object) -> dict[str, Any] | None:
    """A payment of a bill by the name that the first order gave it."""
    found = (payee for payee in bill["payees"] if payee.get("first", payee["id"]) == first_id)
    return next(found, None)


def _is_same_account(bill: Bill, payee: Mapping[str, Any], account: object, ifsc: object) -> bool:
    """Whether it went to this account; of a scripted bill of the demo nobody knows."""
    return bool(bill["held"]) or (payee["last4"], payee["ifsc"]) == (str(account)[-4:], ifsc)
