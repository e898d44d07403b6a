"""Reconciliation runs: the daily comparison with a partner's records, and the rules by which rows match."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self

from domain.benefits.benefits import RETURN_WINDOW, PaymentStatus, Rail
from domain.kernel import IST
from domain.reconciliation.finance_cases import DifferenceKind

RAN_WITHIN = timedelta(hours=26)
"""A day's comparison that is missing for longer raises an alarm: a day, and two hours for a late file."""

IN_FLIGHT_WORKING_DAYS = 5
"""In flight for longer opens a case (docs/contracts/dbt_finance.md section 10)."""

STATEMENT_MADE = time(23, 30)
"""When PFMS makes the statement of a day (INFERRED)."""

IN_FLIGHT = frozenset({PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK})
CAME_BACK = frozenset({PaymentStatus.RETURNED, PaymentStatus.REISSUED})
SENT = IN_FLIGHT | CAME_BACK | {PaymentStatus.CREDITED}
"""States of a payment whose order was sent: instructed = credited + returned + in flight."""


class RunState(StrEnum):
    """The state of a day's comparison."""

    READING = "READING"
    COMPARING = "COMPARING"
    TOTALLING = "TOTALLING"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class ReconciliationRun:
    """One day's comparison with one partner. Amounts are paise; `place` is where it resumes after a stop."""

    id: str
    rail: Rail
    day: date
    state: RunState
    place: str | None
    rows_read: int
    rows_compared: int
    differences: int
    ours_paise: int
    theirs_paise: int
    starts: int
    problem: str | None
    begun_at: datetime
    moved_at: datetime
    ended_at: datetime | None


class Side(StrEnum):
    """The four that both books can agree on: a state of ours or of the partner, without its finer steps."""

    IN_FLIGHT = "IN_FLIGHT"
    CREDITED = "CREDITED"
    CAME_BACK = "CAME_BACK"
    NOT_SENT = "NOT_SENT"


def side_of(status: PaymentStatus) -> Side:
    """In which of the four a state counts."""
    if status in IN_FLIGHT:
        return Side.IN_FLIGHT
    if status in CAME_BACK:
        return Side.CAME_BACK
    return Side.CREDITED if status is PaymentStatus.CREDITED else Side.NOT_SENT


_NOTHING_PAID = {Side.NOT_SENT, Side.CAME_BACK}
"""What the partner rejected is with us on its way again, or came back: no money moved either way."""


@dataclass(frozen=True, slots=True)
class OurRow:
    """One payment in our book; `since` is when it came to stand there."""

    status: PaymentStatus
    paise: int
    since: datetime


@dataclass(frozen=True, slots=True)
class TheirRow:
    """One payment in the partner's book; `paise` is None where it names no amount, `since` where it names no time."""

    side: Side
    paise: int | None
    since: datetime | None

    @classmethod
    def of(cls, status: PaymentStatus, paise: int | None, since: datetime | None) -> Self:
        """The row of a partner, expressed in our states."""
        return cls(side_of(status), paise, since)


def difference_of(ours: OurRow | None, theirs: TheirRow | None) -> DifferenceKind | None:
    """The difference between two books about a payment; None where they agree. Only the gravest is reported.

    Money that only one side knows of comes before its amount, and that before where it stands.
    """
    if ours is None:
        return DifferenceKind.UNKNOWN_IN_SCROLL if theirs is not None else None
    mine = side_of(ours.status)
    if theirs is None:
        return DifferenceKind.NOT_AT_PARTNER if mine is not Side.NOT_SENT else None
    if theirs.paise is not None and theirs.paise != ours.paise:
        return DifferenceKind.AMOUNT_DIFFERS
    if mine is theirs.side or {mine, theirs.side} == _NOTHING_PAID:
        return None
    if ours.status is PaymentStatus.REISSUED and theirs.side is Side.CREDITED:
        return DifferenceKind.SECOND_PAYMENT
    if mine is Side.CREDITED and theirs.side in {Side.IN_FLIGHT, Side.NOT_SENT}:
        return DifferenceKind.NOT_IN_SCROLL
    if mine is Side.CREDITED and theirs.since is not None and theirs.since - ours.since > RETURN_WINDOW:
        return DifferenceKind.RETURNED_TOO_LATE
    return DifferenceKind.STATUS_DIFFERS


def values_of(statuses: frozenset[PaymentStatus]) -> Sequence[str]:
    """The words by which the store knows states, in a fixed order."""
    return sorted(status.value for status in statuses)


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first instant of a day in India, and the first one after it."""
    begins = datetime.combine(day, time(), IST)
    return begins, begins + timedelta(days=1)


def statement_bounds(day: date) -> tuple[datetime, datetime]:
    """What the statement of a day covers: from the statement before to its own making, at half past eleven at night."""
    ends = datetime.combine(day, STATEMENT_MADE, IST)
    return ends - timedelta(days=1), ends
