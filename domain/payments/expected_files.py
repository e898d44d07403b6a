"""Expected files from partners by day: when each is due, and until when a missing one is requested."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.kernel import IST
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference

DUE_BY = time(12, 0)
"""By noon of the next day on which banks work a day's file must be here.

The treasury writes its scroll by six of that day (docs/contracts/other_systems.md section 4), PFMS its statement in the
night, CSC answers at any time; six hours are left for trying again (INFERRED).
"""

ASKED_BACK = timedelta(days=92)
"""A file that did not come is asked for so long: a quarter. One that is older is fetched by hand."""

EACH_TIME = timedelta(days=10)
"""Days that are not older are asked for in every round, older ones once in `SELDOM`."""

SELDOM = timedelta(hours=1)


class FileSource(StrEnum):
    """Who owes a file, or an answer, for each day."""

    TREASURY_SCROLL = "TREASURY_SCROLL"
    CSC_WALLET = "CSC_WALLET"
    """No file: its answer on each wallet payment of the day."""
    PFMS_STATEMENT = "PFMS_STATEMENT"


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """One day of one source. `due_at` is None for a day without banks, whose file may come and is not owed."""

    source: FileSource
    day: date
    due_at: datetime | None
    asked_at: datetime | None = None
    came_at: datetime | None = None
    told_at: datetime | None = None
    """When its case was opened."""
    compared_at: datetime | None = None

    def is_missing(self, now: datetime) -> bool:
        """Whether it is owed, its hour is past, and it has not come."""
        return self.due_at is not None and self.came_at is None and self.compared_at is None and self.due_at <= now

    def is_asked_for(self, now: datetime) -> bool:
        last = now.astimezone(IST).date()
        if self.compared_at is not None or self.day < last - ASKED_BACK:
            return False
        if self.day >= last - EACH_TIME - timedelta(days=1):
            return True
        return self.asked_at is None or now - self.asked_at >= SELDOM

    def difference(self) -> FinanceDifference:
        """Its case."""
        due = self.due_at.astimezone(IST).isoformat(timespec="minutes") if self.due_at else None
        return FinanceDifference(DifferenceKind.FILE_MISSING, about_of(self.source, self.day), due, "NOT_SENT")


def about_of(source: FileSource, day: date) -> str:
    """How a case names the file of a day."""
    return f"day:{source.value}/{day.isoformat()}"


def due_of(day: date, is_bank_day: Callable[[date], bool]) -> datetime | None:
    """When the file of a day must be here: by noon of the next day with banks; None for a day without."""
    if not is_bank_day(day):
        return None
    return datetime.combine(next_bank_day(day, is_bank_day), DUE_BY, IST)


def next_bank_day(day: date, is_bank_day: Callable[[date], bool], *, step: int = 1) -> date:
    """The first day with banks behind a day, or, with a step of -1, the last one before it."""
    following = day + timedelta(days=step)
    while not is_bank_day(following):
        following += timedelta(days=step)
    return following
