"""Nobody takes a post for herself, and nobody holds posts together that check each other, however she has them."""

from datetime import timedelta

import pytest

from actions.officers.staffing import RecordLeave, TransferOfficer, record_leave, transfer_officer
from domain.kernel import ErrorCode, OfficerLevel, Posting, Problem, Problems, Role, Subject, ist_date
from domain.officers.postings import may_hold
from domain.officers.staff import Leave
from store.identity import people
from store.officers import leave
from tests.support.actions import World
from tests.support.law import DEPARTMENT, enter_officer
from tests.support.staffing import ADMIN, OURS, on_duty

OFFICER = Posting(Role.OFFICER, DEPARTMENT, "49", None, OfficerLevel.DESIGNATED)
APPELLATE = Posting(Role.APPELLATE, DEPARTMENT, "49", None, OfficerLevel.FIRST_APPELLATE)
FINANCE = Posting(Role.FINANCE_OFFICER, DEPARTMENT)
FINANCE_ELSEWHERE = Posting(Role.FINANCE_OFFICER, "social-welfare-development")
POWERS = (FINANCE, APPELLATE, OFFICER, Posting(Role.AUDITOR), Posting(Role.COMMISSION), Posting(Role.DEPARTMENT_ADMIN))


async def administrator(world: World, posting: Posting = ADMIN.postings[0]) -> Subject:
    return await enter_officer(world.env, "administrator", posting)


async def problem_of(call) -> Problem:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.problems[0]


async def held_by(world: World, officer: Subject) -> tuple[Posting, ...]:
    async with world.env.store.read_transaction() as tx:
        key = officer.person_id or ""
        return (await people.officers(tx, [key]))[key].postings


@pytest.mark.parametrize("posting", POWERS, ids=lambda posting: posting.role.value)
@pytest.mark.parametrize("field", ["successor_id", "cover_id"])
async def test_an_administrator_takes_no_post_and_no_charge_of_one_for_herself(world: World, posting, field):
    me, other = await administrator(world), await enter_officer(world.env, "other", posting)
    request = TransferOfficer(other.person_id or "", "t", **{field: me.person_id})

    assert (await problem_of(transfer_officer(world.env, me, request))).code is ErrorCode.OFFICER_UNSUITABLE

    assert await held_by(world, me) == me.postings
    assert await held_by(world, other) == other.postings


async def test_an_administrator_does_not_post_herself(world: World):
    me = await administrator(world)
    request = TransferOfficer(me.person_id or "", "t", postings=(*me.postings[:0], OFFICER))

    problem = await problem_of(transfer_officer(world.env, me, request))

    assert (problem.code, problem.path) == (ErrorCode.OFFICER_UNSUITABLE, ("input", "officerId"))


async def test_an_administrator_stands_in_for_nobody_whose_leave_she_records(world: World):
    me, other = await administrator(world), await enter_officer(world.env, "other", APPELLATE)
    today = ist_date(world.clock.now())

    asked = record_leave(world.env, me, RecordLeave(other.person_id or "", today, today, "l", me.person_id))

    assert (await problem_of(asked)).code is ErrorCode.OFFICER_UNSUITABLE
    assert (await on_duty(world.env, me)).postings == me.postings


async def test_a_department_s_administrator_does_not_become_its_appellate_authority(world: World):
    me = await administrator(world, OURS.postings[0])
    other = await enter_officer(world.env, "other", APPELLATE)
    request = TransferOfficer(other.person_id or "", "t", me.person_id)

    assert (await problem_of(transfer_officer(world.env, me, request))).code is ErrorCode.OFFICER_UNSUITABLE


INCOMPATIBLE = (
    (ADMIN.postings[0], OFFICER),
    (OURS.postings[0], APPELLATE),
    (Posting(Role.AUDITOR), OFFICER),
    (OFFICER, Posting(Role.AUDITOR)),
    (OFFICER, FINANCE),
    (FINANCE, APPELLATE),
    (OFFICER, Posting(Role.COMMISSION)),
)


@pytest.mark.parametrize(("own", "offered"), INCOMPATIBLE, ids=lambda posting: posting.role.value)
@pytest.mark.parametrize("field", ["successor_id", "cover_id"])
async def test_posts_that_check_each_other_are_not_given_to_one_officer(world: World, own, offered, field):
    taker, leaver = await enter_officer(world.env, "taker", own), await enter_officer(world.env, "leaver", offered)
    request = TransferOfficer(leaver.person_id or "", "t", **{field: taker.person_id})

    assert (await problem_of(transfer_officer(world.env, ADMIN, request))).code is ErrorCode.POSTS_INCOMPATIBLE

    assert await held_by(world, taker) == (own,)


@pytest.mark.parametrize(("own", "offered"), INCOMPATIBLE, ids=lambda posting: posting.role.value)
async def test_nor_does_she_stand_in_for_them(world: World, own, offered):
    taker, leaver = await enter_officer(world.env, "taker", own), await enter_officer(world.env, "leaver", offered)
    today = ist_date(world.clock.now())

    asked = record_leave(world.env, ADMIN, RecordLeave(leaver.person_id or "", today, today, "l", taker.person_id))

    assert (await problem_of(asked)).code is ErrorCode.POSTS_INCOMPATIBLE
    assert (await on_duty(world.env, taker)).postings == (own,)


async def test_posts_of_her_own_are_looked_at_beside_those_in_which_she_stands_in(world: World):
    taker = await enter_officer(world.env, "taker", FINANCE_ELSEWHERE)
    away, payer = await enter_officer(world.env, "away", OFFICER), await enter_officer(world.env, "payer", FINANCE)
    today = ist_date(world.clock.now())
    await record_leave(world.env, ADMIN, RecordLeave(away.person_id or "", today, today, "l", taker.person_id))

    asked = transfer_officer(world.env, ADMIN, TransferOfficer(payer.person_id or "", "t", taker.person_id))

    assert (await problem_of(asked)).code is ErrorCode.POSTS_INCOMPATIBLE


async def test_new_posts_of_an_officer_are_looked_at_together(world: World):
    officer = await enter_officer(world.env, "officer", OFFICER)
    request = TransferOfficer(officer.person_id or "", "t", postings=(OFFICER, FINANCE))

    assert (await problem_of(transfer_officer(world.env, ADMIN, request))).code is ErrorCode.POSTS_INCOMPATIBLE


async def test_a_cover_that_became_incompatible_since_gives_no_power(world: World):
    """Her own posts may change during a leave; then what checks them is not hers, whatever was recorded before."""
    taker, away = await enter_officer(world.env, "taker", OFFICER), await enter_officer(world.env, "away", FINANCE)
    today = ist_date(world.clock.now())
    recorded = Leave(
        "l1", away.person_id or "", taker.person_id, today, today + timedelta(days=2), None, world.clock.now()
    )
    async with world.env.store.write_transaction() as tx:
        await leave.add(tx, recorded)

    assert (await on_duty(world.env, taker)).postings == (OFFICER,)


def test_posts_of_one_kind_go_together_and_paying_goes_with_deciding_elsewhere():
    assert may_hold((OFFICER,), APPELLATE)
    assert may_hold((OFFICER,), FINANCE_ELSEWHERE)
    assert may_hold((OURS.postings[0],), Posting(Role.DEPARTMENT_ADMIN, "social-welfare-development"))
    assert not may_hold((), Posting(Role.COMMISSION))
