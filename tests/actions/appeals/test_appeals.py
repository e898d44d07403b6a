"""Appeals by hand, hearings, orders, penalties: who may, by when, and what each leads to."""

from datetime import timedelta

import pytest

from actions.appeals.appeals import AppealVerdict, FileAppeal, Imposed, file_appeal
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.issue import issue_certificate
from domain.appeals.appeals import (
    OPEN,
    PENDING,
    TRANSITIONS,
    AppealGround,
    AppealLevel,
    AppealMove,
    AppealOrigin,
    AppealState,
    advance,
)
from domain.appeals.law import proposed_penalty
from domain.applications.applications import RejectionGround
from domain.applications.deadline import Fixed, deadline_at, end_of_day
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, Problems, ist_date
from store.appeals import appeal_course
from tests.support.actions import FakeRenderer, World
from tests.support.law import (
    appealed,
    appeals_of,
    authorities,
    events_of,
    heard,
    ordered,
    overdue,
    pass_days,
    present,
    refused,
)
from tests.support.state import LAW
from tests.support.stored import audit_lines_of


async def code_of(call: object) -> tuple[ErrorCode, tuple[str, ...]]:
    with pytest.raises(Problems) as caught:
        await call  # type: ignore[misc]
    return caught.value.code, caught.value.problems[0].path


@pytest.mark.parametrize("state", AppealState)
@pytest.mark.parametrize("move", AppealMove)
def test_every_pair_of_state_and_step_is_lawful_or_refused_by_name(state: AppealState, move: AppealMove):
    if (state, move) in TRANSITIONS:
        assert advance(state, move) is TRANSITIONS[state, move]
        return
    with pytest.raises(Problems) as caught:
        advance(state, move)
    assert caught.value.problems[0].params == {"status": state.value, "move": move.value}


def test_the_states_without_a_way_out_are_those_that_are_not_open():
    assert {state for state, _ in TRANSITIONS} == OPEN
    assert PENDING < OPEN
    assert {TRANSITIONS[state, AppealMove.DISMISS] for state in PENDING} == {AppealState.DISMISSED}


@pytest.mark.parametrize(
    ("days", "paise"), [(-3, 0), (0, 0), (1, 25_000), (19, 475_000), (20, 500_000), (400, 500_000)]
)
def test_a_proposed_penalty_grows_by_the_day_up_to_the_cap(days: int, paise: int):
    proposal = proposed_penalty(days, LAW)
    assert (proposal.amount_paise, proposal.confirmed) == (paise, False)
    assert "section 9" in proposal.section


def test_the_law_is_settings_by_name():
    assert LAW.with_values({"decide_working_days": 20}).decide_working_days.value == 20
    for wrong in ({"no_such_period": 1}, {"most_pauses": 0}):
        with pytest.raises(ValueError, match="period"):
            LAW.with_values(wrong)


async def test_a_rejection_is_appealed_by_hand_once(world: World):
    courts = await authorities(world)
    application = await refused(world)
    appeal = await appealed(world, application)
    assert (appeal.level, appeal.ground, appeal.origin, appeal.late_reason, appeal.authority_id) == (
        AppealLevel.FIRST,
        AppealGround.REJECTED,
        AppealOrigin.CITIZEN,
        None,
        courts.bdo.person_id,
    )
    assert await code_of(appealed(world, application, "again")) == (
        ErrorCode.ALREADY_APPEALED,
        ("input", "applicationId"),
    )
    assert (await appealed(world, application)).id == appeal.id
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "APPEAL", appeal.id)
    assert [line.action for line in lines] == ["appeal.file"]


async def test_only_the_citizen_or_who_serves_her_appeals(world: World):
    application = await refused(world)
    for stranger in (world.sunil, world.registrar):
        refusal = await code_of(file_appeal(world.env, stranger, FileAppeal(application.id, "Please.", "k")))
        assert refusal == (ErrorCode.NOT_FOUND, ("input", "applicationId"))
    helped, _ = await file_appeal(world.env, world.operator, FileAppeal(application.id, "Please.", "k"))
    assert helped.origin is AppealOrigin.CSC


async def test_there_is_nothing_to_appeal_against_while_the_limit_runs(world: World):
    application = await world.submit(world.asha)
    assert (await code_of(appealed(world, application)))[0] is ErrorCode.NOT_APPEALABLE
    assert (await code_of(file_appeal(world.env, world.asha, FileAppeal(application.id, " ", "k"))))[1] == (
        "input",
        "text",
    )


@pytest.mark.parametrize(("days", "late"), [(30, False), (31, True)])
async def test_the_first_appeal_has_thirty_days_and_then_needs_a_reason(world: World, days: int, late: bool):
    application = await refused(world)
    pass_days(world, days)
    if late:
        assert await code_of(appealed(world, application)) == (ErrorCode.APPEAL_TOO_LATE, ("input", "lateReason"))
    appeal = await appealed(world, application, "second try", late_reason="I was in hospital." if late else None)
    assert appeal.late_reason == ("I was in hospital." if late else None)


async def test_after_a_dismissal_the_citizen_has_sixty_days_for_the_second_and_nothing_goes_up_by_itself(world: World):
    courts = await authorities(world)
    application = await refused(world)
    first = await ordered(world, courts.bdo, await appealed(world, application), AppealVerdict.DISMISS)
    assert (first.state, first.next_at) == (AppealState.DISMISSED, None)
    pass_days(world, 59)
    assert (await sweep(world.env)).raised == 0
    second = await appealed(world, application, "second")
    assert (second.level, second.ground, second.previous_id, second.authority_id) == (
        AppealLevel.SECOND,
        AppealGround.REJECTED,
        first.id,
        courts.dm.person_id,
    )
    await ordered(world, courts.dm, second, AppealVerdict.DISMISS)
    third = await appealed(world, application, "third")
    assert (third.level, third.authority_id, third.vacant) == (AppealLevel.COMMISSION, None, False)
    await ordered(world, courts.commission, third, AppealVerdict.DISMISS)
    assert (await code_of(appealed(world, application, "fourth")))[0] is ErrorCode.NOT_APPEALABLE


async def test_an_order_opens_a_refused_application_again_until_the_day_it_names(world: World):
    courts = await authorities(world)
    application = await refused(world)
    appeal = await appealed(world, application)
    until = ist_date(world.clock.now()) + timedelta(days=10)
    directed = await ordered(world, courts.bdo, appeal, AppealVerdict.DIRECT, direct_until=until)
    opened = await present(world.env, application.id)
    assert (directed.state, opened.status, opened.decision, opened.due_at) == (
        AppealState.DIRECTED,
        Status.IN_SCRUTINY,
        None,
        end_of_day(until),
    )
    deadline = deadline_at(
        world.clock.now(),
        started_at=opened.clock_started_at,
        limit=opened.limit,
        calendar=world.env.rules.calendar,
        district="49",
        fixed=Fixed(opened.due_at),
    )
    assert deadline.basis == f"order on appeal {appeal.number}; Uttarakhand Right to Service Act 2011, section 6(2)"
    await decide_application(world.env, world.registrar, Decide(application.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, application.id, FakeRenderer())
    assert [event.move for event in await events_of(world.env, appeal.id)][-1] is AppealMove.COMPLY
    assert (await present(world.env, application.id)).status is Status.DELIVERED


async def test_a_query_does_not_stop_the_clock_of_an_order(world: World):
    courts = await authorities(world)
    application = await refused(world)
    until = ist_date(world.clock.now()) + timedelta(days=5)
    await ordered(world, courts.bdo, await appealed(world, application), AppealVerdict.DIRECT, direct_until=until)
    query = Decide(application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Where?")
    asked, _ = await decide_application(world.env, world.registrar, query)
    assert (asked.paused_since, asked.due_at) == (None, end_of_day(until))
    pass_days(world, 6)
    assert (await sweep(world.env)).filed == 0
    assert [one.ground for one in await appeals_of(world.env, application.id)] == [
        AppealGround.REJECTED,
        AppealGround.DO_IGNORED_ORDER,
    ]


async def test_each_level_is_heard_by_its_own_authority_only(world: World):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    for stranger in (courts.dm, courts.commission, world.registrar, world.asha, world.elsewhere):
        refusal = await code_of(ordered(world, stranger, appeal, AppealVerdict.DISMISS))
        assert refusal == (ErrorCode.NOT_FOUND, ("input", "appealId"))
    assert (await heard(world, courts.bdo, appeal)).state is AppealState.HEARING


async def test_where_the_first_authority_is_missing_the_second_hears_and_it_is_flagged(world: World):
    from domain.kernel import OfficerLevel, Posting, Role
    from tests.support.law import DEPARTMENT, enter_officer

    posting = Posting(Role.APPELLATE, DEPARTMENT, "49", None, OfficerLevel.SECOND_APPELLATE)
    dm = await enter_officer(world.env, "dm", posting)
    appeal = await appealed(world, await refused(world))
    assert (appeal.authority_id, appeal.first_id, appeal.vacant) == (dm.person_id, None, True)
    assert (await ordered(world, dm, appeal, AppealVerdict.DISMISS)).state is AppealState.DISMISSED


async def test_a_penalty_needs_the_second_level_a_hearing_and_the_cap(world: World):
    courts = await authorities(world)
    application = await refused(world)
    first = await appealed(world, application)
    imposed = {"penalty": Imposed(25_000, "Without sufficient cause.")}
    refusal = await code_of(
        ordered(world, courts.bdo, first, AppealVerdict.DIRECT, direct_until=_soon(world), **imposed)
    )
    assert refusal == (ErrorCode.PENALTY_NOT_ALLOWED, ("input", "penalty"))
    await ordered(world, courts.bdo, first, AppealVerdict.DISMISS)
    second = await appealed(world, application, "second")
    direct = {"direct_until": _soon(world)}
    assert await code_of(ordered(world, courts.dm, second, AppealVerdict.DIRECT, **direct, **imposed)) == (
        ErrorCode.HEARING_REQUIRED,
        ("input", "penalty"),
    )
    second = await heard(world, courts.dm, second)
    high = {"penalty": Imposed(500_001, "Too much.")}
    assert await code_of(ordered(world, courts.dm, second, AppealVerdict.DIRECT, **direct, **high)) == (
        ErrorCode.PENALTY_NOT_ALLOWED,
        ("input", "penalty", "amount"),
    )
    awards = {**imposed, "compensation": Imposed(10_000, "For three journeys.")}
    decided = await ordered(world, courts.dm, second, AppealVerdict.DIRECT, **direct, **awards)
    async with world.env.store.read_transaction() as tx:
        kept = (await appeal_course.awards(tx, [decided.id]))[decided.id]
    assert [(one.kind.value, one.amount_paise, one.officer_id) for one in kept] == [
        ("PENALTY", 25_000, world.registrar.person_id),
        ("COMPENSATION", 10_000, None),
    ]


def _soon(world: World):
    return ist_date(world.clock.now()) + timedelta(days=7)


@pytest.mark.parametrize(
    ("verdict", "days", "code"),
    [
        (AppealVerdict.DIRECT, None, ErrorCode.DATE_NOT_ALLOWED),
        (AppealVerdict.DIRECT, -1, ErrorCode.DATE_NOT_ALLOWED),
        (AppealVerdict.DIRECT, 61, ErrorCode.DATE_NOT_ALLOWED),
        (AppealVerdict.DISMISS, 3, ErrorCode.DATE_NOT_ALLOWED),
        (AppealVerdict.CLOSE, None, ErrorCode.TRANSITION_NOT_ALLOWED),
    ],
)
async def test_an_order_with_a_wrong_day_or_in_a_wrong_state_is_refused(world, verdict, days, code):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    until = None if days is None else ist_date(world.clock.now()) + timedelta(days=days)
    assert (await code_of(ordered(world, courts.bdo, appeal, verdict, direct_until=until)))[0] is code


async def test_a_stale_version_of_an_appeal_is_told_the_present_one(world: World):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    await heard(world, courts.bdo, appeal)
    refusal = await code_of(ordered(world, courts.bdo, appeal, AppealVerdict.DISMISS, expected_version=1))
    assert refusal[0] is ErrorCode.CONFLICT


async def test_after_a_late_delivery_the_authority_closes_and_the_citizen_may_go_on_about_the_penalty(world: World):
    courts = await authorities(world)
    application = await overdue(world)
    await sweep(world.env)
    pass_days(world, 3)
    await decide_application(world.env, world.registrar, Decide(application.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, application.id, FakeRenderer())
    (appeal,) = await appeals_of(world.env, application.id)
    closed = await ordered(world, courts.bdo, appeal, AppealVerdict.CLOSE)
    assert closed.state is AppealState.CLOSED
    second = await appealed(world, application)
    assert (second.level, second.ground) == (AppealLevel.SECOND, AppealGround.TIME_LIMIT_BREACHED)
