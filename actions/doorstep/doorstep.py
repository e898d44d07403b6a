"""Visits before they start: offers slots; books, moves, reassigns and cancels them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from actions.doorstep.endings import hold_visits, is_due
from actions.feedback.notices import tell_of_visit
from actions.kernel import (
    Environment,
    UnitOfWork,
    calendar_of,
    case_for,
    course_of,
    note,
    of_visit,
    refuse_other_version,
    require_thing,
    verb,
)
from domain import doorstep as rules
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.doorstep import DoorstepAgent, Slot, Visit, VisitMove, VisitPurpose, VisitState
from domain.feedback.notices import NoticeKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Remedy, Subject
from store import doorstep as kept
from store.applications import applications
from store.database import AlreadyThere, Transaction, locks, require_there
from store.officers import leave

ARRANGE = (Purpose.APPLY, Purpose.DECIDE)
"""The citizen or her operator chooses a slot; so may an officer of the place."""

_VISIT = ("input", "visitId")


@dataclass(frozen=True, slots=True)
class BookVisit:
    """A visit in one of the offered slots."""

    application_id: str
    purpose: VisitPurpose
    slot: Slot
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ChangeVisit:
    """A visit that has not set out: another slot, another agent, or neither, which cancels it."""

    visit_id: str
    idempotency_key: str
    slot: Slot | None = None
    agent_id: str | None = None
    expected_version: int | None = None


async def offered_slots(env: Environment, subject: Subject, application_id: str, purpose: VisitPurpose) -> list[Slot]:
    """The slots of the next working days in which some agent of the place has room; empty where no visit is due.

    Raises NotSignedIn, NOT_FOUND.
    """

    async def work(tx: Transaction) -> list[Slot]:
        acting = UnitOfWork(env, tx, subject)
        application = await case_for(acting, application_id, ObjectKind.VISIT, *ARRANGE, path=("applicationId",))
        return (
            list(await agents_by_slot(acting, application, purpose))
            if await _is_due(acting, application, purpose)
            else []
        )

    return await env.store.carry_out(work)


def _body(_: Environment, request: Any) -> dict[str, Any]:
    """What the key of a booking or change stands for; a slot is one word of it."""
    slot: Slot | None = request.slot
    return asdict(request) | ({"slot": f"{slot.on.isoformat()}/{slot.window.value}"} if slot else {})


@verb(kept.get, operation="bookDoorstepVisit", body=_body)
async def book_visit(acting: UnitOfWork, request: BookVisit) -> Visit:
    """Book a visit and give it to the agent of the place who has the fewest; true where it is a replay.

    Raises Problems: NOT_FOUND, VISIT_NOT_POSSIBLE, VISITS_EXHAUSTED, SLOT_NOT_OFFERED, AGENT_UNKNOWN.
    """
    await hold_visits(acting, request.application_id)
    application = await case_for(acting, request.application_id, ObjectKind.VISIT, *ARRANGE)
    if not await _is_due(acting, application, request.purpose):
        params = {"status": application.status.value}
        raise Problems(Problem(ErrorCode.VISIT_NOT_POSSIBLE, ("input", "applicationId"), Remedy.NONE, params))
    return await _book_slot(acting, application, request.purpose, request.slot)


@verb(kept.get, operation="rescheduleDoorstepVisit", body=_body)
async def reschedule_visit(acting: UnitOfWork, request: ChangeVisit) -> Visit:
    """Put a visit that has not set out into another slot; the answer is the new visit. Raises as `book_visit`."""
    visit = await take_up_visit(acting, request.visit_id, request.expected_version, *ARRANGE)
    await hold_visits(acting, visit.application_id)
    state = rules.advance(visit.state, VisitMove.RESCHEDULE)
    if request.slot is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "slot")))
    await kept.save(acting.tx, replace(visit, state=state, closed_at=acting.now), visit.version)
    application = await case_for(acting, visit.application_id, ObjectKind.VISIT, *ARRANGE)
    await note(acting, "visit.reschedule", of_visit(visit), Purpose.APPLY, state=state.value)
    return await _book_slot(acting, application, visit.purpose, request.slot)


@verb(kept.get, operation="assignDoorstepVisit", body=_body)
async def assign_visit(acting: UnitOfWork, request: ChangeVisit) -> Visit:
    """Give a visit to another agent of its place.

    Raises Problems: NOT_FOUND, AGENT_UNKNOWN, STEP_NOT_ALLOWED, CONFLICT.
    """
    visit = await take_up_visit(acting, request.visit_id, request.expected_version, Purpose.DECIDE, Purpose.ASSIST)
    if visit.state is not VisitState.SCHEDULED:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _VISIT, params={"state": visit.state.value}))
    near = await agents_of(acting.tx, visit)
    if request.agent_id not in {agent.operator_id for agent in near}:
        raise Problems(Problem(ErrorCode.AGENT_UNKNOWN, ("input", "agentId"), Remedy.CORRECT_INPUT))
    saved = await kept.save(acting.tx, replace(visit, agent_id=request.agent_id or ""), visit.version)
    await note(acting, "visit.assign", of_visit(saved), Purpose.DECIDE, agent=saved.agent_id)
    return saved


@verb(kept.get, operation="cancelDoorstepVisit", body=_body)
async def cancel_visit(acting: UnitOfWork, request: ChangeVisit) -> Visit:
    """Cancel a visit that has not set out.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CONFLICT, VISITS_EXHAUSTED for an inspection that its officer fixed.
    """
    visit = await take_up_visit(acting, request.visit_id, request.expected_version, *ARRANGE)
    state = rules.advance(visit.state, VisitMove.CANCEL)
    if visit.purpose is VisitPurpose.INSPECTION:
        await _visits_before(acting, visit.application_id, visit.purpose)
    saved = await kept.save(acting.tx, replace(visit, state=state, closed_at=acting.now), visit.version)
    await note(acting, "visit.cancel", of_visit(saved), Purpose.APPLY, state=state.value)
    await tell_of_visit(acting, saved, NoticeKind.VISIT_CANCELLED, await number_of(acting, saved))
    return saved


async def agents_of(tx: Transaction, visit: Visit) -> list[DoorstepAgent]:
    """The agents who could make a visit; none where an officer comes, who has the case."""
    if visit.purpose is VisitPurpose.INSPECTION:
        return []
    return await kept.agents_for(tx, visit.district, visit.tehsil)


async def take_up_visit(acting: UnitOfWork, visit_id: str, expected: int | None, *purposes: Purpose) -> Visit:
    """The visit, for one who may do that; raises NOT_FOUND, or CONFLICT where it is not the version seen."""
    visit = await require_thing(acting, await kept.get(acting.tx, visit_id), of_visit, *purposes, path=_VISIT)
    refuse_other_version(expected, visit.version, visit.state)
    return visit


async def number_of(acting: UnitOfWork, visit: Visit) -> str:
    """The number of the application that a visit is for; raises NotThere."""
    application = require_there(await applications.get(acting.tx, visit.application_id), "the application")
    return application.number


async def _is_due(acting: UnitOfWork, application: Application, purpose: VisitPurpose) -> bool:
    """Whether a visit may be arranged; an inspection where it is its turn by the steps of the service."""
    if not is_due(application, purpose) or purpose is not VisitPurpose.INSPECTION:
        return is_due(application, purpose)
    course = await course_of(acting, application)
    return course is not None and course.inspection is not None and not course.step_before(Move.SEND_FOR_VERIFICATION)


async def agents_by_slot(
    acting: UnitOfWork, application: Application, purpose: VisitPurpose
) -> dict[Slot, DoorstepAgent]:
    """Each slot that can be had with the agent who would come: the one with the fewest visits in it.

    To inspect comes the officer who has the case, on no day of her leave.
    """
    slots = list(rules.offered_slots(acting.today, await calendar_of(acting), application.district))
    near = await kept.agents_for(acting.tx, application.district, application.tehsil)
    if purpose is VisitPurpose.INSPECTION:
        officer_id = application.officer_id
        near = [DoorstepAgent(officer_id, application.district, application.tehsil)] if officer_id else []
        slots = await _without_leave(acting, officer_id, slots) if officer_id else []
    if not near:
        return {}
    taken = await kept.taken_slots(acting.tx, [agent.operator_id for agent in near], acting.today)
    most = acting.env.rules.care.doorstep_visits_per_slot
    found = {}
    for slot in slots:
        best = min(near, key=lambda agent: taken.get((agent.operator_id, slot), 0))
        if taken.get((best.operator_id, slot), 0) < most:
            found[slot] = best
    return found


async def _without_leave(acting: UnitOfWork, officer_id: str, slots: Sequence[Slot]) -> list[Slot]:
    if not slots:
        return []
    leaves = await leave.away_between(acting.tx, officer_id, slots[0].on, slots[-1].on)
    return [slot for slot in slots if not any(one.from_on <= slot.on <= one.until_on for one in leaves)]


async def _book_slot(acting: UnitOfWork, application: Application, purpose: VisitPurpose, slot: Slot) -> Visit:
    # Two bookings at once must not both take the last place of a slot.
    await locks.lock_exclusive(acting.tx, "doorstep", application.district)
    before = await _visits_before(acting, application.id, purpose)
    over = purpose is VisitPurpose.DELIVERY and any(visit.state is VisitState.HANDED_OVER for visit in before)
    if over or any(visit.state in rules.OPEN for visit in before):
        raise Problems(Problem(ErrorCode.VISIT_NOT_POSSIBLE, ("input", "applicationId")))
    room = await agents_by_slot(acting, application, purpose)
    inspection = purpose is VisitPurpose.INSPECTION
    if application.officer_id is None if inspection else not room:
        sentence = "visit.no_officer" if inspection else None
        raise Problems(Problem(ErrorCode.AGENT_UNKNOWN, ("input", "applicationId"), sentence=sentence))
    if slot not in room:
        raise Problems(Problem(ErrorCode.SLOT_NOT_OFFERED, ("input", "slot")))
    visit = _new(acting, application, purpose, before)
    visit = replace(visit, slot=slot, agent_id=room[slot].operator_id)
    try:
        await kept.add(acting.tx, visit)
    except AlreadyThere:
        raise Problems(Problem(ErrorCode.CONFLICT, ("input", "applicationId"))) from None
    detail = {"visit": purpose.value, "sequence": visit.sequence}
    await note(acting, "visit.book", of_visit(visit), Purpose.APPLY, **detail)
    kind = NoticeKind.INSPECTION_FIXED if inspection else NoticeKind.VISIT_BOOKED
    await tell_of_visit(acting, visit, kind, application.number)
    return visit


async def _visits_before(acting: UnitOfWork, application_id: str, purpose: VisitPurpose) -> list[Visit]:
    """The visits so far; raises VISITS_EXHAUSTED where there may be no further one."""
    visits = (await kept.of_applications(acting.tx, [application_id])).get(application_id, [])
    before = [visit for visit in visits if visit.purpose is purpose]
    if purpose is not VisitPurpose.INSPECTION or acting.subject.kind is not PersonKind.OFFICER:
        rules.check_may_visit_again(before)
    return before


def _new(acting: UnitOfWork, application: Application, purpose: VisitPurpose, before: list[Visit]) -> Visit:
    """The fee is asked once: a receipt of an earlier visit goes on to the next. An inspection has none."""
    fee_paise = None if purpose is VisitPurpose.INSPECTION else acting.env.rules.care.doorstep_fee_paise
    receipt = next((visit.fee_receipt for visit in before if visit.fee_receipt), None)
    return Visit(
        id=acting.env.ids.key(),
        application_id=application.id,
        citizen_id=application.citizen_id,
        purpose=purpose,
        sequence=len(before) + 1,
        state=VisitState.SCHEDULED,
        slot=Slot(acting.today, rules.SlotWindow.MORNING),
        agent_id="",
        department=application.department,
        district=application.district,
        tehsil=application.tehsil,
        fee_paise=before[0].fee_paise if before else fee_paise,
        fee_receipt=receipt,
        version=1,
        created_at=acting.now,
        updated_at=acting.now,
    )
