"""E-transactions: rows of the ledger, their e-Taal codes and the closing of a day.

Whether an event counts is said by the rule table (domain/etaal/counting_rules.py).
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Self

from domain.applications.applications import Channel, DeliveryMode
from domain.applications.lifecycle import Move
from domain.kernel import IST, Role


class CountingEvent(StrEnum):
    """Events that the rule table knows."""

    DELIVERED = "DELIVERED"
    REJECTED_BY_ORDER = "REJECTED_BY_ORDER"
    BENEFIT_CREDITED = "BENEFIT_CREDITED"
    STATUS_ENQUIRY = "STATUS_ENQUIRY"
    BILL_PAID = "BILL_PAID"
    SUBMITTED = "SUBMITTED"
    TAKEN_OVER = "TAKEN_OVER"
    DOWNLOADED_AGAIN = "DOWNLOADED_AGAIN"
    FORM_DOWNLOADED = "FORM_DOWNLOADED"
    SERVICE_VIEWED = "SERVICE_VIEWED"
    FEE_PAID = "FEE_PAID"


class Category(StrEnum):
    """e-Taal's categories (docs/contracts/etaal.md section 2)."""

    A = "A"
    """Statutory and non-statutory services."""
    B = "B"
    """Payments of utility bills."""
    C = "C"
    """Business to citizen."""
    D = "D"
    """Information."""
    E = "E"
    """Repeated social benefits."""
    F = "F"
    """Services delivered end to end through a mobile device."""


class Level(StrEnum):
    """The level of place that a service was enrolled at. The ledger knows districts, so finer ones are not offered."""

    STATE = "STATE"
    DISTRICT = "DISTRICT"


class CorrectionReason(StrEnum):
    """Why a row changes what an earlier one counted."""

    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    PAYMENT_RETURNED = "PAYMENT_RETURNED"
    SERVICE_MAPPED = "SERVICE_MAPPED"


MAPPED = "SERVICE_MAPPED"
"""The event of a row that counts nothing: from it on, a service has another code of e-Taal on that day."""

STATUS_LINE = "APSK-STATUS"
"""The service that enquiries about the state of an application count under: one for the whole portal, category D."""

FIRST_DAY = date(2013, 1, 1)
"""Nothing is counted before: e-Taal began in January 2013."""

LATE_EVENTS = timedelta(days=4)
LAST_DAY = date.max - LATE_EVENTS
"""The last day that a calendar can close; a request for a later day gets the same answer."""

DOORSTEP = "DOORSTEP"
"""The channel of doorstep services: handed over at the citizen's home, or applied for there."""

_HANDED_OVER_BY = {Role.DOORSTEP_AGENT.value: DOORSTEP, Role.OPERATOR.value: Channel.CSC.value}


def counted_channel(move: Move, actor_role: str, channel: str, delivery: str) -> str:
    """The channel that a ledger row bears: where it came in, unless an agent or operator hands it over.

    Doorstep and CSC assisted delivery count once, as assisted (docs/contracts/etaal.md section 2). What counts
    before it is handed over is assisted where she chose the doorstep.
    """
    if move is Move.DELIVER:
        return _HANDED_OVER_BY.get(actor_role, channel)
    return DOORSTEP if move is Move.ISSUE_CERTIFICATE and delivery == DeliveryMode.DOORSTEP.value else channel


MOST_KEPT_DAYS = 4
"""Days at a revision that a process keeps in memory: some thousand counts each, a megabyte or two."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of the append-only ledger. `event_key` is unique: one event counts once.

    `day` is the IST calendar day of the event; `count` is −1 for a correction of the row that `corrects` names.
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
    corrects: str | None = None
    reason: CorrectionReason | None = None


@dataclass(frozen=True, slots=True)
class EtaalClass:
    """The code, category and level of e-Taal that a service has on a day."""

    etaal_code: str
    category: Category
    level: Level

    def __str__(self) -> str:
        """The text that rows of the ledger bear."""
        return f"{self.etaal_code}|{self.category.value}|{self.level.value}"

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The standing that a row bears; None for UNMAPPED and NOT_STARTED."""
        code, _, rest = text.partition("|")
        category, _, level = rest.partition("|")
        return cls(code, Category(category), Level(level)) if rest else None


UNMAPPED = ""
"""What rows of a service bear that e-Taal gave no code yet: it is listed under its own line."""

NOT_STARTED = "-"
"""What rows bear on days before the service's start date with e-Taal, which does not receive them."""


@dataclass(frozen=True, slots=True)
class EnrolledService:
    """That a service counts at e-Taal from a day on under a code. Another code later is another one of these."""

    service_code: str
    starts_on: date
    etaal_code: str
    category: Category
    level: Level = Level.DISTRICT
    standard_service: str | None = None
    """e-Taal's name of the standard service that it belongs to, such as Certificates."""

    @property
    def standing(self) -> EtaalClass:
        """What the rows of its days bear."""
        return EtaalClass(self.etaal_code, self.category, self.level)


@dataclass(frozen=True, slots=True)
class TransactionCount:
    """The count of one service in one district on one day, and what its rows bear."""

    day: date
    service_code: str
    district: str
    channel: str
    category: str
    count: int
    stands: str = UNMAPPED


class PlacedCounts:
    """The counts of one day at one revision, by service, district, channel and category."""

    def __init__(self, rows: Iterable[TransactionCount] = ()) -> None:
        self.rows = tuple(rows)

    @cached_property
    def districts(self) -> tuple[tuple[str, int], ...]:
        """The count of each district; they add up to the total."""
        sums: Counter[str] = Counter()
        for row in self.rows:
            sums[row.district] += row.count
        return tuple(sorted(sums.items()))


class DayCountCache:
    """The counts of the days that a process was asked for last, by the link that proves them, so that none gets old."""

    def __init__(self, most: int = MOST_KEPT_DAYS) -> None:
        self._most = most
        self._kept: OrderedDict[str, PlacedCounts] = OrderedDict()

    def get(self, link: str) -> PlacedCounts | None:
        """What the link proves; None where it was not read yet, or is kept no longer."""
        return self._kept.get(link)

    def put(self, link: str, counts: PlacedCounts) -> None:
        """Keep the counts of a revision; those that were read before all others are forgotten."""
        self._kept[link] = counts
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Correction:
    """One row that changed the figures of an earlier revision."""

    revision: int
    reason: CorrectionReason
    service_code: str
    district: str
    count: int
    recorded_at: datetime


def closes_at(day: date) -> datetime:
    """When a day is closed: at 00:30 IST of the next day plus three days for late events.

    Source: docs/contracts/etaal.md section 6.
    """
    return datetime.combine(min(day, LAST_DAY) + LATE_EVENTS, time(0, 30), tzinfo=IST)


def is_provisional(day: date, now: datetime) -> bool:
    """Whether counts of a day may still grow without being a correction."""
    return now < closes_at(day)


def is_over(day: date, now: datetime) -> bool:
    """Whether a day has ended and half an hour has passed, so that its figures may be sent."""
    return now >= datetime.combine(day + timedelta(days=1), time(0, 30), tzinfo=IST)
