"""The legal clock of one application: its start, its pauses, and the due date that follows.

The due date is fixed when the clock starts and moves only by pauses, in whole days. A calendar that is imported later
does not move it: the recount of docs/contracts/right_to_service.md section 3.3 is not built yet.
"""

from datetime import date, datetime, timedelta
from typing import Any

from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application
from domain.applications.deadline import TimeLimit, WorkCalendar, breaches_at, due_on, end_of_day
from domain.catalogue.catalogue import Service
from domain.kernel import ist_date
from store.catalogue import calendar as calendars


async def calendar_of(acting: UnitOfWork) -> WorkCalendar:
    """The calendar that was imported last, also where this process was started before."""
    return await acting.load_once("calendar", lambda: _latest(acting))


async def _latest(acting: UnitOfWork) -> WorkCalendar:
    latest = await calendars.latest_version(acting.tx)
    known = acting.env.work_calendar
    if latest in (None, known.version):
        return known
    return await calendars.work_calendar(acting.tx, latest)


async def start_changes(acting: UnitOfWork, application: Application, service: Service) -> dict[str, Any]:
    """The changes by which the clock starts: a complete application is in, with its fee.

    Without a known limit there is no due date.
    """
    calendar = await calendar_of(acting)
    limit = TimeLimit(service.limit_days, service.limit_unit, calendar.version)
    due = due_on(acting.today, limit, calendar, district=application.district)
    return {"limit": limit, "clock_started_at": acting.now, "due_at": None if due is None else end_of_day(due)}


def pause_changes(acting: UnitOfWork, application: Application) -> dict[str, Any]:
    """The changes by which the clock stops while a query is with the citizen.

    A limit that is breached already, or that an order on appeal set, runs on.
    """
    if application.limit is not None and application.limit.by_order:
        return {}
    if application.due_at is not None and has_breached(acting.now, application.due_at):
        return {}
    return {"paused_since": acting.now}


def resume_changes(acting: UnitOfWork, application: Application) -> dict[str, Any]:
    """The changes by which the clock continues: the calendar days of the pause are added to the due date."""
    if application.paused_since is None:
        return {}
    days = max((acting.today - ist_date(application.paused_since)).days, 0)
    due = application.due_at
    return {
        "paused_since": None,
        "paused_days": application.paused_days + days,
        "due_at": None if due is None else end_of_day(ist_date(due) + timedelta(days=days)),
    }


def has_breached(now: datetime, due_at: datetime) -> bool:
    """Whether the first second after the due instant has come."""
    return now >= breaches_at(due_at)


def furthest(calendar: WorkCalendar, today: date, days: int) -> date:
    """The latest day that is so many working days ahead in any district."""
    districts = {district for places in calendar.holidays.values() for district in places}
    return max(calendar.add_working_days(today, days, district) for district in (None, *sorted(districts)))
