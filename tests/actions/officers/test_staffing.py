"""Transfers and posts that fall vacant; the leave of officers is in test_leaves.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.appeals.appeals import AppealVerdict
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.kernel import of_application
from actions.officers import staff_rounds
from actions.officers.staffing import Moved, RecordLeave, TransferOfficer, record_leave, transfer_officer
from domain.appeals.appeals import AppealMove
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import Move
from domain.clearances import EscalationKind
from domain.identity.policy import Purpose, decide
from domain.kernel import ErrorCode, OfficerLevel, PersonKind, Posting, Problems, Role, Subject, ist_date
from domain.officers.desk import DeskRules
from domain.officers.staff import AbsenceRule
from store import clearances
from store.applications import timeline
from store.identity import people
from store.officers import posts
from tests.support.actions import World
from tests.support.law import (
    DEPARTMENT,
    appealed,
    appeals_of,
    authorities,
    enter_officer,
    events_of,
    ordered,
    present,
    refused,
)
from tests.support.staffing import ADMIN, OURS, open_with, reassigned, signed_in_now, transferred
from tests.support.stored import audit_lines_of

LEFT = Posting(Role.OFFICER, DEPARTMENT, "49", None, OfficerLevel.DESIGNATED)


async def moved(world: World, officer: Subject, by: Subject = OURS, key: str = "t", **how) -> Moved:
    request = TransferOfficer(officer.person_id or "", key, **how)
    return (await transferred(world.env, by, request))[1]


async def newcomer(world: World, name: str = "newcomer") -> Subject:
    return await enter_officer(world.env, name, Posting(Role.OFFICER, "none-yet"))


async def test_a_transfer_takes_postings_and_open_cases_to_the_successor(world: World):
    application = await world.submit(world.asha)
    successor = await newcomer(world)
    assert await moved(world, world.registrar, successor_id=successor.person_id) == Moved(1, 0)
    after = await present(world.env, application.id)
    assert after.officer_id == successor.person_id
    async with world.env.store.read_transaction() as tx:
        last = (await timeline.timelines(tx, [application.id]))[application.id][-1]
        found = await people.officers(tx, [successor.person_id or "", world.registrar.person_id or ""])
        lines = await audit_lines_of(tx, "OFFICER", world.registrar.person_id or "")
    assert (last.move, last.holder_id) == (Move.REASSIGN, successor.person_id)
    assert found[world.registrar.person_id or ""].postings == ()
    assert LEFT in found[successor.person_id or ""].postings
    assert [line.action for line in lines] == ["staff.transfer_ordered", "staff.transfer_confirmed"]
    assert lines[0].detail["vacant"] is False


async def test_the_same_key_transfers_once_and_tells_the_same_again(world: World):
    await world.submit(world.asha)
    successor = await newcomer(world)
    request = TransferOfficer(world.registrar.person_id or "", "k", successor.person_id)
    first, replayed = await transfer_officer(world.env, OURS, request)
    again, replayed_again = await transfer_officer(world.env, OURS, request)
    assert (first, replayed, replayed_again) == (again, False, True)
    with pytest.raises(Problems) as caught:
        await transfer_officer(world.env, OURS, replace(request, successor_id=None))
    assert caught.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED


async def test_a_transfer_that_was_cut_off_is_finished_by_the_legal_clock(world: World, monkeypatch):
    application = await world.submit(world.asha)
    successor = await newcomer(world)

    async def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("actions.officers.staff_confirmations.finished_transfer", killed)
        with pytest.raises(SystemExit):
            await moved(world, world.registrar, successor_id=successor.person_id)
    assert (await present(world.env, application.id)).officer_id == world.registrar.person_id
    assert (await sweep(world.env)).moved == 1
    assert (await present(world.env, application.id)).officer_id == successor.person_id
    assert (await sweep(world.env)).moved == 0
    # The key gives what was done meanwhile.
    assert await moved(world, world.registrar, successor_id=successor.person_id) == Moved(1, 0)


async def test_many_cases_move_in_batches_of_transactions(world: World, monkeypatch):
    for citizen in (world.asha, world.sunil):
        await world.submit(citizen)
    monkeypatch.setattr("actions.officers.staff_moves.BATCH", 1)
    successor = await newcomer(world)
    open_before = await open_with(world, world.registrar)
    assert (await moved(world, world.registrar, successor_id=successor.person_id)).cases == len(open_before)
    assert await open_with(world, successor) == open_before


async def test_a_vacant_post_goes_to_the_level_above_who_may_decide_and_it_is_flagged(world: World):
    courts = await authorities(world)
    application = await world.submit(world.asha)
    await moved(world, world.registrar)
    held = await present(world.env, application.id)
    assert held.officer_id == courts.bdo.person_id
    assert not decide(courts.dm, of_application(held), Purpose.DECIDE)
    async with world.env.store.read_transaction() as tx:
        (warning,) = (await clearances.warnings(tx, [application.id]))[application.id]
        (vacancy,) = await posts.vacant([Posting(Role.ADMIN)], DEPARTMENT, "49").page(tx, limit=9)
    assert (warning.kind, warning.above_id) == (EscalationKind.POST_VACANT, courts.bdo.person_id)
    assert (vacancy.posting, vacancy.former_id, vacancy.cover_id) == (LEFT, world.registrar.person_id, None)
    approved, _ = await decide_application(world.env, courts.bdo, Decide(application.id, Verdict.APPROVE, "yes"))
    assert approved.decision is not None
    later = await world.submit(world.sunil, idempotency_key="sunil")
    assert later.officer_id == courts.bdo.person_id


@pytest.mark.parametrize(
    ("rule", "holder"), [(AbsenceRule.STAND_IN, "cover"), (AbsenceRule.LEVEL_ABOVE, "bdo")], ids=str
)
async def test_new_cases_of_a_vacant_post_go_as_the_setting_says(world: World, rule: AbsenceRule, holder: str):
    world.env = replace(world.env, rules=replace(world.env.rules, desk=DeskRules(absence=rule)))
    courts, cover = await authorities(world), await newcomer(world, "cover")
    old = await world.submit(world.asha)
    await moved(world, world.registrar, cover_id=cover.person_id)
    new = await world.submit(world.sunil, idempotency_key="new")
    expected = {"cover": cover.person_id, "bdo": courts.bdo.person_id}[holder]
    assert [(await present(world.env, one.id)).officer_id for one in (old, new)] == [expected, expected]


async def test_who_has_charge_of_a_vacant_post_may_decide_on_its_cases(world: World):
    cover = await newcomer(world, "cover")
    case = await world.submit(world.asha)
    await moved(world, world.registrar, cover_id=cover.person_id)
    subject = await signed_in_now(world, cover)
    assert subject.roles == {Role.OFFICER}
    approved, _ = await decide_application(world.env, subject, Decide(case.id, Verdict.APPROVE, "yes"))
    assert approved.decision is not None


async def test_who_is_posted_to_a_vacant_post_gets_back_what_went_up_and_is_still_open(world: World):
    courts = await authorities(world)
    old, decided = await world.submit(world.asha), await world.submit(world.sunil)
    await moved(world, world.registrar)
    await decide_application(world.env, courts.bdo, Decide(decided.id, Verdict.APPROVE, "yes"))
    holder = await enter_officer(world.env, "posted", Posting(Role.OFFICER, "none-yet"))
    # Somebody without a post of the department is posted by its administrator to the vacant one.
    async with world.env.store.write_transaction() as tx:
        officer = (await people.officers(tx, [holder.person_id or ""]))[holder.person_id or ""]
        await people.update_officer(tx, replace(officer, postings=()))
    await moved(world, holder, key="fill", postings=(LEFT,))
    assert (await present(world.env, old.id)).officer_id == holder.person_id
    assert (await present(world.env, decided.id)).officer_id == courts.bdo.person_id
    async with world.env.store.read_transaction() as tx:
        assert await posts.vacant([Posting(Role.ADMIN)], None, None).page(tx, limit=9) == []
    assert (await sweep(world.env)).moved == 0


async def test_what_an_officer_keeps_of_her_posts_stays_with_her(world: World):
    successor = await newcomer(world)
    case = await world.submit(world.asha)
    kept = replace(LEFT, tehsil="304")
    assert await moved(world, world.registrar, successor_id=successor.person_id, postings=(kept,)) == Moved(0, 0)
    assert (await present(world.env, case.id)).officer_id == world.registrar.person_id


async def test_open_appeals_go_with_the_post_and_the_snapshot_stays(world: World):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    successor = await newcomer(world, "new-bdo")
    assert (await moved(world, courts.bdo, ADMIN, successor_id=successor.person_id)).appeals == 1
    (now,) = await appeals_of(world.env, appeal.application_id)
    assert (now.authority_id, now.first_id) == (successor.person_id, courts.bdo.person_id)
    assert (await events_of(world.env, appeal.id))[-1].move is AppealMove.REASSIGN


async def test_cases_that_lie_with_a_stand_in_go_to_the_successor_too(world: World):
    stand_in, successor = await newcomer(world, "stand-in"), await newcomer(world)
    case, today = await world.submit(world.asha), ist_date(world.clock.now())
    leave = RecordLeave(world.registrar.person_id or "", today, today + timedelta(days=9), "l", stand_in.person_id)
    await record_leave(world.env, OURS, leave)
    assert (await present(world.env, case.id)).officer_id == stand_in.person_id
    assert await moved(world, world.registrar, successor_id=successor.person_id) == Moved(1, 0)
    assert (await present(world.env, case.id)).officer_id == successor.person_id
    world.clock.advance(timedelta(days=10))
    await sweep(world.env)
    assert (await present(world.env, case.id)).officer_id == successor.person_id
    assert await reassigned(world, case) == 2


WRONG = (
    ({"successor_id": "absent"}, ErrorCode.NOT_FOUND, "successorId"),
    ({"cover_id": "absent"}, ErrorCode.NOT_FOUND, "coverId"),
    ({"postings": (replace(LEFT, department="no-such"),)}, ErrorCode.NOT_FOUND, "0"),
    ({"postings": (replace(LEFT, district="99"),)}, ErrorCode.PLACE_UNKNOWN, "district"),
    ({"postings": (replace(LEFT, tehsil="1"),)}, ErrorCode.PLACE_UNKNOWN, "tehsil"),
    ({"postings": (replace(LEFT, level=None),)}, ErrorCode.BAD_INPUT, "level"),
    ({"postings": (replace(LEFT, role=Role.DEPARTMENT_ADMIN),)}, ErrorCode.BAD_INPUT, "level"),
    ({"postings": (LEFT, LEFT)}, ErrorCode.BAD_INPUT, "postings"),
    ({"postings": (Posting(Role.ADMIN),)}, ErrorCode.NOT_FOUND, "0"),
)


async def test_a_wrong_transfer_is_refused_by_its_field_and_moves_nothing(world: World):
    case = await world.submit(world.asha)
    herself = ({"successor_id": world.registrar.person_id}, ErrorCode.OFFICER_UNSUITABLE, "successorId")
    for how, code, field in (*WRONG, herself):
        with pytest.raises(Problems) as caught:
            await moved(world, world.registrar, **how)
        assert (caught.value.code, caught.value.problems[0].path[-1]) == (code, field)
    assert (await present(world.env, case.id)).officer_id == world.registrar.person_id
    assert (await sweep(world.env)).moved == 0


async def test_only_those_who_post_officers_move_them(world: World):
    other = replace(OURS, postings=(Posting(Role.DEPARTMENT_ADMIN, "revenue-department"),))
    for stranger in (other, world.registrar, world.asha):
        with pytest.raises(Problems) as caught:
            await moved(world, world.registrar, stranger)
        assert caught.value.code is ErrorCode.NOT_FOUND
    # Nor does an officer without a post belong to everybody.
    idle = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, (await newcomer(world)).person_id)
    async with world.env.store.write_transaction() as tx:
        officer = (await people.officers(tx, [idle.person_id or ""]))[idle.person_id or ""]
        await people.update_officer(tx, replace(officer, postings=()))
    with pytest.raises(Problems) as caught:
        await moved(world, idle, world.registrar)
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_a_batch_that_loses_to_somebody_at_work_is_tried_again(world: World, monkeypatch):
    case = await world.submit(world.asha)
    successor, lost = await newcomer(world), []
    carry_out = staff_rounds.carry_out_transfer

    async def late(acting, transfer):
        if not lost:
            lost.append(True)
            raise staff_rounds.VersionConflict(2, "IN_SCRUTINY")
        return await carry_out(acting, transfer)

    monkeypatch.setattr(staff_rounds, "carry_out_transfer", late)
    assert await moved(world, world.registrar, successor_id=successor.person_id) == Moved(1, 0)
    assert (await present(world.env, case.id)).officer_id == successor.person_id


async def test_who_decided_does_not_hear_the_appeal_about_it(world: World):
    courts = await authorities(world)
    application = await world.submit(world.asha)
    await moved(world, world.registrar)
    no = Decide(application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="Not born here.")
    await decide_application(world.env, courts.bdo, no)
    appeal = await appealed(world, application)
    assert (appeal.authority_id, appeal.vacant) == (courts.dm.person_id, True)
    assert (await ordered(world, courts.dm, appeal, AppealVerdict.DISMISS)).order is not None
