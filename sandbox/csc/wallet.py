"""The sandbox's wallets and their payments, which progress with its clock.

The last two digits of an amount choose a fault: 21 paid without a way back, 22 pending for ten minutes, 23 another
amount is booked, 24 answers with status 200 and an empty body, 25 a refund is declined, 26 too late to reverse, 27 a
status without creation_date, 28 a refund that is accepted and never paid, 29 answers without an envelope.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MERCHANT, PRODUCT = "49613", "4961300001"
INDIA = ZoneInfo("Asia/Kolkata")
NO_RETURN, PENDING, OTHER_AMOUNT, EMPTY, REFUND_DECLINED, NO_REVERSE, NO_TIME, NEVER_PAID, NOT_SEALED = range(21, 30)
PENDING_FOR = timedelta(minutes=10)
REFUND_TAKES = timedelta(hours=1)
FIRST_BALANCE = 500_000
SENT = (
    "merchant_id", "merchant_txn", "merchant_txn_date_time", "product_id", "product_name", "txn_amount",
    "amount_parameter", "txn_mode", "txn_type", "merchant_receipt_no", "csc_share_amount", "pay_to_email", "return_url",
    "cancel_url", "Currency", "Discount", "param_1", "param_2", "param_3", "param_4", "csc_id",
)  # fmt: skip
"""The pairs of a payment, in their order."""
_FIXED = {
    "merchant_id": MERCHANT,
    "product_id": PRODUCT,
    "amount_parameter": "NA",
    "txn_mode": "D",
    "txn_type": "D",
    "Currency": "INR",
}
_NEEDED = (
    "product_name", "merchant_receipt_no", "pay_to_email", "return_url", "cancel_url", "csc_id",
)  # fmt: skip
_MONEY = re.compile(r"[0-9]+(\.[0-9]{2})?")

Payment = dict[str, Any]


def new_payment(pairs: Mapping[str, str]) -> Payment:
    """A payment that a merchant sent an operator with.

    Raises ValueError for pairs that are not as docs/contracts/other_systems.md section 3.1 says.
    """
    wrong = tuple(pairs) != SENT or any(pairs[name] != value for name, value in _FIXED.items())
    if wrong or not 1 <= len(pairs["merchant_txn"]) <= 30 or not all(pairs[name] for name in _NEEDED):
        raise ValueError("the payment is not as docs/contracts/other_systems.md section 3.1 says")
    if not all(_MONEY.fullmatch(pairs[name]) for name in ("csc_share_amount", "Discount")):
        raise ValueError("an amount of the payment is none")
    read_day_time(pairs["merchant_txn_date_time"])
    return {
        "reference": pairs["merchant_txn"],
        "amount": paise(pairs["txn_amount"]),
        "csc_id": pairs["csc_id"],
        "product_id": pairs["product_id"],
        "return_url": pairs["return_url"],
        "cancel_url": pairs["cancel_url"],
        "sent": dict(pairs),
        "csc_txn": None,
        "paid_at": None,
        "outcome": None,
        "reversed": False,
        "refund": None,
    }


def check_frac(text: str) -> None:
    """Raise ValueError where the last part of the pay address does not hold a time.

    docs/contracts/other_systems.md section 3.1.
    """
    number, rest = divmod(int(text) - 117, 883)
    if rest:
        raise ValueError("the address does not hold a time")
    datetime.strptime(f"{number:012d}", "%y%m%d%H%M%S").replace(tzinfo=INDIA)


def pay(payment: Payment, serial: int, now: datetime) -> None:
    """Take the money out of the wallet."""
    wait = PENDING_FOR if payment["amount"] % 100 == PENDING else timedelta(0)
    payment.update(csc_txn=f"CSCW{serial:012d}", outcome="PAID", paid_at=(now + wait).isoformat())


def code(payment: Mapping[str, Any] | None, now: datetime) -> str:
    """`txn_status` of a payment: 100 paid, 101 reversed, 200 pending, 300 failed, 404 unknown."""
    if payment is None or (payment["outcome"] is None):
        return "404"
    if payment["outcome"] == "FAILED":
        return "300"
    if payment["reversed"]:
        return "101"
    return "100" if datetime.fromisoformat(payment["paid_at"]) <= now else "200"


def refund_is_paid(payment: Mapping[str, Any], now: datetime) -> bool:
    """Whether a refund that was accepted is paid by now."""
    asked = datetime.fromisoformat(payment["refund"]["at"])
    return payment["amount"] % 100 != NEVER_PAID and now - asked >= REFUND_TAKES


def return_pairs(payment: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """The pairs that the browser brings back: those that were sent, and the outcome. There is no time of payment."""
    sent = {name: value for name, value in payment["sent"].items() if not name.endswith("_url")}
    state = code(payment, now)
    told = {"txn_status_message": "Success", "status_message": "Successful"}
    failed = {"error_code": state, "error_message": "The payment failed"}
    amount = {"txn_amount": rupees(booked_paise(payment)), "txn_status": state}
    return {**sent, **amount, "csc_txn": payment["csc_txn"] or "", **(told if state == "100" else failed)}


def status_pairs(payment: Mapping[str, Any] | None, reference: str, now: datetime) -> dict[str, str]:
    """The pairs of a status or an enquiry."""
    state = code(payment, now)
    own = {"merchant_id": MERCHANT, "merchant_txn": reference}
    if payment is None or state == "404":
        return {**own, "txn_status": "404", "response_status": "Fail"}
    made = {} if payment["amount"] % 100 == NO_TIME or not payment["paid_at"] else creation_date(payment)
    return {
        **own,
        "csc_id": payment["csc_id"],
        "csc_txn": payment["csc_txn"] or "",
        "product_id": payment["product_id"],
        "txn_amount": rupees(booked_paise(payment)),
        "txn_mode": "D",
        "txn_status": state,
        "response_status": "Success",
        **made,
    }


def creation_date(payment: Mapping[str, Any]) -> dict[str, str]:
    """The pair with the time of a payment."""
    return {"creation_date": day_time(payment["paid_at"])}


def booked_paise(payment: Mapping[str, Any]) -> int:
    """The paise that were booked for a payment."""
    known = payment.get("booked")
    amount = payment["amount"] if known is None else int(known)
    return int(amount) - (100 if payment["amount"] % 100 == OTHER_AMOUNT else 0)


def day_time(text: str) -> str:
    """An instant as the wallet writes it, in India."""
    return datetime.fromisoformat(text).astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")


def read_day_time(text: str) -> datetime:
    """An instant as the wallet writes it. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=INDIA)


def rupees(amount: int) -> str:
    """Paise as rupees with two decimals."""
    return f"{amount // 100}.{amount % 100:02d}"


def paise(text: str) -> int:
    """Rupees with two decimals as paise. Raises ValueError."""
    whole, dot, part = text.partition(".")
    if not (text.isascii() and whole.isdigit() and dot and len(part) == 2 and part.isdigit()):
        raise ValueError("an amount has two decimals")
    return int(whole) * 100 + int(part)
