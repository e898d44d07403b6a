"""Lists of feedback, grievances and suggestions: a person's own, and those of an office."""

from collections.abc import Collection
from datetime import date
from typing import Any

from actions.doorstep.views import VisitTask, count_visit_tasks, visit_tasks
from actions.kernel import of_appeal, of_feedback, of_grievance, of_suggestion, permitted_postings
from domain.appeals.appeals import Appeal
from domain.doorstep import VisitState
from domain.feedback.feedback import Feedback, Suggestion
from domain.feedback.grievances import Grievance, GrievanceState
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Posting
from schema.appeals.types import Appeal as AppealView
from schema.doorstep.types import AgentVisit
from schema.feedback.grievances import Grievance as GrievanceView
from schema.feedback.suggestions import Suggestion as SuggestionView
from schema.feedback.types import Feedback as FeedbackView
from schema.kernel import Info, Listing, Position, Window, stored_listing
from store.appeals import appeals
from store.feedback import feedback, grievances, suggestions


def grievances_of_citizen(info: Info, citizen_id: str) -> Listing[Grievance]:
    """Her grievances, the newest first; empty for those who may not see them."""
    found = grievances.of_citizen(citizen_id)
    return stored_listing(info, f"grievances:{citizen_id}", found, GrievanceView.of, resource=of_grievance)


def appeals_of_citizen(info: Info, citizen_id: str) -> Listing[Appeal]:
    """Her appeals, the newest first; empty for those who may not see them."""
    found = appeals.of_citizen(citizen_id)
    return stored_listing(info, f"appeals:{citizen_id}", found, AppealView.of, resource=of_appeal)


def suggestions_of_author(info: Info, author_id: str) -> Listing[Suggestion]:
    """What one person suggested, the newest first; empty for others."""
    found = suggestions.of_author(author_id)
    return stored_listing(info, f"suggestions:{author_id}", found, SuggestionView.of, resource=of_suggestion)


def grievances_of_office(info: Info, states: Collection[GrievanceState]) -> Listing[Grievance]:
    """Grievances of the asking officer's jurisdictions, the one that is due first at the top."""
    found = grievances.of_office(_reach(info, ObjectKind.GRIEVANCE), states)
    name = f"office-grievances:{info.context.subject.person_id}:{sorted(states)}"
    return stored_listing(info, name, found, GrievanceView.of, resource=of_grievance)


def suggestions_of_office(info: Info, states: Collection[Any]) -> Listing[Suggestion]:
    """Suggestions for the asking officer's departments, the newest first."""
    found = suggestions.of_office(_reach(info, ObjectKind.SUGGESTION), states)
    name = f"office-suggestions:{info.context.subject.person_id}:{sorted(states)}"
    return stored_listing(info, name, found, SuggestionView.of, resource=of_suggestion)


def feedback_of_office(info: Info) -> Listing[Feedback]:
    """Feedback on cases of the asking officer's departments, the newest first."""
    found = feedback.of_office(_reach(info, ObjectKind.FEEDBACK))
    name = f"office-feedback:{info.context.subject.person_id}"
    return stored_listing(info, name, found, lambda item: FeedbackView.of(info, item), resource=of_feedback)


def visits_of_agent(info: Info, states: Collection[VisitState]) -> Listing[VisitTask]:
    """The asking agent's own visits, the earliest day first; empty for everybody else."""
    environment, subject = info.context.environment, info.context.subject

    async def rows(window: Window) -> list[VisitTask]:
        place = window.place
        known = None if place is None else (date.fromisoformat(str(place[0])), place[1])
        return await visit_tasks(
            environment, subject, states, place=known, backward=window.backward, limit=window.size + 1
        )

    async def count() -> int:
        return await count_visit_tasks(environment, subject, states)

    return Listing(f"visits:{subject.person_id}:{sorted(states)}", rows, count, _day, AgentVisit.of)


def _day(errand: VisitTask) -> Position:
    return errand.visit.slot.on.isoformat(), errand.visit.id


def _reach(info: Info, kind: ObjectKind) -> list[Posting]:
    return permitted_postings(info.context.subject, kind, Purpose.RESPOND)
