"""The legal clock of one application: its start, its pauses, and the due date that follows.

The due date is fixed when the clock starts and moves by pauses, which give back the days that were left
(docs/contracts/right_to_service.md section 3.2). What a calendar that is imported later makes of it is counted in
actions/appeals/due_dates.py.
"""

from datetime import date, datetime, timedelta
from typing import Any

from actions.kernel.unit_of_work import UnitOfWork
from domain.appeals.appeals import Appeal
from domain.applications.applications import Application, Decision
from domain.applications.deadline import (
    OfficeWeek,
    Pause,
    TimeLimit,
    WorkCalendar,
    breaches_at,
    days_left,
    due_if_answered,
    due_on,
    end_of_day,
)
from domain.applications.lifecycle import Move, Status
from domain.catalogue.catalogue import Service
from domain.clearances import Clearance
from domain.kernel import ist_date
from store.catalogue import calendar as calendars

_ENDS_CLOCK = frozenset(
    {Move.ISSUE_CERTIFICATE, Move.SANCTION_BENEFIT, Move.DELIVER, Move.REJECT, Move.RETURN_AS_INCOMPLETE, Move.WITHDRAW}
)
"""The result is made available, refused by a reasoned order, or not wanted any more."""

_AVAILABLE = frozenset({Status.CERTIFICATE_ISSUED, Status.BENEFIT_SANCTIONED})


async def calendar_of(acting: UnitOfWork) -> WorkCalendar:
    """The calendar that was imported last, also where this process was started before."""
    return await acting.load_once("calendar", lambda: _latest(acting))


async def office_calendar(acting: UnitOfWork, about: Application | Appeal | Clearance) -> WorkCalendar:
    """The same by the working week of the office that has a case."""
    return (await calendar_of(acting)).for_week(acting.env.rules.week_of(about.department, about.district))


async def last_day_for_her(acting: UnitOfWork, since: date, days: int, about: Application | Appeal) -> date:
    """The last day of a period of the citizen's own, in calendar days after `since`.

    What ends on a shut day ends on the next open one (docs/contracts/right_to_service.md section 3.1).
    """
    calendar = await office_calendar(acting, about)
    return calendar.first_working_day(since + timedelta(days=days), about.district)


async def _latest(acting: UnitOfWork) -> WorkCalendar:
    latest = await calendars.latest_version(acting.tx)
    known = acting.env.work_calendar
    if latest in (None, known.version):
        return known
    return await calendars.work_calendar(acting.tx, latest)


async def start_changes(
    acting: UnitOfWork, application: Application, service: Service, *, paid_at: datetime | None = None
) -> dict[str, Any]:
    """The changes by which the clock starts: a complete application is in, with its fee.

    With a fee it starts when the citizen paid, however late that is heard of, but not before the application came in.
    Without a known limit there is no due date.
    """
    calendar = await office_calendar(acting, application)
    started_at = acting.now
    if paid_at is not None:
        started_at = min(max(paid_at, application.submitted_at or paid_at), acting.now)
    limit = TimeLimit(service.limit_days, service.limit_unit, calendar.counted_by)
    due = due_on(ist_date(started_at), limit, calendar, district=application.district)
    return {"limit": limit, "clock_started_at": started_at, "due_at": None if due is None else end_of_day(due)}


async def pause_changes(acting: UnitOfWork, application: Application, *, for_fee: bool = False) -> dict[str, Any]:
    """The changes by which the clock stops while a query is with the citizen, with the days that were left.

    A limit that is breached already runs on; so does one that an order on appeal set, but `for_fee`, while a fee that
    fell due with the approval is not paid.
    """
    limit, due_at = application.limit, application.due_at
    if limit is not None and limit.by_order and not for_fee:
        return {}
    if limit is None or due_at is None:
        return {"paused_since": acting.now}
    if has_breached(acting.now, due_at):
        return {}
    calendar, district = await office_calendar(acting, application), application.district
    left = days_left(ist_date(due_at), acting.today, limit.unit, calendar, district=district)
    return {"paused_since": acting.now, "paused_left": left}


async def resume_changes(
    acting: UnitOfWork, application: Application, *, paid_at: datetime | None = None
) -> dict[str, Any]:
    """The changes by which the clock continues: what was left is counted anew from today, or from when she paid."""
    since, due_at, limit = application.paused_since, application.due_at, application.limit
    if since is None:
        return {}
    replied = ist_date(min(max(paid_at or acting.now, since), acting.now))
    lawful_due_at = application.lawful_due_at
    if due_at is not None and limit is not None:
        calendar, district = await office_calendar(acting, application), application.district

        def move_on(due: datetime, left: int | None) -> datetime:
            pause = Pause(since, left)
            day = due_if_answered(ist_date(due), replied, pause, limit.unit, calendar, district=district)
            return end_of_day(day)

        due_at = move_on(due_at, application.paused_left)
        lawful_due_at = None if lawful_due_at is None else later_than(due_at, move_on(lawful_due_at, None))
    days = max((replied - ist_date(since)).days, 0)
    return {
        "paused_since": None,
        "paused_left": None,
        "paused_days": application.paused_days + days,
        "due_at": due_at,
        "lawful_due_at": lawful_due_at,
    }


def later_than(promised: datetime, lawful: datetime) -> datetime | None:
    """The lawful due instant where it is later than the promised one; else None, as then they are the same."""
    return lawful if lawful > promised else None


def end_changes(acting: UnitOfWork, application: Application, move: Move, decision: Decision | None) -> dict[str, Any]:
    """The changes by which a step ends the clock; nothing where it ended before, as with a hand-over after the issue.

    A decision that was signed without a connection ends it at that instant (docs/contracts/right_to_service.md section
    3.4). A result that an earlier release made available bears no such instant: it was its last change.
    """
    if move not in _ENDS_CLOCK or application.clock_ended_at is not None:
        return {}
    if decision is not None and decision.signed_at is not None and move is not Move.WITHDRAW:
        return {"clock_ended_at": decision.signed_at}
    return {"clock_ended_at": application.updated_at if application.status in _AVAILABLE else acting.now}


def has_breached(now: datetime, due_at: datetime) -> bool:
    """Whether the first second after the due instant has come."""
    return now >= breaches_at(due_at)


def furthest(calendar: WorkCalendar, today: date, days: int) -> date:
    """The latest day that is so many working days ahead in any office."""
    districts = {None, *(district for places in calendar.holidays.values() for district in places)}
    weeks = [calendar.for_week(week) for week in OfficeWeek]
    return max(one.add_working_days(today, days, district) for one in weeks for district in districts)
