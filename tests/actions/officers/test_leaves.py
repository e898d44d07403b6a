"""Leave: cases go to the stand-in on its first day and come back after its last, once, whatever the clock does."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.appeals.appeals import RecordHearing, record_hearing
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.kernel import of_applicant, of_application
from actions.kernel.case_reads import read_applicants
from actions.officers.forward import ForwardCase, forward_application, forward_targets
from actions.officers.staffing import CancelLeave, Moved, RecordLeave, cancel_leave, record_leave
from domain.identity.policy import Purpose, Resource, decide
from domain.kernel import ErrorCode, OfficerLevel, Posting, Problems, Role, Subject, ist_date
from domain.officers.desk import DeskRules
from domain.officers.staff import AbsenceRule, Leave, LeaveState
from gateway.runtime.leadership import LeadershipLost
from gateway.worker.legal_clock import LegalClock
from store.identity import accesses
from store.officers import desk_reads, leave
from tests.support.actions import World
from tests.support.law import appealed, appeals_of, authorities, enter_officer, present, refused
from tests.support.staffing import ADMIN, OURS, open_with, reassigned, recorded_leave, signed_in_now

DAY = timedelta(days=1)


@pytest.fixture
async def stand_in(world: World) -> Subject:
    """Somebody of another department who has no case of her own."""
    return await enter_officer(world.env, "stand-in", Posting(Role.OFFICER, "elsewhere", level=OfficerLevel.DESIGNATED))


def today(world: World) -> date:
    return ist_date(world.clock.now())


async def away(
    world: World,
    officer: Subject,
    days: int = 5,
    *,
    ahead: int = 0,
    by: Subject = OURS,
    stand_in: Subject | None = None,
) -> tuple[Leave, Moved]:
    first = today(world) + ahead * DAY
    last, substitute = first + (days - 1) * DAY, stand_in.person_id if stand_in else None
    request = RecordLeave(officer.person_id or "", first, last, f"{officer.person_id}{first}", substitute)
    return await recorded_leave(world.env, by, request)


async def now(world: World, taken: Leave) -> Leave:
    async with world.env.store.read_transaction() as tx:
        found = await leave.get(tx, taken.id)
    assert found is not None
    return found


async def holder(world: World, case) -> str | None:
    return (await present(world.env, case.id)).officer_id


async def may_decide(world: World, officer: Subject, case) -> bool:
    held = of_application(await present(world.env, case.id))
    return decide(await signed_in_now(world, officer), held, Purpose.DECIDE)


async def test_a_leave_from_today_brings_cases_to_the_stand_in_at_once_and_back_after_its_last_day(world, stand_in):
    case = await world.submit(world.asha)
    taken, moved = await away(world, world.registrar, stand_in=stand_in)
    assert (moved, taken.state_on(today(world))) == (Moved(1, 0), LeaveState.RUNNING)
    later = await world.submit(world.sunil)
    assert [await holder(world, one) for one in (case, later)] == [stand_in.person_id] * 2
    assert await may_decide(world, stand_in, later)
    world.clock.advance(5 * DAY)
    assert not await may_decide(world, stand_in, later)
    assert (await sweep(world.env)).moved == 2
    assert [await holder(world, one) for one in (case, later)] == [world.registrar.person_id] * 2
    over = await now(world, taken)
    assert (over.state_on(today(world)), over.ended_at) == (LeaveState.OVER, world.clock.now())


async def test_a_leave_recorded_ahead_moves_on_its_first_day_and_not_before(world, stand_in):
    case = await world.submit(world.asha)
    taken, moved = await away(world, world.registrar, ahead=3, stand_in=stand_in)
    assert (moved, taken.state_on(today(world))) == (Moved(0, 0), LeaveState.PLANNED)
    world.clock.advance(2 * DAY)
    assert (await sweep(world.env)).moved == 0
    world.clock.advance(DAY)
    assert (await sweep(world.env)).moved == 1
    assert await holder(world, case) == stand_in.person_id
    assert (await now(world, taken)).begun_at == world.clock.now()


async def test_the_clock_may_step_and_each_case_still_goes_once_and_comes_back_once(world, stand_in):
    case = await world.submit(world.asha)
    taken, _ = await away(world, world.registrar, ahead=2, stand_in=stand_in)
    start = world.clock.now()
    # Forward into the leave, back before it, into it again, behind it, back into it, behind it again.
    for days, expected in ((2, stand_in), (0, stand_in), (3, stand_in), (9, world.registrar), (4, world.registrar)):
        world.clock.set(start + days * DAY)
        for _ in range(2):
            await sweep(world.env)
        assert await holder(world, case) == expected.person_id
        assert await may_decide(world, expected, case)
    assert await reassigned(world, case) == 2
    assert (await now(world, taken)).state_on(today(world)) is LeaveState.OVER


async def test_a_round_that_is_cut_off_or_lost_its_lead_is_finished_by_the_next_one(world, stand_in, monkeypatch):
    cases = [await world.submit(world.asha), await world.submit(world.sunil)]
    taken, _ = await away(world, world.registrar, ahead=1, stand_in=stand_in)
    monkeypatch.setattr("actions.officers.staff_moves.BATCH", 1)
    world.clock.advance(DAY)
    transactions: list[int] = []

    async def fence(tx) -> None:
        transactions.append(1)
        if len(transactions) == 6:
            raise LeadershipLost

    with pytest.raises(LeadershipLost):
        await sweep(world.env, fence)
    assert len(await open_with(world, stand_in)) == 1
    assert (await now(world, taken)).begun_at is None
    await sweep(world.env)
    assert await open_with(world, stand_in) == {case.id for case in cases}
    assert [await reassigned(world, case) for case in cases] == [1, 1]


async def test_of_two_workers_the_leader_moves_the_cases(world, stand_in):

    case = await world.submit(world.asha)
    await away(world, world.registrar, ahead=1, stand_in=stand_in)
    one, two = (LegalClock(world.env) for _ in range(2))
    world.clock.advance(DAY)
    rounds = [await clock.tick() for clock in (one, two, one, two)]
    assert [swept.moved if swept else None for swept in rounds] == [1, None, None, None]
    assert await reassigned(world, case) == 1


async def test_leave_without_a_stand_in_goes_to_the_level_above_and_comes_back(world):
    courts, case = await authorities(world), await world.submit(world.asha)
    await away(world, world.registrar, days=1)
    new = await world.submit(world.sunil)
    assert [await holder(world, one) for one in (case, new)] == [courts.bdo.person_id] * 2
    world.clock.advance(DAY)
    await sweep(world.env)
    assert [await holder(world, one) for one in (case, new)] == [world.registrar.person_id] * 2


async def test_the_setting_may_send_all_work_to_the_level_above(world, stand_in):
    world.env = replace(world.env, rules=replace(world.env.rules, desk=DeskRules(absence=AbsenceRule.LEVEL_ABOVE)))
    courts, case = await authorities(world), await world.submit(world.asha)
    await away(world, world.registrar, stand_in=stand_in)
    assert await holder(world, case) == courts.bdo.person_id


async def test_a_stand_in_who_goes_away_herself_hands_up_what_is_not_hers_and_gets_it_back(world, stand_in):
    courts, case = await authorities(world), await world.submit(world.asha)
    third = await enter_officer(world.env, "third", Posting(Role.OFFICER, "elsewhere"))
    await away(world, world.registrar, days=9, stand_in=stand_in)
    await away(world, stand_in, days=2, by=ADMIN, stand_in=third)
    # The third officer stands in for the second one's own posts only.
    assert await holder(world, case) == courts.bdo.person_id
    world.clock.advance(2 * DAY)
    await sweep(world.env)
    assert await holder(world, case) == stand_in.person_id
    world.clock.advance(7 * DAY)
    await sweep(world.env)
    assert await holder(world, case) == world.registrar.person_id


async def test_two_who_stand_in_for_each_other_do_not_pass_a_case_round(world, stand_in):
    courts, case = await authorities(world), await world.submit(world.asha)
    await away(world, world.registrar, stand_in=stand_in)
    await away(world, stand_in, by=ADMIN, stand_in=world.registrar)
    assert await holder(world, case) == courts.bdo.person_id


async def test_what_was_decided_or_forwarded_meanwhile_stays_where_it_is(world, stand_in):
    courts = await authorities(world)
    decided, forwarded = await world.submit(world.asha), await world.submit(world.sunil)
    await away(world, world.registrar, stand_in=stand_in)
    acting = await signed_in_now(world, stand_in)
    await decide_application(world.env, acting, Decide(decided.id, Verdict.APPROVE, "yes"))
    up = ForwardCase(forwarded.id, courts.bdo.person_id or "", "A hard case.", "up")
    await forward_application(world.env, acting, up)
    world.clock.advance(5 * DAY)
    assert (await sweep(world.env)).moved == 0
    assert [await holder(world, one) for one in (decided, forwarded)] == [stand_in.person_id, courts.bdo.person_id]


async def test_nobody_forwards_to_an_officer_on_leave(world, stand_in):
    courts, case = await authorities(world), await world.submit(world.asha)
    await away(world, courts.bdo, by=ADMIN, stand_in=stand_in)
    assert await forward_targets(world.env, world.registrar, case.id) == []


async def test_appeals_go_to_the_stand_in_of_their_authority_and_come_back(world, stand_in):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    await away(world, courts.bdo, by=ADMIN, stand_in=stand_in)
    (moved,) = await appeals_of(world.env, appeal.application_id)
    assert (moved.authority_id, moved.vacant) == (stand_in.person_id, False)
    heard = RecordHearing(appeal.id, world.clock.now(), "Block office", "h")
    await record_hearing(world.env, await signed_in_now(world, stand_in), heard)
    world.clock.advance(5 * DAY)
    await sweep(world.env)
    (back,) = await appeals_of(world.env, appeal.application_id)
    assert back.authority_id == courts.bdo.person_id


async def test_a_cancelled_leave_brings_everything_back_at_once_or_never_begins(world, stand_in):
    case = await world.submit(world.asha)
    running, _ = await away(world, world.registrar, days=2, stand_in=stand_in)
    planned, _ = await away(world, world.registrar, ahead=9, stand_in=stand_in)
    (back, moved), _ = await cancel_leave(world.env, OURS, CancelLeave(running.id, "c"))
    assert (back.state_on(today(world)), moved, await holder(world, case)) == (
        LeaveState.CANCELLED,
        Moved(1, 0),
        world.registrar.person_id,
    )
    _, replayed = await cancel_leave(world.env, OURS, CancelLeave(running.id, "c"))
    assert replayed
    await cancel_leave(world.env, OURS, CancelLeave(planned.id, "p"))
    world.clock.advance(10 * DAY)
    assert (await sweep(world.env)).moved == 0
    for leave_id, by, code in (
        (running.id, OURS, ErrorCode.STEP_NOT_ALLOWED),
        ("absent", OURS, ErrorCode.NOT_FOUND),
        (planned.id, world.registrar, ErrorCode.NOT_FOUND),
    ):
        with pytest.raises(Problems) as caught:
            await cancel_leave(world.env, by, CancelLeave(leave_id, f"{leave_id}{by.person_id}"))
        assert caught.value.code is code


async def test_a_wrong_leave_is_refused_by_its_field(world, stand_in):
    await away(world, world.registrar, days=3, ahead=2)
    officer, first = world.registrar.person_id or "", today(world)
    for request, by, code, field in (
        (RecordLeave(officer, first, first - DAY, "1"), OURS, ErrorCode.DATE_NOT_ALLOWED, "untilOn"),
        (RecordLeave(officer, first, first + 366 * DAY, "2"), OURS, ErrorCode.DATE_NOT_ALLOWED, "untilOn"),
        (RecordLeave(officer, first - 9 * DAY, first - DAY, "3"), OURS, ErrorCode.DATE_NOT_ALLOWED, "untilOn"),
        (RecordLeave(officer, first + 4 * DAY, first + 9 * DAY, "4"), OURS, ErrorCode.LEAVE_OVERLAPS, "fromOn"),
        (RecordLeave(officer, first, first, "5", officer), OURS, ErrorCode.OFFICER_UNSUITABLE, "substituteId"),
        (RecordLeave(officer, first, first, "6", "absent"), OURS, ErrorCode.NOT_FOUND, "substituteId"),
        (RecordLeave("absent", first, first, "7"), OURS, ErrorCode.NOT_FOUND, "officerId"),
        (RecordLeave(officer, first, first, "8"), world.tehsildar, ErrorCode.NOT_FOUND, "officerId"),
        (RecordLeave(officer, first, first, "9"), world.asha, ErrorCode.NOT_FOUND, "officerId"),
    ):
        with pytest.raises(Problems) as caught:
            await record_leave(world.env, by, request)
        assert (caught.value.code, caught.value.problems[0].path) == (code, ("input", field))


async def test_who_stands_in_states_no_purpose_and_the_citizen_sees_that_she_covers_a_colleague(world, stand_in):
    case = await world.submit(world.asha)
    await away(world, world.registrar, ahead=1, stand_in=stand_in)
    world.clock.advance(DAY)
    acting = await signed_in_now(world, stand_in)
    # Before the clock's round, while the case still lies with her colleague, and after it.
    for _ in range(2):
        assert await world.read(acting, case.id) is not None
        async with world.env.store.read_transaction() as tx:
            seen = (await accesses.of_citizen(tx, world.asha.person_id or "", 1))[0]
            assert await desk_reads.reads_since(tx, acting.person_id or "", world.clock.now() - DAY) == 0
        assert (seen.object_kind, seen.purpose) == ("APPLICATION", "COVER_COLLEAGUE")
        await sweep(world.env)
    world.clock.advance(5 * DAY)
    assert await world.read(await signed_in_now(world, stand_in), case.id) is None


async def test_the_applicant_s_personal_fields_are_read_as_cover_too_and_a_stated_purpose_stands(world, stand_in):
    case = await world.submit(world.asha)

    async def receipts_of(officer: Subject, applicant: Resource) -> list[tuple[str, str]]:
        assert await read_applicants(world.env, officer, [(case.id, applicant)]) == [Purpose.DECIDE]
        async with world.env.store.read_transaction() as tx:
            seen = await accesses.of_citizen(tx, world.asha.person_id or "", 1)
        return [(one.object_kind, one.purpose) for one in seen]

    assert await receipts_of(world.registrar, of_applicant(case)) == [("CITIZEN", "DECIDE")]
    await away(world, world.registrar, ahead=1, stand_in=stand_in)
    world.clock.advance(DAY)
    acting = await signed_in_now(world, stand_in)
    for _ in range(2):
        hers = of_applicant(await present(world.env, case.id))
        assert await receipts_of(acting, hers) == [("CITIZEN", "COVER_COLLEAGUE")]
        stated = replace(hers, stated=Purpose.INQUIRY)
        assert await receipts_of(acting, stated) == [("CITIZEN", "INQUIRY")]
        world.clock.advance(timedelta(seconds=1))
        await sweep(world.env)
