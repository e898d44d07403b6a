"""INFERRED: the Commission's wire format (docs/contracts/right_to_service.md section 6); one file, to be replaced.

No interface of a state's Commission is public. Settled by us where the contract is silent: times are RFC 3339
with offset, `X-Timestamp` is Unix seconds, the signed path is that of the contract without the base address, amounts
are whole paise, our events have an `eventId`, a case may be asked for by `appealRef` too and names in `history` what
it sent us and in `received` what it has of us, and the monthly review goes to `PUT /rts/v1/delay-reviews/{month}`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from domain.appeals.appeals import AppealLevel
from domain.appeals.commission import RANK, Bench, CommissionWord
from domain.kernel import IST
from integrations.calling.answers import read_object
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import signature
from integrations.right_to_service.models import (
    AppealFiling,
    CaseAtCommission,
    CaseEvent,
    FilingReceipt,
    NotifiedService,
    ReceivedMessage,
)

APPEALS, SERVICES, SUMMARY, REVIEWS = (
    "/rts/v1/appeals",
    "/rts/v1/services",
    "/rts/v1/daily-summary",
    "/rts/v1/delay-reviews",
)
LONGEST_TEXT, LONGEST_NAME = 4000, 200
MOST_PAISE = 10**9
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")


def request_headers(
    token: str, secret: str, *, method: str, path: str, body: bytes, key: str, at: datetime
) -> dict[str, str]:
    """The four headers of every call; `key` is the idempotency key."""
    stamp = str(int(at.timestamp()))
    return {
        "Authorization": f"Bearer {token}",
        "X-Request-Id": key,
        "X-Timestamp": stamp,
        "X-Signature": signature(secret, stamp, method, path, body),
    }


def encode_json(content: Mapping[str, Any]) -> bytes:
    """JSON as it is sent, sorted so that the same content has the same bytes."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def filing(given: AppealFiling) -> dict[str, Any]:
    """The appeal object of docs/contracts/right_to_service.md section 6.3."""
    content = {
        "appealRef": given.reference,
        "applicationId": given.application_number,
        "serviceCode": given.service_code,
        "lgdUnit": f"D-{given.district}" + (f"/T-{given.tehsil}" if given.tehsil else ""),
        "channel": given.channel,
        "ground": given.ground,
        "origin": given.origin,
        "level": RANK[AppealLevel.COMMISSION],
        "receivedOn": _day(given.received_on),
        "paidOn": _day(given.paid_on),
        "dueOn": _day(given.due_on),
        "breachedOn": _day(given.breached_on),
        "filedAt": None if given.filed_at is None else moment(given.filed_at),
        "pausedDays": given.paused_days,
        "limitDays": given.limit_days,
        "unit": given.limit_unit,
        "doId": given.designated_id,
        "faaId": given.first_id,
        "saaId": given.second_id,
        "citizen": {"name": given.citizen_name, "mobileMasked": given.mobile_masked},
        "previousAppealNo": given.previous_number,
    }
    lawful = {"lawfulDueOn": _day(given.lawful_due_on)} if given.lawful_due_on else {}
    return content | lawful | ({"lateReason": given.late_reason} if given.late_reason else {})


def event(given: CaseEvent) -> dict[str, Any]:
    """The body of an event; `facts` are the parts that its kind has beside its text."""
    attachments = [
        {"sha256": one.sha256, "url": one.url, "octets": one.octets, "mediaType": one.media_type}
        for one in given.attachments
    ]
    return {
        "eventId": given.id,
        "type": given.kind,
        "at": moment(given.at),
        "by": given.by,
        "text": given.text,
        "attachments": attachments,
        "facts": dict(given.facts),
    }


def service(given: NotifiedService) -> dict[str, Any]:
    """A notified service (docs/contracts/right_to_service.md section 6.1)."""
    return {
        "name": {"hi": given.name_hi, "en": given.name_en},
        "department": given.department,
        "timeLimit": given.limit_days,
        "unit": given.limit_unit,
        "roles": dict(given.roles),
        "notificationNo": given.notification,
        "validFrom": _day(given.valid_from),
        "version": given.version,
    }


def read_receipt(content: bytes, *, known: bool) -> FilingReceipt:
    """The answer to a filing: 201, or 409 with the number that the appeal has already. Raises Unreadable."""
    given = read_object(content, "body")
    number = _id(given, "appealNo")
    return FilingReceipt(number, _instant_or_none(given, "receivedAt"), _instant_or_none(given, "decideBy"), known)


def read_case(content: bytes) -> CaseAtCommission:
    """A case with its history. Raises Unreadable."""
    given = read_object(content, "body")
    number = _id(given, "appealNo")
    history, received = given.get("history"), given.get("received")
    if not isinstance(history, list) or not isinstance(received, list) or len(history) > 1000:
        raise Unreadable("history")
    if any(not isinstance(one, str) for one in received):
        raise Unreadable("received")
    words = tuple(_word({**one, "appealNo": number}) if isinstance(one, dict) else _word({}) for one in history)
    return CaseAtCommission(
        number,
        _id(given, "appealRef"),
        _text(given, "state", LONGEST_NAME),
        _instant_or_none(given, "receivedAt"),
        _instant_or_none(given, "decideBy"),
        words,
        frozenset(received),
    )


def read_code(content: bytes) -> str | None:
    """The code of an error body, or None."""
    try:
        code = read_object(content, "body").get("code")
    except Unreadable:
        return None
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z_]{1,40}", code) else None


def read_word(content: bytes) -> ReceivedMessage:
    """A message of the Commission. Raises Unreadable with the name of the field that is wrong.

    Source: docs/contracts/right_to_service.md section 6.2.
    """
    return _word(read_object(content, "body"))


def _word(given: Mapping[str, Any]) -> ReceivedMessage:
    try:
        kind = CommissionWord(str(given.get("type")))
    except ValueError:
        raise Unreadable("type") from None
    if given.get("level", RANK[AppealLevel.COMMISSION]) != RANK[AppealLevel.COMMISSION]:
        raise Unreadable("level")
    payload = given.get("payload")
    if not isinstance(payload, dict):
        raise Unreadable("payload")
    number, at, known = _id(given, "appealNo"), _instant(given, "at"), _PAYLOADS[kind](payload)
    covered = {"appealNo": number, "type": kind.value, "at": moment(at), "payload": known}
    return ReceivedMessage(
        _id(given, "eventId"), number, kind, at, known, hashlib.sha256(encode_json(covered)).hexdigest()
    )


def _hearing(given: Mapping[str, Any]) -> dict[str, Any]:
    cancelled = given.get("cancelled", False)
    if not isinstance(cancelled, bool):
        raise Unreadable("payload.cancelled")
    found: dict[str, Any] = {"hearingId": _id(given, "hearingId", "payload."), "cancelled": cancelled}
    if not cancelled:
        found["at"] = moment(_instant(given, "at", "payload."))
        found["place"] = _text(given, "place", LONGEST_NAME, "payload.")
    return found


def _direction(given: Mapping[str, Any]) -> dict[str, Any]:
    until = given.get("until")
    try:
        day = date.fromisoformat(until) if isinstance(until, str) and len(until) == len("2026-11-26") else None
    except ValueError:
        day = None
    if day is None:
        raise Unreadable("payload.until")
    return {"text": _text(given, "text", LONGEST_TEXT, "payload."), "until": day.isoformat()}


def _decision(given: Mapping[str, Any]) -> dict[str, Any]:
    outcome = given.get("outcome")
    if outcome not in ("DISMISSED", "CLOSED"):
        raise Unreadable("payload.outcome")
    return {"text": _text(given, "text", LONGEST_TEXT, "payload."), "outcome": outcome}


def _amount(given: Mapping[str, Any]) -> dict[str, Any]:
    paise = given.get("amountPaise")
    if isinstance(paise, bool) or not isinstance(paise, int) or not 0 < paise <= MOST_PAISE:
        raise Unreadable("payload.amountPaise")
    return {"amountPaise": paise, "reason": _text(given, "reason", LONGEST_TEXT, "payload.")}


def _transfer(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"bench": Bench(str(given.get("bench"))).value}
    except ValueError:
        raise Unreadable("payload.bench") from None


_PAYLOADS = {
    CommissionWord.HEARING_FIXED: _hearing,
    CommissionWord.DIRECTION: _direction,
    CommissionWord.DECIDED: _decision,
    CommissionWord.PENALTY: _amount,
    CommissionWord.COMPENSATION: _amount,
    CommissionWord.TRANSFERRED: _transfer,
}
"""What each kind of message carries; other parts of a payload are left out."""


def moment(at: datetime) -> str:
    """An instant as it is written: RFC 3339 with milliseconds, in India."""
    return at.astimezone(IST).isoformat(timespec="milliseconds")


def _id(given: Mapping[str, Any], name: str, within: str = "") -> str:
    value = given.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Unreadable(f"{within}{name}")
    return value


def _text(given: Mapping[str, Any], name: str, longest: int, within: str = "") -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not _storable(value):
        raise Unreadable(f"{within}{name}")
    return value.strip()


def _storable(text: str) -> bool:
    """Whether a text can be written as UTF-8 and holds no zero byte, which PostgreSQL does not take."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _instant(given: Mapping[str, Any], name: str, within: str = "") -> datetime:
    value = given.get(name)
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 2000 <= at.year <= 2200:
        raise Unreadable(f"{within}{name}")
    return at


def _instant_or_none(given: Mapping[str, Any], name: str) -> datetime | None:
    return None if given.get(name) is None else _instant(given, name)


def _day(given: date | None) -> str | None:
    return given.isoformat() if given else None
