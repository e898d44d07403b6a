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
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StrictInt, StringConstraints

from domain.appeals.appeals import AppealLevel
from domain.appeals.commission import RANK, Bench, CommissionWord
from domain.kernel import IST
from integrations.calling.answers import BodyModel, Instant, MessageId, read_model, read_object
from integrations.calling.caller_authentication import signature
from integrations.calling.errors import Unreadable
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


def moment(at: datetime) -> str:
    """An instant as it is written: RFC 3339 with milliseconds, in India."""
    return at.astimezone(IST).isoformat(timespec="milliseconds")


def _likely(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2200:
        raise ValueError("no instant of a case")
    return at


def _day_of(value: object) -> date:
    if not isinstance(value, str) or len(value) != len("2026-11-26"):
        raise ValueError("no day")
    return date.fromisoformat(value)


_ZERO_FREE = "^[^\\x00]*$"
"""PostgreSQL takes no zero byte."""
Text: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=_ZERO_FREE)
]
Name: TypeAlias = Annotated[Text, Field(max_length=LONGEST_NAME)]
_Moment: TypeAlias = Annotated[Instant, AfterValidator(_likely), PlainSerializer(moment, return_type=str)]
P = TypeVar("P", bound=BodyModel)


class _Hearing(BodyModel):
    hearing_id: MessageId
    at: _Moment
    place: Name
    is_cancelled: Literal[False] = Field(default=False, alias="cancelled")


class CancelledHearing(BodyModel):
    """A hearing that does not take place."""

    hearing_id: MessageId
    is_cancelled: Literal[True] = Field(alias="cancelled")


class _Direction(BodyModel):
    text: Text
    until: Annotated[date, BeforeValidator(_day_of)]


class _Decision(BodyModel):
    text: Text
    outcome: Literal["DISMISSED", "CLOSED"]


class _Amount(BodyModel):
    amount_paise: Annotated[StrictInt, Field(gt=0, le=MOST_PAISE)]
    reason: Text


class _Transfer(BodyModel):
    bench: Bench


class _Typed(BodyModel):
    type: CommissionWord


class Message(_Typed, Generic[P]):
    """A message of the Commission (docs/contracts/right_to_service.md section 6.2)."""

    event_id: MessageId
    appeal_no: MessageId
    at: _Moment
    level: Literal[3] = 3
    payload: P


MESSAGES: Mapping[CommissionWord, type[Message[Any]]] = {
    CommissionWord.HEARING_FIXED: Message[_Hearing],
    CommissionWord.DIRECTION: Message[_Direction],
    CommissionWord.DECIDED: Message[_Decision],
    CommissionWord.PENALTY: Message[_Amount],
    CommissionWord.COMPENSATION: Message[_Amount],
    CommissionWord.TRANSFERRED: Message[_Transfer],
}
"""What each kind of message carries; other parts of a payload are left out."""


class _Receipt(BodyModel):
    appeal_no: MessageId
    received_at: _Moment | None = None
    decide_by: _Moment | None = None


class _Case(_Receipt):
    appeal_ref: MessageId
    state: Name
    history: Annotated[list[dict[str, Any]], Field(max_length=1000)]
    known_ids: frozenset[str] = Field(alias="received")


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
    given = read_model(_Receipt, content)
    return FilingReceipt(given.appeal_no, given.received_at, given.decide_by, known)


def read_case(content: bytes) -> CaseAtCommission:
    """A case with its history. Raises Unreadable."""
    given = read_model(_Case, content)
    words = tuple(_word({**one, "appealNo": given.appeal_no}) for one in given.history)
    return CaseAtCommission(
        given.appeal_no, given.appeal_ref, given.state, given.received_at, given.decide_by, words, given.known_ids
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
    kind, payload = read_model(_Typed, given).type, given.get("payload")
    cancelled = isinstance(payload, dict) and payload.get("cancelled") is True
    form = Message[CancelledHearing] if cancelled and kind is CommissionWord.HEARING_FIXED else MESSAGES[kind]
    message = read_model(form, given)
    covered = message.model_dump(mode="json", by_alias=True, include={"appeal_no", "type", "at", "payload"})
    digest = hashlib.sha256(encode_json(covered)).hexdigest()
    return ReceivedMessage(message.event_id, message.appeal_no, kind, message.at, covered["payload"], digest)


def _day(given: date | None) -> str | None:
    return given.isoformat() if given else None
