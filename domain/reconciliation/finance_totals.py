"""Totals of public money: number and amount of payments by state, and movements within a month."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime

from domain.benefits.benefits import PaymentStatus, Rail
from domain.reconciliation.reconciliation import CAME_BACK, IN_FLIGHT

Sum = tuple[int, int]
"""How many payments, and how many paise."""

NOTHING: Sum = (0, 0)


def add_sums(one: Sum, other: Sum) -> Sum:
    """Both together."""
    return one[0] + other[0], one[1] + other[1]


@dataclass(frozen=True, slots=True)
class PaymentTotal:
    """The totals by state of one scheme and place, of the payments for one month (`2026-11`)."""

    month: str
    rail: Rail
    scheme_code: str
    department: str | None
    district: str
    waiting: Sum = NOTHING
    """Not sent yet, or kept back because the beneficiary could not be registered."""
    in_flight: Sum = NOTHING
    credited: Sum = NOTHING
    returned: Sum = NOTHING
    as_of: datetime | None = None

    @property
    def instructed(self) -> Sum:
        """What was sent: credited + returned + in flight (docs/contracts/dbt_finance.md section 10)."""
        return add_sums(add_sums(self.credited, self.returned), self.in_flight)

    def with_more(self, status: PaymentStatus, more: Sum) -> "PaymentTotal":
        """The same with payments that stand at a status."""
        place = "waiting"
        if status in IN_FLIGHT:
            place = "in_flight"
        elif status in CAME_BACK:
            place = "returned"
        elif status is PaymentStatus.CREDITED:
            place = "credited"
        changed: dict[str, Sum] = {place: add_sums(getattr(self, place), more)}
        return replace(self, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class MonthMovement:
    """What moved in a month in one scheme, district and department, as we learned of it."""

    scheme_code: str
    department: str | None
    district: str
    opening: Sum = NOTHING
    """In flight when the month began."""
    instructed: Sum = NOTHING
    credited: Sum = NOTHING
    returned: Sum = NOTHING
    """Came back without having been credited before the month."""
    taken_back: Sum = NOTHING
    """Came back although it had been credited before the month began."""
    closing: Sum = NOTHING
    """In flight when the month ended."""

    @property
    def balances(self) -> bool:
        """Whether all that was on its way is accounted for: opening + instructed = credited + returned + closing."""
        gone = add_sums(add_sums(self.credited, self.returned), self.closing)
        return add_sums(self.opening, self.instructed) == gone

    def __add__(self, other: "MonthMovement") -> "MonthMovement":
        sums = {one.name: add_sums(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)[3:]}
        return replace(self, **sums)  # type: ignore[arg-type]


def merge_movements(parts: Iterable[MonthMovement]) -> list[MonthMovement]:
    """One line for each scheme, district and department, in their order."""
    sums: dict[tuple[str, str, str], MonthMovement] = {}
    for part in parts:
        key = (part.scheme_code, part.district, part.department or "")
        sums[key] = sums[key] + part if key in sums else part
    return [sums[key] for key in sorted(sums)]
