"""Who is told of a change of posts: the leaver, the taker and the head of department, once it takes effect."""

from datetime import timedelta

import pytest

from actions.officers.post_changes import WITHIN, post_changes
from actions.officers.recovery import recover_administrator
from actions.officers.staff_confirmations import ConfirmLeave, ConfirmTransfer, confirm_leave, confirm_transfer
from actions.officers.staff_rounds import sweep_staff
from actions.officers.staffing import (
    CancelLeave,
    RecordLeave,
    TransferOfficer,
    cancel_leave,
    record_leave,
    transfer_officer,
)
from domain.kernel import SYSTEM, Officer, OfficerLevel, Posting, Role, Subject, ist_date
from domain.officers.staff import PostChange, PostChangeKind
from store.identity import people
from tests.support.actions import World
from tests.support.law import DEPARTMENT, enter_officer
from tests.support.staffing import ADMIN, OURS, SECOND, transferred

Kind = PostChangeKind


@pytest.fixture
async def taker(world: World) -> Subject:
    return await enter_officer(world.env, "taker")


@pytest.fixture
async def head(world: World) -> Subject:
    return await enter_officer(world.env, "head", Posting(Role.DEPARTMENT_ADMIN, DEPARTMENT))


async def entry(world: World, officer: Subject) -> Officer:
    async with world.env.store.read_transaction() as tx:
        return (await people.officers(tx, [officer.person_id or ""]))[officer.person_id or ""]


async def told(world: World, officer: Subject, by: Subject | None = None) -> list[PostChange]:
    return await post_changes(world.env, by or officer, await entry(world, officer))


async def kinds(world: World, *officers: Subject) -> list[list[Kind]]:
    return [[one.kind for one in await told(world, officer)] for officer in officers]


def to(world: World, **how: str | None) -> TransferOfficer:
    return TransferOfficer(world.registrar.person_id or "", "order", **how)


async def test_nobody_is_told_of_an_order_that_waits(world, taker, head):
    await transfer_officer(world.env, OURS, to(world, successor_id=taker.person_id))

    assert await kinds(world, world.registrar, taker, head) == [[], [], []]


async def test_leaver_successor_and_head_are_told_of_a_transfer_and_nobody_else_is(world, taker, head):
    await transferred(world.env, OURS, to(world, successor_id=taker.person_id))

    assert await kinds(world, world.registrar, taker, head, world.tehsildar) == [
        [Kind.MOVED],
        [Kind.TAKEN],
        [Kind.HEADED],
        [],
    ]


async def test_leaver_head_and_who_has_charge_are_told_of_a_vacant_post(world, taker, head):
    await transferred(world.env, OURS, to(world, cover_id=taker.person_id))

    assert await kinds(world, world.registrar, taker, head) == [[Kind.MOVED], [Kind.CHARGE], [Kind.HEADED]]


async def test_leaver_and_head_are_told_of_a_post_that_nobody_takes(world, taker, head):
    await transferred(world.env, OURS, to(world))

    assert await kinds(world, world.registrar, taker, head) == [[Kind.MOVED], [], [Kind.HEADED]]


async def test_who_is_posted_and_the_head_of_that_department_are_told(world, taker, head):
    post = Posting(Role.OFFICER, DEPARTMENT, "49", "303", OfficerLevel.DESIGNATED)

    await transferred(world.env, OURS, TransferOfficer(taker.person_id or "", "post", postings=(post,)))

    assert await kinds(world, taker, head, world.registrar) == [[Kind.MOVED], [Kind.HEADED], []]


async def test_charge_of_a_post_ends_for_whom_had_it_when_the_post_is_filled(world, taker, head):
    filler = await enter_officer(world.env, "filler")
    posts = (await entry(world, world.registrar)).postings
    await transferred(world.env, OURS, to(world, cover_id=taker.person_id))
    world.clock.advance(timedelta(days=1))

    await transferred(world.env, OURS, TransferOfficer(filler.person_id or "", "fill", postings=posts))

    assert await kinds(world, filler, taker, head) == [[Kind.MOVED], [Kind.ENDED, Kind.CHARGE], [Kind.HEADED] * 2]
    ended, _ = await told(world, taker)
    assert (ended.at, ended.ordered_at, ended.taker_id) == (world.clock.now(), None, filler.person_id)


async def test_a_recovered_administrator_and_the_lost_one_and_the_other_one_are_told(world, taker):
    await recover_administrator(world.env, SYSTEM, taker.person_id or "", "died", in_place_of="second-admin")

    found = [sorted(each) for each in await kinds(world, taker, SECOND, ADMIN)]
    assert found == [[Kind.HEADED, Kind.MOVED], [Kind.MOVED], [Kind.HEADED] * 2]


async def test_officer_substitute_and_head_are_told_of_a_leave_when_it_begins(world, taker, head):
    today = ist_date(world.clock.now())
    request = RecordLeave(world.registrar.person_id or "", today, today + timedelta(days=2), "leave", taker.person_id)

    await record_leave(world.env, OURS, request)

    assert await kinds(world, world.registrar, taker, head) == [[Kind.COVERED], [Kind.STANDS_IN], [Kind.HEADED]]


async def test_a_leave_that_has_not_begun_is_not_told(world, taker):
    first = ist_date(world.clock.now()) + timedelta(days=2)
    await record_leave(
        world.env, OURS, RecordLeave(world.registrar.person_id or "", first, first, "leave", taker.person_id)
    )

    assert await kinds(world, world.registrar, taker) == [[], []]


async def test_officer_substitute_and_head_are_told_of_a_long_leave_once_it_was_confirmed(world, taker, head):
    today = ist_date(world.clock.now())
    request = RecordLeave(world.registrar.person_id or "", today, today + timedelta(days=20), "leave", taker.person_id)
    (waiting, _), _ = await record_leave(world.env, OURS, request)
    assert await kinds(world, world.registrar, taker, head) == [[], [], []]
    world.clock.advance(timedelta(hours=2))

    await confirm_leave(world.env, SECOND, ConfirmLeave(waiting.id, "yes"))

    assert await kinds(world, world.registrar, taker, head) == [[Kind.COVERED], [Kind.STANDS_IN], [Kind.HEADED]]
    [change] = await told(world, taker)
    assert (change.ordered_at, change.confirmed_at, change.at) == (
        waiting.recorded_at,
        world.clock.now(),
        world.clock.now(),
    )


@pytest.mark.parametrize("cancelled", [True, False])
async def test_officer_substitute_and_head_are_told_when_a_leave_is_over_or_cancelled(world, taker, head, cancelled):
    today = ist_date(world.clock.now())
    request = RecordLeave(world.registrar.person_id or "", today, today, "leave", taker.person_id)
    (running, _), _ = await record_leave(world.env, OURS, request)
    world.clock.advance(timedelta(hours=2) if cancelled else timedelta(days=1))

    if cancelled:
        await cancel_leave(world.env, OURS, CancelLeave(running.id, "cancel"))
    else:
        await sweep_staff(world.env)

    assert await kinds(world, world.registrar, taker, head) == [
        [Kind.RETURNED, Kind.COVERED],
        [Kind.ENDED, Kind.STANDS_IN],
        [Kind.HEADED, Kind.HEADED],
    ]
    ended, began = await told(world, taker)
    assert (began.at, began.ordered_at, ended.at) == (running.recorded_at, running.recorded_at, world.clock.now())
    assert ended.ordered_at == (world.clock.now() if cancelled else running.recorded_at)


async def test_a_leave_that_is_cancelled_before_it_begins_is_not_told(world, taker):
    first = ist_date(world.clock.now()) + timedelta(days=2)
    request = RecordLeave(world.registrar.person_id or "", first, first, "leave", taker.person_id)
    (planned, _), _ = await record_leave(world.env, OURS, request)

    await cancel_leave(world.env, OURS, CancelLeave(planned.id, "cancel"))

    assert await kinds(world, world.registrar, taker) == [[], []]


async def test_nobody_is_told_of_a_transfer_that_was_refused(world, taker, head):
    (order, _), _ = await transfer_officer(world.env, OURS, to(world, successor_id=taker.person_id))

    await confirm_transfer(world.env, SECOND, ConfirmTransfer(order.id, confirm=False, idempotency_key="no"))

    assert await kinds(world, world.registrar, taker, head) == [[], [], []]


async def test_a_change_is_dated_by_its_order_its_confirmation_and_its_effect(world, taker):
    (order, _), _ = await transfer_officer(world.env, OURS, to(world, successor_id=taker.person_id))
    world.clock.advance(timedelta(days=3))

    await confirm_transfer(world.env, SECOND, ConfirmTransfer(order.id, confirm=True, idempotency_key="yes"))

    [change] = await told(world, taker)
    now = world.clock.now()
    assert (change.ordered_at, change.confirmed_at, change.at) == (order.recorded_at, now, now)


async def test_what_nobody_had_to_confirm_took_effect_with_its_order(world, head):
    await transfer_officer(world.env, OURS, to(world))

    [change] = await told(world, world.registrar)
    assert (change.ordered_at, change.confirmed_at, change.at) == (world.clock.now(), None, world.clock.now())


async def test_nobody_reads_what_another_officer_is_told(world, taker, head):
    await transferred(world.env, OURS, to(world, successor_id=taker.person_id))

    assert await told(world, taker, by=head) == []


async def test_a_change_is_told_for_thirty_days_from_its_effect(world, taker):
    (order, _), _ = await transfer_officer(world.env, OURS, to(world, successor_id=taker.person_id))
    world.clock.advance(timedelta(days=29))
    await confirm_transfer(world.env, SECOND, ConfirmTransfer(order.id, confirm=True, idempotency_key="yes"))

    world.clock.advance(WITHIN)

    assert await kinds(world, taker) == [[Kind.TAKEN]]
    world.clock.advance(timedelta(seconds=1))
    assert await kinds(world, taker) == [[]]
