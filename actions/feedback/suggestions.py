"""Suggestions about a service, by citizens and by officers, and the department's reply."""

from dataclasses import dataclass, replace
from datetime import timedelta

from actions.feedback.notices import About, tell
from actions.kernel import (
    DAY_SECONDS,
    Environment,
    UnitOfWork,
    known_service,
    note,
    of_suggestion,
    refuse_flood,
    refuse_other_version,
    require_one,
    require_thing,
    run_request,
)
from domain.feedback.feedback import Suggestion, SuggestionState, moderate_text, replied_state
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Subject
from store.catalogue import catalogue
from store.database import locks
from store.feedback import suggestions as kept

_PATH = ("input", "suggestionId")


@dataclass(frozen=True, slots=True)
class MakeSuggestion:
    """A proposal about a service; the district is a code of the catalogue."""

    service_code: str
    district: str | None
    text: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ReplyToSuggestion:
    """The department's reply to a suggestion, and the state after it."""

    suggestion_id: str
    state: SuggestionState
    text: str
    idempotency_key: str
    expected_version: int | None = None


async def make_suggestion(env: Environment, subject: Subject, request: MakeSuggestion) -> tuple[Suggestion, bool]:
    """Keep a suggestion; true where it is a replay.

    Raises Problems: FORBIDDEN for one who is neither citizen nor officer, SERVICE_UNKNOWN, PLACE_UNKNOWN,
    REASON_REQUIRED, BAD_INPUT, RATE_LIMITED.
    """
    return await run_request(env, subject, "makeSuggestion", request, propose, read=kept.get)


async def reply_to_suggestion(
    env: Environment, subject: Subject, request: ReplyToSuggestion
) -> tuple[Suggestion, bool]:
    """Reply for one's department. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, REASON_REQUIRED, CONFLICT."""
    return await run_request(env, subject, "replyToSuggestion", request, respond, read=kept.get)


async def propose(acting: UnitOfWork, request: MakeSuggestion) -> Suggestion:
    """The inner step of a suggestion, in the caller's transaction."""
    suggestion = await _new(acting, request)
    resource = of_suggestion(suggestion)
    try:
        await require_one(acting.env, acting.tx, acting.subject, resource, (Purpose.APPLY,))
    except Problems:
        raise Problems(Problem(ErrorCode.FORBIDDEN, ("input",))) from None
    author = acting.subject.person_id or ""
    await locks.lock_exclusive(acting.tx, "suggestion", author)
    since = acting.now - timedelta(seconds=DAY_SECONDS)
    refuse_flood(await kept.count_since(acting.tx, author, since), acting.env.rules.care.texts_per_day)
    await kept.add(acting.tx, suggestion)
    await note(acting, "suggestion.make", resource, Purpose.APPLY, service=suggestion.service_code)
    return suggestion


async def respond(acting: UnitOfWork, request: ReplyToSuggestion) -> Suggestion:
    """The inner step of a reply, in the caller's transaction."""
    found = await kept.get(acting.tx, request.suggestion_id)
    suggestion = await require_thing(acting, found, of_suggestion, Purpose.RESPOND, path=_PATH)
    refuse_other_version(request.expected_version, suggestion.version, suggestion.state)
    replied = replace(
        suggestion,
        state=replied_state(suggestion.state, request.state),
        reply=moderate_text(request.text, "input", "text"),
        replied_by=acting.subject.person_id,
        replied_at=acting.now,
    )
    saved = await kept.save(acting.tx, replied, suggestion.version)
    if saved.citizen_id is not None:
        about = About(Topic.SUGGESTION, saved.id, saved.citizen_id, None, str(saved.version))
        await tell(acting, NoticeKind.SUGGESTION_ANSWERED, about)
    await note(acting, "suggestion.reply", of_suggestion(suggestion), Purpose.RESPOND, state=saved.state.value)
    return saved


async def _new(acting: UnitOfWork, request: MakeSuggestion) -> Suggestion:
    acting.subject.require_signed_in()
    service = await known_service(acting, request.service_code)
    text = moderate_text(request.text, "input", "text") or ""
    if request.district is not None:
        known = {district.code for district in await catalogue.districts(acting.tx)}
        if request.district not in known:
            raise Problems(Problem(ErrorCode.PLACE_UNKNOWN, ("input", "district")))
    kind, person = acting.subject.kind, acting.subject.person_id
    return Suggestion(
        id=acting.env.ids.key(),
        citizen_id=person if kind is PersonKind.CITIZEN else None,
        officer_id=person if kind is PersonKind.OFFICER else None,
        service_code=service.code,
        department=service.department,
        district=request.district,
        text=text,
        state=SuggestionState.RECEIVED,
        version=1,
        created_at=acting.now,
        updated_at=acting.now,
    )
