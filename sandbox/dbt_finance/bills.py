"""The bills of the DBT finance sandbox, and how they progress with its clock.

Taken at once, approved by the spending unit's officer after half an hour, given to the bank after one hour, paid by the
reserve bank after one day. Account numbers ending in 01, 16, 51 or 95 come back a day after that, 99 stays at the bank
for ten days (docs/contracts/dbt_finance.md section 9). The action `configure` sets other times for new bills.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.benefits.plans import demo_day

INDIA = ZoneInfo("Asia/Kolkata")
TO_APPROVAL = timedelta(minutes=30)
TO_BANK = timedelta(hours=1)
TO_CREDIT = timedelta(days=1)
TO_FAILURE = timedelta(days=2)
TIMES = {"APPROVED": TO_APPROVAL, "AT_BANK": TO_BANK, "CREDITED": TO_CREDIT, "RETURNED": TO_FAILURE}
"""When each step comes, counted from when the bill was taken."""
LONG_SILENCE = timedelta(days=10)
RETURN_BY_SUFFIX = {"01": "01", "16": "02", "51": "51", "95": "95"}

APBS_TEXTS = {
    "01": "Account closed",
    "02": "No such account",
    "03": "Account description does not tally",
    "51": "KYC documents pending",
    "52": "Documents pending for account holder turned major",
    "53": "Account inoperative",
    "54": "Dormant account",
    "55": "Zero balance, first transaction to be in cash",
    "56": "Small account, first transaction to be from base branch",
    "57": "Amount exceeds per transaction limit of account",
    "58": "Account reached maximum credit limit",
    "60": "Account holder expired",
    "62": "Account under litigation",
    "64": "Aadhaar not mapped to account number",
    "68": "Account blocked or frozen",
    "69": "Account holder insolvent or insane",
    "71": "Invalid account type (NRE/PPF/CC/loan/FD)",
    "80": "Wrong IIN",
    "95": "Inactive Aadhaar",
    "96": "Aadhaar not mapped to IIN, mapping does not exist",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """When each step of one payment happened; None where it has not."""

    at_bank: datetime | None
    credited: datetime | None
    returned: datetime | None
    code: str | None


def scripted_bill(number: str, script: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A bill of the demo's payments.json. It is held: it moves by actions only, not by the clock."""
    today = now.astimezone(INDIA).date()
    accepted = now - (today - demo_day(today, int(script["days_ago"]), int(script.get("months_ago", 0))))
    payee = {"id": script["end_to_end_id"], "last4": "0000", "ifsc": "SBIN0000000", "paise": script["amount_paise"]}
    bill = new_bill(number, None, accepted, [payee], str(script["scheme"]), int(script["amount_paise"]))
    bill["held"] = True
    state = script["state"]
    if state in {"APPROVED", "AT_BANK", "CREDITED", "RETURNED"}:
        bill["moves"]["APPROVED"] = (accepted + TO_APPROVAL).isoformat()
    if state in {"AT_BANK", "CREDITED", "RETURNED"}:
        bill["moves"]["AT_BANK"] = (accepted + TO_BANK).isoformat()
    if state in {"CREDITED", "RETURNED"}:
        bill["moves"]["CREDITED"] = (accepted + TO_CREDIT).isoformat()
    if state == "RETURNED":
        at = min(now, accepted + TO_CREDIT + timedelta(days=3))
        bill["returns"][script["end_to_end_id"]] = {"at": at.isoformat(), "code": script["return_code"]}
    return bill


def new_bill(
    number: str, day: str | None, accepted: datetime, payees: list[dict[str, Any]], scheme: str, net: int
) -> dict[str, Any]:
    """A bill as it is stored: of an account only the last four digits, and no name."""
    return {
        "number": number,
        "day": day,
        "accepted_at": accepted.isoformat(),
        "payees": payees,
        "scheme": scheme,
        "net": net,
        "gross": net,
        "held": False,
        "after": {},
        "moves": {},
        "returns": {},
        "rejected": None,
    }


def progress(bill: Mapping[str, Any], payee: Mapping[str, Any], now: datetime) -> Progress:
    """The present status of one payment of a bill."""
    marked = bill["returns"].get(payee["id"])
    suffix = str(payee["last4"])[-2:]
    by_suffix = None if bill["held"] else RETURN_BY_SUFFIX.get(suffix)
    at_bank = _step_time(bill, "AT_BANK", now)
    credited = _step_time(bill, "CREDITED", now, LONG_SILENCE if suffix == "99" else None)
    if marked:
        return Progress(at_bank, credited, datetime.fromisoformat(marked["at"]), marked["code"])
    returned = _step_time(bill, "RETURNED", now) if by_suffix else None
    return Progress(at_bank, credited, returned, by_suffix if returned else None)


def approved_at(bill: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the spending unit's officer approved the bill; None where it still waits for that."""
    return _step_time(bill, "APPROVED", now)


def bill_at_bank(bill: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the treasury gave the bill to the bank; None where it has not yet."""
    return _step_time(bill, "AT_BANK", now)


def move(bill: dict[str, Any], state: str, now: datetime) -> None:
    """Have a bill reach a step now, and those before it that it has not reached."""
    for step in list(TIMES)[: list(TIMES).index(state) + 1]:
        due = _step_time(bill, step, now)
        bill["moves"].setdefault(step, (due or now).isoformat())


def _step_time(bill: Mapping[str, Any], step: str, now: datetime, after: timedelta | None = None) -> datetime | None:
    if step in bill["moves"]:
        return datetime.fromisoformat(bill["moves"][step])
    set_by_action = bill.get("after", {}).get(step)
    wait = timedelta(minutes=set_by_action) if set_by_action is not None else after or TIMES[step]
    due = datetime.fromisoformat(bill["accepted_at"]) + wait
    return None if bill["held"] or now < due else due


def stage(bill: Mapping[str, Any], now: datetime) -> str:
    """The step that the first payment of a bill has reached, in the words of payments.json."""
    if bill["rejected"]:
        return "REJECTED"
    reached = progress(bill, bill["payees"][0], now)
    if reached.returned:
        return "RETURNED"
    if reached.credited:
        return "CREDITED"
    if reached.at_bank:
        return "AT_BANK"
    return "APPROVED" if approved_at(bill, now) else "PENDING"


def reference(prefix: str, number: str, length: int = 10) -> str:
    """A number of the treasury's own for a bill, always the same."""
    digest = hashlib.sha256(f"{prefix}/{number}".encode()).hexdigest()
    return f"{prefix}{int(digest, 16) % 10**length:0{length}d}"


def day_text(at: datetime) -> str:
    """A day in India."""
    return at.astimezone(INDIA).strftime("%Y-%m-%d")


def time_text(at: datetime) -> str:
    """A day with time in India."""
    return at.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")


def financial_year(at: datetime) -> str:
    """The year in which the financial year from April to March begins, as 2026."""
    day = at.astimezone(INDIA)
    return str(day.year if day.month >= 4 else day.year - 1)


def accepted_at(bill: Mapping[str, Any]) -> datetime:
    """When the bill was taken, aware, in UTC."""
    return datetime.fromisoformat(bill["accepted_at"]).astimezone(UTC)


def rupee_text(paise: int) -> str:
    """Paise as rupees with two decimals."""
    return f"{paise // 100}.{paise % 100:02d}"
