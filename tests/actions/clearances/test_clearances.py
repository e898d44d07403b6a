"""Clearances side by side: each with its own day, reminded of before it, before the level above after it."""

from collections import Counter
from datetime import timedelta

import pytest

from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from actions.clearances.clearances import (
    AnswerClearance,
    AskClearance,
    answer_clearance,
    ask_clearance,
    may_read_clearances,
)
from actions.officers.queue import queue_counts, queue_page
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from domain.applications.applications import Application, RejectionGround
from domain.applications.deadline import breaches_at, end_of_day
from domain.applications.lifecycle import Status
from domain.clearances import Clearance, ClearanceState, EscalationKind
from domain.feedback.notices import NoticeKind
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, OfficerLevel, Posting, Problems, Role, Subject, ist_date
from domain.officers.desk import OpinionState, QueueFilter, QueueSort
from store import clearances
from store.feedback import notices
from store.identity import accesses
from store.officers import desk
from tests.support.actions import World
from tests.support.desk import DISABILITY_PENSION, colleagues_of, officer_of
from tests.support.law import enter_officer, present

REVENUE, WELFARE = "revenue-department", "social-welfare-development"
DAY = timedelta(days=1)


async def asked(world: World, case: Application, *days: tuple[str, int], by: Subject | None = None) -> list[Clearance]:
    """Ask each department for an answer within so many days, all at once."""
    today = ist_date(world.clock.now())
    dates = tuple((department, today + ahead * DAY) for department, ahead in days)
    departments = tuple(department for department, _ in days)
    request = AskClearance(case.id, departments, "Is the land free?", f"ask-{days}", due_dates=dates)
    await ask_clearance(world.env, by or world.registrar, request)
    return await of_case(world, case)


async def of_case(world: World, case: Application) -> list[Clearance]:
    async with world.env.store.read_transaction() as tx:
        return (await clearances.of_applications(tx, [case.id])).get(case.id, [])


async def answered(world: World, by: Subject, clearance: Clearance, *, granted: bool = True) -> Clearance:
    request = AnswerClearance(clearance.id, granted, "It is.", f"answer-{clearance.id}")
    return (await answer_clearance(world.env, by, request))[0]


async def late_cases(world: World, officer: Subject) -> tuple[list[str], int]:
    entry, wanted = await officer_of(world, officer), QueueFilter(clearance_overdue=True)
    rows = await queue_page(world.env, officer, entry, wanted, sort=QueueSort.DUE, place=None, limit=9)
    counts = await queue_counts(world.env, officer, entry, QueueFilter())
    return [row.id for row, _ in rows], counts.clearance_overdue


async def test_departments_are_asked_at_once_each_with_its_own_day_and_answer_in_any_order(world: World):
    case = await world.submit(world.asha)
    first, second = sorted(await asked(world, case, (REVENUE, 5), (WELFARE, 9)), key=lambda one: one.due_at)
    today = ist_date(world.clock.now())
    assert (first.department, first.due_at) == (REVENUE, end_of_day(today + 5 * DAY))
    assert (second.department, second.due_at) == (WELFARE, end_of_day(today + 9 * DAY))
    await answered(world, world.welfare, second)
    assert [one.state for one in await of_case(world, case)] == [ClearanceState.ASKED, ClearanceState.GRANTED]
    await answered(world, world.tehsildar, first)
    approved, _ = await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "yes"))
    assert approved.status is Status.APPROVED
    async with world.env.store.read_transaction() as tx:
        told = Counter(one.kind for one in await notices.of_citizen(world.asha.person_id or "").page(tx, limit=9))
    assert (told[NoticeKind.CLEARANCE_ASKED], told[NoticeKind.CLEARANCE_ANSWERED]) == (1, 2)


async def test_who_was_asked_and_whose_case_it_is_about_read_a_clearance_and_no_other_officer_does(world: World):
    case = await world.submit(world.asha)
    found = await asked(world, case, (REVENUE, 5))

    who = (world.registrar, world.tehsildar, world.asha, world.welfare, world.sunil, world.operator)
    purposes = [(await may_read_clearances(world.env, one, found))[0] for one in who]

    assert purposes == [Purpose.DECIDE, Purpose.DECIDE, Purpose.VIEW, None, None, None]
    async with world.env.store.read_transaction() as tx:
        left = [
            one for one in await accesses.of_citizen(tx, world.asha.person_id, 20) if one.object_kind == "CLEARANCE"
        ]
    assert {one.subject for one in left} == {world.registrar.label, world.tehsildar.label}


async def test_a_day_of_its_own_is_for_a_department_that_is_asked_and_not_past(world: World):
    case, today = await world.submit(world.asha), ist_date(world.clock.now())
    for number, (dates, code, field) in enumerate(
        (
            (((WELFARE, today),), ErrorCode.DEPARTMENT_UNKNOWN, "department"),
            (((REVENUE, today - DAY),), ErrorCode.DATE_NOT_ALLOWED, "dueOn"),
        )
    ):
        request = AskClearance(case.id, (REVENUE,), "Is it free?", f"k{number}", due_dates=dates)
        with pytest.raises(Problems) as caught:
            await ask_clearance(world.env, world.registrar, request)
        assert (caught.value.code, caught.value.problems[0].path) == (code, ("input", "dueDates", "0", field))
    assert await of_case(world, case) == []


async def test_a_department_is_reminded_before_its_day_and_overdue_goes_before_its_level_above(world: World):
    above = await enter_officer(
        world.env, "sdm", Posting(Role.APPELLATE, REVENUE, "49", None, OfficerLevel.FIRST_APPELLATE)
    )
    case = await world.submit(world.asha)
    (one,) = await asked(world, case, (REVENUE, 4))
    await sweep(world.env)
    assert (await of_case(world, case))[0].reminded_at is None
    world.clock.advance(3 * DAY)
    await sweep(world.env)
    reminded = (await of_case(world, case))[0]
    assert (reminded.reminded_at, reminded.escalated_at) == (world.clock.now(), None)
    with pytest.raises(Problems) as caught:
        await answered(world, above, one)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert await late_cases(world, world.registrar) == ([], 0)
    world.clock.set(breaches_at(one.due_at))
    at = world.clock.now()
    for _ in range(2):
        await sweep(world.env)
        world.clock.advance(DAY)
    overdue = (await of_case(world, case))[0]
    assert (overdue.reminded_at, overdue.escalated_at, overdue.escalated_to) == (
        reminded.reminded_at,
        at,
        above.person_id,
    )
    # The officer who asked sees it in her queue: as a warning, by a filter, and as a count.
    assert await late_cases(world, world.registrar) == ([case.id], 1)
    async with world.env.store.read_transaction() as tx:
        warnings = (await clearances.warnings(tx, [case.id]))[case.id]
    late = [warning for warning in warnings if warning.kind is EscalationKind.CLEARANCE_OVERDUE]
    assert [(warning.officer_id, warning.due_at) for warning in late] == [(world.registrar.person_id, one.due_at)]
    # The level above may answer in the department's place; then nothing is overdue any more.
    assert (await answered(world, above, one)).answered_by == above.person_id
    assert await late_cases(world, world.registrar) == ([], 0)


@pytest.mark.parametrize("how", ["withdraw", "return", "reject"])
async def test_what_other_departments_owe_lapses_with_the_case(world: World, how: str):
    case = await world.submit(world.asha)
    await asked(world, case, (REVENUE, 4), (WELFARE, 5))
    if how == "withdraw":
        await withdraw_application(world.env, world.asha, Withdraw(case.id, "w"))
    elif how == "return":
        await decide_application(world.env, world.registrar, Decide(case.id, Verdict.REPORT_VERIFICATION, "seen"))
        back = Decide(case.id, Verdict.RETURN_AS_INCOMPLETE, "r", ground=RejectionGround.FORM_INCOMPLETE, reason="No.")
        await decide_application(world.env, world.registrar, back)
    else:
        no = Decide(case.id, Verdict.REJECT, "n", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
        await decide_application(world.env, world.registrar, no)
    found = await of_case(world, case)
    assert {one.state for one in found} == {ClearanceState.LAPSED}
    world.clock.advance(9 * DAY)
    await sweep(world.env)
    assert [one.escalated_at for one in await of_case(world, case)] == [None, None]
    with pytest.raises(Problems) as caught:
        await answered(world, world.tehsildar, next(one for one in found if one.department == REVENUE))
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED


async def test_an_approval_is_neither_proposed_nor_confirmed_while_a_clearance_is_awaited(world: World):
    others = await colleagues_of(world)
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    (one,) = await asked(world, case, (REVENUE, 4), by=world.welfare)
    with pytest.raises(Problems) as caught:
        await decide_application(world.env, world.welfare, Decide(case.id, Verdict.APPROVE, "early"))
    assert (caught.value.code, caught.value.problems[0].path) == (
        ErrorCode.CLEARANCE_PENDING,
        ("input", "verdict"),
    )
    async with world.env.store.read_transaction() as tx:
        assert await desk.proposals(tx, [case.id]) == {}
    # It may be proposed once the day is past; where the clock is then set right, it may not be confirmed.
    before = world.clock.now()
    world.clock.set(breaches_at(one.due_at))
    await decide_application(world.env, world.welfare, Decide(case.id, Verdict.APPROVE, "late"))
    world.clock.set(before)
    with pytest.raises(Problems) as caught:
        await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    assert (caught.value.code, caught.value.problems[0].path, caught.value.problems[0].params) == (
        ErrorCode.CLEARANCE_PENDING,
        ("input", "applicationId"),
        {"department": REVENUE},
    )
    async with world.env.store.read_transaction() as tx:
        assert (await desk.proposals(tx, [case.id]))[case.id].state is OpinionState.PROPOSED
    world.clock.set(breaches_at(one.due_at))
    await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    assert (await present(world.env, case.id)).status is Status.BENEFIT_SANCTIONED
    assert (await of_case(world, case))[0].state is ClearanceState.LAPSED


async def test_an_answer_between_proposal_and_confirmation_makes_the_proposal_stale(world: World):
    others = await colleagues_of(world)
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    (one,) = await asked(world, case, (REVENUE, 4), by=world.welfare)
    world.clock.set(breaches_at(one.due_at))
    await decide_application(world.env, world.welfare, Decide(case.id, Verdict.APPROVE, "late"))
    await answered(world, world.tehsildar, one, granted=False)
    with pytest.raises(Problems) as caught:
        await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    assert caught.value.code is ErrorCode.CONFLICT
    with pytest.raises(Problems) as caught:
        await decide_application(world.env, world.welfare, Decide(case.id, Verdict.APPROVE, "again"))
    assert (caught.value.code, caught.value.problems[0].path) == (ErrorCode.REASON_REQUIRED, ("input", "reason"))
    explained = Decide(case.id, Verdict.APPROVE, "explained", reason="The land was not asked for.")
    await decide_application(world.env, world.welfare, explained)
    await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    assert (await present(world.env, case.id)).status is Status.BENEFIT_SANCTIONED
