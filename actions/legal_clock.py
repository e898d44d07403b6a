"""The legal clock of one application: its start, its pauses, and the due date that follows."""

from typing import Any

from actions.acting import Acting
from domain.applications import Application
from domain.catalogue import Service
from domain.clock import ist_date
from domain.deadline import TimeLimit, due_on, end_of_day


def started(acting: Acting, application: Application, service: Service) -> dict[str, Any]:
    """The changes by which the clock starts: a complete application is in, with its fee.

    Without a known limit there is no due date.
    """
    limit = TimeLimit(service.limit_days, service.limit_unit, acting.env.calendar.version)
    due = due_on(acting.today, limit, acting.env.calendar, district=application.district)
    return {"limit": limit, "clock_started_at": acting.now, "due_at": None if due is None else end_of_day(due)}


def paused(acting: Acting) -> dict[str, Any]:
    """The changes by which the clock stops while a query is with the citizen."""
    return {"paused_since": acting.now}


def resumed(acting: Acting, application: Application) -> dict[str, Any]:
    """The changes by which the clock goes on: the calendar days of the pause are added to the due date."""
    days = application.paused_days
    if application.paused_since is not None:
        days += (acting.today - ist_date(application.paused_since)).days
    return {"paused_since": None, "paused_days": days, "due_at": _due(acting, application, days)}


def _due(acting: Acting, application: Application, paused_days: int) -> Any:
    if application.limit is None or application.clock_started_at is None:
        return None
    start = ist_date(application.clock_started_at)
    due = due_on(start, application.limit, acting.env.calendar, district=application.district, paused_days=paused_days)
    return None if due is None else end_of_day(due)
