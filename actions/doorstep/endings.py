"""Ends visits with a step of their application, or gives an inspection to the officer who has the case from then on."""

from dataclasses import replace

from actions.feedback.notices import tell_of_visit
from actions.kernel import Transition, UnitOfWork, note, of_visit
from domain.applications import lifecycle
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Move, Status
from domain.doorstep import OPEN, Visit, VisitMove, VisitPurpose, advance
from domain.feedback.notices import NoticeKind
from domain.identity.policy import Purpose
from store import doorstep as kept
from store.database import locks

_PICK_UP = frozenset({*lifecycle.WITH_OFFICER, Status.FEE_PENDING, Status.QUERY_RAISED})


def is_due(application: Application, purpose: VisitPurpose) -> bool:
    """A certificate to deliver, papers to collect while the case is with the office, or an inspection in the field."""
    if purpose is VisitPurpose.INSPECTION:
        return application.status is Status.IN_VERIFICATION
    if purpose is VisitPurpose.PICK_UP:
        return application.status in _PICK_UP
    return application.delivery is DeliveryMode.DOORSTEP and application.status is Status.CERTIFICATE_ISSUED


async def hold_visits(acting: UnitOfWork, application_id: str) -> None:
    """No visit of an application is booked while it is closed, nor the other way round."""
    await locks.lock_exclusive(acting.tx, "visits", application_id)


async def end_visits(acting: UnitOfWork, transition: Transition) -> None:
    """Cancel booked visits that are no longer due, under way or not; frees the slot and notifies the citizen.

    A field report ends the inspection, which no query or clearance before it cancels; one that is still to come is
    cancelled. With another officer the inspection stays and is that officer's.
    """
    before, application = transition.before, transition.after
    if before is not None and before.officer_id not in (None, application.officer_id):
        await _give_inspection(acting, application)
    reported = transition.move is Move.REPORT_VERIFICATION
    if before is None or before.status is application.status or (application.status in _PICK_UP and not reported):
        return
    await hold_visits(acting, application.id)
    for visit in (await kept.of_applications(acting.tx, [application.id])).get(application.id, []):
        if visit.state not in OPEN or is_due(application, visit.purpose):
            continue
        if reported and visit.purpose is VisitPurpose.INSPECTION and visit.slot.starts_at <= acting.now:
            done = replace(visit, state=advance(visit.state, VisitMove.INSPECT), closed_at=acting.now)
            await note(
                acting, "visit.inspect", of_visit(await kept.save(acting.tx, done, visit.version)), Purpose.DECIDE
            )
            continue
        await call_off_visit(acting, visit, application.number)


async def call_off_visit(acting: UnitOfWork, visit: Visit, number: str) -> None:
    """Cancel an open visit of the application with a number, under way or not, and tell the citizen."""
    state = advance(visit.state, VisitMove.CALL_OFF)
    over = replace(visit, state=state, otp=None, otp_hash=None, closed_at=acting.now)
    saved = await kept.save(acting.tx, over, visit.version)
    await note(acting, "visit.call_off", of_visit(saved), Purpose.DELIVER, state=state.value)
    await tell_of_visit(acting, saved, NoticeKind.VISIT_CANCELLED, number)


async def _give_inspection(acting: UnitOfWork, application: Application) -> None:
    """Let the present officer come to the inspection that is booked; it is cancelled where nobody has the case."""
    await hold_visits(acting, application.id)
    for visit in (await kept.of_applications(acting.tx, [application.id])).get(application.id, []):
        if visit.state not in OPEN or visit.purpose is not VisitPurpose.INSPECTION:
            continue
        if application.officer_id is None:
            await call_off_visit(acting, visit, application.number)
            continue
        saved = await kept.save(acting.tx, replace(visit, agent_id=application.officer_id), visit.version)
        await note(acting, "visit.assign", of_visit(saved), Purpose.DECIDE, agent=saved.agent_id)
