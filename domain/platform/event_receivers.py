"""Receivers of events: systems of departments and partners that are told what happens to applications (ADR 0039)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from domain.applications.lifecycle import Move
from domain.platform.changes import START, Change, ChangeKind, Position


class EventKind(StrEnum):
    """What a receiver may be told of."""

    HANDED_IN = "HANDED_IN"
    DECIDED = "DECIDED"
    """Approved or rejected; which of them is to be asked for."""
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    """It holds no longer; one that was corrected is followed by the event of the new one."""
    CLEARANCE_ASKED = "CLEARANCE_ASKED"
    """For the department that was asked."""


class EventOwner(StrEnum):
    """Whose system a receiver is."""

    DEPARTMENT = "DEPARTMENT"
    UMANG = "UMANG"
    E_TAAL = "E_TAAL"


class ReceiverState(StrEnum):
    """How a receiver stands."""

    REQUESTED = "REQUESTED"
    """Its own system asked for it; it waits for an administrator to propose it."""
    PROPOSED = "PROPOSED"
    """It waits for a second administrator."""
    REFUSED = "REFUSED"
    VERIFYING = "VERIFYING"
    """It is asked to answer a challenge, and told nothing before it did."""
    ACTIVE = "ACTIVE"
    OFF = "OFF"
    """An administrator switched it off; what happens meanwhile is told when it is switched on."""
    FAILED = "FAILED"
    """It did not take an event for three days, or said that it is gone: switched off, with an alarm."""


class ReceiverStep(StrEnum):
    """What an administrator does with a receiver by herself."""

    SWITCH_ON = "SWITCH_ON"
    """It is told what it did not take, from where it stood."""
    SWITCH_OFF = "SWITCH_OFF"
    ROTATE = "ROTATE"
    """A new secret; both sign for FORMER_SECRET_HOURS."""
    TELL_AGAIN = "TELL_AGAIN"
    """Everything since an instant, also what it took."""


WIRE_NAMES: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.HANDED_IN: "application.handed_in",
        EventKind.DECIDED: "application.decided",
        EventKind.CERTIFICATE_ISSUED: "certificate.issued",
        EventKind.CERTIFICATE_REVOKED: "certificate.revoked",
        EventKind.CLEARANCE_ASKED: "clearance.asked",
    }
)
"""`type` in a message (docs/partners/events/README.md section 2)."""

CHALLENGE = "endpoint.challenge"
"""`type` of the first message of all."""

OF_MOVES: Mapping[Move, ChangeKind] = MappingProxyType(
    {
        Move.SUBMIT: ChangeKind.HANDED_IN,
        Move.APPROVE: ChangeKind.DECIDED,
        Move.REJECT: ChangeKind.DECIDED,
        Move.ISSUE_CERTIFICATE: ChangeKind.CERTIFICATE_ISSUED,
        Move.CORRECT_CERTIFICATE: ChangeKind.CERTIFICATE_REVOKED,
        Move.REVOKE_CERTIFICATE: ChangeKind.CERTIFICATE_REVOKED,
    }
)
"""The steps of an application that are events."""

RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The wait after the first, second, … failed attempt: the example schedule of the specification of Standard Webhooks
("Deliverability and reliability"). After one more failure the receiver is FAILED."""

JITTER = 0.2
"""The largest part by which a wait is longer, so that what failed together is not tried together."""

SECRET_PREFIX, SECRET_OCTETS = "whsec_", 32
FORMER_SECRET_HOURS = 24
SECRET_SHOWN_MINUTES = 60
"""For so long administrators can read a new secret."""


@dataclass(frozen=True, slots=True)
class EventReceiver:
    """One address that is told of some kinds of events, and how far it was told.

    `begins_at` is when it answered the challenge: what happened before is not told. `feed` and the position say up to
    where the change feed was read for it.
    """

    id: str
    owner: EventOwner
    department: str | None
    url: str
    kinds: tuple[EventKind, ...]
    state: ReceiverState
    secret: str = field(repr=False)
    secret_made_at: datetime
    proposed_by: str
    proposed_at: datetime
    former_secret: str | None = field(default=None, repr=False)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    begins_at: datetime | None = None
    failure: str | None = None
    """The code of the outcome by which it FAILED."""
    feed: str = ""
    feed_transaction: int = START.transaction
    feed_row: int = START.row
    version: int = 1

    @property
    def position(self) -> Position:
        """Up to where the feed was read for it."""
        return Position(self.feed_transaction, self.feed_row)

    @property
    def change_kinds(self) -> list[ChangeKind]:
        """The rows of the feed that it is told of."""
        return [ChangeKind(kind) for kind in self.kinds]

    def secrets_at(self, now: datetime) -> list[str]:
        """The secrets that sign at an instant, the new one first."""
        former = self.former_secret
        both = former is not None and now < self.secret_made_at + timedelta(hours=FORMER_SECRET_HOURS)
        return [self.secret, former] if both and former else [self.secret]


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """One event for one receiver: an entry of its log, and what is still to be told where `delivered_at` is None.

    `sequence` orders the events of one application. `outcome` is that of the last attempt.
    """

    id: str
    receiver_id: str
    event_id: str
    kind: str
    object_id: str
    application_id: str | None
    department: str | None
    sequence: int
    occurred_at: datetime
    due_at: datetime
    attempts: int = 0
    outcome: str | None = None
    attempted_at: datetime | None = None
    delivered_at: datetime | None = None


def secret_of(token: str) -> str:
    """A secret as Standard Webhooks writes it, of random octets in base64url."""
    return secret_of_octets(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


def secret_of_octets(octets: bytes) -> str:
    """A secret as Standard Webhooks writes it, of its octets."""
    return SECRET_PREFIX + base64.b64encode(octets).decode()


def delivery_of(change: Change, receiver_id: str, key: str, due_at: datetime) -> EventDelivery:
    """The event that a row of the feed is, as an entry of a receiver's log under a key."""
    return EventDelivery(
        id=key,
        receiver_id=receiver_id,
        event_id=event_id(change),
        kind=change.kind.value,
        object_id=change.object_id,
        application_id=change.application_id,
        department=change.department,
        sequence=change.position.row,
        occurred_at=change.at,
        due_at=due_at,
    )


def event_id(change: Change) -> str:
    """The `webhook-id` of an event: the same for every receiver, every attempt and every way that it is asked for."""
    said = f"{change.kind.value}:{change.object_id}:{change.at.isoformat()}"
    return f"evt_{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def retry_at(now: datetime, delivery: EventDelivery, asked_seconds: float | None) -> datetime | None:
    """When a delivery is tried again after its latest attempt failed; None where that was the last one.

    `asked_seconds` is how long the receiver asks to wait at least.
    """
    if delivery.attempts > len(RETRY_SECONDS):
        return None
    said = hashlib.sha256(f"{delivery.id}:{delivery.attempts}".encode()).digest()
    wait = RETRY_SECONDS[delivery.attempts - 1] * (1 + JITTER * said[0] / 255)
    return now + timedelta(seconds=max(wait, asked_seconds or 0))
