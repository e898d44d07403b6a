"""Measures of service delivery, each with its date basis (docs/figures.md).

An application counts in its current state. `marks_of` says what one application adds to the counters, so
a step moves them by the marks after it less the marks before it: every step is right, a reopened refusal, a changed
due date and an import of old cases too, and the sum over all applications is what the counters must be.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import ON_THE_CLOCK, OPEN, REFUSED, Status
from domain.feedback.grievances import Grievance
from domain.kernel import ist_date
from domain.statistics.waiting import STANDING, number_of

DEFINITIONS_VERSION = "2026-2"
"""The edition of docs/figures.md by which figures are counted."""


class Measure(StrEnum):
    """What is counted. The comment names the IST day on which it counts."""

    RECEIVED = "received"
    """Submitted, with an acknowledgement; on the day of submission."""
    PROCESSED = "processed"
    """Of those received that day, decided and in the citizen's hands, or refused."""
    DROPPED = "dropped"
    """Of those received that day, withdrawn by the citizen."""
    WITHDRAWN = "withdrawn"
    """Withdrawn; on the day of withdrawal."""
    DISPOSED = "disposed"
    """Delivered or refused by a reasoned order; on that day."""
    DELIVERED = "delivered"
    """The delivered ones among them."""
    TIMED = "timed"
    """The ones among them whose time limit is known."""
    ON_TIME = "on_time"
    """The ones among those whose result was made available, or which were refused, not after their due instant."""
    DAYS = "days"
    """The sum of their days from submission."""
    DUE = "due"
    """Open and on the running legal clock; on the due day, so that cases due before today are overdue."""
    GRIEVANCES = "grievances"
    """Grievances raised; on that day."""
    REPLIED = "replied"
    """Of those raised that day, replied to at least once."""


class Part(StrEnum):
    """What a row of the counters says."""

    SUM = "SUM"
    """Sums by month."""
    DUE = "DUE"
    """Cases on the running clock by due day."""
    DAYS = "DAYS"
    """Disposals by days taken."""
    PACKED_DAYS = "PACKED_DAYS"
    """The same, many classes in one row (store/statistics/packing.py)."""
    OPEN = "OPEN"
    """Cases that somebody has something to do with, by state, due day and pause (domain/statistics/waiting.py)."""


class StatisticsChannel(StrEnum):
    """Channels as figures name them; the portal and the app are one, as are schools and camps."""

    SELF = "SELF"
    CSC = "CSC"
    E_DISTRICT = "E_DISTRICT"
    SCHOOL_OR_CAMP = "SCHOOL_OR_CAMP"
    DOORSTEP = "DOORSTEP"
    UMANG = "UMANG"
    WHATSAPP = "WHATSAPP"


COUNTED_AS: Mapping[Channel, StatisticsChannel] = {
    Channel.WEB: StatisticsChannel.SELF,
    Channel.MOBILE: StatisticsChannel.SELF,
    Channel.CSC: StatisticsChannel.CSC,
    Channel.E_DISTRICT: StatisticsChannel.E_DISTRICT,
    Channel.SCHOOL: StatisticsChannel.SCHOOL_OR_CAMP,
    Channel.CAMP: StatisticsChannel.SCHOOL_OR_CAMP,
    Channel.DOORSTEP: StatisticsChannel.DOORSTEP,
    Channel.UMANG: StatisticsChannel.UMANG,
    Channel.WHATSAPP: StatisticsChannel.WHATSAPP,
}
"""The channel in figures of each channel of an application, as it was recorded at filing."""


class Cell(NamedTuple):
    """Where something counts; an unknown department or tehsil is an empty text."""

    department: str
    service_code: str
    district: str
    tehsil: str
    channel: str


class Mark(NamedTuple):
    """One entry of the counters.

    `bucket` is the class of days taken for Part.DAYS, the number of domain/statistics/waiting.py for Part.OPEN, else 0.
    """

    cell: Cell
    day: date
    part: Part
    bucket: int
    measure: Measure


Marks = Mapping[Mark, int]


@dataclass(frozen=True, slots=True)
class FigureInputs:
    """As much of an application as figures depend on."""

    cell: Cell
    status: Status
    submitted_at: datetime | None
    ended_at: datetime | None
    """When it was delivered, refused or withdrawn; None while it is open."""
    clock_ended_at: datetime | None
    """When the legal clock ended, by which it is in time; None where that is not known, which is with its end."""
    due_at: datetime | None
    paused: bool
    lawful_due_at: datetime | None = None
    """By the newest list of holidays, where that is later than `due_at`: what the officer is measured by."""


def figure_inputs(application: Application) -> FigureInputs:
    """What figures depend on, of an application."""
    decided_at = application.decision.decided_at if application.decision else None
    return FigureInputs(
        cell_of(
            application.department,
            application.service_code,
            application.district,
            application.tehsil,
            application.channel,
        ),
        application.status,
        application.submitted_at,
        ended_at(application.status, application.delivered_at, decided_at, application.updated_at),
        application.clock_ended_at,
        application.due_at,
        application.paused_since is not None,
        application.lawful_due_at,
    )


def cell_of(department: str | None, service_code: str, district: str, tehsil: str | None, channel: Channel) -> Cell:
    """The cell of a case."""
    return Cell(department or "", service_code, district, tehsil or "", COUNTED_AS[channel].value)


def ended_at(
    status: Status, delivered_at: datetime | None, decided_at: datetime | None, updated_at: datetime
) -> datetime | None:
    """When a case ended that stands there; a withdrawn one changes no more after the withdrawal."""
    if status is Status.DELIVERED:
        return delivered_at
    if status in REFUSED:
        return decided_at
    return updated_at if status is Status.WITHDRAWN else None


def marks_of(case: FigureInputs) -> Counter[Mark]:
    """What one application adds to the counters as it stands; nothing before it is submitted."""
    if case.submitted_at is None:
        return Counter()
    received = ist_date(case.submitted_at)
    marks = Counter({Mark(case.cell, received, Part.SUM, 0, Measure.RECEIVED): 1})
    if case.ended_at is not None:
        marks.update(_marks_of_ended(case, case.ended_at, received))
    elif case.status in ON_THE_CLOCK and case.due_at is not None and not case.paused:
        marks[Mark(case.cell, ist_date(case.due_at), Part.DUE, 0, Measure.DUE)] = 1
    if case.status in OPEN:
        number = number_of(case.status, case.due_at, paused=case.paused)
        marks[Mark(case.cell, STANDING, Part.OPEN, number, Measure.RECEIVED)] = 1
    return marks


def _marks_of_ended(case: FigureInputs, ended: datetime, received: date) -> Counter[Mark]:
    day = ist_date(ended)
    if case.status is Status.WITHDRAWN:
        return _ones(case.cell, (received, Measure.DROPPED), (day, Measure.WITHDRAWN))
    taken = max((day - received).days, 0)
    marks = _ones(case.cell, (received, Measure.PROCESSED), (day, Measure.DISPOSED))
    if case.status is Status.DELIVERED:
        marks += _ones(case.cell, (day, Measure.DELIVERED))
    if case.due_at is not None:
        in_time = (case.clock_ended_at or ended) <= (case.lawful_due_at or case.due_at)
        marks += _ones(case.cell, (day, Measure.TIMED))
        marks += _ones(case.cell, *(((day, Measure.ON_TIME),) if in_time else ()))
    marks += Counter({Mark(case.cell, day, Part.SUM, 0, Measure.DAYS): taken})
    marks[Mark(case.cell, day, Part.DAYS, bucket_of(taken), Measure.DISPOSED)] = 1
    return marks


def _ones(cell: Cell, *events: tuple[date, Measure]) -> Counter[Mark]:
    return Counter({Mark(cell, day, Part.SUM, 0, measure): 1 for day, measure in events})


def marks_of_grievance(raised: Grievance, channel: Channel, *, replied: bool) -> Counter[Mark]:
    """What a grievance about an application that came in through the channel adds to the counters."""
    cell = cell_of(raised.department, raised.service_code, raised.district, raised.tehsil, channel)
    day = ist_date(raised.created_at)
    measures = (Measure.GRIEVANCES, Measure.REPLIED) if replied else (Measure.GRIEVANCES,)
    return Counter({Mark(cell, day, Part.SUM, 0, measure): 1 for measure in measures})


def difference(before: Marks, after: Marks) -> Counter[Mark]:
    """What leads from one state of the counters to another, without zeros."""
    changes = Counter(after)
    changes.subtract(before)
    return Counter({mark: amount for mark, amount in changes.items() if amount})


EDGES: tuple[int, ...] = (*range(61), *range(61, 187, 7), *range(187, 728, 30))
"""Classes of days taken, by their first day: single days to 60, weeks to half a year, then 30 days to two years."""

COARSE_EDGES: tuple[int, ...] = (0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 61, 96, 187, 367, 727)
"""Wider classes made of those, for cells of every dimension at once."""


def bucket_of(days: int, edges: tuple[int, ...] = EDGES) -> int:
    """The first day of the class into which so many days fall."""
    return edges[bisect_right(edges, days) - 1]


def last_day_of(bucket: int, edges: tuple[int, ...] = EDGES) -> int:
    """The last day of a class; of the last class, which has no end, its first."""
    place = bisect_right(edges, bucket)
    return edges[place] - 1 if place < len(edges) else edges[-1]


def percentile(histogram: Mapping[int, int], percent: int, edges: tuple[int, ...] = EDGES) -> int | None:
    """The days within which so many percent of the disposals were made, by nearest rank; None where there are none.

    Exact up to 60 days; beyond, the last day of the class, so that the figure is never too good.
    """
    many = sum(histogram.values())
    if many <= 0:
        return None
    rank, seen = -(-many * percent // 100), 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            return last_day_of(bucket, edges)
    return None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The figures of one cell or sum of cells. Rates are hundredths of a percent, 9 150 is 91.50 %; None is unknown."""

    received: int
    disposed: int
    delivered: int
    withdrawn: int
    processing_rate: int | None
    on_time_rate: int | None
    average_tenths: int | None
    """Average days from submission to disposal, in tenths of a day."""
    median_days: int | None
    ninetieth_days: int | None
    pending: int
    """Received, and neither disposed nor withdrawn, at the end of the last month asked for."""
    disposed_late: int
    """Disposed of after the due instant; those without a known limit are left out."""
    grievances: int
    grievance_reply_rate: int | None


def delivery(
    sums: Mapping[Measure, int], histogram: Mapping[int, int], pending: int, edges: tuple[int, ...] = EDGES
) -> Delivery:
    """The figures that follow from counters (docs/figures.md)."""
    disposed, grievances = sums.get(Measure.DISPOSED, 0), sums.get(Measure.GRIEVANCES, 0)
    received = sums.get(Measure.RECEIVED, 0)
    return Delivery(
        received=received,
        disposed=disposed,
        delivered=sums.get(Measure.DELIVERED, 0),
        withdrawn=sums.get(Measure.WITHDRAWN, 0),
        processing_rate=rate(sums.get(Measure.PROCESSED, 0), received - sums.get(Measure.DROPPED, 0)),
        on_time_rate=rate(sums.get(Measure.ON_TIME, 0), sums.get(Measure.TIMED, 0)),
        average_tenths=_divide_rounded(sums.get(Measure.DAYS, 0) * 10, disposed),
        median_days=percentile(histogram, 50, edges),
        ninetieth_days=percentile(histogram, 90, edges),
        pending=pending,
        disposed_late=sums.get(Measure.TIMED, 0) - sums.get(Measure.ON_TIME, 0),
        grievances=grievances,
        grievance_reply_rate=rate(sums.get(Measure.REPLIED, 0), grievances),
    )


def rate(part: int, whole: int) -> int | None:
    """A share in hundredths of a percent, rounded half up; None of nothing."""
    return _divide_rounded(part * 10_000, whole)


def _divide_rounded(number: int, by: int) -> int | None:
    return (2 * number + by) // (2 * by) if by > 0 else None


def month_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def months_back(month: date, many: int) -> date:
    """The first day of the month so many months earlier."""
    number = month.year * 12 + month.month - 1 - many
    return date(number // 12, number % 12 + 1, 1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return months_back(month, -1)
