"""What the simulation says of loads that were measured, beside what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.scale.cell import Cell, Day, simulated
from benchmarks.scale.costs import CATALOGUE, OWN, QUEUE, SUBMISSION, Operation

ONE = Cell("one process", 0, 1, 1, 1)
MIXED = Operation("the mixed queries of make load", 0.93, 0.0, 3, 1)
"""Its cost on SQLite, whose work is the process's own (benchmarks/load/README.md)."""


@dataclass(frozen=True)
class Measured:
    """A load that was measured: answers a second, and milliseconds of the 50th and 99th or 95th percentile."""

    name: str
    day: Day
    rate: float
    p50: float | None
    high: float | None
    part: float = 0.99


def _closed(operation: Operation, process: float, clients: int = 50) -> Day:
    """So many clients who ask again at once, over SQLite."""
    own = replace(operation, process=process, database=0.0)
    return Day(operation.name, 10, lambda _: 0.0, (own,), clients=clients, waits=0.0)


MEASURED = (
    Measured("ten services, 50 connections", _closed(CATALOGUE, 0.82), 1220, 38.8, 132.3),
    Measured("own applications, 50 connections", _closed(OWN, 2.49), 403, 112.4, 274.0),
    Measured("a submission, 50 connections", _closed(SUBMISSION, 8.05), 140, 296.4, 520.8),
    Measured("officer's queue, 50 connections", _closed(QUEUE, 20.0), 51, 88.1, 681.9),
    Measured(
        "four times as many as it can answer",
        Day("overload", 10, lambda _: 4 * 1059.0, (MIXED,), most_open=350),
        0.707 * 1059,
        None,
        None,
    ),
)
"""benchmarks/README.md, 30 November 2026, 01:35 to 01:47 UTC, and benchmarks/load/README.md, L2 of 00:33 UTC.

Both were alone on the machine, one process over SQLite.
"""


def _error(said: float, measured: float) -> str:
    return f"{said / measured - 1:+.0%}"


def rows() -> Iterator[str]:
    """A line for each."""
    for one in MEASURED:
        result = simulated(ONE, one.day)
        rate = len(result.took) / one.day.seconds
        cells = [f"{one.rate:,.0f}", f"{rate:,.0f}", _error(rate, one.rate)]
        for measured, part in ((one.p50, 0.5), (one.high, one.part)):
            said = result.percentile(part) * 1000
            cells += ["", "", ""] if measured is None else [f"{measured:,.0f}", f"{said:,.0f}", _error(said, measured)]
        yield f"| {one.name} | " + " | ".join(cells) + " |"


HEAD = (
    "| load | answers a second measured | simulated | error | p50 ms measured | simulated | error | p99 ms measured "
    "| simulated | error |\n| --- |" + " ---: |" * 9
)
