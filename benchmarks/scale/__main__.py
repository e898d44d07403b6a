"""`make bench-scale`: write the tables of docs/scale.md; with BOUND=ci write nothing and compare.

python -m benchmarks.scale            # a few minutes of a processor
BOUND=ci python -m benchmarks.scale   # what a test compares, some seconds; ends with 1 where the page says otherwise
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.scale import backlog, validation
from benchmarks.scale.cell import Cell, Day, simulated
from benchmarks.scale.costs import OPERATIONS
from benchmarks.scale.days import FAULT_AT, days_of, overload, ten_times
from benchmarks.scale.states import PROCESSES_A_MACHINE, Demand, cell_of, cells_of_india

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
THREE_MACHINES = cell_of(12_000_000)
CELLS = (THREE_MACHINES, cell_of(100_000_000), cells_of_india()[0])
MACHINES = [
    replace(THREE_MACHINES, machines=many, processes=many * PROCESSES_A_MACHINE, database=8) for many in (2, 3, 4, 6)
]
SMALL = Cell("3 processes", 0, 3, 3, 4)
"""For what is beyond what a cell can answer."""

SHORT_SECONDS = 100
DAYS_HEAD = (
    "| what happens | people, millions | machines | requests a second at most | processes busy | database busy "
    "| p50 / p95 / p99 ms | attempts refused | given up | whole again after s | without the partner's part |\n"
    "| --- |" + " ---: |" * 10
)
COSTS_HEAD = (
    "| operation | ms of the process | ms of PostgreSQL | transactions | for one application |\n| --- |" + " ---: |" * 4
)
CELLS_HEAD = (
    "| people, millions | applications a year, millions | of them a second in the busiest hour | operations a second "
    "then | reads a second after results | TB of PostgreSQL a year | machines | processes | cores of PostgreSQL |\n| "
    "---: |" + " ---: |" * 8
)


def day_row(cell: Cell, day: Day) -> str:
    """What came of a day in a cell."""
    found = simulated(cell, day)
    most = max(day.rate(at / 2) for at in range(2 * day.seconds))
    p50, p95, p99 = (1000 * found.percentile(part) for part in (0.5, 0.95, 0.99))
    whole = f"{found.refused_last - FAULT_AT:.0f}" if day.away[1] else ""
    partial = f"{found.partial / max(len(found.took), 1):.1%}" if found.partial else ""
    return (
        f"| {day.name} | {cell.name} | {cell.machines} | {most:,.0f} | {found.processes:.0%} | {found.database:.0%} "
        f"| {p50:,.0f} / {p95:,.0f} / {p99:,.0f} | {found.refused:.1%} | {found.given_up / max(found.asked, 1):.1%} "
        f"| {whole} | {partial} |"
    )


def cost_rows() -> Iterator[str]:
    """What was measured of each operation."""
    for one in OPERATIONS:
        yield (
            f"| {one.name} | {one.process:g} | {one.database:g} | {one.transactions}{', writes' if one.writes else ''} "
            f"| {one.each_application:g} |"
        )


def cell_row(cell: Cell, name: str = "") -> str:
    """The arithmetic of a cell."""
    asked = Demand(cell.people)
    return (
        f"| {name or cell.name} | {asked.applications_a_year / 1e6:,.1f} | {asked.applications:,.1f} "
        f"| {asked.operations:,.0f} | {asked.results:,.0f} | {asked.bytes_a_year / 1e12:,.2f} | {cell.machines} "
        f"| {cell.processes} | {cell.database} |"
    )


def short_tables() -> Iterator[tuple[str, list[str]]]:
    """What takes seconds: each table's name and lines."""
    india = cells_of_india()
    yield "costs", [COSTS_HEAD, *cost_rows()]
    whole = Cell("", sum(one.people for one in india), *(sum(part) for part in zip(*map(_size, india), strict=True)))
    total = cell_row(whole, f"{whole.people / 1e6:,.0f} in {len(india)} cells")
    yield "cells", [CELLS_HEAD, *(cell_row(cell) for cell in CELLS), cell_row(india[-1]), total]
    yield "paydays", [backlog.HEAD, *(backlog.row(cell) for cell in CELLS)]
    yield "three machines", [DAYS_HEAD, *(day_row(THREE_MACHINES, day) for day in _short_days())]


def long_tables() -> Iterator[tuple[str, list[str]]]:
    """The others."""
    yield "validation", [validation.HEAD, *validation.rows()]
    yield "more days", [DAYS_HEAD, *(day_row(cell, day) for cell, day in more_days())]


def more_days() -> Iterator[tuple[Cell, Day]]:
    """What is simulated beside the short days of three machines."""
    yield from ((THREE_MACHINES, day) for day in days_of(THREE_MACHINES) if day.seconds > SHORT_SECONDS)
    yield from ((cell, ten_times(cell)) for cell in MACHINES)
    yield from ((SMALL, overload(SMALL, times, waits)) for times, waits in ((2, 1.0), (4, 1.0), (4, 0.1)))
    yield from ((cell, day) for cell in CELLS[1:] for day in days_of(cell) if day.seconds <= SHORT_SECONDS)


def written(page: str, name: str, lines: list[str]) -> str:
    """The page with one table anew. Raises ValueError where it has no place for it."""
    marks = f"<!-- bench-scale: {name} -->", "<!-- end -->"
    put, times = re.subn(
        f"(?<={re.escape(marks[0])}\n).*?(?={re.escape(marks[1])})",
        lambda _: "\n".join(lines) + "\n",
        page,
        count=1,
        flags=re.DOTALL,
    )
    if times != 1:
        raise ValueError(name)
    return put


def main() -> int:
    """Write the page, or compare it."""
    page = PAGE.read_text(encoding="utf-8")
    anew = page
    short = os.environ.get("BOUND") == "ci"
    for tables in (short_tables,) if short else (short_tables, long_tables):
        for name, lines in tables():
            anew = written(anew, name, lines)
            print("\n".join([name, *lines]), flush=True)
    if not short:
        PAGE.write_text(anew, encoding="utf-8")
    return int(short and anew != page)


def _short_days() -> Iterator[Day]:
    return (day for day in days_of(THREE_MACHINES) if day.seconds <= SHORT_SECONDS)


def _size(cell: Cell) -> tuple[int, int, int]:
    return cell.machines, cell.processes, cell.database


if __name__ == "__main__":
    sys.exit(main())
