"""The challans of the treasury sandbox, how they progress with its clock, and how messages are encrypted.

Written from docs/contracts/other_systems.md section 4 alone. The last two digits of the total choose a fault:
11 the return is lost, 12 a counter takes the money three days later, 13 another amount is booked, 14 the scroll lacks
it, 16 nobody ever pays the challan at the counter.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

INDIA = ZoneInfo("Asia/Kolkata")
LOST_RETURN, LATE_COUNTER, OTHER_AMOUNT, NOT_IN_SCROLL, NEVER_PAID = 11, 12, 13, 14, 16
LATE = timedelta(days=3)
CHALLAN_LIVES = timedelta(days=7)
BSR = "0510308"

Challan = dict[str, Any]


class Declined(Exception):
    """A request that the treasury does not take, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def account() -> dict[str, Any]:
    """What the treasury hands over when a department is enrolled."""
    return {
        "dept_code": "UKAS",
        "ddo_code": "DDN4217",
        "treasury_code": "DDN01",
        "heads": {"*": "007060800010000"},
        "charge_head": "007060800990000",
        "key": base64.b64encode(secrets.token_bytes(32)).decode(),
        "checksum_key": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def unseal_message(given: Mapping[str, Any], encdata: str) -> str:
    """What a department sealed; raises Declined(E01)."""
    try:
        raw = base64.b64decode(encdata, validate=True)
        return AESGCM(base64.b64decode(given["key"])).decrypt(raw[:12], raw[12:], None).decode()
    except (InvalidTag, ValueError):
        raise Declined("E01") from None


def seal_message(given: Mapping[str, Any], text: str, *, other_key: bool = False) -> str:
    """What the department opens with its key file."""
    key = secrets.token_bytes(32) if other_key else base64.b64decode(given["key"])
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), None)).decode()


def mac(given: Mapping[str, Any], content: bytes) -> str:
    """The checksum of a message."""
    return hmac.new(base64.b64decode(given["checksum_key"]), content, hashlib.sha256).hexdigest()


def read_challan(given: Mapping[str, Any], text: str, now: datetime) -> Challan:
    """A payment as the department sent it, with every check; raises Declined.

    Source: docs/contracts/other_systems.md section 4.
    """
    covered, _, checksum = text.rpartition("|")
    if not hmac.compare_digest(mac(given, f"{covered}|".encode()).encode(), checksum.encode()):
        raise Declined("E01")
    parts = covered.split("|")
    if len(parts) != 21:
        raise Declined("E99")
    dept, service, ddo, treasury = parts[:4]
    pairs = [(parts[4 + 2 * place], parts[5 + 2 * place]) for place in range(5) if parts[4 + 2 * place]]
    total, reference, payer, mobile, first_day, last_day, return_url = parts[14:]
    known = {*given["heads"].values(), given["charge_head"]}
    if (dept, ddo, treasury) != (given["dept_code"], given["ddo_code"], given["treasury_code"]):
        raise Declined("E03")
    if any(head not in known for head, _ in pairs):
        raise Declined("E03")
    if not (1 <= len(reference) <= 20 and reference.isalnum() and payer and service and first_day and last_day):
        raise Declined("E99")
    heads = [[head, paise(amount)] for head, amount in pairs]
    if sum(paise(amount) for _, amount in pairs) != paise(total) or paise(total) <= 0:
        raise Declined("E04")
    del mobile  # the sandbox keeps nothing of a person
    return {
        "reference": reference,
        "heads": heads,
        "total": paise(total),
        "return_url": return_url,
        "at": now.isoformat(),
        "state": "NEW",
        "mode": None,
        "settles_at": None,
        "outcome": None,
        "serial": None,
        "scrolled": True,
    }


def choose(challan: Challan, mode: str, outcome: str, serial: int, now: datetime) -> None:
    """The citizen chose how to pay and what came of it at the bank."""
    magic = challan["total"] % 100
    challan["mode"], challan["serial"] = mode, serial
    challan["scrolled"] = challan["scrolled"] and magic != NOT_IN_SCROLL
    if outcome == "fail":
        challan.update(state="CHOSEN", outcome="F", settles_at=now.isoformat())
    elif mode == "COUNTER" or outcome == "pending":
        settles = None if magic == NEVER_PAID or outcome == "never" else now + LATE
        if mode != "COUNTER" and outcome == "pending" and magic != LATE_COUNTER:
            settles = now + timedelta(minutes=10)
        challan.update(state="CHOSEN", outcome="S", settles_at=settles.isoformat() if settles else None)
    else:
        challan.update(state="CHOSEN", outcome="S", settles_at=now.isoformat())


def status(challan: Mapping[str, Any], now: datetime) -> str:
    """S, F, P or X, by the sandbox clock."""
    settles = challan["settles_at"]
    if challan["state"] == "NEW":
        return "P"
    if settles is not None and datetime.fromisoformat(settles) <= now:
        return str(challan["outcome"])
    return "X" if now - datetime.fromisoformat(challan["at"]) >= CHALLAN_LIVES else "P"


def booked_paise(challan: Mapping[str, Any]) -> int:
    """What the bank booked, in paise."""
    other = challan.get("booked")
    if other is not None:
        return int(other)
    return int(challan["total"]) - (100 if challan["total"] % 100 == OTHER_AMOUNT else 0)


def answer_text(challan: Mapping[str, Any], now: datetime, *, claimed: int | None = None) -> str:
    """The pipe string of a return or an enquiry; `claimed` is an amount that somebody tampered with."""
    state = status(challan, now)
    amount = rupees(booked_paise(challan) if claimed is None else claimed)
    if state != "S":
        return "|".join((challan["reference"], "", "", "", "", amount, state, "", challan["mode"] or ""))
    at = paid_at(challan)
    return "|".join(
        (
            challan["reference"],
            grn(challan),
            f"{challan['serial']:04d}",
            cin(challan),
            f"SBI{challan['serial']:06d}",
            amount,
            state,
            at.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S"),
            challan["mode"] or "",
        )
    )


def paid_at(challan: Mapping[str, Any]) -> datetime:
    """When the bank took the money."""
    return datetime.fromisoformat(challan["settles_at"])


def grn(challan: Mapping[str, Any]) -> str:
    """The government reference number of a challan."""
    return f"UKGRN{int(challan['serial']):010d}"


def cin(challan: Mapping[str, Any]) -> str:
    """BSR code of the branch, the day, the serial number."""
    return f"{BSR}{paid_at(challan).astimezone(INDIA):%d%m%Y}{int(challan['serial']) % 100_000:05d}"


def paise(text: str) -> int:
    """Rupees with two decimals as paise; raises Declined(E04)."""
    whole, dot, part = text.partition(".")
    if not (whole.isdigit() and dot and len(part) == 2 and part.isdigit()):
        raise Declined("E04")
    return int(whole) * 100 + int(part)


def rupees(amount: int) -> str:
    """Paise as rupees with two decimals."""
    return f"{amount // 100}.{amount % 100:02d}"
