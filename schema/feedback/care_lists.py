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
from schema.kernel import Info, Listing, Part, Position, Window, count_reader, page_reader
from store.appeals import appeals
from store.database import Transaction
from store.feedback import feedback, grievances, suggestions


def grievances_of_citizen(info: Info, citizen_id: str) -> Listing[Grievance]:
    """Her grievances, the newest first; empty for those who may not see them."""
    return Listing(
        f"grievances:{citizen_id}",
        page_reader(info, lambda tx, part: grievances.page_of_citizen(tx, citizen_id, **part.where), of_grievance),
        count_reader(info, lambda tx: grievances.count_of_citizen(tx, citizen_id)),
        lambda item: (item.created_at.isoformat(), item.id),
        GrievanceView.of,
    )


def appeals_of_citizen(info: Info, citizen_id: str) -> Listing[Appeal]:
    """Her appeals, the newest first; empty for those who may not see them."""
    return Listing(
        f"appeals:{citizen_id}",
        page_reader(info, lambda tx, part: appeals.page_of_citizen(tx, citizen_id, **part.where), of_appeal),
        count_reader(info, lambda tx: appeals.count_of_citizen(tx, citizen_id)),
        lambda item: (item.received_at.isoformat(), item.id),
        AppealView.of,
    )


def suggestions_of_author(info: Info, author_id: str) -> Listing[Suggestion]:
    """What one person suggested, the newest first; empty for others."""
    return Listing(
        f"suggestions:{author_id}",
        page_reader(info, lambda tx, part: suggestions.page_of_author(tx, author_id, **part.where), of_suggestion),
        count_reader(info, lambda tx: suggestions.count_of_author(tx, author_id)),
        lambda item: (item.created_at.isoformat(), item.id),
        SuggestionView.of,
    )


def grievances_of_office(info: Info, states: Collection[GrievanceState]) -> Listing[Grievance]:
    """Grievances of the asking officer's jurisdictions, the one that is due first at the top."""
    reach = _reach(info, ObjectKind.GRIEVANCE)

    async def read(tx: Transaction, part: Part) -> list[Grievance]:
        return await grievances.page(tx, reach, states, **part.where)

    return Listing(
        f"office-grievances:{info.context.subject.person_id}:{sorted(states)}",
        page_reader(info, read, of_grievance),
        count_reader(info, lambda tx: grievances.count_of(tx, reach, states)),
        lambda item: (item.due_at.isoformat(), item.id),
        GrievanceView.of,
    )


def suggestions_of_office(info: Info, states: Collection[Any]) -> Listing[Suggestion]:
    """Suggestions for the asking officer's departments, the newest first."""
    reach = _reach(info, ObjectKind.SUGGESTION)

    async def read(tx: Transaction, part: Part) -> list[Suggestion]:
        return await suggestions.page(tx, reach, states, **part.where)

    return Listing(
        f"office-suggestions:{info.context.subject.person_id}:{sorted(states)}",
        page_reader(info, read, of_suggestion),
        count_reader(info, lambda tx: suggestions.count_of(tx, reach, states)),
        lambda item: (item.created_at.isoformat(), item.id),
        SuggestionView.of,
    )


def feedback_of_office(info: Info) -> Listing[Feedback]:
    """Feedback on cases of the asking officer's departments, the newest first."""
    reach = _reach(info, ObjectKind.FEEDBACK)

    async def read(tx: Transaction, part: Part) -> list[Feedback]:
        return await feedback.page(tx, reach, **part.where)

    return Listing(
        f"office-feedback:{info.context.subject.person_id}",
        page_reader(info, read, of_feedback),
        count_reader(info, lambda tx: feedback.count_of(tx, reach)),
        lambda item: (item.created_at.isoformat(), item.application_id),
        lambda item: FeedbackView.of(info, item),
    )


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
