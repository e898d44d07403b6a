"""What feedback, grievances, suggestions and visits share: access by the case, and the audit line."""

from dataclasses import replace
from typing import Any

from actions.kernel.access import of_application, require_thing
from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application
from domain.catalogue.catalogue import Service
from domain.doorstep import Visit
from domain.feedback.feedback import Feedback, Suggestion
from domain.feedback.grievances import Grievance
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, rate_limited
from domain.rosters.rosters import Roster, RosterRow
from store.applications import applications
from store.catalogue import catalogue

DAY_SECONDS = 86_400
_APPLICATION = ("input", "applicationId")


def of_feedback(feedback: Feedback) -> Resource:
    """What access to feedback depends on."""
    return Resource.of(ObjectKind.FEEDBACK, feedback.application_id, feedback)


def of_grievance(grievance: Grievance) -> Resource:
    """What access to a grievance depends on."""
    return Resource.of(ObjectKind.GRIEVANCE, grievance.id, grievance)


def of_suggestion(suggestion: Suggestion) -> Resource:
    """What access to a suggestion depends on."""
    return Resource.of(ObjectKind.SUGGESTION, suggestion.id, suggestion, person_id=suggestion.officer_id)


def of_visit(visit: Visit) -> Resource:
    """What access to a doorstep visit depends on; its agent is the one to whom it is assigned."""
    return Resource.of(ObjectKind.VISIT, visit.id, visit, person_id=visit.agent_id)


def of_row(roster: Roster, row: RosterRow) -> Resource:
    """What access to a row depends on: the school or camp, and nothing that an officer could be posted to."""
    return Resource(ObjectKind.ROSTER_ROW, row.id, row.citizen_id, place=roster.centre_code)


async def case_for(
    acting: UnitOfWork, application_id: str, kind: ObjectKind, *purposes: Purpose, path: tuple[str, ...] = _APPLICATION
) -> Application:
    """The application, for one who may have such a thing on it; raises NOT_FOUND."""
    application = await applications.get(acting.tx, application_id)
    return await require_thing(
        acting, application, lambda found: replace(of_application(found), kind=kind), *purposes, path=path
    )


async def known_service(acting: UnitOfWork, code: str) -> Service:
    """The service with a code, open or not; raises SERVICE_UNKNOWN."""
    service = await catalogue.service(acting.tx, code)
    if service is None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN, ("input", "serviceCode")))
    return service


def refuse_flood(count: int, most: int) -> None:
    """Raise RATE_LIMITED where somebody wrote as much as one may in a day."""
    if count >= most:
        raise rate_limited(DAY_SECONDS, "input")


async def note(acting: UnitOfWork, action: str, resource: Resource, purpose: Purpose, **detail: Any) -> None:
    """The audit line of a step; `detail` holds codes only, never texts."""
    await acting.record(action, resource.kind, resource.id, purpose, **detail)
