"""An inspection by appointment: offered, fixed, told, moved, missed and fixed anew, and reported on, on each store."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from actions.clearances.clearances import AnswerClearance, answer_clearance
from actions.doorstep.doorstep import (
    BookVisit,
    ChangeVisit,
    assign_visit,
    book_visit,
    cancel_visit,
    offered_slots,
    reschedule_visit,
)
from actions.doorstep.rounds import FailVisit, SetOut, close_missed, fail_visit, set_out
from actions.doorstep.views import possible_agents
from actions.kernel import Step, UnitOfWork, apply_transition
from actions.officers.forward import ForwardCase, forward_application
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.doorstep import Slot, Visit, VisitFailure, VisitPurpose, VisitState
from domain.feedback.notices import NoticeKind
from domain.kernel import ErrorCode, Problems, Subject
from domain.officers.staff import Leave
from store import clearances, doorstep
from store.applications import applications
from store.feedback import notices
from store.officers import leave
from tests.support.actions import World
from tests.support.definitions import REVENUE, clearance_of, give_steps
from tests.support.desk import colleagues_of
from tests.support.doorstep import an_agent
from tests.support.law import open_moves, present
from tests.support.worlds import wrong

pytestmark = pytest.mark.integration
INSPECTION = VisitPurpose.INSPECTION


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


async def decide(world: World, case: Application, verdict: Verdict, key: str = "", **more) -> Application:
    request = Decide(case.id, verdict, key or f"{verdict.value}-{case.version}-{case.id}", **more)
    return (await decide_application(world.env, world.registrar, request))[0]


async def in_the_field(world: World) -> Application:
    """A case that was sent for its inspection."""
    await give_steps(world, "SCRUTINY", "INSPECTION", "ISSUE")
    return await decide(world, await world.submit(world.asha), Verdict.SEND_FOR_VERIFICATION)


async def slots(world: World, case: Application, who: Subject | None = None) -> list[Slot]:
    return await offered_slots(world.env, who or world.asha, case.id, INSPECTION)


async def book_inspection(world: World, case: Application, who: Subject | None = None, place: int = 0) -> Visit:
    slot = (await slots(world, case, who))[place]
    request = BookVisit(case.id, INSPECTION, slot, f"book-{slot.on}-{place}")
    return (await book_visit(world.env, who or world.asha, request))[0]


async def visits(world: World, case: Application) -> list[Visit]:
    return (await world.env.store.read(lambda tx: doorstep.of_applications(tx, [case.id]))).get(case.id, [])


async def notice_kinds(world: World) -> list[NoticeKind]:
    async with world.env.store.read_transaction() as tx:
        return [one.kind for one in await notices.of_citizen(world.asha.person_id).page(tx, limit=100)]


async def code_of(attempt) -> tuple[ErrorCode, dict[str, str]]:
    with pytest.raises(Problems) as caught:
        await attempt
    return caught.value.code, dict(caught.value.problems[0].params)


def come(world: World, visit: Visit) -> None:
    """The first moment of the slot."""
    world.clock.advance(visit.slot.starts_at - world.clock.now())


async def test_a_report_needs_an_appointment_whose_time_has_come(world: World):
    case = await in_the_field(world)
    needed = (ErrorCode.STEP_NEEDED_FIRST, {"step": "INSPECTION"})
    report = {"verdict": Verdict.REPORT_VERIFICATION, "reason": "As stated."}

    assert await code_of(decide(world, case, key="no-appointment", **report)) == needed
    visit = await book_inspection(world, case)
    assert await code_of(decide(world, case, key="too-early", **report)) == needed
    assert Move.REPORT_VERIFICATION not in await open_moves(world.env, case)

    come(world, visit)

    assert Move.REPORT_VERIFICATION in await open_moves(world.env, case)
    reported = await decide(world, case, key="in-time", **report)
    assert (reported.status, [one.state for one in await visits(world, case)]) == (
        Status.IN_SCRUTINY,
        [VisitState.INSPECTED],
    )
    assert (await decide(world, reported, Verdict.APPROVE)).status is Status.APPROVED
    assert await wrong(world.env) == []


@pytest.mark.parametrize(
    ("verdict", "more"),
    [
        (Verdict.APPROVE, {}),
        (Verdict.REJECT, {"ground": RejectionGround.NOT_ELIGIBLE, "reason": "Not on the premises."}),
    ],
)
async def test_nothing_is_decided_before_the_report(world: World, verdict: Verdict, more):
    case = await in_the_field(world)

    assert await code_of(decide(world, case, verdict, **more)) == (
        ErrorCode.STEP_NEEDED_FIRST,
        {"step": "INSPECTION"},
    )


async def away(world: World, case: Application, first: date, last: date) -> None:
    """A leave of the officer who has the case."""
    async with world.env.store.write_transaction() as tx:
        await leave.add(tx, Leave("leave", case.officer_id or "", None, first, last, None, world.clock.now()))


async def test_no_slot_is_offered_on_a_day_of_leave_of_the_officer_who_has_the_case(world: World):
    case = await in_the_field(world)
    days = sorted({slot.on for slot in await slots(world, case)})

    await away(world, case, days[1], days[2])

    assert sorted({slot.on for slot in await slots(world, case)}) == [days[0], *days[3:]]


async def test_an_inspection_is_not_fixed_on_a_day_of_leave(world: World):
    case = await in_the_field(world)
    slot = (await slots(world, case))[-1]
    await away(world, case, slot.on, slot.on)

    refused = await code_of(book_visit(world.env, world.registrar, BookVisit(case.id, INSPECTION, slot, "k")))

    assert refused[0] is ErrorCode.SLOT_NOT_OFFERED


async def test_the_officer_who_has_the_case_comes_and_the_citizen_is_told(world: World):
    case = await in_the_field(world)

    visit = await book_inspection(world, case, world.registrar)

    assert (visit.agent_id, visit.fee_paise, visit.state) == (case.officer_id, None, VisitState.SCHEDULED)
    kinds = await notice_kinds(world)
    assert NoticeKind.INSPECTION_FIXED in kinds
    assert NoticeKind.VISIT_BOOKED not in kinds


async def test_a_citizen_moves_her_appointment_to_another_offered_slot(world: World):
    case = await in_the_field(world)
    visit = await book_inspection(world, case)
    other = (await slots(world, case))[3]

    moved, _ = await reschedule_visit(world.env, world.asha, ChangeVisit(visit.id, "move", other))

    assert (moved.slot, moved.sequence, moved.agent_id) == (other, 2, case.officer_id)
    assert [one.state for one in await visits(world, case)] == [VisitState.RESCHEDULED, VisitState.SCHEDULED]


async def test_an_appointment_that_was_missed_is_fixed_anew_or_reported_on(world: World):
    case = await in_the_field(world)
    visit = await book_inspection(world, case)
    missed = FailVisit(visit.id, VisitFailure.NOBODY_HOME, "missed")
    early = await code_of(fail_visit(world.env, world.registrar, missed))
    assert early[0] is ErrorCode.STEP_NOT_ALLOWED
    come(world, visit)

    failed, _ = await fail_visit(world.env, world.registrar, FailVisit(visit.id, VisitFailure.NOBODY_HOME, "late"))

    assert failed.state is VisitState.FAILED
    assert Move.REPORT_VERIFICATION in await open_moves(world.env, case)
    again = await book_inspection(world, case)
    assert (again.sequence, again.state) == (2, VisitState.SCHEDULED)


async def test_an_officer_who_cannot_come_says_so_before_and_it_does_not_count_as_seen(world: World):
    case = await in_the_field(world)
    visit = await book_inspection(world, case)

    await fail_visit(world.env, world.registrar, FailVisit(visit.id, VisitFailure.AGENT_UNABLE, "ill"))
    world.clock.advance(timedelta(days=10))

    assert Move.REPORT_VERIFICATION not in await open_moves(world.env, case)


async def test_the_round_of_missed_visits_leaves_an_inspection_for_its_officer(world: World):
    case = await in_the_field(world)
    visit = await book_inspection(world, case)
    world.clock.advance(visit.slot.ends_at + timedelta(days=2) - world.clock.now())

    assert await close_missed(world.env) == 0

    assert Move.REPORT_VERIFICATION in await open_moves(world.env, case)


async def test_no_agent_is_offered_or_sent_to_inspect(world: World):
    case = await in_the_field(world)
    agent = await an_agent(world, "1", "49")
    visit = await book_inspection(world, case)

    assert await possible_agents(world.env, world.registrar, visit) == []
    handed = ChangeVisit(visit.id, "give", agent_id=agent.person_id)
    assert (await code_of(assign_visit(world.env, world.registrar, handed)))[0] is ErrorCode.AGENT_UNKNOWN
    assert (await code_of(set_out(world.env, agent, SetOut(visit.id, "out"))))[0] is ErrorCode.NOT_FOUND


async def test_an_officer_has_room_for_so_many_inspections_in_a_slot(world: World):
    first = await in_the_field(world)
    slot = (await book_inspection(world, first)).slot
    second = await decide(
        world, await world.submit(world.sunil, idempotency_key="second"), Verdict.SEND_FOR_VERIFICATION
    )
    care = replace(world.env.rules.care, doorstep_visits_per_slot=1)

    full = replace(world.env, rules=replace(world.env.rules, care=care))

    offered = await offered_slots(full, world.sunil, second.id, INSPECTION)
    assert offered
    assert slot not in offered


async def test_nothing_is_offered_where_the_service_has_no_inspection_or_before_it_is_its_turn(world: World):
    await give_steps(world, "SCRUTINY", "FIELD_VERIFICATION", "ISSUE")
    plain = await decide(world, await world.submit(world.asha), Verdict.SEND_FOR_VERIFICATION)
    assert await slots(world, plain) == []

    await give_steps(world, "SCRUTINY", "INSPECTION", "ISSUE")
    early = await world.submit(world.sunil)

    assert await slots(world, early, world.sunil) == []


async def test_an_application_that_is_withdrawn_frees_the_slot(world: World):
    case = await in_the_field(world)
    visit = await book_inspection(world, case)
    assert (await cancel_visit(world.env, world.asha, ChangeVisit(visit.id, "cancel")))[0].state is VisitState.CANCELLED
    await book_inspection(world, case, place=1)

    await withdraw_application(world.env, world.asha, Withdraw(case.id, "gone"))

    assert [one.state for one in await visits(world, case)] == [VisitState.CANCELLED, VisitState.CANCELLED]


async def use_up_changes(world: World, case: Application) -> None:
    """Move an appointment of the citizen's three times, and cancel it."""
    visit = await book_inspection(world, case)
    for place in (1, 2, 3):
        slot = (await slots(world, case))[place]
        visit, _ = await reschedule_visit(world.env, world.asha, ChangeVisit(visit.id, f"move-{place}", slot))
    await cancel_visit(world.env, world.asha, ChangeVisit(visit.id, "cancel"))


async def sentence_of(attempt) -> tuple[ErrorCode, str | None]:
    with pytest.raises(Problems) as caught:
        await attempt
    return caught.value.code, caught.value.problems[0].sentence


async def test_after_three_changes_the_officer_fixes_the_inspection_and_the_citizen_is_told_so(world: World):
    case = await in_the_field(world)
    await use_up_changes(world, case)
    exhausted = (ErrorCode.VISITS_EXHAUSTED, "visit.inspection_by_officer")

    assert await sentence_of(book_inspection(world, case, place=4)) == exhausted
    visit = await book_inspection(world, case, world.registrar, place=5)
    cancelling = cancel_visit(world.env, world.asha, ChangeVisit(visit.id, "again"))
    assert await sentence_of(cancelling) == exhausted

    come(world, visit)
    await decide(world, case, Verdict.REPORT_VERIFICATION, reason="As stated.")
    assert (await decide(world, await present(world.env, case.id), Verdict.APPROVE)).status is Status.APPROVED


async def test_a_report_after_a_missed_appointment_calls_off_the_next_one_and_tells_the_citizen(world: World):
    case = await in_the_field(world)
    missed = await book_inspection(world, case)
    come(world, missed)
    await fail_visit(world.env, world.registrar, FailVisit(missed.id, VisitFailure.NOBODY_HOME, "missed"))
    await book_inspection(world, case)

    await decide(world, case, Verdict.REPORT_VERIFICATION, reason="Nobody was there.")

    assert [one.state for one in await visits(world, case)] == [VisitState.FAILED, VisitState.CANCELLED]
    assert NoticeKind.VISIT_CANCELLED in await notice_kinds(world)


async def test_the_appointment_goes_to_the_officer_to_whom_the_case_goes(world: World):
    case = await in_the_field(world)
    await book_inspection(world, case)
    other = (await colleagues_of(world)).registrar

    await forward_application(
        world.env, world.registrar, ForwardCase(case.id, other.person_id, "You know the place.", "forward")
    )

    assert [(one.state, one.agent_id) for one in await visits(world, case)] == [(VisitState.SCHEDULED, other.person_id)]


async def test_an_appointment_is_cancelled_where_nobody_has_the_case_any_more(world: World):
    case = await in_the_field(world)
    await book_inspection(world, case)

    async with world.env.store.write_transaction() as tx:
        acting = UnitOfWork(world.env, tx, world.registrar)
        await apply_transition(acting, case, Step(Move.REASSIGN, changes={"officer_id": None}))

    assert [one.state for one in await visits(world, case)] == [VisitState.CANCELLED]
    assert NoticeKind.VISIT_CANCELLED in await notice_kinds(world)


async def test_an_inspection_is_neither_fixed_nor_reported_on_before_the_clearance_that_comes_first(world: World):
    await give_steps(world, "SCRUTINY", clearance_of(REVENUE), "INSPECTION", "ISSUE")
    case = await world.submit(world.asha)
    assert case.status is Status.IN_VERIFICATION

    assert await slots(world, case) == []
    report = decide(world, case, Verdict.REPORT_VERIFICATION, reason="As stated.")
    assert await code_of(report) == (ErrorCode.STEP_NEEDED_FIRST, {"step": "CLEARANCE", "department": REVENUE})

    async with world.env.store.read_transaction() as tx:
        (clearance,) = (await clearances.of_applications(tx, [case.id]))[case.id]
    await answer_clearance(world.env, world.tehsildar, AnswerClearance(clearance.id, True, "It is.", "answer"))
    come(world, await book_inspection(world, case))
    reported = await decide(world, await present(world.env, case.id), Verdict.REPORT_VERIFICATION, reason="As stated.")
    assert (await decide(world, reported, Verdict.APPROVE)).status is Status.APPROVED


async def test_without_an_officer_it_is_said_that_none_has_the_case_yet(world: World):
    case = await in_the_field(world)
    slot = (await slots(world, case))[0]
    async with world.env.store.write_transaction() as tx:
        await applications.save(tx, replace(case, officer_id=None), case.version)

    booking = book_visit(world.env, world.asha, BookVisit(case.id, INSPECTION, slot, "book"))

    assert await sentence_of(booking) == (ErrorCode.AGENT_UNKNOWN, "visit.no_officer")
