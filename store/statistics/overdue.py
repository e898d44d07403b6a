"""Queries for the Commission's review: applications past their due instant."""

from datetime import date, datetime

from sqlalchemy import select

from domain.applications.applications import Application
from domain.applications.lifecycle import ON_THE_CLOCK
from domain.kernel import ist_date
from store.applications.application_rows import APPLICATIONS, applications_table, in_states
from store.database import StoredList, Transaction, equals_given
from store.statistics import figure_open, figures
from store.statistics.figure_open import OpenCaseFilter
from store.statistics.figures import FigureFilter

_T = applications_table.c


def overdue(now: datetime, department: str | None, district: str | None) -> StoredList[Application]:
    """Applications that run beyond their due instant, the longest overdue first."""
    late = (*in_states(ON_THE_CLOCK), _T.paused_since.is_(None), _T.due_at < now)
    place = equals_given({_T.department: department, _T.district: district})
    return StoredList(APPLICATIONS, select(applications_table).where(*late, *place), (_T.due_at, _T.id))


async def count_overdue(tx: Transaction, now: datetime, department: str | None, district: str | None) -> int:
    """How many applications run beyond their due instant.

    Every due instant is the end of a day in India, so the counters of figures by due day give it, which costs days and
    places and not cases.
    """
    everything = FigureFilter(date.min, date.max, department=department, district=district)
    if district is not None and await figure_open.is_counted(tx):
        overdue_ones = OpenCaseFilter(everything, ON_THE_CLOCK, due_until=ist_date(now), paused=False)
        return await figure_open.count_open(tx, overdue_ones)
    return await figures.due_before(tx, everything, ist_date(now))
