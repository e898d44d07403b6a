"""Reads the counters of figures for each requested group."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from domain.kernel import Posting
from domain.officers.dashboards import Dimension
from domain.statistics.figures import Delivery, Measure, StatisticsChannel, delivery, next_month
from domain.statistics.small_cells import Behind
from store.database import Transaction
from store.statistics import figure_days, figures
from store.statistics.figures import FigureFilter

_BEGINNING = date(2000, 1, 1)
"""Before the first application; pendency is counted from here."""

COLUMNS: Mapping[Dimension, str] = {
    Dimension.DEPARTMENT: "department",
    Dimension.SERVICE: "service_code",
    Dimension.DISTRICT: "district",
    Dimension.TEHSIL: "tehsil",
    Dimension.CHANNEL: "channel",
    Dimension.MONTH: "period",
}
"""The column of the counters for each dimension."""

Place = tuple[Any, ...]
_Sums = Mapping[Place, Mapping[Measure, int]]
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Question:
    """Which figures are asked for; months by their first days, both included. None lets every value through."""

    first_month: date
    last_month: date
    department: str | None = None
    service_code: str | None = None
    district: str | None = None
    tehsil: str | None = None
    channel: StatisticsChannel | None = None
    group_by: tuple[Dimension, ...] = ()
    postings: tuple[Posting, ...] | None = None
    """Bounds to jurisdictions, for dashboards; None to none."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the counters say of each group."""

    sums: _Sums
    """Of the months that are asked for."""
    taken: Mapping[Place, Mapping[int, int]]
    """Disposals of those months by class of days."""
    ever: _Sums
    """From the beginning to the end of the last month."""
    edges: tuple[int, ...]


_BEHIND = (Measure.RECEIVED, Measure.DISPOSED, Measure.WITHDRAWN, Measure.GRIEVANCES)


async def behind_each(tx: Transaction, question: Question) -> dict[Place, Behind]:
    """The cases behind each group, by which small cells are recognised: as much of `figures_of` as that needs."""
    sums, ever = await _sums(tx, question)
    pending = _pending_counts(question, ever)
    found = {}
    for place in sums.keys() | pending.keys():
        one = sums.get(place, {})
        received, disposed, withdrawn, grievances = (one.get(measure, 0) for measure in _BEHIND)
        found[place] = Behind(received, disposed, withdrawn, grievances, pending.get(place, 0))
    return found


async def count_groups(tx: Transaction, question: Question) -> Counts:
    """What is counted of each group."""
    wanted, columns = filter_of(question), columns_of(question)
    sums, ever = await _sums(tx, question)
    taken = await figure_days.histograms(tx, wanted, columns)
    return Counts(sums, taken, ever, figures.edges_of(wanted, columns))


async def _sums(tx: Transaction, question: Question) -> tuple[_Sums, _Sums]:
    """The sums of the months that are asked for, and those from the beginning on."""
    wanted, columns = filter_of(question), columns_of(question)
    ever = FigureFilter(_BEGINNING, question.last_month, **wanted.named, postings=question.postings)
    return await figures.sums(tx, wanted, columns), await figures.sums(tx, ever, columns)


async def total_counts(tx: Transaction, question: Question, counts: Counts) -> Counts:
    """All groups added up. Their classes of days may be wider than those of all together, which then are asked for."""
    wanted = filter_of(question)
    edges = figures.edges_of(wanted, ())
    taken: Mapping[Place, Mapping[int, int]] = {(): _sum_groups(counts.taken)}
    if edges != counts.edges:
        taken = await figure_days.histograms(tx, wanted)
    return Counts({(): _sum_groups(counts.sums)}, taken, {(): _sum_groups(counts.ever)}, edges)


def _sum_groups(several: Mapping[Place, Mapping[_Key, int]]) -> Counter[_Key]:
    together: Counter[_Key] = Counter()
    for one in several.values():
        together.update(one)
    return together


def figures_of(question: Question, counts: Counts) -> dict[Place, Delivery]:
    """The figures of each group."""
    pending = _pending_counts(question, counts.ever)
    return {
        place: delivery(counts.sums.get(place, {}), counts.taken.get(place, {}), pending.get(place, 0), counts.edges)
        for place in counts.sums.keys() | pending.keys()
    }


def _pending_counts(question: Question, moved: _Sums) -> dict[Place, int]:
    """What was open at the end of the last month, or of each month where the groups tell months apart.

    A month in which nothing moved has what the month before had.
    """
    columns = columns_of(question)
    if "period" not in columns:
        return {place: many for place, sums in moved.items() if (many := _open_count(sums))}
    axis = columns.index("period")
    found: dict[Place, int] = {}
    running: Counter[Place] = Counter()
    month = question.first_month
    waiting = sorted(moved, key=lambda place: place[axis], reverse=True)
    while month <= question.last_month:
        while waiting and waiting[-1][axis] <= month:
            place = waiting.pop()
            running[(*place[:axis], *place[axis + 1 :])] += _open_count(moved[place])
        found |= {(*here[:axis], month, *here[axis:]): many for here, many in running.items() if many}
        month = next_month(month)
    return found


def _open_count(sums: Mapping[Measure, int]) -> int:
    return sums[Measure.RECEIVED] - sums[Measure.DISPOSED] - sums[Measure.WITHDRAWN]


def filter_of(question: Question) -> FigureFilter:
    """The question as the counters know it."""
    return FigureFilter(
        question.first_month,
        question.last_month,
        department=question.department,
        service_code=question.service_code,
        district=question.district,
        tehsil=question.tehsil,
        channel=question.channel.value if question.channel else None,
        postings=question.postings,
    )


def is_coarse(question: Question) -> bool:
    """Whether its groups have wider classes of days than the total."""
    wanted = filter_of(question)
    unbound = FigureFilter(wanted.first_month, wanted.last_month)
    return figures.edges_of(wanted, columns_of(question)) is not figures.edges_of(unbound, ())


def columns_of(question: Question) -> Sequence[str]:
    """The columns of the counters by which is grouped."""
    return [COLUMNS[dimension] for dimension in question.group_by]
