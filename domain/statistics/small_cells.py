"""Suppresses small cells in public figures so that no total reveals them (docs/figures.md).

A cell behind which few cases stand is held back. Where sums of other cells would reveal it, the next smallest cell is
held back too; and so is everything inside a suppressed cell. All of it follows from the figures
alone and not from the question, so that asking again, or in another way, reveals nothing more.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import NamedTuple, Self

from domain.statistics.figures import Delivery, month_of, months_back, next_month

SMALLEST = 10
"""A cell behind which fewer cases stand is shown to nobody who is not an officer."""

YEAR = 12
_FINANCIAL_YEAR_BEGINS = 4


class Behind(NamedTuple):
    """The cases behind a cell."""

    received: int = 0
    disposed: int = 0
    withdrawn: int = 0
    grievances: int = 0
    pending: int = 0

    @classmethod
    def of(cls, figures: Delivery) -> Self:
        """The cases behind figures."""
        return cls(figures.received, figures.disposed, figures.withdrawn, figures.grievances, figures.pending)

    @property
    def cases(self) -> int:
        """By how many cases it is judged: also where nothing came in or was decided."""
        return max(self.received, self.disposed) or max(self.withdrawn, self.grievances, self.pending)

    @property
    def small(self) -> bool:
        """Whether there are cases behind it, but too few. A cell without any is about nobody."""
        return 0 < self.cases < SMALLEST


Coordinates = tuple[Hashable, ...]
"""The place of a cell in a table of figures."""

Cells = Mapping[Coordinates, Behind]


class Line(NamedTuple):
    """Cells whose sum is shown. Pending cases of months do not add up, so lines along months leave them out."""

    places: Sequence[Coordinates]
    of_months: bool = False


def combine_cells(several: Iterable[Behind]) -> Behind:
    """Several cells added up."""
    return Behind(*(sum(amounts) for amounts in zip(*several, strict=True)))


def lines_of(cells: Cells, *, months_at: int | None = None) -> list[Line]:
    """The lines of a table along each of its axes; `months_at` is the axis of months."""
    axes = range(len(next(iter(cells), ())))
    return [line for axis in axes for line in lines_along(cells, axis, of_months=axis == months_at)]


def lines_along(cells: Iterable[Coordinates], axis: int, *, of_months: bool = False) -> list[Line]:
    """The lines along one axis; -1 is the last one."""
    found: dict[Coordinates, list[Coordinates]] = {}
    for place in cells:
        at = axis % len(place)
        found.setdefault((*place[:at], *place[at + 1 :]), []).append(place)
    return [Line(places, of_months) for places in found.values()]


def suppressed_cells(
    cells: Cells, lines: Iterable[Line], held: AbstractSet[Coordinates] = frozenset()
) -> set[Coordinates]:
    """The cells that are held back: small ones, those of `held`, and those by which one of them would follow.

    In each line either no cell with cases is held back, or at least two are that stand for SMALLEST cases together; or
    all are, where there are no more.
    """
    hidden = {place for place, behind in cells.items() if behind.small or (place in held and behind.cases)}
    known = list(lines)
    of_place: dict[Coordinates, list[int]] = {}
    for number, line in enumerate(known):
        for place in line.places:
            of_place.setdefault(place, []).append(number)
    new = hidden
    while new:
        touched = {number for place in new for number in of_place.get(place, ())}
        more = (_secondary_suppression(_of_line(cells, known[number]), hidden) for number in touched)
        new = {place for place in more if place is not None}
        hidden = hidden | new
    return hidden


def _of_line(cells: Cells, line: Line) -> Cells:
    if line.of_months:
        return {place: cells[place]._replace(pending=0) for place in line.places}
    return {place: cells[place] for place in line.places}


def _secondary_suppression(line: Cells, hidden: AbstractSet[Coordinates]) -> Coordinates | None:
    """The smallest cell of a line that must go too; None where nothing of it follows from its sum."""
    peopled = [place for place, behind in line.items() if behind.cases > 0]
    kept_back = [place for place in peopled if place in hidden]
    if not kept_back or (len(kept_back) > 1 and combine_cells(line[place] for place in kept_back).cases >= SMALLEST):
        return None
    shown = [place for place in peopled if place not in hidden]
    return min(shown, key=lambda place: (line[place].cases, tuple(map(str, place))), default=None)


class Period(NamedTuple):
    """Months by their first days, both included."""

    first: date
    last: date

    @property
    def months(self) -> list[date]:
        found, month = [], self.first
        while month <= self.last:
            found.append(month)
            month = next_month(month)
        return found


def whole_period(month: date, today: date) -> Period | None:
    """The period with a month in it that is shown as a whole though months of it are held back.

    The twelve months to the present one, and before those the financial years, April to March. They do not overlap, so
    that nothing follows from one less another. None for a month between them or ahead.
    """
    present = month_of(today)
    latest = Period(months_back(present, YEAR - 1), present)
    if latest.first <= month <= latest.last:
        return latest
    begins = _financial_year(month)
    year = Period(begins, months_back(begins, 1 - YEAR))
    return year if year.last < latest.first else None


def judged_with(month: date, today: date) -> Period:
    """The months that are judged together with one: those of its whole period, or those between two."""
    whole, present = whole_period(month, today), month_of(today)
    if whole is not None or month > present:
        return whole or Period(month, month)
    return Period(_financial_year(month), months_back(present, YEAR))


def _financial_year(month: date) -> date:
    """The first month of the financial year of a month."""
    return date(month.year - (month.month < _FINANCIAL_YEAR_BEGINS), _FINANCIAL_YEAR_BEGINS, 1)
