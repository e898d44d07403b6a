"""What the DBT finance sandbox rejects in an instruction, and the treasury's texts for it.

Source: docs/contracts/dbt_finance.md sections 5.3 and 5.5. Its error codes other than 340 and 322 are not public: those
here, and the texts about heads, schemes, allotments and accounts, are invented.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Fault(NamedTuple):
    """One error: a code and a text."""

    code: str
    text: str


DUPLICATE = Fault("310", "Duplicate payment instruction ID.")
DUPLICATE_CORRECTION = Fault("310", "Duplicate Payment Information Id")
NO_FUND = Fault("315", "Insufficient fund.")
NOBODY = Fault("330", "Beneficiary detail is missing.")
TWICE = Fault("334", "There are 2 or more than 2 beneficiaries having same account number and IFSC.")
_NO_CONFIGURATION = Fault("301", "DDO and SSUID configuration is missing.")
_COUNT = Fault("331", "Number of beneficiaries provided in header doesn’t match with the details.")
_NET = Fault("332", "The total net amount provided in header doesn’t match with total of all the beneficiaries.")
_GROSS = Fault("333", "Gross amount can not be less than the net amount.")
_HEAD = Fault("302", "Head of account is not valid.")
_SCHEME = Fault("303", "Scheme code is not mapped with the head of account.")
_ALLOTMENT = Fault("304", "Allotment detail is not valid.")
_AMOUNT = Fault("335", "Amount is invalid.")
_DATE = Fault("305", "Bill date is not valid.")

_HEADER = (
    "jitBillNo",
    "jitBillDate",
    "jitBillDdoCode",
    "granteeAgCode",
    "schemeCode",
    "hoa",
    "ssuIaId",
    "mstAllotmentDistId",
    "ssuAllotmentId",
    "allotmentTxnSlNo",
    "purpose",
)
_LINE = ("benefId", "benefName", "benfAcctNo", "benfBankIfscCode", "benfAccountType", "benfAmount")
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_NO_BRANCH = "9999"
"""How the IFSC of a branch ends that there is not."""


def faults_of_instruction(
    params: Mapping[str, Any], client: Mapping[str, str], allotment: Mapping[str, str] | None
) -> list[Fault]:
    """Every rule that an instruction breaks; one is enough to reject the whole bill.

    `allotment` is what the head of account has; None where the treasury has no such head.
    """
    lines = params.get("beneficiaryDetails")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        return [NOBODY]
    missing = missing_fields(params, _HEADER) + [name for line in lines for name in missing_fields(line, _LINE)]
    if missing:
        return [Fault("300", f"Mandatory parameter {name} is missing.") for name in dict.fromkeys(missing)]
    net, gross = paise(params.get("billNetAmount")), paise(params.get("billGrossAmount"))
    amounts = [paise(line["benfAmount"]) for line in lines]
    if net is None or gross is None or None in amounts:
        return [_AMOUNT]
    rules = (
        (not is_time(params["jitBillDate"]), _DATE),
        (not _is_configured(params, client), _NO_CONFIGURATION),
        (allotment is None, _HEAD),
        (allotment is not None and params["schemeCode"] != allotment["schemeCode"], _SCHEME),
        (allotment is not None and not _is_charged(params, allotment), _ALLOTMENT),
        (str(params.get("billNumberOfBenf")) != str(len(lines)), _COUNT),
        (net != sum(amount or 0 for amount in amounts), _NET),
        (gross < net or 0 in {net, gross, *amounts}, _GROSS),
        (_has_twins((line["benfAcctNo"], line["benfBankIfscCode"]) for line in lines), TWICE),
    )
    found = [fault for broken, fault in rules if broken]
    return found + [fault for line in lines for fault in _faults_of_payee(line)]


def missing_fields(record: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The fields that are not there or empty."""
    return [name for name in names if not str(record.get(name) or "").strip()]


def wrong_ifsc(ifsc: object, code: str, beneficiary: object) -> list[Fault]:
    """The error of a branch that there is not; `code` is 340 in an instruction and 322 in a correction."""
    if isinstance(ifsc, str) and _IFSC.fullmatch(ifsc) and not ifsc.endswith(_NO_BRANCH):
        return []
    return [Fault(code, f"Wrong IFSC provided in Beneficiary Details for BenefId {beneficiary}")]


def wrong_account(account: object, beneficiary: object) -> list[Fault]:
    """The error of an account number that is none: 9 to 18 digits."""
    if isinstance(account, str) and re.fullmatch(r"[0-9]{9,18}", account):
        return []
    return [Fault("341", f"Wrong account number provided in Beneficiary Details for BenefId {beneficiary}")]


def is_head(head: str) -> bool:
    """Whether a text has the form of a head of account: 27 digits, of a major head of revenue or capital expenses."""
    return re.fullmatch(r"[2-5][0-9]{26}", head) is not None


def is_time(text: object) -> bool:
    """Whether a text is a day with its time."""
    return isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) is not None


def paise(amount: object) -> int | None:
    """Rupees with at most two decimals, as text, in paise; None where it is no such amount."""
    match = re.fullmatch(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?", amount) if isinstance(amount, str) else None
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else None


def _faults_of_payee(line: Mapping[str, Any]) -> list[Fault]:
    payee = line["benefId"]
    return wrong_ifsc(line["benfBankIfscCode"], "340", payee) + wrong_account(line["benfAcctNo"], payee)


def _is_configured(params: Mapping[str, Any], client: Mapping[str, str]) -> bool:
    theirs = (params["ssuIaId"], params["jitBillDdoCode"], params["granteeAgCode"])
    return theirs == (client["ssu_ia_id"], client["ddo_code"], client["grantee_code"])


def _is_charged(params: Mapping[str, Any], allotment: Mapping[str, str]) -> bool:
    return all(params[name] == allotment[name] for name in ("mstAllotmentDistId", "ssuAllotmentId", "allotmentTxnSlNo"))


def _has_twins(accounts: Any) -> bool:
    seen = list(accounts)
    return len(set(seen)) != len(seen)
