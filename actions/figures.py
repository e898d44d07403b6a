"""Statistics of the delivery of services: from counters only, with small cells withheld from strangers."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from actions.environment import Environment
from actions.figure_filters import refuse_unknown
from domain.clock import ist_date
from domain.dashboards import STRANGERS_DIMENSIONS, Dimension, check_period
from domain.errors import ErrorCode, Problem, Problems
from domain.figures import (
    SMALLEST,
    Delivery,
    Measure,
    StatisticsChannel,
    delivery,
    month_of,
    months_back,
    next_month,
    withheld,
)
from domain.people import Posting, Subject
from domain.policy import ObjectKind, Purpose, Resource, decide
from store import figure_days, figures
from store.engine import Transaction
from store.figures import FigureFilter

_COUNTS = Resource(ObjectKind.COUNTS)
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

DEFAULT_MONTHS = 12

Place = tuple[Any, ...]
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
class FigureRow:
    """The figures of one cell. `figures` is None where they are withheld because few people stand behind them."""

    place: Mapping[Dimension, Any] = field(default_factory=dict)
    figures: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """An answer: the rows in the order of their places, and all of them together."""

    rows: tuple[FigureRow, ...]
    total: FigureRow
    first_month: date
    last_month: date
    withheld: int
    """How many rows are not shown to somebody who is no officer."""
    coarse: bool
    """Whether median and percentile are by the wider classes of days."""


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the counters say of each group."""

    sums: Mapping[Place, Mapping[Measure, int]]
    """Of the months that are asked for."""
    taken: Mapping[Place, Mapping[int, int]]
    """Disposals of those months by class of days."""
    ever: Mapping[Place, Mapping[Measure, int]]
    """From the beginning to the end of the last month."""
    edges: tuple[int, ...]


def sees_small_cells(subject: Subject) -> bool:
    """Whether the subject may see every figure; others are not shown cells behind which few people stand."""
    return decide(subject, _COUNTS, Purpose.COUNT)


def period(env: Environment, first: date | None, last: date | None) -> tuple[date, date]:
    """The months asked for; left out, the present one and the eleven before. Raises BAD_INPUT."""
    until = month_of(last or ist_date(env.clock.now()))
    since = month_of(first) if first else months_back(until, DEFAULT_MONTHS - 1)
    check_period(since, until)
    return since, until


async def statistics(env: Environment, subject: Subject, question: Question) -> Statistics:
    """The figures by the groups that were asked for.

    Raises BAD_INPUT for a group that is named twice, for a filter that names nothing, and where somebody who is no
    officer combines more than two dimensions, by which people could be told apart.
    """
    _check(subject, question)
    async with env.store.reading() as tx:
        await refuse_unknown(tx, question.department, question.service_code, question.district, question.tehsil)
        counts = await _count(tx, question)
        together = await _together(tx, question, counts) if question.group_by else counts
    found, whole = _figures(question, counts), _figures(_whole(question), together)
    open_to_all = sees_small_cells(subject)
    hidden = set() if open_to_all else withheld({place: one.people for place, one in found.items()})
    rows = tuple(
        FigureRow(dict(zip(question.group_by, place, strict=True)), None if place in hidden else found[place])
        for place in sorted(found, key=lambda place: tuple(map(str, place)))
    )
    total = whole.get((), delivery({}, {}, 0))
    shown = open_to_all or total.people == 0 or total.people >= SMALLEST
    wanted = _filter(question)
    coarse = figures.edges_of(wanted, _columns(question)) is not figures.edges_of(_unbound(wanted), ())
    return Statistics(
        rows if question.group_by else (),
        FigureRow({}, total if shown else None),
        question.first_month,
        question.last_month,
        len(hidden),
        coarse,
    )


def _check(subject: Subject, question: Question) -> None:
    check_period(question.first_month, question.last_month)
    if len(set(question.group_by)) != len(question.group_by):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("groupBy",)))
    if sees_small_cells(subject):
        return
    named = {dimension for dimension, column in COLUMNS.items() if getattr(question, column, None) is not None}
    combined = (named | set(question.group_by)) - {Dimension.MONTH}
    # A tehsil lies in one district and a service in one department, so naming both tells no more than one.
    if Dimension.TEHSIL in combined:
        combined.discard(Dimension.DISTRICT)
    if Dimension.SERVICE in combined:
        combined.discard(Dimension.DEPARTMENT)
    if len(combined) > STRANGERS_DIMENSIONS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("groupBy",), params={"longest": str(STRANGERS_DIMENSIONS)}))


async def _count(tx: Transaction, question: Question) -> _Counts:
    wanted, columns = _filter(question), _columns(question)
    ever = FigureFilter(_BEGINNING, question.last_month, **wanted.named, postings=question.postings)
    return _Counts(
        await figures.sums(tx, wanted, columns),
        await figure_days.histograms(tx, wanted, columns),
        await figures.sums(tx, ever, columns),
        figures.edges_of(wanted, columns),
    )


async def _together(tx: Transaction, question: Question, counts: _Counts) -> _Counts:
    """All groups added up. Their classes of days may be wider than those of all together, which then are asked for."""
    wanted = _filter(question)
    edges = figures.edges_of(wanted, ())
    taken: Mapping[Place, Mapping[int, int]] = {(): _added(counts.taken)}
    if edges != counts.edges:
        taken = await figure_days.histograms(tx, wanted)
    return _Counts({(): _added(counts.sums)}, taken, {(): _added(counts.ever)}, edges)


def _added(several: Mapping[Place, Mapping[_Key, int]]) -> Counter[_Key]:
    together: Counter[_Key] = Counter()
    for one in several.values():
        together.update(one)
    return together


def _figures(question: Question, counts: _Counts) -> dict[Place, Delivery]:
    pending = _pending(question, counts)
    return {
        place: delivery(counts.sums.get(place, {}), counts.taken.get(place, {}), pending.get(place, 0), counts.edges)
        for place in counts.sums.keys() | pending.keys()
    }


def _pending(question: Question, counts: _Counts) -> dict[Place, int]:
    """What was open at the end of the last month, or of each month where the groups tell months apart.

    A month in which nothing moved has what the month before had.
    """
    columns, moved = _columns(question), counts.ever
    if "period" not in columns:
        return {place: many for place, sums in moved.items() if (many := _left(sums))}
    axis = columns.index("period")
    found: dict[Place, int] = {}
    running: Counter[Place] = Counter()
    month = question.first_month
    waiting = sorted(moved, key=lambda place: place[axis], reverse=True)
    while month <= question.last_month:
        while waiting and waiting[-1][axis] <= month:
            place = waiting.pop()
            running[(*place[:axis], *place[axis + 1 :])] += _left(moved[place])
        found |= {(*here[:axis], month, *here[axis:]): many for here, many in running.items() if many}
        month = next_month(month)
    return found


def _left(sums: Mapping[Measure, int]) -> int:
    return sums[Measure.RECEIVED] - sums[Measure.DISPOSED] - sums[Measure.WITHDRAWN]


def _filter(question: Question) -> FigureFilter:
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


def _unbound(wanted: FigureFilter) -> FigureFilter:
    return FigureFilter(wanted.first_month, wanted.last_month)


def _columns(question: Question) -> Sequence[str]:
    return [COLUMNS[dimension] for dimension in question.group_by]


def _whole(question: Question) -> Question:
    return replace(question, group_by=())
