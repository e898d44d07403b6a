"""Hands a certificate or order to the citizen at a counter and marks the application as delivered."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from actions.kernel import (
    PATH,
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    conflict_problem,
    of_application,
    present,
    require,
    run_idempotently,
)
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Move, Status
from domain.doorstep import OPEN, VisitPurpose
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Role, Subject, not_found
from store import doorstep
from store.applications import applications
from store.certificates import certificates
from store.database import Transaction

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


async def hand_over(env: Environment, subject: Subject, request: HandOver) -> tuple[Application, bool]:
    """Record that what was issued was handed over at the counter; True where it is a replay.

    For officers of the place and for the operator whom the citizen let serve her. Raises Problems:
    NOT_FOUND, CONFLICT, DATE_NOT_ALLOWED for a time before the issue or in the future, BAD_INPUT,
    TRANSITION_NOT_ALLOWED.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": (await give(UnitOfWork(env, tx, subject), request)).id}

    handed = request.handed_over_at.isoformat() if request.handed_over_at else None
    body = {**asdict(request), "handed_over_at": handed}
    answer, replayed = await run_idempotently(
        env, subject, "handOver", key=request.idempotency_key, body=body, work=work
    )
    return await present(env, answer["id"]), replayed


async def give(acting: UnitOfWork, request: HandOver) -> Application:
    """The inner step of a hand-over, in the caller's transaction."""
    application = await _taken_up(acting, request)
    if application.status not in _READY or not await _at_counter(acting, application):
        params = {"status": application.status.value, "move": Move.DELIVER.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, PATH, params=params))
    note = (request.note or "").strip()
    if len(note) > LONGEST_NOTE:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "note"), params={"longest": str(LONGEST_NOTE)}))
    at = request.handed_over_at or acting.now
    if not await _ready_at(acting, application) <= at <= acting.now:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "handedOverAt")))
    return await apply_transition(
        acting, application, Step(Move.DELIVER, note=note or None, changes={"delivered_at": at})
    )


async def _taken_up(acting: UnitOfWork, request: HandOver) -> Application:
    application = await applications.get(acting.tx, request.application_id)
    if application is None:
        raise not_found(*PATH)
    purpose = Purpose.ASSIST if Role.OPERATOR in acting.subject.roles else Purpose.DECIDE
    await require(acting.env, acting.tx, acting.subject, of_application(application), purpose, path=PATH)
    if request.expected_version is not None and request.expected_version != application.version:
        raise conflict_problem(application.version, application.status.value)
    return application


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
