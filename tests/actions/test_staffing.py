"""Transfers, leave with and without a substitute, vacant posts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.access import of_application
from actions.appeals import AppealVerdict
from actions.decide import Decide, Verdict, decide_application
from actions.sessions import _with_cover
from actions.staffing import Moved, RecordLeave, Transfer, pass_on, record_leave, transfer
from domain.clearances import EscalationKind
from domain.clock import ist_date
from domain.errors import ErrorCode, Problems
from domain.lifecycle import Move
from domain.people import OfficerLevel, PersonKind, Posting, Role, Subject
from domain.policy import Purpose, decide
from store import appeals, applications, clearances, people
from tests.support.actions import World
from tests.support.law import DEPARTMENT, appealed, authorities, enter_officer, ordered, present, refused

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin", (Posting(Role.ADMIN),))
OURS = Subject(
    frozenset({Role.DEPARTMENT_ADMIN}), PersonKind.OFFICER, "da", (Posting(Role.DEPARTMENT_ADMIN, DEPARTMENT),)
)


async def test_a_transfer_takes_postings_and_open_cases_to_the_successor(world: World):
    application = await world.submit(world.asha)
    successor = await enter_officer(world.env, "successor", Posting(Role.OFFICER, "none-yet"))
    moved = await transfer(world.env, OURS, Transfer(world.registrar.person_id or "", successor.person_id))
    assert moved == Moved(1, 0)
    after = await present(world.env, application.id)
    assert after.officer_id == successor.person_id
    async with world.env.store.reading() as tx:
        steps = (await applications.timelines(tx, [application.id]))[application.id]
        found = await people.officers(tx, [successor.person_id or "", world.registrar.person_id or ""])
    assert steps[-1].move is Move.REASSIGN
    assert found[world.registrar.person_id or ""].postings == ()
    assert set(world.registrar.postings) <= set(found[successor.person_id or ""].postings)
    assert await pass_on(world.env, OURS, world.registrar.person_id or "") == Moved(0, 0)


async def test_a_vacant_post_goes_to_the_level_above_who_may_decide_and_it_is_flagged(world: World):
    courts = await authorities(world)
    application = await world.submit(world.asha)
    await transfer(world.env, ADMIN, Transfer(world.registrar.person_id or "", None))
    held = await present(world.env, application.id)
    assert held.officer_id == courts.bdo.person_id
    assert not decide(courts.dm, of_application(held), Purpose.DECIDE)
    async with world.env.store.reading() as tx:
        (warning,) = (await clearances.warnings(tx, [application.id]))[application.id]
    assert (warning.kind, warning.above_id) == (EscalationKind.POST_VACANT, courts.bdo.person_id)
    request = Decide(application.id, Verdict.APPROVE, "yes")
    approved, _ = await decide_application(world.env, courts.bdo, request)
    assert approved.decision is not None
    later = await world.submit(world.sunil, idempotency_key="sunil")
    assert later.officer_id == courts.bdo.person_id


async def test_who_decided_does_not_hear_the_appeal_about_it(world: World):
    courts = await authorities(world)
    application = await world.submit(world.asha)
    await transfer(world.env, ADMIN, Transfer(world.registrar.person_id or "", None))
    from domain.applications import RejectionGround

    no = Decide(application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="Not born here.")
    await decide_application(world.env, courts.bdo, no)
    appeal = await appealed(world, application)
    assert (appeal.authority_id, appeal.vacant) == (courts.dm.person_id, True)
    assert (await ordered(world, courts.dm, appeal, AppealVerdict.DISMISS)).order is not None


async def test_leave_brings_cases_to_the_substitute_while_it_lasts(world: World):
    application = await world.submit(world.asha)
    stand_in = await enter_officer(
        world.env, "stand-in", Posting(Role.OFFICER, "elsewhere", level=OfficerLevel.DESIGNATED)
    )
    today = ist_date(world.clock.now())
    leave = RecordLeave(world.registrar.person_id or "", today, today + timedelta(days=4), stand_in.person_id)
    assert await record_leave(world.env, OURS, leave) == Moved(1, 0)
    assert (await present(world.env, application.id)).officer_id == stand_in.person_id
    later = await world.submit(world.sunil, idempotency_key="sunil")
    assert later.officer_id == stand_in.person_id
    assert await _may_decide(world, stand_in, later.id)
    world.clock.advance(timedelta(days=5))
    assert not await _may_decide(world, stand_in, later.id)
    assert (await pass_on(world.env, OURS, stand_in.person_id or "")).cases == 2


async def _may_decide(world: World, officer: Subject, application_id: str) -> bool:
    async with world.env.store.reading() as tx:
        entry = (await people.officers(tx, [officer.person_id or ""]))[officer.person_id or ""]
        postings = await _with_cover(tx, entry)
    subject = replace(officer, postings=postings, roles=frozenset(one.role for one in postings))
    return decide(subject, of_application(await present(world.env, application_id)), Purpose.DECIDE)


async def test_leave_without_a_substitute_goes_to_the_level_above(world: World):
    courts = await authorities(world)
    application = await world.submit(world.asha)
    today = ist_date(world.clock.now())
    await record_leave(world.env, OURS, RecordLeave(world.registrar.person_id or "", today, today))
    assert (await present(world.env, application.id)).officer_id == courts.bdo.person_id


async def test_open_appeals_go_with_the_post_and_the_snapshot_stays(world: World):
    courts = await authorities(world)
    appeal = await appealed(world, await refused(world))
    successor = await enter_officer(world.env, "new-bdo", Posting(Role.OFFICER, "none-yet"))
    assert (await transfer(world.env, ADMIN, Transfer(courts.bdo.person_id or "", successor.person_id))).appeals == 1
    async with world.env.store.reading() as tx:
        moved = (await appeals.many(tx, [appeal.id]))[appeal.id]
    assert (moved.authority_id, moved.first_id) == (successor.person_id, courts.bdo.person_id)


async def test_only_those_who_post_officers_move_them(world: World):
    other = replace(OURS, postings=(Posting(Role.DEPARTMENT_ADMIN, "revenue-department"),))
    for stranger in (other, world.registrar, world.asha):
        with pytest.raises(Problems) as caught:
            await transfer(world.env, stranger, Transfer(world.registrar.person_id or "", None))
        assert caught.value.code is ErrorCode.NOT_FOUND
    today = ist_date(world.clock.now())
    with pytest.raises(Problems) as caught:
        await record_leave(
            world.env, OURS, RecordLeave(world.registrar.person_id or "", today, today - timedelta(days=1))
        )
    assert caught.value.code is ErrorCode.DATE_NOT_ALLOWED
