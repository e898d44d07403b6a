"""Which events are e-transactions: the versioned rule table of contracts/etaal.md section 2."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.applications import Channel
from domain.clock import IST
from domain.people import Role

RULES_VERSION = "2026-1"


class CountingEvent(StrEnum):
    """Events that the rule table knows."""

    DELIVERED = "DELIVERED"
    REJECTED_BY_ORDER = "REJECTED_BY_ORDER"
    BENEFIT_CREDITED = "BENEFIT_CREDITED"


CATEGORIES: dict[CountingEvent, str] = {
    CountingEvent.DELIVERED: "A",
    CountingEvent.REJECTED_BY_ORDER: "A",
    CountingEvent.BENEFIT_CREDITED: "E",
}
"""The e-Taal category of each event that counts."""


DOORSTEP = "DOORSTEP"
"""The channel of a service that was handed over at the citizen's door, and of an application taken in there."""

_HANDED_OVER_BY = {Role.DOORSTEP_AGENT.value: DOORSTEP, Role.OPERATOR.value: Channel.CSC.value}


def counted_channel(event: CountingEvent, actor_role: str, channel: str) -> str:
    """The channel that a ledger row bears: where it came in, unless an agent or operator handed it over.

    Doorstep and CSC assisted delivery count once, as assisted (contracts/etaal.md section 2).
    """
    return _HANDED_OVER_BY.get(actor_role, channel) if event is CountingEvent.DELIVERED else channel


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of the append-only ledger. `event_key` is unique: one event counts once.

    `day` is the IST calendar day of the event; `count` is −1 for a correction of an earlier row.
    """

    event_key: str
    event: CountingEvent
    day: date
    service_code: str
    district: str
    channel: str
    category: str
    count: int
    rules_version: str


@dataclass(frozen=True, slots=True)
class TransactionCount:
    """The count of one service in one district on one day."""

    day: date
    service_code: str
    district: str
    channel: str
    category: str
    count: int


def is_provisional(day: date, now: datetime) -> bool:
    """Whether counts of a day may still grow without being a correction.

    A day closes at 00:30 IST of the next day plus three days for late events (contracts/etaal.md section 6).
    """
    return now < datetime.combine(day + timedelta(days=4), time(0, 30), tzinfo=IST)
