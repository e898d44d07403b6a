"""Cell suppression in whole tables: of channels, or of hierarchies such as districts and tehsils."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Generic, Self, TypeVar

from domain.statistics.small_cells import (
    SMALLEST,
    Behind,
    Cells,
    Coordinates,
    Line,
    Period,
    combine_cells,
    lines_along,
    suppressed_cells,
    whole_period,
)
from domain.statistics.sum_graph import Node, crossing_numbers, numbers_to_hide, recoverable_numbers


@dataclass(frozen=True, slots=True)
class SuppressedCells:
    """Suppressed cells of one dimension or chain, such as district and tehsil, by the number of grouped dimensions.

    `periods` are the cells of whole periods, `months` the same with the month as last coordinate.
    """

    periods: Mapping[Period, Sequence[AbstractSet[Coordinates]]]
    months: Sequence[AbstractSet[Coordinates]]
    ending: Sequence[Mapping[Hashable, Sequence[Coordinates]]]
    """The cells by their last dimension, for who leaves out the one before."""

    @classmethod
    def of_period(cls, period: Period, table: Cells, depth: int) -> Self:
        """Suppressed cells of a whole period; the table is grouped by `depth` dimensions."""
        levels = [_rolled_up(table, level) for level in range(depth + 1)]
        return cls({period: _by_level(levels)}, (), [_by_last(cells) for cells in levels])

    @classmethod
    def of_months(cls, table: Cells, depth: int, today: date) -> Self:
        """The same of each month of a table with months, which must have all months of the whole periods it touches."""
        by_month = [_rolled_up(table, level, keep=1) for level in range(depth + 1)]
        whole = {month: whole_period(month, today) for month in {_month(place) for place in table}}
        periods = {
            period: _by_level([_of_period(cells, period) for cells in by_month])
            for period in sorted({period for period in whole.values() if period is not None})
        }
        months: list[set[Coordinates]] = []
        for level, cells in enumerate(by_month):
            lines, held = [], set[Coordinates]()
            for line in _whole_period_lines(lines_along(cells, -1, of_months=True), whole):
                period = whole[_month(line.places[0])]
                if period is not None and line.places[0][:-1] in periods[period][level]:
                    held.update(line.places)
                else:
                    lines.append(line)
            for line in lines_along(cells, level - 1) if level else ():
                *place, _, month = line.places[0]
                if (*place, month) in months[level - 1]:
                    held.update(line.places)
                else:
                    lines.append(line)
            months.append(suppressed_cells(cells, lines, held))
        _Network(by_month, periods, whole).close(months)
        return cls(periods, months, [_by_last({place[:-1] for place in cells}) for cells in by_month])

    def hides(self, level: int, cell: Coordinates, period: Period) -> bool:
        """Whether a cell of a level is held back in a period.

        Of other periods than single months and whole ones it is where one of its months is: the month would follow.
        """
        if period.first != period.last and period in self.periods:
            return cell in self.periods[period][level]
        return any((*cell, month) in self.months[level] for month in period.months)


Hides = Callable[[Coordinates, Coordinates], bool]
"""Whether a cell of the one chain, or that of the other, is held back by itself."""


@dataclass(frozen=True, slots=True)
class SuppressedPairs:
    """Suppressed cells of a table of two chains in a whole period, by the grouped dimensions of each."""

    levels: Mapping[tuple[int, int], AbstractSet[Coordinates]]

    @classmethod
    def of(cls, table: Cells, depths: tuple[int, int], hides: Hides) -> Self:
        """Of a table whose places are those of the one chain and then those of the other."""
        first, second = depths
        found: dict[tuple[int, int], set[Coordinates]] = {}
        for one in range(1, first + 1):
            for other in range(1, second + 1):
                cells = _sum_cells(table, lambda place: (*place[:one], *place[first : first + other]))  # noqa: B023
                less_of_one, less_of_other = found.get((one - 1, other), set()), found.get((one, other - 1), set())
                held = {
                    cell
                    for cell in cells
                    if hides(cell[:one], cell[one:])
                    or (*cell[: one - 1], *cell[one:]) in less_of_one
                    or cell[:-1] in less_of_other
                }
                found[one, other] = _suppress_both_axes(cells, one - 1, held)
        return cls(found)


def _suppress_both_axes(cells: Cells, axis: int, held: AbstractSet[Coordinates]) -> set[Coordinates]:
    """What is held back of cells whose sums along an axis and along the last one are shown."""
    lines = [*lines_along(cells, axis), *lines_along(cells, -1)]
    arcs: dict[Coordinates, tuple[Node, Node]] = {
        cell: (("along one", *cell[:axis], *cell[axis + 1 :]), ("along the other", *cell[:-1]))
        for cell, behind in cells.items()
        if behind.cases
    }
    hidden = suppressed_cells(cells, lines, held)
    shown = sorted(arcs.keys() - hidden, key=lambda cell: (cells[cell].cases, repr(cell)))
    while chosen := numbers_to_hide(arcs, hidden, shown):
        hidden = suppressed_cells(cells, lines, hidden | set(chosen))
        shown = [cell for cell in shown if cell not in hidden]
    return hidden


def _month(place: Coordinates) -> date:
    month = place[-1]
    if not isinstance(month, date):
        raise TypeError("the table does not tell months apart")
    return month


def _whole_period_lines(lines: Iterable[Line], whole: Mapping[date, Period | None]) -> Iterator[Line]:
    """The lines along months, cut into whole periods; of months outside of those no sum is shown."""
    for line in lines:
        of_period: dict[Period, list[Coordinates]] = {}
        for place in line.places:
            if (period := whole[_month(place)]) is not None:
                of_period.setdefault(period, []).append(place)
        yield from (Line(places, of_months=True) for places in of_period.values())


def _by_last(cells: Iterable[Coordinates]) -> dict[Hashable, list[Coordinates]]:
    found: dict[Hashable, list[Coordinates]] = {}
    for cell in cells:
        found.setdefault(cell[-1] if cell else None, []).append(cell)
    return found


def _by_level(levels: Sequence[Cells]) -> list[set[Coordinates]]:
    found: list[set[Coordinates]] = []
    for level, cells in enumerate(levels):
        lines = lines_along(cells, -1) if level else []
        shown = [line for line in lines if line.places[0][:-1] not in found[level - 1]]
        held = {place for place in cells if level and place[:-1] in found[level - 1]}
        found.append(suppressed_cells(cells, shown, held))
    return found


def _rolled_up(table: Cells, level: int, *, keep: int = 0) -> Cells:
    """The table by its first dimensions alone, and by the last `keep` of them."""
    return _sum_cells(table, lambda place: (*place[:level], *place[len(place) - keep :]))


def _of_period(by_month: Cells, period: Period) -> Cells:
    """The months of a period added up; pending is what is pending at its end."""
    within = {
        place: behind if place[-1] == period.last else behind._replace(pending=0)
        for place, behind in by_month.items()
        if place[-1] in period.months
    }
    return _sum_cells(within, lambda place: place[:-1])


def _sum_cells(table: Cells, to: Callable[[Coordinates], Coordinates]) -> Cells:
    found: dict[Coordinates, Behind] = {}
    for place, behind in table.items():
        there = to(place)
        found[there] = combine_cells((found[there], behind)) if there in found else behind
    return found


_Key = tuple[int, Coordinates, Period | None]
"""A number of the network: its level and place, and the period where it is that of a whole one."""


class _Network:
    """The sums of a table by months.

    What is counted of a cell in a month is part of the cell above in that month and, by the cells below, of the same
    cell in the whole period.
    """

    def __init__(
        self,
        by_month: Sequence[Cells],
        periods: Mapping[Period, Sequence[AbstractSet[Coordinates]]],
        whole: Mapping[date, Period | None],
    ) -> None:
        self._depth = len(by_month) - 1
        self._arcs: dict[_Key, tuple[Node, Node]] = {}
        self._many: dict[_Key, int] = {}
        self._at: dict[tuple[int, Hashable], list[Coordinates]] = {}
        self._hidden: set[_Key] = set()
        for level, cells in enumerate(by_month):
            for place, behind in cells.items():
                self._add_month(level, place, behind, whole[_month(place)])
        for period, levels in periods.items():
            for level, held in enumerate(levels):
                for cell in held:
                    self._add_period(level, cell, period)

    def close(self, months: Sequence[set[Coordinates]]) -> None:
        """Hide months of further cells, the smallest that will do, where one would follow from several sums."""
        of_months: list[_Key] = [(level, place, None) for level, held in enumerate(months) for place in held]
        self._hidden.update(key for key in of_months if key in self._many)
        shown = sorted(self._many.keys() - self._hidden, key=self._order)
        while chosen := numbers_to_hide(self._arcs, self._hidden, shown) or self._on_the_way():
            for key in chosen:
                self._hide(key, months)
            shown = [key for key in shown if key not in self._hidden]

    def _on_the_way(self) -> list[_Key]:
        """For each small number that still follows, the smallest one that may lead to a cycle further on."""
        found = []
        for key in recoverable_numbers(self._arcs, self._hidden):
            if 0 < self._many.get(key, SMALLEST) < SMALLEST:
                more = [each for each in crossing_numbers(self._arcs, self._hidden, key) if each in self._many]
                found += sorted(more, key=self._order)[:1]
        return found

    def _order(self, key: _Key) -> tuple[int, str]:
        return self._many[key], repr(key)

    def _hide(self, key: _Key, months: Sequence[set[Coordinates]]) -> None:
        """Hide the month of a cell and of its subdivisions."""
        level, place, _ = key
        for lower in range(level, self._depth + 1):
            for each in self._at.get((lower, place[-1]), ()):
                if each[:level] == place[:-1]:
                    self._hidden.add((lower, each, None))
                    months[lower].add(each)

    def _add_month(self, level: int, place: Coordinates, behind: Behind, period: Period | None) -> None:
        cell, month = place[:-1], place[-1]
        above = ("month", cell[:-1], month) if level else ("all", period)
        within_period = ("period", cell, period) if period else None
        if many := behind._replace(pending=0).cases:
            self._arcs[level, place, None] = (above, ("month", cell, month) if level < self._depth else within_period)
            self._many[level, place, None] = many
            self._at.setdefault((level, month), []).append(place)

    def _add_period(self, level: int, cell: Coordinates, period: Period) -> None:
        above = ("period", cell[:-1], period) if level else ("all", period)
        self._arcs[level, cell, period] = (("period", cell, period), above)
        self._hidden.add((level, cell, period))


KEPT_SECONDS, MOST_KEPT = 60.0, 32
_Found = TypeVar("_Found")


class SuppressionCache(Generic[_Found]):
    """What a process found to be held back within the last minute, since a table of all services takes a while.

    One table is worked out at a time, however many people ask for however many.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[float, _Found]] = OrderedDict()
        self._turn = asyncio.Lock()

    async def get(self, key: Hashable, now: float, make: Callable[[], Awaitable[_Found]]) -> _Found:
        """What was found for the key, at most a minute ago by a monotonic clock, or is made now and kept."""
        found = self._fresh_entry(key, now)
        if found is not None:
            return found
        async with self._turn:
            found = self._fresh_entry(key, now)  # somebody else may have made it meanwhile
            if found is None:
                found = await make()
                self._put(key, now, found)
            return found

    def _fresh_entry(self, key: Hashable, now: float) -> _Found | None:
        at, found = self._kept.get(key, (now, None))
        return found if now - at < KEPT_SECONDS else None

    def _put(self, key: Hashable, now: float, found: _Found) -> None:
        """What was found before all others is forgotten."""
        self._kept[key] = (now, found)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
