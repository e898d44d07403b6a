"""Hands a certificate or order to the citizen at a counter and marks the application as delivered."""

from dataclasses import dataclass
from datetime import datetime

from actions.kernel import PATH, Step, UnitOfWork, apply_transition, take_up, verb
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Move, Status
from domain.doorstep import OPEN, VisitPurpose
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Role, written_text
from store import doorstep
from store.applications import applications
from store.certificates import certificates

LONGEST_NOTE = 500
_READY = (Status.CERTIFICATE_ISSUED, Status.BENEFIT_SANCTIONED)


@dataclass(frozen=True, slots=True)
class HandOver:
    """A hand-over. `handed_over_at` is when it happened, for one that is recorded later; None is now."""

    application_id: str
    idempotency_key: str
    handed_over_at: datetime | None = None
    note: str | None = None
    expected_version: int | None = None


@verb(applications.get)
async def hand_over(acting: UnitOfWork, request: HandOver) -> Application:
    """Record that what was issued was handed over at the counter; True where it is a replay.

    For officers of the place and for the operator whom the citizen let serve her. Raises Problems:
    NOT_FOUND, CONFLICT, DATE_NOT_ALLOWED for a time before the issue or in the future, BAD_INPUT,
    TRANSITION_NOT_ALLOWED.
    """
    purpose = Purpose.ASSIST if Role.OPERATOR in acting.subject.roles else Purpose.DECIDE
    application = await take_up(acting, request.application_id, purpose, expected_version=request.expected_version)
    if application.status not in _READY or not await _at_counter(acting, application):
        params = {"status": application.status.value, "move": Move.DELIVER.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, PATH, params=params))
    note = written_text(request.note, "input", "note", longest=LONGEST_NOTE, required=False)
    at = request.handed_over_at or acting.now
    if not await _ready_at(acting, application) <= at <= acting.now:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "handedOverAt")))
    return await apply_transition(acting, application, Step(Move.DELIVER, note=note, changes={"delivered_at": at}))


async def _at_counter(acting: UnitOfWork, application: Application) -> bool:
    """Whether the paper waits at the counter: asked for there, or meant for the doorstep and no agent has it."""
    if application.delivery is DeliveryMode.DOORSTEP:
        visits = (await doorstep.of_applications(acting.tx, [application.id])).get(application.id, [])
        return not any(visit.purpose is VisitPurpose.DELIVERY and visit.state in OPEN for visit in visits)
    return application.delivery is DeliveryMode.COUNTER


async def _ready_at(acting: UnitOfWork, application: Application) -> datetime:
    issued = (await certificates.of_applications(acting.tx, [application.id])).get(application.id)
    decided = application.decision.decided_at if application.decision else application.updated_at
    return issued.created_at if issued else decided
