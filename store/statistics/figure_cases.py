"""The applications behind the tiles of a dashboard, in pages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Unpack

from sqlalchemy import Boolean, Column, ColumnElement, Select, func, literal_column, select

from domain.appeals.delays import DUE_SOON_DAYS, MOST_COUNTED, CaseFilter, CaseList, ListSize
from domain.applications.applications import Application
from domain.applications.lifecycle import ON_THE_CLOCK, OPEN
from domain.clearances import EscalationKind
from domain.kernel import IST, Posting, ist_date
from domain.statistics.figures import Measure, month_of
from store.appeals.delays import delay_reasons_table
from store.applications.application_rows import APPLICATIONS, ENDED_LATE, applications_table, in_states
from store.clearances import escalations_table
from store.database import PageByTime, Transaction, any_posting_covers, equals_given
from store.statistics import figure_open, figures
from store.statistics.figure_open import OpenCaseFilter
from store.statistics.figures import FigureFilter

_T, _R = applications_table.c, delay_reasons_table.c


def column_of(wanted: CaseList) -> Column[Any]:
    """What a list is ordered by, before the id."""
    match wanted:
        case CaseList.PENDING:
            return _T.submitted_at
        case CaseList.TIME_DOUBTED:
            return _T.updated_at
        case CaseList.DISPOSED_LATE:
            return _T.updated_at  # not before its end, so that a month is a stretch of the index
        case _:
            return _T.due_at


async def page(
    tx: Transaction, postings: Sequence[Posting], wanted: CaseList, filtered: CaseFilter, **part: Unpack[PageByTime]
) -> list[Application]:
    """Cases of a list that the postings cover: after a place, or before it."""
    statement = _cases(postings, wanted, filtered, tx.clock.now())
    return await APPLICATIONS.window(tx, statement, (column_of(wanted), _T.id), **part)


async def size(tx: Transaction, postings: Sequence[Posting], wanted: CaseList, filtered: CaseFilter) -> ListSize:
    """How many cases the list has: from the counters of figures where those give it.

    What they do not distinguish is counted case by case up to MOST_COUNTED, so that it never costs more than that.
    """
    listed = wanted is CaseList.TIME_DOUBTED
    if not listed and filtered.service_code is None and filtered.cause is None and filtered.explained is None:
        return ListSize(await _count_cases(tx, postings, wanted, filtered))
    cases = _cases(postings, wanted, filtered, tx.clock.now()).with_only_columns(_T.id).limit(MOST_COUNTED + 1)
    found = int((await tx.connection.execute(select(func.count()).select_from(cases.subquery()))).scalar_one())
    return ListSize(min(found, MOST_COUNTED), more=found > MOST_COUNTED)


async def _count_cases(tx: Transaction, postings: Sequence[Posting], wanted: CaseList, filtered: CaseFilter) -> int:
    """What the counters say, which costs days and places and not cases."""
    today = ist_date(tx.clock.now())
    names = ("department", "district", "tehsil")
    place = {name: getattr(filtered, name) for name in names}
    everything = FigureFilter(date.min, date.max, postings=tuple(postings), **place)
    if (standing := _open_case_range(everything, wanted, today)) is not None and await figure_open.is_counted(tx):
        return await figure_open.count_open(tx, standing)
    match wanted:
        case CaseList.OVERDUE:
            return await figures.due_before(tx, everything, today)
        case CaseList.DUE_SOON:
            return await figures.due_before(tx, everything, today + timedelta(days=DUE_SOON_DAYS), since=today)
        case CaseList.DISPOSED_LATE:
            month = replace(everything, first_month=month_of(today), last_month=month_of(today))
            sums = (await figures.sums(tx, month)).get((), {})
            return sums.get(Measure.TIMED, 0) - sums.get(Measure.ON_TIME, 0)
        case CaseList.PENDING:
            sums = (await figures.sums(tx, everything)).get((), {})
            ended = sums.get(Measure.DISPOSED, 0) + sums.get(Measure.WITHDRAWN, 0)
            return sums.get(Measure.RECEIVED, 0) - ended
        case CaseList.TIME_DOUBTED:
            raise AssertionError("no counter has them")


def _open_case_range(where: FigureFilter, wanted: CaseList, today: date) -> OpenCaseFilter | None:
    """The list as a stretch of the open cases of each district; None where no district bounds it.

    For the whole state the sums by month and by due day are shorter: they begin with the day.
    """
    bound = where.district is not None or all(one.district is not None for one in where.postings or ())
    if not bound:
        return None
    match wanted:
        case CaseList.PENDING:
            return OpenCaseFilter(where, OPEN)
        case CaseList.OVERDUE:
            return OpenCaseFilter(where, ON_THE_CLOCK, due_until=today, paused=False)
        case CaseList.DUE_SOON:
            soon = today + timedelta(days=DUE_SOON_DAYS)
            return OpenCaseFilter(where, ON_THE_CLOCK, due_from=today, due_until=soon, paused=False)
        case CaseList.DISPOSED_LATE | CaseList.TIME_DOUBTED:
            return None


def _cases(postings: Sequence[Posting], wanted: CaseList, filtered: CaseFilter, now: datetime) -> Select[Any]:
    statement = select(applications_table).where(
        *_states(wanted), any_posting_covers(applications_table, postings), *_time_conditions(wanted, now)
    )
    names = ("department", "service_code", "district", "tehsil")
    statement = statement.where(*equals_given({_T[name]: getattr(filtered, name) for name in names}))
    if filtered.explained is not None or filtered.cause is not None:
        statement = statement.where(*_reason_conditions(filtered))
    return statement


def _states(wanted: CaseList) -> list[ColumnElement[bool]]:
    if wanted is CaseList.DISPOSED_LATE:
        return [literal_column(ENDED_LATE, Boolean())]
    if wanted is CaseList.TIME_DOUBTED:
        doubted = select(escalations_table.c.application_id)
        return [_T.id.in_(doubted.where(escalations_table.c.kind == EscalationKind.TIME_DOUBTED.value))]
    return list(in_states(OPEN if wanted is CaseList.PENDING else ON_THE_CLOCK))


def _time_conditions(wanted: CaseList, now: datetime) -> list[ColumnElement[bool]]:
    running = [_T.paused_since.is_(None), _T.due_at.is_not(None)]
    match wanted:
        case CaseList.PENDING:
            return [_T.submitted_at.is_not(None)]
        case CaseList.TIME_DOUBTED:
            return []
        case CaseList.DUE_SOON:
            return [*running, _T.due_at >= now, _T.due_at < now + timedelta(days=DUE_SOON_DAYS)]
        case CaseList.OVERDUE:
            return [*running, _T.due_at < now]
        case CaseList.DISPOSED_LATE:
            begins = datetime.combine(month_of(ist_date(now)), time.min, tzinfo=IST)
            return [_T.updated_at >= begins, func.coalesce(_T.delivered_at, _T.decided_at) >= begins]


def _reason_conditions(filtered: CaseFilter) -> list[ColumnElement[bool]]:
    """By the reason that was recorded last; earlier ones do not count."""
    cause = (
        select(_R.cause)
        .where(_R.application_id == _T.id)
        .order_by(_R.recorded_at.desc(), _R.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    conditions: list[ColumnElement[bool]] = []
    if filtered.explained is not None:
        conditions.append(cause.is_not(None) if filtered.explained else cause.is_(None))
    if filtered.cause is not None:
        conditions.append(func.coalesce(cause, "") == filtered.cause.value)
    return conditions
