"""The days of docs/scale.md: what people ask of a cell, and what breaks in it."""

from collections.abc import Iterator

from benchmarks.scale.cell import Cell, Day
from benchmarks.scale.costs import CATALOGUE, LIVE, OPERATIONS, OWN, Operation
from benchmarks.scale.states import BUSIEST_HOUR, HOURS, Demand

RESULTS: tuple[Operation, ...] = (OWN, CATALOGUE)
NAIVE = 0.1
"""Seconds after which an app asks again that heeds no `Retry-After`."""

SWITCHOVER, NODE_LOST = 30.0, 27.3
"""Seconds for which the database takes no statement: a slow switchover, and what `make drill` measured when its machine
was lost (deploy/drill/README.md, 30 November 2026)."""

SLOW = 30.0
"""Seconds in which a slow outside system answers, longer than anybody waits for it."""

PAYMENT, PAYMENTS_A_SECOND = 0.000_350, 715.0
"""Seconds of PostgreSQL for a payment by file, and how many went in a second (benchmarks/money/README.md)."""

HOUR, AS_LONG = 3600, 10
"""Seconds of an hour, and for how many of them each hour of a whole day is simulated."""

FAULT_AT = 15.0


def days_of(cell: Cell) -> Iterator[Day]:
    """Every day that is simulated for a cell."""
    demand = Demand(cell.people)
    busy, results = demand.operations, demand.results

    def by_the_hour(at: float) -> float:
        return busy * HOURS[min(int(at / AS_LONG), 23)] / BUSIEST_HOUR

    yield Day("a working day, ten seconds of each hour", 24 * AS_LONG, by_the_hour)
    yield Day("its busiest hour", 20, lambda _: busy)
    seconds = 10 if results < 1000 else 3
    yield Day("results of an examination", seconds, lambda _: results, RESULTS)
    yield Day("the same without one machine", seconds, lambda _: results, RESULTS, lost_at=0.0)
    yield Day("pension day", 20, lambda _: 2 * busy, background=PAYMENT * PAYMENTS_A_SECOND)
    lost = FAULT_AT, FAULT_AT + NODE_LOST
    yield Day("the database's machine lost", 70, lambda _: busy, lost_at=FAULT_AT, away=lost)
    switched = FAULT_AT, FAULT_AT + SWITCHOVER
    yield Day("a switchover of 30 s", 70, lambda _: busy, away=switched)
    yield Day("the same, asked again at once", 70, lambda _: busy, away=switched, waits=NAIVE)
    if busy < 50:
        asking = busy * (LIVE.each_application + OWN.each_application) / sum(one.each_application for one in OPERATIONS)
        yield Day("a partner slow for an hour", HOUR + 60, lambda _: asking, (LIVE, OWN), partner=slow_for_an_hour)


def slow_for_an_hour(at: float) -> float:
    """How long the outside system takes, in seconds."""
    return SLOW if FAULT_AT <= at < FAULT_AT + HOUR else 0.2


def ten_times(cell: Cell) -> Day:
    """Ten times as many readers of results as were planned for."""
    results = 10 * Demand(cell.people).results
    return Day("ten times these results", 3, lambda _: results, RESULTS)


def overload(cell: Cell, times: float, waits: float) -> Day:
    """So many times as many as a cell can answer, who all ask again."""
    asked = sum(one.each_application for one in OPERATIONS)
    most = cell.processes * 1000 * asked / sum(one.process * one.each_application for one in OPERATIONS)
    how = "" if waits >= 1 else ", asked again at once"
    return Day(f"{times:g} times what it can answer{how}", 4, lambda _: times * most, waits=waits)
