"""Statistics of the delivery of services, from counters only, with small cells suppressed for the public."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from actions.kernel import Environment
from actions.statistics.cell_suppression import suppressed_groups
from actions.statistics.counts import COLUMNS, Question, count_groups, figures_of, is_coarse, total_counts
from actions.statistics.filters import refuse_unknown
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ErrorCode, Problem, Problems, Subject, ist_date
from domain.officers.dashboards import STRANGERS_DIMENSIONS, Dimension, check_period
from domain.statistics.figures import Delivery, delivery, month_of, months_back

_COUNTS = Resource(ObjectKind.COUNTS)
DEFAULT_MONTHS = 12


@dataclass(frozen=True, slots=True)
class FigureRow:
    """The figures of one cell. `figures` is None where they are withheld because they count few people."""

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
    officer combines more than two dimensions, by which people could be identified.
    """
    _check(subject, question)
    async with env.store.read_transaction() as tx:
        await refuse_unknown(tx, question.department, question.service_code, question.district, question.tehsil)
        counts = await count_groups(tx, question)
        all_of_it = await total_counts(tx, question, counts) if question.group_by else counts
    found = figures_of(question, counts)
    total = figures_of(replace(question, group_by=()), all_of_it).get((), delivery({}, {}, 0))
    hidden, total_hidden = (
        (set(), False) if sees_small_cells(subject) else await suppressed_groups(env, question, found, total)
    )
    rows = tuple(
        FigureRow(dict(zip(question.group_by, place, strict=True)), None if place in hidden else found[place])
        for place in sorted(found, key=lambda place: tuple(map(str, place)))
    )
    return Statistics(
        rows if question.group_by else (),
        FigureRow({}, None if total_hidden else total),
        question.first_month,
        question.last_month,
        len(hidden) if question.group_by else 0,
        is_coarse(question),
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
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("groupBy",), params={"most": str(STRANGERS_DIMENSIONS)}))
