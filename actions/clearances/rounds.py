"""Reminds departments of clearances before they are due, and escalates those that are overdue."""

from dataclasses import replace

from actions.kernel import BATCH, UnitOfWork, at_level, calendar_of, escalation, furthest, office_calendar, place_of
from domain.applications.deadline import end_of_day
from domain.clearances import Clearance, EscalationKind
from domain.kernel import OfficerLevel, ist_date
from store import clearances
from store.applications import applications


async def remind_of_clearances(acting: UnitOfWork) -> tuple[int, int]:
    """Mark what is due within the last working days as reminded of; it is shown to the department that was asked."""
    acting = acting.with_cache()
    calendar, days = await calendar_of(acting), acting.env.rules.law.last_warning_working_days.value
    until = end_of_day(furthest(calendar, acting.today, days))
    found = await clearances.to_be_reminded(acting.tx, since=acting.now, until=until, limit=BATCH)
    soon = 0
    for one in found:
        office = await office_calendar(acting, one)
        if office.working_days_between(acting.today, ist_date(one.due_at), one.district) <= days:
            await clearances.note_reminder(acting.tx, replace(one, reminded_at=acting.now))
            soon += 1
    return len(found), soon


async def escalate_clearances(acting: UnitOfWork) -> tuple[int, int]:
    """Put what is overdue before the level above of the asked department, and warn the officer who has the case."""
    found = await clearances.to_be_escalated(acting.tx, before=acting.now, limit=BATCH)
    for one in found:
        await _escalate(acting, one)
    return len(found), len(found)


async def _escalate(acting: UnitOfWork, one: Clearance) -> None:
    above = await at_level(acting, (one.department, one.district, one.tehsil, None), OfficerLevel.FIRST_APPELLATE)
    await clearances.note_reminder(acting.tx, replace(one, escalated_at=acting.now, escalated_to=above))
    application = await applications.get(acting.tx, one.application_id)
    if application is None:
        return
    kind, officer_id = EscalationKind.CLEARANCE_OVERDUE, application.officer_id
    above = await at_level(acting, place_of(application), OfficerLevel.FIRST_APPELLATE)
    warning = escalation(acting, one, kind, officer_id, above, due_at=one.due_at)
    await clearances.warn(acting.tx, warning)
