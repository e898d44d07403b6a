"""Requests clearances of other departments, each with its due date, and records their officers' answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from actions.clearances.steps import with_answer
from actions.kernel import (
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    calendar_of,
    course_of,
    may_read_all,
    of_application,
    of_clearance,
    require_thing,
    run_request,
    take_up,
    verb,
)
from domain.applications.applications import Application
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import EXAMINED, Move, Status
from domain.clearances import Clearance, ClearanceState
from domain.identity.policy import ObjectKind, Purpose, purpose_for
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Remedy, Subject, written_text
from store import clearances
from store.applications import applications
from store.catalogue import catalogue
from store.database import NotThere, change_feed

LONGEST_TEXT = 4000
MOST_DEPARTMENTS = 10
CLEARANCE = ("input", "clearanceId")
_NOBODY = "absent"


@dataclass(frozen=True, slots=True)
class AskClearance:
    """A question to other departments; `due_on` is the day for the answer, left out the usual one."""

    application_id: str
    departments: tuple[str, ...]
    question: str
    idempotency_key: str
    due_on: date | None = None
    expected_version: int | None = None
    due_dates: tuple[tuple[str, date], ...] = ()
    """Departments of the list with a day of their own."""


@dataclass(frozen=True, slots=True)
class AnswerClearance:
    """An answer of the department that was asked."""

    clearance_id: str
    granted: bool
    text: str
    idempotency_key: str


async def may_read_clearances(
    env: Environment, subject: Subject, found: Sequence[Clearance]
) -> Sequence[Purpose | None]:
    """For each clearance the purpose under which the subject may read it, with a receipt, or None.

    Those read it who may act on it in the department that was asked, and those whose case it is about.
    """
    # The same statement where nothing was found, so that denied takes as long as absent.
    cases = {one.application_id for one in found} or {_NOBODY}
    about = await env.store.read(lambda tx: applications.by_ids(tx, cases))
    resources = []
    for one in found:
        asked, case = of_clearance(one), about[one.application_id]
        asking = replace(of_application(case), kind=ObjectKind.CLEARANCE, id=one.id)
        resources.append(asking if purpose_for(subject, asked) is None else asked)
    return await may_read_all(env, subject, resources)


@verb(applications.get)
async def ask_clearance(acting: UnitOfWork, request: AskClearance) -> Application:
    """Ask one or more departments at once; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, DEPARTMENT_UNKNOWN, CLEARANCE_PENDING where a
    department was asked and has not answered, DATE_NOT_ALLOWED, TRANSITION_NOT_ALLOWED.
    """
    application = await take_up(
        acting, request.application_id, Purpose.DECIDE, expected_version=request.expected_version
    )
    question = written_text(request.question, "input", "question", longest=LONGEST_TEXT) or ""
    departments = tuple(dict.fromkeys(request.departments))
    await _refuse_wrong_departments(acting, application, departments)
    return await _enter(acting, application, replace(request, departments=departments, question=question))


async def answer_clearance(env: Environment, subject: Subject, request: AnswerClearance) -> tuple[Clearance, bool]:
    """Answer for one's department; True where it is a replay.

    Raises Problems: NOT_FOUND, REASON_REQUIRED, TRANSITION_NOT_ALLOWED where it is not asked any more.
    """
    return await run_request(env, subject, "answerClearance", request, give_answer, read=clearances.get)


async def ask_by_definition(acting: UnitOfWork, application: Application) -> Application:
    """Ask the departments whose turn has come by the definition of the service; gives the application as it then is."""
    course = await course_of(acting, application) if application.status in EXAMINED else None
    if course is None:
        return application
    asked = (await clearances.of_applications(acting.tx, [application.id])).get(application.id, ())
    step = next(course.clearances_to_ask(one.department for one in asked), None)
    if step is None or step.department is None or step.question is None:
        return application
    question = "\n".join(text for text in (step.question.hi, step.question.en) if text)
    request = AskClearance(application.id, (step.department,), question, "")
    return await _enter(replace(acting, subject=SYSTEM), application, request)


async def _enter(acting: UnitOfWork, application: Application, request: AskClearance) -> Application:
    due_on = await _due_days(acting, application, request)
    for department in request.departments:
        clearance = Clearance(
            id=acting.env.ids.key(),
            citizen_id=application.citizen_id,
            application_id=application.id,
            department=department,
            district=application.district,
            tehsil=application.tehsil,
            state=ClearanceState.ASKED,
            question=request.question,
            asked_by=acting.subject.person_id,
            asked_at=acting.now,
            due_at=end_of_day(due_on[department]),
        )
        await clearances.add_clearance(acting.tx, clearance)
        await change_feed.touch_clearance(acting.tx, clearance.id)
    return await apply_transition(acting, application, Step(Move.ASK_CLEARANCE, note=request.question))


async def give_answer(acting: UnitOfWork, request: AnswerClearance) -> Clearance:
    """The inner step of an answer, in the caller's transaction."""
    found = await clearances.get(acting.tx, request.clearance_id)
    clearance = await require_thing(acting, found, of_clearance, Purpose.DECIDE, path=CLEARANCE)
    text = written_text(request.text, "input", "text", longest=LONGEST_TEXT) or ""
    answered = with_answer(acting, clearance, granted=request.granted, text=text)
    if not await clearances.settle(acting.tx, answered):
        params = {"status": clearance.state.value, "move": Move.ANSWER_CLEARANCE.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, CLEARANCE, params=params))
    application = await applications.get(acting.tx, clearance.application_id)
    if application is None:
        raise NotThere("the application of a clearance")
    await apply_transition(acting, application, Step(Move.ANSWER_CLEARANCE, note=answered.answer))
    return answered


async def _refuse_wrong_departments(acting: UnitOfWork, application: Application, departments: tuple[str, ...]) -> None:
    """Other departments of the state, at least one, none that owes an answer already."""
    path = ("input", "departments")
    if not 1 <= len(departments) <= MOST_DEPARTMENTS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"most": str(MOST_DEPARTMENTS)}))
    known = {department.slug for department in await catalogue.departments(acting.tx)} - {application.department}
    for place, department in enumerate(departments):
        here = (*path, str(place))
        if department not in known:
            raise Problems(Problem(ErrorCode.DEPARTMENT_UNKNOWN, here))
        if application.status is not Status.DRAFT and await clearances.open_of(acting.tx, application.id, department):
            raise Problems(Problem(ErrorCode.CLEARANCE_PENDING, here, Remedy.CORRECT_INPUT, {"department": department}))


async def _due_days(acting: UnitOfWork, application: Application, request: AskClearance) -> dict[str, date]:
    """The day of each department: its own, else the one for all, else the usual one."""
    days = acting.env.rules.law.clearance_working_days.value
    calendar, rules, district = await calendar_of(acting), acting.env.rules, application.district
    weeks = {one: calendar.for_week(rules.week_of(one, district)) for one in request.departments}
    if request.due_on is not None and request.due_on < acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "dueOn")))
    due_on = {one: request.due_on or week.add_working_days(acting.today, days, district) for one, week in weeks.items()}
    for place, (department, day) in enumerate(request.due_dates):
        path = ("input", "dueDates", str(place))
        if department not in due_on:
            raise Problems(Problem(ErrorCode.DEPARTMENT_UNKNOWN, (*path, "department")))
        if day < acting.today:
            raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, (*path, "dueOn")))
        due_on[department] = day
    return due_on
