"""Corrections at the DBT finance sandbox (COR): what it rejects, and the bill that results.

A payment is corrected once for each time that it failed: it must stand in the first order and in the one that failed
last, with the accounts that these had (docs/contracts/dbt_finance.md section 5). Payees keep the names of the first.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.dbt_finance import bills, checks, records
from sandbox.dbt_finance.checks import Fault

RECEIVED = "Jit Correction Bill is received successfully ,Forwarded to Treasury officer to generate Return adjust Bill "
HEADER = ("jitCorBillNo", "jitCorBillDate", "jitCorBillDeptCode", "jitOrgBillRefNo", "jitOrgBillNo", "jitOrgBillDate")
_ACCOUNTS = ("orgAccountNo", "orgIfsc", "curAccountNo", "curIfsc", "correctedAccountNo", "correctedIfsc")
_LINE = ("benefId", "jitCurBillRefNo", *_ACCOUNTS)

Bill = Mapping[str, Any]
Find = Callable[[object], Bill | None]


def lines_of(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The payees, under either name of their list."""
    found = params.get("beneficiaryDetails") or params.get("beneficiaryDtls") or []
    return found if isinstance(found, list) and all(isinstance(line, dict) for line in found) else []


def faults_of(params: Mapping[str, Any], first: Bill | None, find: Find, now: datetime) -> list[Fault]:
    """Every rule that a correction breaks; `find` gives a bill by its online reference."""
    lines = lines_of(params)
    if not lines:
        return [checks.NOBODY]
    missing = checks.missing_fields(params, HEADER)
    missing += [name for line in lines for name in checks.missing_fields(line, _LINE)]
    if missing:
        return [Fault("300", f"Mandatory parameter {name} is missing.") for name in dict.fromkeys(missing)]
    if first is None or params["jitOrgBillRefNo"] != records.bill_reference(first["number"]):
        return [Fault("320", "Original payment instruction not found.")]
    accounts = [(line["correctedAccountNo"], line["correctedIfsc"]) for line in lines]
    if len(set(accounts)) != len(accounts):
        return [checks.TWICE]
    return [fault for line in lines for fault in _faults(line, first, find(line["jitCurBillRefNo"]), now)]


def payees_of(params: Mapping[str, Any], first: Bill) -> list[dict[str, Any]]:
    """Whom a correction pays: each under its own name, what the first order paid."""
    paid = {payee["id"]: payee["paise"] for payee in first["payees"]}
    return [
        {
            "id": str(line["benefId"]),
            "last4": str(line["correctedAccountNo"])[-4:],
            "ifsc": str(line["correctedIfsc"]),
            "paise": paid[line["benefId"]],
        }
        for line in lines_of(params)
    ]


def mark_corrected(bill: Bill, line: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The bill that failed, with a note by which bill a payment was corrected."""
    return {**bill, "corrected": {**bill.get("corrected", {}), line["benefId"]: by}}


def _faults(line: Mapping[str, Any], first: Bill, current: Bill | None, now: datetime) -> list[Fault]:
    payee = line["benefId"]
    absent = Fault("321", f"The beneficiary {payee} was not present in the original payment instruction.")
    if not _went_to(first, payee, line["orgAccountNo"], line["orgIfsc"]):
        return [absent]
    if current is None or first["number"] not in {current["number"], current.get("corrects")}:
        return [absent]
    if not _went_to(current, payee, line["curAccountNo"], line["curIfsc"]):
        return [absent]
    failed = bills.progress(current, _payee(current, payee) or {}, now).returned is not None
    if not failed or payee in current.get("corrected", {}):
        return [Fault("323", f"Payment of beneficiary {payee} has not failed, or was corrected before.")]
    return checks.wrong_ifsc(line["correctedIfsc"], "322", payee) + checks.wrong_account(
        line["correctedAccountNo"], payee
    )


def _payee(bill: Bill, payee: object) -> dict[str, Any] | None:
    return next((each for each in bill["payees"] if each["id"] == payee), None)


def _went_to(bill: Bill, payee: object, account: object, ifsc: object) -> bool:
    """Whether a payee of a bill had this account; of a scripted bill of the demo nobody knows."""
    found = _payee(bill, payee)
    if found is None:
        return False
    return bool(bill["held"]) or (found["last4"], found["ifsc"]) == (str(account)[-4:], ifsc)
