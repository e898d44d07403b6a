"""The inner steps of clearances and field reports, in the caller's transaction."""

from dataclasses import replace
from datetime import datetime

from actions.kernel import UnitOfWork
from domain.applications.applications import Application
from domain.clearances import Clearance, ClearanceState, Photo, Place, VerificationReport
from domain.kernel import ErrorCode, Problem, Problems, mask_aadhaar_in
from store import clearances

_VERDICT = ("input", "verdict")


async def refuse_while_pending(
    acting: UnitOfWork, application: Application, reason: str | None, path: tuple[str, ...] = _VERDICT
) -> None:
    """An approval waits for the clearances that are not overdue, and explains those that were refused.

    Raises CLEARANCE_PENDING at the path, or REASON_REQUIRED where a department refused and no reason is written.
    """
    asked = (await clearances.of_applications(acting.tx, [application.id])).get(application.id, [])
    pending = [one for one in asked if one.state is ClearanceState.ASKED and one.due_at >= acting.now]
    if pending:
        raise Problems(Problem(ErrorCode.CLEARANCE_PENDING, path, params={"department": pending[0].department}))
    if not reason and any(one.state is ClearanceState.REFUSED for one in asked):
        path = ("input", "reason") if path == _VERDICT else path
        raise Problems(Problem(ErrorCode.REASON_REQUIRED, path))


async def let_lapse(acting: UnitOfWork, application: Application) -> None:
    """What other departments still owe is given up: the application is decided without it."""
    for one in (await clearances.of_applications(acting.tx, [application.id])).get(application.id, []):
        if one.state is ClearanceState.ASKED:
            await clearances.settle(acting.tx, replace(one, state=ClearanceState.LAPSED, answered_at=acting.now))


async def enter_report(
    acting: UnitOfWork,
    application: Application,
    text: str,
    *,
    photos: tuple[Photo, ...] = (),
    place: Place | None = None,
    tehsil: str | None = None,
    observed_at: datetime | None = None,
) -> VerificationReport:
    """Keep a field report of the officer who acts."""
    report = VerificationReport(
        id=acting.env.ids.key(),
        citizen_id=application.citizen_id,
        application_id=application.id,
        officer_id=acting.subject.person_id,
        text=mask_aadhaar_in(text),
        photos=photos,
        place=place,
        observed_at=observed_at or acting.now,
        reported_at=acting.now,
        tehsil=tehsil,
    )
    await clearances.add_report(acting.tx, report)
    return report


def with_answer(acting: UnitOfWork, clearance: Clearance, *, granted: bool, text: str) -> Clearance:
    """The clearance as an officer of the asked department answered it."""
    return replace(
        clearance,
        state=ClearanceState.GRANTED if granted else ClearanceState.REFUSED,
        answer=mask_aadhaar_in(text),
        answered_by=acting.subject.person_id,
        answered_at=acting.now,
    )
