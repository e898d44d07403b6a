"""What feedback, grievances, suggestions and visits share: access by the case, and the audit line."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any, TypeVar

from actions.kernel.access import of_application, require_one
from actions.kernel.environment import Environment
from actions.kernel.idempotency import run_idempotently
from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application
from domain.catalogue.catalogue import Service
from domain.doorstep import Visit
from domain.feedback.feedback import Feedback, Suggestion
from domain.feedback.grievances import Grievance
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Subject, not_found, rate_limited
from domain.rosters.rosters import Roster, RosterRow
from store.applications import applications
from store.catalogue import catalogue
from store.database import NotThere, Transaction, audit

Thing = TypeVar("Thing", Grievance, Suggestion)
DAY_SECONDS = 86_400
_APPLICATION = ("input", "applicationId")


def of_feedback(feedback: Feedback) -> Resource:
    """What access to feedback depends on."""
    return Resource(
        ObjectKind.FEEDBACK,
        feedback.application_id,
        feedback.citizen_id,
        feedback.department,
        feedback.district,
        feedback.tehsil,
    )


def of_grievance(grievance: Grievance) -> Resource:
    """What access to a grievance depends on."""
    return Resource(
        ObjectKind.GRIEVANCE,
        grievance.id,
        grievance.citizen_id,
        grievance.department,
        grievance.district,
        grievance.tehsil,
    )


def of_suggestion(suggestion: Suggestion) -> Resource:
    """What access to a suggestion depends on."""
    return Resource(
        ObjectKind.SUGGESTION,
        suggestion.id,
        suggestion.citizen_id,
        suggestion.department,
        suggestion.district,
        person_id=suggestion.officer_id,
    )


def of_visit(visit: Visit) -> Resource:
    """What access to a doorstep visit depends on; its agent is the one to whom it is assigned."""
    return Resource(
        ObjectKind.VISIT,
        visit.id,
        visit.citizen_id,
        visit.department,
        visit.district,
        visit.tehsil,
        person_id=visit.agent_id,
    )


def of_row(roster: Roster, row: RosterRow) -> Resource:
    """What access to a row depends on: the school or camp, and nothing that an officer could be posted to."""
    return Resource(ObjectKind.ROSTER_ROW, row.id, row.citizen_id, place=roster.centre_code)


async def case_for(
    acting: UnitOfWork, application_id: str, kind: ObjectKind, *purposes: Purpose, path: tuple[str, ...] = _APPLICATION
) -> Application:
    """The application, for one who may have such a thing on it; raises NOT_FOUND."""
    application = await applications.get(acting.tx, application_id)
    if application is None:
        raise not_found(*path)
    resource = replace(of_application(application), kind=kind)
    await require_one(acting.env, acting.tx, acting.subject, resource, purposes, path=path)
    return application


async def known_service(acting: UnitOfWork, code: str) -> Service:
    """The service with a code, open or not; raises SERVICE_UNKNOWN."""
    service = await catalogue.service(acting.tx, code)
    if service is None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN, ("input", "serviceCode")))
    return service


async def once_about(
    env: Environment,
    subject: Subject,
    operation: str,
    request: Any,
    work: Callable[[UnitOfWork], Awaitable[Thing]],
    *,
    read: Callable[[Transaction, str], Awaitable[Thing | None]],
) -> tuple[Thing, bool]:
    """Run a verb once for the key of its request, and give what it is about as it now is; True for a replay.

    Raises what `work` and `once` raise, and NotThere.
    """

    async def in_transaction(tx: Transaction) -> dict[str, Any]:
        return {"id": (await work(UnitOfWork(env, tx, subject))).id}

    answered, replayed = await run_idempotently(
        env, subject, operation, key=request.idempotency_key, body=asdict(request), work=in_transaction
    )
    async with env.store.read_transaction() as tx:
        present = await read(tx, answered["id"])
    if present is None:
        raise NotThere("what a verb is about")
    return present, replayed


def refuse_flood(count: int, most: int) -> None:
    """Raise RATE_LIMITED where somebody wrote as much as one may in a day."""
    if count >= most:
        raise rate_limited(DAY_SECONDS, "input")


async def note(acting: UnitOfWork, action: str, resource: Resource, purpose: Purpose, **detail: Any) -> None:
    """The audit line of a step; `detail` holds codes only, never texts."""
    line = audit.AuditLine(
        actor_label=acting.subject.label,
        action=action,
        object_kind=resource.kind.value,
        object_id=resource.id,
        purpose=purpose.value,
        detail=detail,
    )
    await audit.append(acting.tx, line)
