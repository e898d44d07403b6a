"""Computes the payment plan of a sanction: the period and amount of each instalment.

All periods are counted from one day, the anchor: the 31st of a long month becomes the last day of a short one
and the 31st again after it, so that no day is lost or paid twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {"monthly": 1, "yearly": 12}
"""How many months a period of a scheme has; other periods are paid once."""

_IN_EVERY_MONTH = 28

REPEATED = frozenset(MONTHS)
"""Periods after which another instalment follows."""


@dataclass(frozen=True, slots=True)
class Period:
    """What one instalment pays for: its place from 0, its first and last day, and paise."""

    index: int
    begins: date
    ends: date
    amount_paise: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The instalments of a sanction. `amount_paise` is paid for each period of the scheme, in `terms` parts.

    `last_day` is the last day that the sanction covers: a period that begins after it is not paid. A benefit
    that is paid once has no months and one period of one day.
    """

    anchor: date
    months: int | None
    amount_paise: int
    terms: int = 1
    last_day: date | None = None

    @classmethod
    def of(
        cls, anchor: date, period: str | None, amount_paise: int, terms: int | None = None, last_day: date | None = None
    ) -> "Plan":
        """The plan of a scheme's period; raises ValueError for terms below one, or more than a period has months."""
        months = MONTHS.get(period or "")
        parts = terms or 1
        if not 1 <= parts <= (months or 1):
            raise ValueError("a period has from one term to as many as it has months")
        return cls(anchor, months, amount_paise, parts, last_day)

    def period(self, index: int) -> Period:
        """The period at a place. Raises IndexError where the plan has none."""
        if index < 0 or (self.months is None and index > 0):
            raise IndexError(index)
        begins = self._begins(index)
        ends = begins if self.months is None else self._begins(index + 1) - timedelta(days=1)
        return Period(index, begins, ends, self._amount(index))

    def periods(self, first: int = 0) -> Iterator[Period]:
        """The periods that the sanction covers, from a place on; without end where it has none."""
        index = first
        while self.months is not None or index == 0:
            period = self.period(index)
            if self.last_day is not None and period.begins > self.last_day:
                return
            yield period
            index += 1

    def beginning_on(self, day: date) -> Period | None:
        """The period that begins on a day; None where none does."""
        found = self.period_on(day)
        return found if found is not None and found.begins == day else None

    def period_on(self, day: date) -> Period | None:
        """The period that contains a day; None before the anchor, and after the one day of a benefit paid once."""
        if day < self.anchor:
            return None
        if self.months is None:
            return self.period(0) if day == self.anchor else None
        past = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
        index = max(0, past * self.terms // self.months - 1)
        while self._begins(index + 1) <= day:
            index += 1
        return self.period(index)

    def first_period_after(self, day: date) -> Period | None:
        """The first period that begins after a day and is covered; None where there is none."""
        here = self.period_on(day)
        first = 0 if day < self.anchor else here.index + 1 if here is not None else 1
        return next(self.periods(first), None) if self.months is not None or first == 0 else None

    def _begins(self, index: int) -> date:
        whole, part = divmod(index, self.terms)
        months = self.months or 0
        return add_months(self.anchor, whole * months + part * months // self.terms)

    def _amount(self, index: int) -> int:
        """Whole paise that add up to the amount of the period, whatever it is divided into."""
        part = index % self.terms
        return self.amount_paise * (part + 1) // self.terms - self.amount_paise * part // self.terms


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following_year, following_month = divmod(year * 12 + month + 1, 12)
    last = (date(following_year, following_month + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def demo_day(today: date, days_ago: int, months_ago: int = 0) -> date:
    """The day of a demo payment: so many days, then so many months before today, and never after the 28th.

    Every month has that day, so the monthly periods of one benefit begin where its plan has them.
    """
    day = today - timedelta(days=days_ago)
    return add_months(day.replace(day=min(day.day, _IN_EVERY_MONTH)), -months_ago)


def period_end(begins: date, period: str | None) -> date:
    """The last day of a period that begins on a day outside of any plan; a one-time benefit has one day."""
    months = MONTHS.get(period or "")
    return begins if months is None else add_months(begins, months) - timedelta(days=1)


def certificate_cutoff(day: date, month: int) -> date:
    """The last day of the newest month of life certificates that was over before a day.

    From the day after it on, nothing is paid to who gave no certificate since the first of that month.
    """
    this_year = add_months(date(day.year, month, 1), 1) - timedelta(days=1)
    return this_year if this_year < day else add_months(date(day.year - 1, month, 1), 1) - timedelta(days=1)


def certified_enough(day: date, month: int, given_on: date | None, sanctioned_on: date) -> bool:
    """Whether a period that begins on a day may be paid by the life certificate that was given last.

    Whoever was sanctioned after the month began has shown by applying to be alive.
    """
    cutoff = certificate_cutoff(day, month)
    month_began = date(cutoff.year, cutoff.month, 1)
    return sanctioned_on >= month_began or (given_on is not None and given_on >= month_began)


def review_due_on(reviewed_on: date | None, sanctioned_on: date) -> date:
    """The day by which the department reviews a grant: a year after the last review, or after the sanction."""
    return add_months(reviewed_on or sanctioned_on, 12)
