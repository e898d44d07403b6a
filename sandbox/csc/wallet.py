"""The sandbox's wallets and their payments, which progress with its clock.

The last two digits of an amount choose a fault: 21 paid without a way back, 22 pending for ten minutes, 23 another
amount is booked, 24 answers with status 200 and an empty body, 25 a refund is declined, 26 too late to reverse.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

INDIA = ZoneInfo("Asia/Kolkata")
NO_RETURN, PENDING, OTHER_AMOUNT, EMPTY, REFUND_DECLINED, NO_REVERSE = 21, 22, 23, 24, 25, 26
PENDING_FOR = timedelta(minutes=10)
REFUND_TAKES = timedelta(hours=1)
FIRST_BALANCE = 500_000

Payment = dict[str, Any]


def new_payment(pairs: Mapping[str, str]) -> Payment:
    """A payment that a merchant sent an operator with.

    Raises ValueError for fields that are not as docs/contracts/other_systems.md section 3.1 says.
    """
    whole, dot, part = pairs.get("txn_amount", "").partition(".")
    good = 1 <= len(pairs.get("merchant_txn", "")) <= 30 and pairs.get("Currency") == "INR" and pairs.get("csc_id")
    if not (good and whole.isdigit() and dot and len(part) == 2 and part.isdigit()):
        raise ValueError("the payment is not as docs/contracts/other_systems.md section 3.1 says")
    return {
        "reference": pairs["merchant_txn"],
        "amount": int(whole) * 100 + int(part),
        "csc_id": pairs["csc_id"],
        "product_id": pairs.get("product_id", ""),
        "return_url": pairs.get("return_url", ""),
        "cancel_url": pairs.get("cancel_url", ""),
        "csc_txn": None,
        "paid_at": None,
        "outcome": None,
        "reversed": False,
        "refund": None,
    }


def pay(payment: Payment, serial: int, now: datetime) -> None:
    """Take the money out of the wallet."""
    wait = PENDING_FOR if payment["amount"] % 100 == PENDING else timedelta(0)
    payment.update(csc_txn=f"CSCW{serial:012d}", outcome="PAID", paid_at=(now + wait).isoformat())


def code(payment: Mapping[str, Any] | None, now: datetime) -> str:
    """`txn_status` of a payment: 100 paid, 101 gone back, 200 pending, 300 failed, 404 unknown."""
    if payment is None or (payment["outcome"] is None):
        return "404"
    if payment["outcome"] == "FAILED":
        return "300"
    if payment["reversed"] or (payment["refund"] and refund_code(payment, now) == "100"):
        return "101"
    return "100" if datetime.fromisoformat(payment["paid_at"]) <= now else "200"


def refund_code(payment: Mapping[str, Any], now: datetime) -> str:
    """`refund_status`: 100 done, 200 under way, 300 declined."""
    if payment["amount"] % 100 == REFUND_DECLINED:
        return "300"
    asked = datetime.fromisoformat(payment["refund"]["at"])
    return "100" if now - asked >= REFUND_TAKES else "200"


def payment_pairs(payment: Mapping[str, Any] | None, reference: str, merchant: str, now: datetime) -> dict[str, str]:
    """The pairs of a return, an enquiry or a status."""
    state = code(payment, now)
    if payment is None or state == "404":
        return {"merchant_id": merchant, "merchant_txn": reference, "txn_status": "404"}
    booked = payment.get("booked")
    amount = payment["amount"] if booked is None else int(booked)
    amount -= 100 if payment["amount"] % 100 == OTHER_AMOUNT else 0
    return {
        "merchant_id": merchant,
        "csc_txn": payment["csc_txn"] or "",
        "merchant_txn": reference,
        "txn_amount": rupees(amount),
        "txn_status": state,
        "txn_status_message": {"100": "Success", "101": "Reversed", "200": "Pending", "300": "Failed"}[state],
        "csc_id": payment["csc_id"],
        "product_id": payment["product_id"],
        "txn_date_time": day_time(payment["paid_at"]) if payment["paid_at"] else "",
    }


def day_time(text: str) -> str:
    """An instant as the wallet writes it, in India."""
    return datetime.fromisoformat(text).astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")


def rupees(amount: int) -> str:
    """Paise as rupees with two decimals."""
    return f"{amount // 100}.{amount % 100:02d}"
