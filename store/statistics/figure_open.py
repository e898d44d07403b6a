"""Counts of open cases by state and due day, from the figure counters: the cost grows with days, not cases."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, case, func, literal, select, union_all

from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import Status
from domain.kernel import Posting, ist_date
from domain.officers.desk import DAYS_LEFT_LIMITS, DaysLeft, QueueFilter
from domain.statistics.figures import Part
from domain.statistics.waiting import NUMBERS_OF_A_DAY, STANDING, STATES, first_of, numbers_of
from store.database import Transaction, fetch_rows
from store.platform import seeds
from store.statistics import figure_state
from store.statistics.figures import FigureFilter, figure_deltas_table, figures_table, row_conditions

_STATUS_OF = {number: status for status, number in STATES.items()}


@dataclass(frozen=True, slots=True)
class OpenCaseFilter:
    """Which open cases are counted: `due_from` is the first due day and `due_until` the first one that is too late.

    With either, cases without a due day are left out. `paused` takes only those with a paused clock, or only others.
    """

    where: FigureFilter
    statuses: Collection[Status]
    due_from: date | None = None
    due_until: date | None = None
    paused: bool | None = None
    tehsils: Collection[str] = ()

    def conditions(self, table: Table) -> Iterator[ColumnElement[bool]]:
        """The rows that it takes, of the cube or of what is not folded yet."""
        needed = self.where.needed | ({"tehsil"} if self.tehsils else set())
        yield from row_conditions(
            table, self.where, Part.OPEN, needed, (STANDING, STANDING)
        )  # its months do not matter
        yield (table.c.bucket % NUMBERS_OF_A_DAY).in_(numbers_of(self.statuses, paused=self.paused))
        if self.tehsils:
            yield table.c.tehsil.in_(sorted(self.tehsils))
        if self.due_from is not None or self.due_until is not None:
            yield table.c.bucket >= first_of(self.due_from or date.min)
        if self.due_until is not None:
            yield table.c.bucket < first_of(self.due_until)


async def is_counted(tx: Transaction) -> bool:
    """Whether every application was counted since there are these counters.

    A worker does that when it starts (actions/statistics/upkeep.py); until then they give nothing.
    """
    return await seeds.is_seeded(tx, figure_state.COUNTED)


async def count_open(tx: Transaction, wanted: OpenCaseFilter) -> int:
    """How many there are."""
    found = await fetch_rows(tx, _added_up(wanted, ()))
    return int(found[0][0] or 0)


async def count_waiting(
    tx: Transaction, postings: Sequence[Posting], wanted: QueueFilter
) -> dict[tuple[Status, DaysLeft], int] | None:
    """How many cases of a queue stand in each state with so many days left; None where the counters do not give it."""
    if not _tells(wanted) or not await is_counted(tx):
        return None
    now = tx.clock.now()
    until = _due_until(wanted, now)
    standing = OpenCaseFilter(_figure_filter(postings), wanted.statuses, due_until=until, tehsils=wanted.tehsils)
    rows = await fetch_rows(tx, _added_up(standing, ("number", "days_left"), ist_date(now)))
    found: Counter[tuple[Status, DaysLeft]] = Counter()
    for number, state, near in rows:
        found[_STATUS_OF[state // 2], DaysLeft(near)] += int(number)
    return {key: number for key, number in found.items() if number}


def _figure_filter(postings: Sequence[Posting]) -> FigureFilter:
    return FigureFilter(STANDING, STANDING, postings=tuple(postings))


def _tells(wanted: QueueFilter) -> bool:
    """Whether nothing is asked that cases alone know."""
    told = QueueFilter(wanted.statuses, tehsils=wanted.tehsils, due_before=wanted.due_before, overdue=wanted.overdue)
    return STATES.keys() >= wanted.statuses and wanted == told


@lru_cache(200)
def _added_up(wanted: OpenCaseFilter, groups: tuple[str, ...], today: date = date.min) -> Select[Any]:
    """One statement reads cube and deltas, so that a fold in between is not counted twice or left out."""
    every = union_all(
        *(_sums(table, wanted, groups, today) for table in (figures_table, figure_deltas_table))
    ).subquery()
    places = [every.c[name] for name in groups]
    return select(func.sum(every.c.many), *places).group_by(*places)


def _sums(table: Table, wanted: OpenCaseFilter, groups: Sequence[str], today: date) -> Select[Any]:
    """Summed in each part first, so that a database that writes the union down writes groups and not rows."""
    chosen: list[ColumnElement[Any]] = []
    if groups:
        chosen = [(table.c.bucket % NUMBERS_OF_A_DAY).label("number"), _days_left(table, today).label("days_left")]
    amounts = select(func.sum(table.c.received).label("many"), *chosen).where(*wanted.conditions(table))
    return amounts.group_by(*groups)


def _due_until(wanted: QueueFilter, now: datetime) -> date | None:
    """The first due day that is too late for the filter: a due instant is the end of its day in India."""
    instants = [*([now] if wanted.overdue else []), *([wanted.due_before] if wanted.due_before else [])]
    days = [ist_date(one) for one in instants]
    after = [day + timedelta(days=int(end_of_day(day) < one)) for day, one in zip(days, instants, strict=True)]
    return min(after, default=None)


def _days_left(table: Table, today: date) -> ColumnElement[str]:
    """As days_left_limits, by days."""
    undated = (table.c.bucket < NUMBERS_OF_A_DAY, literal(DaysLeft.NO_DUE_DATE.value))
    nearer = [
        (table.c.bucket < first_of(today + timedelta(days=days + 1)), literal(near.value))
        for near, days in DAYS_LEFT_LIMITS.items()
    ]
    return case(undated, *nearer, else_=literal(DaysLeft.LATER.value))
