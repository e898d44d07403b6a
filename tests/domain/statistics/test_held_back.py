"""No small cell follows from all that is shown of a table: told by solving the equations that it makes."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import date

import pytest

from domain.statistics.cell_suppression import (
    KEPT_SECONDS,
    MOST_KEPT,
    SuppressedCells,
    SuppressedPairs,
    SuppressionCache,
)
from domain.statistics.figures import months_back
from domain.statistics.small_cells import SMALLEST, Behind, Cells, Coordinates, Period, combine_cells, whole_period
from domain.statistics.sum_graph import numbers_to_hide, recoverable_numbers

TODAY = date(2026, 11, 24)
THIS_MONTH = date(2026, 11, 1)
MONTHS = Period(date(2024, 4, 1), THIS_MONTH).months
YEAR = Period(months_back(THIS_MONTH, 11), THIS_MONTH)
PRIME = (1 << 61) - 1
Cell = tuple[int, Coordinates, Period]
"""Its level, its place, and the months."""


def by_chance(most: int, *about: object) -> int:
    """From 0 to `most`, always the same for the same thing."""
    return int.from_bytes(hashlib.sha256(repr(about).encode()).digest()[:8]) % (most + 1)


def a_table(seed: int, districts: int, tehsils: int) -> Cells:
    """Cases by district, tehsil and month, many of them few."""
    table = {}
    for district in range(districts):
        for tehsil in range(tehsils):
            usual = (2, 5, 12, 20, 60)[by_chance(4, seed, district, tehsil)]
            for month in MONTHS:
                any_of = (0, usual, by_chance(2 * usual, seed, district, tehsil, month))
                if many := any_of[by_chance(2, "which", seed, district, tehsil, month)]:
                    table[district, tehsil, month] = Behind(many, many)
    return table


def every_cell(table: Cells) -> Iterator[Cell]:
    """The state, each district and tehsil, in each period from a month to a month that can be asked for."""
    places = {place[:level] for place in table for level in range(3)}
    for place in sorted(places, key=lambda each: (len(each), each)):
        for first in MONTHS:
            for last in MONTHS:
                if first <= last:
                    yield len(place), place, Period(first, last)


def parts_of(table: Cells, cell: Cell) -> list[Coordinates]:
    level, place, period = cell
    months = set(period.months)
    return [each for each in table if each[:level] == place and each[-1] in months]


class Solved:
    """What follows from sums of unknown numbers, by elimination."""

    def __init__(self) -> None:
        self._rows: dict[Coordinates, dict[Coordinates, int]] = {}

    def follows(self, numbers: list[Coordinates]) -> bool:
        return not self._left(dict.fromkeys(numbers, 1))

    def learn(self, numbers: list[Coordinates]) -> None:
        left = self._left(dict.fromkeys(numbers, 1))
        if not left:
            return
        lead = min(left)
        by = pow(left[lead], PRIME - 2, PRIME)
        left = {key: each * by % PRIME for key, each in left.items()}
        for row in self._rows.values():
            if lead in row:
                self._take(row, left, row[lead])
        self._rows[lead] = left

    def _left(self, row: dict[Coordinates, int]) -> dict[Coordinates, int]:
        while known := [key for key in row if key in self._rows]:
            for key in known:
                if key in row:
                    self._take(row, self._rows[key], row[key])
        return row

    def _take(self, row: dict[Coordinates, int], other: dict[Coordinates, int], times: int) -> None:
        for key, each in other.items():
            if less := (row.get(key, 0) - times * each) % PRIME:
                row[key] = less
            else:
                row.pop(key, None)


@pytest.mark.parametrize(
    ("seed", "districts", "tehsils"),
    [
        *((seed, 3, 2) for seed in (1, 2, 15, 25, 36, 47)),
        *((seed, 4, 3) for seed in (0, 1, 4, 13, 41)),
        *((seed, 5, 1) for seed in (1, 2)),
    ],
)
def test_no_small_cell_follows_from_everything_that_is_shown(seed: int, districts: int, tehsils: int) -> None:
    """In most of these tables one would, were only each sum by itself looked at."""
    table = a_table(seed, districts, tehsils)
    held = SuppressedCells.of_months(table, 2, TODAY)
    solved, small = Solved(), []
    shown = 0
    for cell in every_cell(table):
        parts = parts_of(table, cell)
        cases = combine_cells(table[each] for each in parts).cases if parts else 0
        if 0 < cases < SMALLEST:
            small.append(cell)
        elif cases and not held.hides(*cell):
            shown += 1
            solved.learn(parts)
    single = [cell for cell in small if cell[2].first == cell[2].last or cell[2] == whole_period(cell[2].first, TODAY)]
    assert single
    assert shown > 20
    assert not [cell for cell in single if solved.follows(parts_of(table, cell))]


def test_a_table_of_large_cells_is_shown_whole() -> None:
    table = {(d, t, month): Behind(20, 20) for d in range(3) for t in range(3) for month in MONTHS}
    held = SuppressedCells.of_months(table, 2, TODAY)
    assert not [cell for cell in every_cell(table) if held.hides(*cell)]


def test_the_whole_period_alone_is_judged_as_with_its_months() -> None:
    """A question for the year and one for its months never differ about the year."""
    for seed in range(20):
        table = {place: behind for place, behind in a_table(seed, 4, 3).items() if place[-1] in YEAR.months}
        whole: dict[Coordinates, Behind] = {}
        for place, behind in table.items():
            whole[place[:-1]] = combine_cells([behind, *([whole[place[:-1]]] if place[:-1] in whole else [])])
        by_year, by_month = SuppressedCells.of_period(YEAR, whole, 2), SuppressedCells.of_months(table, 2, TODAY)
        assert list(by_year.periods[YEAR]) == list(by_month.periods[YEAR])


def test_what_lies_within_something_that_is_held_back_is_held_back() -> None:
    cells = {("45", "1"): 9, ("49", "1"): 15, ("49", "2"): 16, ("50", "1"): 40, ("50", "2"): 50}
    held = SuppressedCells.of_period(YEAR, {place: Behind(many, many) for place, many in cells.items()}, 2)
    assert held.periods[YEAR][1] == {("45",), ("49",)}
    assert held.periods[YEAR][2] == {("45", "1"), ("49", "1"), ("49", "2")}


def test_a_year_less_eleven_months_tells_nothing() -> None:
    table = {("49", month): Behind(40, 40) for month in MONTHS} | {("49", THIS_MONTH): Behind(3, 3)}
    held = SuppressedCells.of_months(table, 1, TODAY)
    assert not held.hides(1, ("49",), YEAR)
    assert held.hides(1, ("49",), Period(THIS_MONTH, THIS_MONTH))
    assert held.hides(1, ("49",), Period(months_back(THIS_MONTH, 5), THIS_MONTH))
    hidden = [month for month in YEAR.months if held.hides(1, ("49",), Period(month, month))]
    assert hidden == [YEAR.first, THIS_MONTH]  # and the first of the months that are alike
    for first in YEAR.months[:-1]:
        period = Period(first, months_back(THIS_MONTH, 1))
        assert held.hides(1, ("49",), period) is (first == YEAR.first)


@pytest.mark.parametrize("seed", range(10))
def test_no_small_cell_of_two_chains_follows_from_the_table_and_its_sums(seed: int) -> None:
    table = {
        (district, service): Behind(many, many)
        for district in range(6)
        for service in range(8)
        if (many := (0, 4, 9, 15, 30, 60)[by_chance(5, seed, district, service)])
    }
    chains = []
    for axis in (0, 1):
        sums: dict[Coordinates, Behind] = {}
        for place, behind in table.items():
            sums[(place[axis],)] = combine_cells([behind, *([sums[(place[axis],)]] if (place[axis],) in sums else [])])
        chains.append(SuppressedCells.of_period(YEAR, sums, 1).periods[YEAR][1])
    hidden = SuppressedPairs.of(table, (1, 1), lambda one, other: one in chains[0] or other in chains[1]).levels[1, 1]
    solved = Solved()
    for axis in (0, 1):
        for value in {place[axis] for place in table}:
            if (value,) not in chains[axis]:
                solved.learn([place for place in table if place[axis] == value])
    for place in table.keys() - hidden:
        solved.learn([place])
    small = [place for place, behind in table.items() if behind.small]
    assert small
    assert hidden >= set(small)
    assert not [place for place in small if solved.follows([place])]


def test_a_number_between_two_circles_follows_until_another_way_is_hidden_too() -> None:
    arcs = {
        "a": (1, 2),
        "b": (2, 3),
        "c": (3, 1),
        "bridge": (3, 4),
        "d": (4, 5),
        "e": (5, 6),
        "f": (6, 4),
        "way": (1, 5),
    }
    hidden = set(arcs) - {"way"}
    assert recoverable_numbers(arcs, hidden) == {"bridge"}
    assert numbers_to_hide(arcs, hidden, ["way"]) == ["way"]
    assert recoverable_numbers(arcs, hidden | {"way"}) == set()


def test_two_numbers_between_the_same_sums_do_not_follow() -> None:
    arcs = {"a": (1, 2), "b": (1, 2), "c": (2, 3)}
    assert recoverable_numbers(arcs, set(arcs)) == {"c"}


class Making:
    """Makes a table anew whenever it is asked to, and counts how often."""

    def __init__(self) -> None:
        self.many = 0

    async def __call__(self) -> SuppressedCells:
        self.many += 1
        await asyncio.sleep(0)
        return SuppressedCells({}, (), ())


async def test_what_was_found_is_kept_for_a_minute_and_not_without_end() -> None:
    kept: SuppressionCache[SuppressedCells] = SuppressionCache()
    make = Making()
    held = await kept.get("first", 0.0, make)
    assert await kept.get("first", KEPT_SECONDS - 1, make) is held
    assert await kept.get("first", KEPT_SECONDS, make) is not held
    for number in range(MOST_KEPT):
        await kept.get(number, KEPT_SECONDS, make)
    made = make.many
    await kept.get(MOST_KEPT - 1, KEPT_SECONDS, make)
    assert make.many == made
    await kept.get("first", KEPT_SECONDS, make)
    assert make.many == made + 1


async def test_who_asks_at_once_waits_for_the_one_table_that_is_made() -> None:
    kept: SuppressionCache[SuppressedCells] = SuppressionCache()
    make = Making()
    found = await asyncio.gather(*(kept.get("year", 0.0, make) for _ in range(5)))
    assert (make.many, {id(one) for one in found}) == (1, {id(found[0])})
