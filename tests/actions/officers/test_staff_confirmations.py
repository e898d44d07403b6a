"""What gives somebody a post, or a long charge of one, waits for a second administrator and does nothing before."""

from asyncio import gather
from datetime import timedelta

import pytest

from actions.officers.staff_confirmations import (
    ConfirmLeave,
    ConfirmTransfer,
    confirm_leave,
    confirm_transfer,
    waiting_orders,
)
from actions.officers.staffing import (
    CancelLeave,
    RecordLeave,
    TransferOfficer,
    cancel_leave,
    record_leave,
    transfer_officer,
)
from domain.kernel import SYSTEM, ErrorCode, OfficerLevel, Posting, Problem, Problems, Role, Subject, ist_date
from domain.officers.staff import Confirmation, LeaveState
from store.identity import people
from tests.support.actions import World
from tests.support.law import DEPARTMENT, enter_officer, present
from tests.support.staffing import ADMIN, OURS, SECOND, on_duty
from tests.support.stored import audit_lines_of

POST = Posting(Role.OFFICER, "elsewhere", level=OfficerLevel.DESIGNATED)


@pytest.fixture
async def taker(world: World) -> Subject:
    return await enter_officer(world.env, "taker", POST)


async def problem_of(call) -> Problem:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.problems[0]


async def held_by(world: World, officer: Subject) -> tuple[Posting, ...]:
    async with world.env.store.read_transaction() as tx:
        key = officer.person_id or ""
        return (await people.officers(tx, [key]))[key].postings


def to_successor(world: World, taker: Subject) -> TransferOfficer:
    return TransferOfficer(world.registrar.person_id or "", "order", taker.person_id)


def saying(order_id: str, *, confirm: bool = True) -> ConfirmTransfer:
    return ConfirmTransfer(order_id, confirm, f"say-{confirm}")


async def test_a_transfer_between_people_changes_nothing_until_a_second_administrator_confirms_it(world, taker):
    case, before = await world.submit(world.asha), await held_by(world, world.registrar)
    (order, moved), _ = await transfer_officer(world.env, OURS, to_successor(world, taker))

    assert (order.confirmation, moved.cases) == (Confirmation.WAITING, 0)
    assert (await held_by(world, taker), await held_by(world, world.registrar)) == ((POST,), before)
    (done, moved), _ = await confirm_transfer(world.env, SECOND, saying(order.id))

    assert (done.confirmation, done.confirmed_by, moved.cases) == (Confirmation.CONFIRMED, SECOND.person_id, 1)
    assert (await held_by(world, taker), await held_by(world, world.registrar)) == ((POST, *before), ())
    assert (await present(world.env, case.id)).officer_id == taker.person_id
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "OFFICER", world.registrar.person_id or "")
    assert [line.action for line in lines] == ["staff.transfer_ordered", "staff.transfer_confirmed"]


@pytest.mark.parametrize(
    "how", [{"postings": (Posting(Role.OFFICER, DEPARTMENT, "49", "304", OfficerLevel.DESIGNATED),)}]
)
async def test_a_new_post_and_the_charge_of_one_wait_too(world, taker, how):
    request = TransferOfficer(world.registrar.person_id or "", "order", **how)
    charge = TransferOfficer(world.welfare.person_id or "", "charge", cover_id=taker.person_id)

    orders = [(await transfer_officer(world.env, ADMIN, one))[0][0] for one in (request, charge)]

    assert [one.confirmation for one in orders] == [Confirmation.WAITING] * 2
    assert (await on_duty(world.env, taker)).postings == (POST,)


async def test_to_leave_a_post_vacant_waits_for_nobody(world):
    (order, _), _ = await transfer_officer(world.env, OURS, TransferOfficer(world.registrar.person_id or "", "order"))

    assert order.confirmation is None
    assert await held_by(world, world.registrar) == ()


async def test_nobody_confirms_what_she_ordered_or_what_concerns_her(world, taker):
    me = await enter_officer(world.env, "me", Posting(Role.ADMIN))
    (order, _), _ = await transfer_officer(world.env, me, to_successor(world, taker))

    assert (await problem_of(confirm_transfer(world.env, me, saying(order.id)))).code is ErrorCode.SECOND_OFFICER_NEEDED
    for stranger in (taker, world.registrar, world.asha):
        assert (await problem_of(confirm_transfer(world.env, stranger, saying(order.id)))).code is ErrorCode.NOT_FOUND
    assert await held_by(world, taker) == (POST,)


async def test_a_refused_order_ends_and_nothing_changes(world, taker):
    before = await held_by(world, world.registrar)
    (order, _), _ = await transfer_officer(world.env, OURS, to_successor(world, taker))

    (done, _), _ = await confirm_transfer(world.env, SECOND, saying(order.id, confirm=False))

    assert done.confirmation is Confirmation.REFUSED
    assert (await problem_of(confirm_transfer(world.env, SECOND, saying(order.id)))).code is ErrorCode.STEP_NOT_ALLOWED
    assert (await held_by(world, taker), await held_by(world, world.registrar)) == ((POST,), before)


async def test_an_order_is_confirmed_once_on_each_store(peopled):
    world, taker = peopled, await enter_officer(peopled.env, "taker", POST)
    (order, _), _ = await transfer_officer(world.env, OURS, to_successor(world, taker))

    async def outcome(key: str) -> str:
        try:
            await confirm_transfer(world.env, SECOND, ConfirmTransfer(order.id, confirm=True, idempotency_key=key))
        except Problems as refused:
            return refused.code.value
        return "DONE"

    told = await gather(*(outcome(f"k{number}") for number in range(4)))

    assert sorted(told) == ["DONE", *["STEP_NOT_ALLOWED"] * 3]


async def test_what_changed_since_the_order_is_not_confirmed(world, taker):
    (order, _), _ = await transfer_officer(world.env, OURS, to_successor(world, taker))
    await transfer_officer(world.env, SYSTEM, TransferOfficer(world.registrar.person_id or "", "command"))

    assert (await problem_of(confirm_transfer(world.env, SECOND, saying(order.id)))).code is ErrorCode.STEP_NOT_ALLOWED
    assert await held_by(world, taker) == (POST,)


@pytest.mark.parametrize(("days", "state"), [(15, LeaveState.RUNNING), (16, LeaveState.PROPOSED)])
async def test_a_cover_of_more_than_fifteen_days_waits(world, taker, days, state):
    today = ist_date(world.clock.now())
    request = RecordLeave(
        world.registrar.person_id or "", today, today + timedelta(days=days - 1), "leave", taker.person_id
    )

    (entry, _), _ = await record_leave(world.env, OURS, request)

    assert entry.state_on(today) is state
    assert ((await on_duty(world.env, taker)).postings == (POST,)) is (state is LeaveState.PROPOSED)


async def test_a_long_cover_begins_when_it_is_confirmed_and_never_where_it_is_cancelled(world, taker):
    today, officer = ist_date(world.clock.now()), world.registrar.person_id or ""
    request = RecordLeave(officer, today, today + timedelta(days=30), "leave", taker.person_id)
    (entry, _), _ = await record_leave(world.env, OURS, request)
    assert (await problem_of(confirm_leave(world.env, OURS, ConfirmLeave(entry.id, "own")))).code is (
        ErrorCode.SECOND_OFFICER_NEEDED
    )

    (begun, _), _ = await confirm_leave(world.env, SECOND, ConfirmLeave(entry.id, "second"))
    assert begun.state_on(today) is LeaveState.RUNNING
    assert len((await on_duty(world.env, taker)).postings) == 2

    await cancel_leave(world.env, OURS, CancelLeave(entry.id, "cancel"))
    assert (await problem_of(confirm_leave(world.env, SECOND, ConfirmLeave(entry.id, "late")))).code is (
        ErrorCode.STEP_NOT_ALLOWED
    )
    assert (await on_duty(world.env, taker)).postings == (POST,)


async def test_what_waits_is_listed_for_those_who_post_the_officer(world, taker):
    (order, _), _ = await transfer_officer(world.env, OURS, to_successor(world, taker))

    other = Subject(OURS.roles, OURS.kind, "other", (Posting(Role.DEPARTMENT_ADMIN, "revenue-department"),))
    listed = [[one.id for one in (await waiting_orders(world.env, who))[0]] for who in (SECOND, OURS, other)]

    assert listed == [[order.id], [order.id], []]
    assert (await problem_of(waiting_orders(world.env, world.registrar))).code is ErrorCode.NOT_FOUND
