"""What the DBT finance sandbox rejects: wrong signatures, and instructions that violate the contract.

Source: docs/contracts/dbt_finance.md section 5.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SKEW_SECONDS = 300

DUPLICATE = "Duplicate payment instruction ID."
NO_FUND = "Insufficient fund."
_NO_CONFIGURATION = "DDO and SSUID configuration is missing."
_COUNT = "Number of beneficiaries provided in header doesn't match with the details."
_NET = "The total net amount provided in header doesn't match with total of all the beneficiaries."
_GROSS = "Gross amount can not be less than the net amount."
_NOBODY = "Beneficiary detail is missing."
_TWICE = "There are 2 or more than 2 beneficiaries account number and IFSC are same."
_HEADER = ("jitBillNo", "jitBillDate", "granteeAgCode", "schemeCode", "hoa", "mstAllotmentDistId", "purpose")
_LINE = ("benefId", "benefName", "benfAcctNo", "ifscCode", "accountType")


def signature(secret: str, *parts: str) -> str:
    """Hex HMAC-SHA256 over the parts, each on a line."""
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def request_is_genuine(
    headers: Mapping[str, str], client: Mapping[str, str], service: str, body: bytes, clocks: tuple[datetime, ...]
) -> bool:
    """Whether client, time and signature hold; the time may agree with any of the clocks."""
    stamp = headers.get("x-timestamp", "")
    if headers.get("x-client-id") != client["client_id"] or not re.fullmatch(r"[0-9]{1,12}", stamp):
        return False
    if all(abs(clock.timestamp() - int(stamp)) > SKEW_SECONDS for clock in clocks):
        return False
    expected = signature(client["hmac_secret"], client["client_id"], stamp, service, hashlib.sha256(body).hexdigest())
    return hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode())


def faults_of_instruction(params: Mapping[str, Any], client: Mapping[str, str]) -> list[str]:
    """Every rule that an instruction breaks; one is enough to reject the whole bill."""
    lines = params.get("beneficiaries")
    if not isinstance(lines, list) or not lines:
        return [_NOBODY]
    missing = [name for name in _HEADER if not _has_value(params, name)]
    missing += [name for line in lines for name in _LINE if not _has_value(line, name)]
    if missing:
        return [f"Mandatory parameter {name} is missing." for name in dict.fromkeys(missing)]
    net, gross = paise(params.get("billNetAmount")), paise(params.get("billGrossAmount"))
    amounts = [paise(line.get("paymentAmount")) for line in lines]
    if net is None or gross is None or None in amounts:
        return ["Amount is invalid."]
    accounts = [(line["benfAcctNo"], line["ifscCode"]) for line in lines]
    rules = (
        (params.get("ssuIaId") != client["ssu_ia_id"] or not _has_value(params, "jitBillDdoCode"), _NO_CONFIGURATION),
        (str(params.get("billNumberOfBenf")) != str(len(lines)), _COUNT),
        (net != sum(amount or 0 for amount in amounts), _NET),
        (gross < net or 0 in {net, gross}, _GROSS),
        (len(set(accounts)) != len(accounts), _TWICE),
    )
    return [text for broken, text in rules if broken]


def is_head(head: str) -> bool:
    """Whether a text has the form of a head of account: major, sub-major and minor head, and the levels below."""
    return re.fullmatch(r"[0-9]{4}(-[0-9]{2,3}){3,5}", head) is not None


def paise(amount: object) -> int | None:
    """Rupees with at most two decimals, as text, in paise; None where it is no such amount."""
    match = re.fullmatch(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?", amount) if isinstance(amount, str) else None
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else None


def _has_value(record: object, name: str) -> bool:
    return isinstance(record, dict) and bool(str(record.get(name) or "").strip())
