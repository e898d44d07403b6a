"""Nobody hears an appeal about her own work, by whatever way the appeal or the case would come to her."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.appeals.appeals import AppealVerdict, FileAppeal, file_appeal
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.officers.forward import ForwardCase, forward_application, forward_targets
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from actions.officers.staffing import RecordLeave, TransferOfficer
from domain.appeals.appeals import AppealLevel, AppealState
from domain.applications.applications import Application, RejectionGround
from domain.applications.deadline import breaches_at
from domain.kernel import ErrorCode, OfficerLevel, Posting, Problems, Role, Subject, ist_date
from tests.support.actions import World
from tests.support.desk import DISABILITY_PENSION, colleagues_of
from tests.support.law import (
    DEPARTMENT,
    Authorities,
    appealed,
    appeals_of,
    authorities,
    enter_officer,
    ordered,
    present,
)
from tests.support.staffing import ADMIN, recorded_leave, signed_in_now, transferred

FIRST_POST = Posting(Role.APPELLATE, DEPARTMENT, "49", None, OfficerLevel.FIRST_APPELLATE)
DO_POST = Posting(Role.OFFICER, DEPARTMENT, "49", None, OfficerLevel.DESIGNATED)


@pytest.fixture
async def courts(world: World) -> Authorities:
    return await authorities(world)


async def rejected(world: World, case: Application, by: Subject) -> Application:
    no = Decide(case.id, Verdict.REJECT, f"no-{case.id}", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
    return (await decide_application(world.env, by, no))[0]


async def forwarded(world: World, case: Application, by: Subject, to: Subject) -> Application:
    request = ForwardCase(case.id, to.person_id or "", "A hard case.", f"f-{to.person_id}")
    return (await forward_application(world.env, by, request))[0]


async def move(world: World, officer: Subject, **how) -> None:
    await transferred(world.env, ADMIN, TransferOfficer(officer.person_id or "", f"t-{officer.person_id}", **how))


async def on_leave(world: World, officer: Subject, stand_in: Subject | None) -> None:
    day, substitute = ist_date(world.clock.now()), stand_in.person_id if stand_in else None
    leave = RecordLeave(officer.person_id or "", day, day + timedelta(days=400 - 40), f"l-{day}", substitute)
    await recorded_leave(world.env, ADMIN, leave)


async def refused_to_hear(world: World, officer: Subject, appeal) -> ErrorCode:
    officer_now = await signed_in_now(world, officer)
    with pytest.raises(Problems) as caught:
        await ordered(world, officer_now, appeal, AppealVerdict.CLOSE)
    return caught.value.code


async def test_forwarding_who_decided_what_was_forwarded_to_her_does_not_hear_it(world: World, courts: Authorities):
    case = await forwarded(world, await world.submit(world.asha), world.registrar, courts.bdo)
    await rejected(world, case, courts.bdo)
    appeal = await appealed(world, case)
    assert (appeal.authority_id, appeal.vacant) == (courts.dm.person_id, True)
    # Her own post is that of the level: yet she may not act on it.
    assert await refused_to_hear(world, courts.bdo, appeal) is ErrorCode.OFFICER_INVOLVED
    assert (await ordered(world, courts.dm, appeal, AppealVerdict.DISMISS)).state is AppealState.DISMISSED


async def test_forwarding_who_only_had_the_case_for_a_while_does_not_hear_it(world: World, courts: Authorities):
    case = await forwarded(world, await world.submit(world.asha), world.registrar, courts.bdo)
    await forwarded(world, case, courts.bdo, world.registrar)
    await rejected(world, case, world.registrar)
    assert (await appealed(world, case)).authority_id == courts.dm.person_id


async def test_forwarding_a_case_never_goes_to_who_hears_an_appeal_about_it(world: World, courts: Authorities):
    case = await world.submit(world.asha)
    assert case.due_at is not None
    world.clock.set(breaches_at(case.due_at))
    await sweep(world.env)
    (appeal,) = await appeals_of(world.env, case.id)
    assert appeal.authority_id == courts.bdo.person_id
    assert await forward_targets(world.env, world.registrar, case.id) == []
    with pytest.raises(Problems) as caught:
        await forwarded(world, case, world.registrar, courts.bdo)
    assert caught.value.code is ErrorCode.OFFICER_UNSUITABLE


async def test_vacancy_and_leave_a_case_never_goes_up_to_who_hears_an_appeal_about_it(
    world: World, courts: Authorities
):
    case = await world.submit(world.asha)
    assert case.due_at is not None
    world.clock.set(breaches_at(case.due_at))
    await sweep(world.env)
    await on_leave(world, world.registrar, courts.bdo)
    assert (await present(world.env, case.id)).officer_id == courts.dm.person_id
    await move(world, world.registrar)
    (appeal,) = await appeals_of(world.env, case.id)
    assert (await present(world.env, case.id)).officer_id == courts.dm.person_id
    assert appeal.authority_id == courts.bdo.person_id


async def test_transfer_who_decided_and_is_then_posted_above_does_not_hear_it(world: World, courts: Authorities):
    case = await rejected(world, await world.submit(world.asha), world.registrar)
    early = await appealed(world, case)
    await move(world, world.registrar, postings=(FIRST_POST,))
    await move(world, courts.bdo, successor_id=world.registrar.person_id)
    (appeal,) = await appeals_of(world.env, case.id)
    assert (early.authority_id, appeal.authority_id) == (courts.bdo.person_id, courts.dm.person_id)
    assert await refused_to_hear(world, world.registrar, appeal) is ErrorCode.OFFICER_INVOLVED


async def test_transfer_who_had_a_case_before_her_successor_decided_it_does_not_hear_it(
    world: World, courts: Authorities
):
    case = await world.submit(world.asha)
    successor = await enter_officer(world.env, "successor", Posting(Role.OFFICER, "none-yet"))
    await move(world, world.registrar, successor_id=successor.person_id, postings=(FIRST_POST,))
    await move(world, courts.bdo)
    await rejected(world, case, await signed_in_now(world, successor))
    appeal = await appealed(world, case)
    assert appeal.authority_id == courts.dm.person_id
    assert await refused_to_hear(world, world.registrar, appeal) is ErrorCode.OFFICER_INVOLVED


async def test_leave_cover_who_decided_does_not_stand_in_for_the_authority(world: World, courts: Authorities):
    case = await rejected(world, await world.submit(world.asha), world.registrar)
    appeal = await appealed(world, case)
    await on_leave(world, courts.bdo, world.registrar)
    (moved,) = await appeals_of(world.env, case.id)
    assert (moved.authority_id, moved.vacant) == (courts.dm.person_id, True)
    assert await refused_to_hear(world, world.registrar, appeal) is ErrorCode.OFFICER_INVOLVED
    # A new appeal while she is away goes the same way.
    other = await rejected(world, await world.submit(world.sunil), world.registrar)
    filed, _ = await file_appeal(world.env, world.sunil, FileAppeal(other.id, "I was born here.", "sunil"))
    assert filed.authority_id == courts.dm.person_id


async def test_the_second_pair_of_eyes_does_not_hear_the_appeal_either(world: World):
    others = await colleagues_of(world)
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    post = Posting(Role.APPELLATE, "social-welfare-development", "49", None, OfficerLevel.FIRST_APPELLATE)
    await rejected(world, case, world.welfare)
    await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "confirm"))
    await move(world, others.welfare, postings=(post,))
    appeal = await appealed(world, case)
    assert (appeal.authority_id, appeal.vacant) == (None, True)
    assert await refused_to_hear(world, others.welfare, appeal) is ErrorCode.OFFICER_INVOLVED


async def test_an_appeal_that_goes_up_is_not_heard_again_by_who_heard_it_below(world: World, courts: Authorities):
    case = await rejected(world, await world.submit(world.asha), world.registrar)
    await ordered(world, courts.bdo, await appealed(world, case), AppealVerdict.DISMISS)
    await move(world, courts.dm, successor_id=courts.bdo.person_id)
    second = await appealed(world, case, "second")
    assert (second.level, second.authority_id, second.vacant) == (AppealLevel.SECOND, None, True)
    assert await refused_to_hear(world, courts.bdo, second) is ErrorCode.OFFICER_INVOLVED


async def test_an_order_opens_a_case_again_for_somebody_who_did_not_hear_it(world: World, courts: Authorities):
    case = await rejected(world, await world.submit(world.asha), world.registrar)
    appeal = await appealed(world, case)
    await move(world, world.registrar)
    until = ist_date(world.clock.now()) + timedelta(days=5)
    await ordered(world, courts.bdo, appeal, AppealVerdict.DIRECT, direct_until=until)
    assert (await present(world.env, case.id)).officer_id == courts.dm.person_id
    successor = await enter_officer(world.env, "successor", replace(DO_POST, department="none-yet"))
    await move(world, successor, postings=(DO_POST,))
    assert (await present(world.env, case.id)).officer_id == successor.person_id
