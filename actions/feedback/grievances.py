"""Raises, answers, escalates and closes grievances."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from actions.feedback.notices import tell_of_grievance
from actions.kernel import (
    DAY_SECONDS,
    Environment,
    UnitOfWork,
    case_for,
    draw_number,
    note,
    of_grievance,
    refuse_flood,
    refuse_other_version,
    require_thing,
    run_request,
)
from domain.applications.applications import Application
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import Status
from domain.feedback import grievances as rules
from domain.feedback.feedback import moderate_text
from domain.feedback.grievances import Grievance, GrievanceCategory, GrievanceMove, GrievanceReply, GrievanceState
from domain.feedback.notices import NoticeKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, ErrorCode, NumberKind, Problem, Problems, Remedy, Role, Subject, not_found
from domain.statistics.figures import difference, marks_of_grievance
from store.applications import applications
from store.database import Transaction, VersionConflict, locks
from store.feedback import grievances as kept
from store.statistics import figures

ABOVE = frozenset({Role.APPELLATE, Role.DEPARTMENT_ADMIN})
"""Who answers a grievance that went up one level."""

_TOLD = {GrievanceMove.ANSWER: NoticeKind.GRIEVANCE_REPLIED, GrievanceMove.ESCALATE: NoticeKind.GRIEVANCE_ESCALATED}
SWEEP = 100
_PATH = ("input", "grievanceId")


@dataclass(frozen=True, slots=True)
class RaiseGrievance:
    """A grievance about an application."""

    application_id: str
    category: GrievanceCategory
    text: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ReplyToGrievance:
    """An officer's reply, as the citizen will read it."""

    grievance_id: str
    text: str
    idempotency_key: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class MoveGrievance:
    """The citizen closes her grievance, or has it taken up one level."""

    grievance_id: str
    move: GrievanceMove
    idempotency_key: str
    expected_version: int | None = None


async def raise_grievance(env: Environment, subject: Subject, request: RaiseGrievance) -> tuple[Grievance, bool]:
    """Enter a grievance and set its due date; true where it is a replay.

    Raises Problems: NOT_FOUND, REASON_REQUIRED, BAD_INPUT, GRIEVANCE_OPEN, RATE_LIMITED.
    """
    return await run_request(env, subject, "raiseGrievance", request, open_grievance, read=kept.get)


async def reply_to_grievance(env: Environment, subject: Subject, request: ReplyToGrievance) -> tuple[Grievance, bool]:
    """Answer a grievance of one's jurisdiction; one that went up, only from above.

    Raises Problems: NOT_FOUND, REASON_REQUIRED, STEP_NOT_ALLOWED, CONFLICT, FORBIDDEN.
    """
    return await run_request(env, subject, "replyToGrievance", request, answer, read=kept.get)


async def move_grievance(env: Environment, subject: Subject, request: MoveGrievance) -> tuple[Grievance, bool]:
    """Close it or take it up one level. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CONFLICT, BAD_INPUT."""
    return await run_request(env, subject, "moveGrievance", request, step, read=kept.get)


async def escalate_overdue(env: Environment) -> int:
    """Take every open grievance whose time is over up one level; returns how many. May be run by any worker."""

    async def work(tx: Transaction) -> int:
        acting = UnitOfWork(env, tx, SYSTEM)
        done = 0
        for grievance in await kept.overdue(tx, acting.now, SWEEP):
            try:
                await _apply_transition(acting, grievance, GrievanceMove.ESCALATE, Purpose.OPERATE)
            except VersionConflict:
                continue  # answered or closed in this moment
            done += 1
        return done

    return await env.store.carry_out(work)


async def open_grievance(acting: UnitOfWork, request: RaiseGrievance) -> Grievance:
    """The inner step of raising a grievance, in the caller's transaction."""
    application = await case_for(acting, request.application_id, ObjectKind.GRIEVANCE, Purpose.APPLY)
    text = moderate_text(request.text, "input", "text") or ""
    if application.status is Status.DRAFT:
        raise not_found("input", "applicationId")
    await locks.lock_exclusive(acting.tx, "grievance", application.citizen_id)
    twin = await kept.waiting_grievance(acting.tx, application.id, request.category)
    if twin is not None:
        params = {"number": twin.number}
        raise Problems(Problem(ErrorCode.GRIEVANCE_OPEN, ("input", "category"), params=params))
    since = acting.now - timedelta(seconds=DAY_SECONDS)
    refuse_flood(await kept.count_since(acting.tx, application.citizen_id, since), acting.env.rules.care.texts_per_day)
    grievance = await _new(acting, application, request.category, text)
    await kept.add(acting.tx, grievance)
    await figures.add(acting.tx, marks_of_grievance(grievance, application.channel, replied=False), grievance.id)
    await note(acting, "grievance.raise", of_grievance(grievance), Purpose.APPLY, category=grievance.category.value)
    return grievance


async def answer(acting: UnitOfWork, request: ReplyToGrievance) -> Grievance:
    """The inner step of a reply, in the caller's transaction."""
    grievance = await _take_up(acting, request.grievance_id, request.expected_version, Purpose.RESPOND)
    if grievance.escalated and not _from_above(acting.subject, grievance):
        raise Problems(Problem(ErrorCode.FORBIDDEN, _PATH, Remedy.NONE))
    text = moderate_text(request.text, "input", "text") or ""
    saved = await _apply_transition(acting, grievance, GrievanceMove.ANSWER, Purpose.RESPOND)
    await _count_reply(acting, grievance)
    reply = GrievanceReply(acting.env.ids.key(), grievance.id, acting.subject.person_id or "", text, acting.now)
    await kept.add_reply(acting.tx, reply)
    return saved


async def step(acting: UnitOfWork, request: MoveGrievance) -> Grievance:
    """The inner step of the citizen's closing or taking up, in the caller's transaction."""
    grievance = await _take_up(acting, request.grievance_id, request.expected_version, Purpose.APPLY)
    match request.move:
        case GrievanceMove.ANSWER:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "move")))
        case GrievanceMove.ESCALATE:
            rules.check_may_escalate(grievance, acting.now)
    return await _apply_transition(acting, grievance, request.move, Purpose.APPLY)


async def _take_up(acting: UnitOfWork, grievance_id: str, expected: int | None, purpose: Purpose) -> Grievance:
    found = await kept.get(acting.tx, grievance_id)
    grievance = await require_thing(acting, found, of_grievance, purpose, path=_PATH)
    refuse_other_version(expected, grievance.version, grievance.state)
    return grievance


async def _apply_transition(
    acting: UnitOfWork, grievance: Grievance, move: GrievanceMove, purpose: Purpose
) -> Grievance:
    state = rules.advance(grievance.state, move)
    changes: dict[str, Any] = {"state": state}
    if move is GrievanceMove.ESCALATE:
        changes |= {"escalated": True, "due_at": _due(acting, grievance.category)}
    if move is GrievanceMove.CLOSE:
        changes["closed_at"] = acting.now
    saved = await kept.save(acting.tx, replace(grievance, **changes), grievance.version)
    if move in _TOLD:
        await tell_of_grievance(acting, saved, _TOLD[move])
    action = f"grievance.{move.value.lower()}"
    await note(acting, action, of_grievance(saved), purpose, state=state.value, version=saved.version)
    return saved


async def _count_reply(acting: UnitOfWork, grievance: Grievance) -> None:
    """The first reply counts, and later ones do not (docs/figures.md)."""
    application = await applications.get(acting.tx, grievance.application_id)
    if application is None or (await kept.replies(acting.tx, [grievance.id])).get(grievance.id):
        return
    before, after = (marks_of_grievance(grievance, application.channel, replied=replied) for replied in (False, True))
    await figures.add(acting.tx, difference(before, after), grievance.id)


def _from_above(subject: Subject, grievance: Grievance) -> bool:
    place = (grievance.department, grievance.district, grievance.tehsil, grievance.service_code)
    return any(posting.role in ABOVE and posting.covers(*place) for posting in subject.postings)


def _due(acting: UnitOfWork, category: GrievanceCategory) -> Any:
    care = acting.env.rules.care
    days = care.data_grievance_days if category is GrievanceCategory.PERSONAL_DATA else care.grievance_days
    return end_of_day(acting.today + timedelta(days=days))


async def _new(acting: UnitOfWork, application: Application, category: GrievanceCategory, text: str) -> Grievance:
    return Grievance(
        id=acting.env.ids.key(),
        number=await draw_number(acting.tx, acting.env.ids, NumberKind.GRIEVANCE),
        application_id=application.id,
        citizen_id=application.citizen_id,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        tehsil=application.tehsil,
        category=category,
        text=text,
        state=GrievanceState.OPEN,
        due_at=_due(acting, category),
        version=1,
        created_at=acting.now,
        updated_at=acting.now,
    )
