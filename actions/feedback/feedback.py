"""Records a citizen's feedback on a decided application, and averages it by service."""

from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import timedelta

from actions.kernel import Environment, UnitOfWork, case_for, note, of_feedback, permitted_postings, run_request
from domain.applications.applications import Application
from domain.feedback.feedback import Feedback, ServiceLevel, check_may_change, check_rating, moderate_text
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject
from store.database import VersionConflict
from store.feedback import feedback as kept

LONGEST_PERIOD = 3650
"""Days that an average may reach back."""


@dataclass(frozen=True, slots=True)
class GiveFeedback:
    """One to five stars and a text on an application that was decided; without a text (None) the one before stays."""

    application_id: str
    rating: int
    text: str | None
    idempotency_key: str


async def give_feedback(env: Environment, subject: Subject, request: GiveFeedback) -> tuple[Feedback, bool]:
    """Keep her feedback, or change it within the days of the setting. True where it is a replay.

    Raises Problems: NOT_FOUND, FEEDBACK_TOO_EARLY, FEEDBACK_CLOSED, BAD_INPUT.
    """

    async def step(acting: UnitOfWork, _: GiveFeedback) -> str:
        return (await record_feedback(acting, request)).application_id

    return await run_request(env, subject, "giveFeedback", request, step, read=kept.get)


async def record_feedback(acting: UnitOfWork, request: GiveFeedback) -> Feedback:
    """The inner step, in the caller's transaction."""
    application = await case_for(acting, request.application_id, ObjectKind.FEEDBACK, Purpose.APPLY)
    check_rating(request.rating)
    text = moderate_text(request.text, "input", "text", required=False)
    if application.decision is None:
        raise Problems(Problem(ErrorCode.FEEDBACK_TOO_EARLY, ("input", "applicationId")))
    before = await kept.get(acting.tx, application.id)
    if before is None:
        feedback = _new_feedback(acting, application, request.rating, text)
        if not await kept.add(acting.tx, feedback):
            raise VersionConflict(application.version, application.status.value)
    else:
        check_may_change(before, acting.now, acting.env.rules.care.feedback_edit_days)
        text = before.text if request.text is None else text
        feedback = changed(before, rating=request.rating, text=text, updated_at=acting.now)
        await kept.replace(acting.tx, feedback)
    action = "feedback.give" if before is None else "feedback.change"
    await note(acting, action, of_feedback(feedback), Purpose.APPLY, rating=feedback.rating)
    return feedback


async def service_levels(env: Environment, subject: Subject, days: int) -> list[ServiceLevel]:
    """The average rating of each service at each officer, for auditors and for departments; empty for others.

    `days` is how far back. Raises NotSignedIn, BAD_INPUT.
    """
    subject.require_signed_in()
    if not 1 <= days <= LONGEST_PERIOD:
        params = {"least": "1", "most": str(LONGEST_PERIOD)}
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("days",), params=params))
    reach = permitted_postings(subject, ObjectKind.RATING, Purpose.AUDIT)
    if not reach:
        return []
    return await env.store.read(lambda tx: kept.levels(tx, reach, env.clock.now() - timedelta(days=days)))


def _new_feedback(acting: UnitOfWork, application: Application, rating: int, text: str | None) -> Feedback:
    return Feedback(
        application_id=application.id,
        citizen_id=application.citizen_id,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        tehsil=application.tehsil,
        officer_id=application.decision.officer_id if application.decision else None,
        rating=rating,
        text=text,
        created_at=acting.now,
        updated_at=acting.now,
    )
