"""Models of the messages exchanged with the Right to Service Commission; their wire format is in wire.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, Self

from domain.appeals.commission import CommissionWord, MessageState
from domain.kernel import CallerError, ErrorCode, Problem
from integrations.calling.answers import AnswerModel
from integrations.calling.caller_authentication import FAILURES_A_MINUTE

CALLS_A_MINUTE = 600
"""Messages that the endpoint accepts in a minute: ten a second, as the Commission's own limit
(docs/contracts/right_to_service.md section 8)."""


@dataclass(frozen=True, slots=True)
class RightToServiceSettings:
    """What onboarding handed over. `token` and `secret` are for our calls, `hook_…` for theirs."""

    token: str = field(repr=False)
    secret: str = field(repr=False)
    hook_token: str = field(repr=False)
    hook_secret: str = field(repr=False)
    calls_a_minute: int = CALLS_A_MINUTE
    failures_a_minute: int = FAILURES_A_MINUTE

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, times: int = 1) -> Self:
        """Read what was handed over; `times` multiplies the endpoint's limits. Raises KeyError, ValueError."""
        secrets = {name: str(given[name]) for name in ("token", "secret", "hook_token", "hook_secret")}
        if any(len(value) < 16 for value in secrets.values()):
            raise ValueError("a token or secret is too short")
        return cls(**secrets, calls_a_minute=CALLS_A_MINUTE * times, failures_a_minute=FAILURES_A_MINUTE * times)


@dataclass(frozen=True, slots=True)
class AppealFiling:
    """The appeal object of docs/contracts/right_to_service.md section 6.3.

    The citizen is named and the mobile masked; nothing else of the citizen is disclosed.
    """

    reference: str
    application_number: str
    service_code: str
    district: str
    tehsil: str | None
    channel: str
    ground: str
    origin: str
    received_on: date | None
    due_on: date | None
    breached_on: date | None
    paused_days: int
    limit_days: int | None
    limit_unit: str | None
    designated_id: str | None
    first_id: str | None
    second_id: str | None
    citizen_name: str
    mobile_masked: str | None
    previous_number: str | None
    late_reason: str | None = None
    paid_on: date | None = None
    """The day of the payment with which the limit begins; None without a fee."""
    filed_at: datetime | None = None
    """The legal time of filing: for an automatic appeal the instant of the breach or lapse."""
    lawful_due_on: date | None = None
    """By the newest list of holidays, where that is later than `due_on`, which was promised."""


@dataclass(frozen=True, slots=True)
class FilingReceipt:
    """That the Commission has the appeal, under its own number; `known` where it had it before."""

    number: str
    received_at: datetime | None
    decide_by: datetime | None
    known: bool


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the Commission fetches from us by its hash."""

    sha256: str
    url: str
    octets: int
    media_type: str


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """What happened to a case at our side. `id` is the key: the Commission takes one id once."""

    id: str
    kind: str
    at: datetime
    by: str
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message of the Commission, read and checked; `digest` is the SHA-256 of its canonical JSON.

    Source: docs/contracts/right_to_service.md section 6.2.
    """

    id: str
    number: str
    word: CommissionWord
    at: datetime
    payload: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class CaseAtCommission:
    """What the Commission says of a case: its state, its messages to us, and the ids of our events that it has."""

    number: str
    reference: str
    state: str
    received_at: datetime | None
    decide_by: datetime | None
    words: tuple[ReceivedMessage, ...]
    has: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotifiedService:
    """A notified service as reported to the Commission; `version` grows with each change.

    Source: docs/contracts/right_to_service.md section 6.1.
    """

    code: str
    version: int
    name_hi: str | None
    name_en: str | None
    department: str | None
    limit_days: int | None
    limit_unit: str | None
    roles: Mapping[str, str | None]
    notification: str | None
    valid_from: date | None


@dataclass(frozen=True, slots=True)
class MessageReceipt:
    """What the sender of a message is answered. `repeated` where it is the answer of the first delivery."""

    id: str
    state: MessageState
    code: str | None = None
    repeated: bool = False


class CommissionMessageAnswer(AnswerModel):
    """The answer to a message; `code` says why it was refused."""

    event_id: str
    state: MessageState
    code: str | None = None


class UnknownCase(CallerError):
    """No appeal that went to the Commission has this number."""

    standard = (Problem(ErrorCode.NOT_FOUND),)


class OtherMessage(CallerError):
    """The id was used for another message before."""

    standard = (Problem(ErrorCode.IDEMPOTENCY_KEY_REUSED),)


class Hearings(Protocol):
    """Who takes what the Commission sends."""

    async def take(self, word: ReceivedMessage) -> MessageReceipt:
        """Take a message once; a second delivery gets the first answer.

        Raises UnknownCase, OtherMessage, TemporarilyUnavailable.
        """

    async def case_file(self, sha256: str) -> bytes | None:
        """The signed case file with this hash, or None; a read leaves a receipt. Raises TemporarilyUnavailable."""
