"""The PFMS sandbox's timing, and the outcome of a payment by the end of its account number.

docs/contracts/dbt_finance.md sections 8 and 9.3. Accounts ending in 01 and 16 fail validation; 99 is silent for ten
days; 51 and 95 are returned after the debit; 77 is credited and comes back three days later; 88 is credited without a
reference in the bank's status. A last three digits of 8 and an APBS code come back with that code; of 7 and the number
of a line's reject code (01, 06 to 18) have the line refused with that code. Every other account is credited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

INDIA = ZoneInfo("Asia/Kolkata")

DEFAULTS: dict[str, Any] = {
    "pick_up_minutes": 15,
    "check_minutes": 10,
    "validation_hours": 24,
    "bank_runs": ["11:00", "14:00", "17:00"],
    "bank_holidays": True,
    "credit_hours": 4,
    "return_hours": 20,
    "late_return_days": 3,
    "silence_days": 10,
    "statement_at": "23:30",
    "status_tree": "public",
    "apbs_credits": "bank",
    "verdicts": {},
}
"""The times, as the action `configure` takes them, and the shape of bank statuses (`answers.TREES`). Without
`bank_runs` the bank acts at once.

`apbs_credits` says who tells the credit of a payment by Aadhaar: `bank` (its status), `bridge` (the file of APBS) or
`both`. `verdicts` say by message id what becomes of a payment file: `codes` have the whole batch refused, without named
lines, at one of the places `reasons` (`answers.GROUP_REASONS`); with `late` PFMS takes it, refuses it after fifteen
hours all the same and answers after a day; `hours` is how long it lies unseen.
"""

VALIDATION = {"01": "DBE0017", "16": "DBE0016"}
APBS_CODES = (
    *("01", "02", "03", "51", "52", "53", "54", "55", "56", "57", "58"),
    *("60", "62", "64", "68", "69", "71", "80", "95", "96"),
)
LATE_CODE = "53"
LINE_CODES = ("01", *(f"{number:02d}" for number in range(6, 19)))


@dataclass(frozen=True, slots=True)
class Course:
    """When a payment is debited, credited and returned, and with which code."""

    debit_at: datetime
    credit_at: datetime | None
    return_at: datetime | None
    code: str | None


def validation(last4: str, checked_at: datetime, times: Mapping[str, Any]) -> tuple[datetime, str | None]:
    """When the bank answers about an account, and the code where it refuses it."""
    suffix = last4[-2:]
    if suffix == "99":
        return checked_at + timedelta(days=times["silence_days"]), None
    return checked_at + timedelta(hours=times["validation_hours"]), VALIDATION.get(suffix)


def course(last4: str, taken_at: datetime, times: Mapping[str, Any]) -> Course:
    """What becomes of a payment that was taken."""
    debit = next_run(taken_at, times)
    credit = debit + timedelta(hours=times["credit_hours"])
    code = return_code(last4)
    if code is not None:
        return Course(debit, None, debit + timedelta(hours=times["return_hours"]), code)
    if last4[-2:] == "99":
        return Course(debit, debit + timedelta(days=times["silence_days"]), None, None)
    if last4[-2:] == "77":
        return Course(debit, credit, credit + timedelta(days=times["late_return_days"]), LATE_CODE)
    return Course(debit, credit, None, None)


def return_code(last4: str) -> str | None:
    """The code with which payments to an account come back at once; None where they do not."""
    suffix = last4[-2:]
    if suffix in {"01", "16"}:
        return {"01": "01", "16": "02"}[suffix]
    if suffix in {"51", "95"}:
        return suffix
    return suffix if last4[-3:-2] == "8" and suffix in APBS_CODES else None


def line_code(last4: str) -> str | None:
    """The code with which a payment file's line to an account is refused; None where it is not."""
    return f"DBE00{last4[-2:]}" if last4[-3:-2] == "7" and last4[-2:] in LINE_CODES else None


def has_no_reference(last4: str) -> bool:
    """Whether the bank tells a credit to an account without its reference."""
    return last4[-2:] == "88"


def next_run(after: datetime, times: Mapping[str, Any]) -> datetime:
    """The next of the day's runs of the bank, on a day when banks work."""
    runs = sorted(time.fromisoformat(text) for text in times["bank_runs"] or ())
    if not runs:
        return after
    day = after.astimezone(INDIA).date()
    while True:
        for run in runs:
            at = datetime.combine(day, run, INDIA)
            if at >= after and not (times["bank_holidays"] and is_holiday(at)):
                return at
        day += timedelta(days=1)


def is_holiday(at: datetime) -> bool:
    """Sundays, second and fourth Saturdays, and the freeze of the year's end (INFERRED)."""
    day = at.astimezone(INDIA).date()
    second_or_fourth = day.weekday() == 5 and (day.day - 1) // 7 in {1, 3}
    return day.weekday() == 6 or second_or_fourth or (day.month == 3 and day.day >= 28)


def pick_up_after(arrival: datetime, times: Mapping[str, Any]) -> datetime:
    """The pick-up that takes a file which arrived then; at once where there are no minutes between pick-ups."""
    seconds = round(times["pick_up_minutes"] * 60)
    if seconds < 1:
        return arrival
    return datetime.fromtimestamp((int(arrival.timestamp()) // seconds + 1) * seconds, arrival.tzinfo)


def statement_time(at: datetime, times: Mapping[str, Any]) -> datetime:
    """When the statement is made that tells of an instant."""
    local = at.astimezone(INDIA)
    made = datetime.combine(local.date(), time.fromisoformat(times["statement_at"]), INDIA)
    return made if local <= made else made + timedelta(days=1)


def status_of(payment: Mapping[str, Any], now: str) -> tuple[str, str]:
    """The state of a payment at a time, and since when; times are texts made by `stamp` of store.py."""
    steps = (("return_at", "RTND"), ("credit_at", "ACSC"), ("debit_at", "ACSP"))
    for name, status in steps:
        if payment[name] and payment[name] <= now:
            return status, str(payment[name])
    return "ACCP", str(payment["taken_at"])
