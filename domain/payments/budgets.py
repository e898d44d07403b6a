"""The budget of a sanction: the balance of its head of account at the treasury, and the amount it needs.

A financial year of the state runs from 1 April to 31 March. Amounts are whole paise, always INR.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from domain.benefits.plans import Plan, add_months
from domain.catalogue.catalogue import Scheme


@dataclass(frozen=True, slots=True)
class ReportedBalance:
    """What the treasury said is left of a head of account.

    `as_of` is the treasury's time of it. `asked_at` is ours, before the question: what was let go since then
    may be missing in the answer.
    """

    head_of_account: str
    available_paise: int
    as_of: datetime
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class SanctionNeed:
    """What a sanction of today would need of this financial year's budget: its first payment, and those after it."""

    first_paise: int
    rest_of_year_paise: int

    @property
    def year_paise(self) -> int:
        """All of it until 31 March."""
        return self.first_paise + self.rest_of_year_paise


@dataclass(frozen=True, slots=True)
class SanctionBudget:
    """The need of a sanction and the balance left; `need` is None where no source gives the scheme's amount.

    `set_aside_paise` is what other payments have been promised of the balance and the treasury does not show yet.
    """

    scheme: Scheme
    need: SanctionNeed | None
    balance: ReportedBalance
    set_aside_paise: int

    @property
    def free_paise(self) -> int:
        """What nobody was promised; below zero where more was promised than is left."""
        return self.balance.available_paise - self.set_aside_paise


def year_of(day: date) -> tuple[date, date]:
    """The first and the last day of the financial year of a day."""
    first = date(day.year - (day.month < 4), 4, 1)
    return first, date(first.year + 1, 3, 31)


def year_name(day: date) -> str:
    """The financial year of a day as the treasury writes it: 2026-27."""
    first = year_of(day)[0].year
    return f"{first}-{(first + 1) % 100:02d}"


def granted_until(scheme: Scheme, day: date) -> date | None:
    """The last day of a sanction that is made on a day: a scholarship covers one year, the others have no end."""
    one_year = scheme.benefit_type == "scholarship" and scheme.period == "yearly"
    return add_months(day, 12) - timedelta(days=1) if one_year else None


def need_of(scheme: Scheme, day: date) -> SanctionNeed | None:
    """What a sanction that is made on a day needs until 31 March; None where the amount is not known."""
    if scheme.amount_paise is None:
        return None
    plan = Plan.of(day, scheme.period, scheme.amount_paise, scheme.terms, granted_until(scheme, day))
    last = year_of(day)[1]
    amounts = [one.amount_paise for one in takewhile(lambda one: one.begins <= last, plan.periods())]
    return SanctionNeed(amounts[0], sum(amounts[1:]))
