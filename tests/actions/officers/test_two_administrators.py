"""Two administrators are needed: what one alone may do, what watched posts raise, and how a lost one is replaced."""

from asyncio import gather
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.officers.administrators import administrators
from actions.officers.recovery import recover_administrator
from actions.officers.staff_confirmations import ConfirmTransfer, confirm_transfer
from actions.officers.staffing import RecordLeave, TransferOfficer, record_leave, transfer_officer
from actions.platform.alarms import evaluate
from domain.kernel import SYSTEM, ErrorCode, OfficerLevel, Posting, Problems, Role, Subject, ist_date
from domain.officers.staff import Confirmation
from domain.platform.alarms import AlarmCode
from store.database.leases import acquire
from store.identity import people
from tests.actions.officers.test_staff_confirmations import held_by, problem_of
from tests.support.actions import World
from tests.support.law import enter_officer
from tests.support.staffing import ADMIN, OURS, SECOND, recorded_leave, transferred
from tests.support.stored import audit_lines_of

NEEDED = ErrorCode.SECOND_ADMINISTRATOR_NEEDED
TAKEN = Posting(Role.OFFICER, "revenue-department", "49", None, OfficerLevel.DESIGNATED)


@pytest.fixture
async def newcomer(world: World) -> Subject:
    return await enter_officer(world.env, "newcomer")


@pytest.fixture
async def alone(world: World) -> World:
    """The world after its second administrator is gone."""
    await remove_second(world)
    return world


async def remove_second(world: World) -> None:
    async with world.env.store.write_transaction() as tx:
        second = (await people.officers(tx, ["second-admin"]))["second-admin"]
        await people.update_officer(tx, replace(second, postings=()))


def making(officer: Subject, *postings: Posting, key: str = "make") -> TransferOfficer:
    return TransferOfficer(officer.person_id or "", key, postings=postings or ADMIN.postings)


async def posted_now(world: World) -> set[str]:
    async with world.env.store.read_transaction() as tx:
        return set(await administrators(tx))


async def roles_alarmed(world: World) -> list[str]:
    async with world.env.store.write_transaction() as tx:
        lease = await acquire(tx, world.env.ids.key(), "w1", 90)
    changes = await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)
    return [one.about for one in changes if one.code is AlarmCode.POST_CHANGED]


async def test_one_administrator_alone_makes_the_second_one_at_once(alone, newcomer):
    (order, _), _ = await transfer_officer(alone.env, ADMIN, making(newcomer))

    assert order.confirmation is None
    assert await posted_now(alone) == {"admin", newcomer.person_id}


@pytest.mark.parametrize("by", [ADMIN, OURS, SYSTEM], ids=["administrator", "of a department", "host"])
@pytest.mark.parametrize("how", [{}, {"cover_id": "second-admin"}, {"successor_id": "second-admin"}])
async def test_no_post_changes_while_there_is_one_administrator_alone(alone, by, how):
    held = await held_by(alone, alone.registrar)
    request = TransferOfficer(alone.registrar.person_id or "", "t", **how)

    problem = await problem_of(transfer_officer(alone.env, by, request))

    assert (problem.code, await held_by(alone, alone.registrar)) == (NEEDED, held)


async def test_one_alone_gives_no_other_post(alone, newcomer):
    assert (await problem_of(transfer_officer(alone.env, ADMIN, making(newcomer, TAKEN)))).code is NEEDED


async def test_a_command_of_the_host_makes_no_administrator(alone, newcomer):
    assert (await problem_of(transfer_officer(alone.env, SYSTEM, making(newcomer)))).code is NEEDED


async def test_one_alone_names_no_substitute_and_may_record_a_leave_without_one(alone):
    today, officer = ist_date(alone.clock.now()), alone.registrar.person_id or ""
    named = RecordLeave(officer, today, today, "named", "second-admin")

    assert (await problem_of(record_leave(alone.env, ADMIN, named))).code is NEEDED

    assert await record_leave(alone.env, ADMIN, replace(named, substitute_id=None, idempotency_key="none"))


async def test_what_waited_is_not_confirmed_after_the_other_administrator_is_gone(world, newcomer):
    request = TransferOfficer(world.registrar.person_id or "", "t", newcomer.person_id)
    (order, _), _ = await transfer_officer(world.env, OURS, request)
    await remove_second(world)

    confirming = ConfirmTransfer(order.id, confirm=True, idempotency_key="yes")

    assert (await problem_of(confirm_transfer(world.env, ADMIN, confirming))).code is NEEDED


async def test_a_third_administrator_waits_for_the_second_one(world, newcomer):
    (order, _), _ = await transfer_officer(world.env, ADMIN, making(newcomer))
    assert (order.confirmation, await held_by(world, newcomer)) == (Confirmation.WAITING, ())

    await confirm_transfer(world.env, SECOND, ConfirmTransfer(order.id, confirm=True, idempotency_key="yes"))

    assert await held_by(world, newcomer) == ADMIN.postings


@pytest.mark.parametrize("wrong", [replace(ADMIN.postings[0], department="revenue-department"), Posting(Role.AUDITOR)])
async def test_an_administrator_of_a_department_and_an_auditor_are_not_made(world, newcomer, wrong):
    assert (await problem_of(transfer_officer(world.env, ADMIN, making(newcomer, wrong)))).code is ErrorCode.BAD_INPUT


async def test_an_administrator_of_a_department_makes_no_administrator(world, newcomer):
    assert (await problem_of(transfer_officer(world.env, OURS, making(newcomer)))).code is ErrorCode.NOT_FOUND


async def test_one_administrator_does_not_put_the_other_one_out(world, newcomer):
    order = TransferOfficer("second-admin", "out")

    (waiting, _), _ = await transfer_officer(world.env, ADMIN, order)

    assert waiting.confirmation is Confirmation.WAITING
    third = replace(SECOND, person_id=newcomer.person_id)
    confirming = ConfirmTransfer(waiting.id, confirm=True, idempotency_key="yes")
    assert (await problem_of(confirm_transfer(world.env, third, confirming))).code is NEEDED
    assert await posted_now(world) == {"admin", "second-admin"}


async def test_a_substitute_for_an_administrator_waits_however_short_the_leave_is(world, newcomer):
    today = ist_date(world.clock.now())

    (entry, _), _ = await record_leave(
        world.env, ADMIN, RecordLeave("second-admin", today, today, "leave", newcomer.person_id)
    )

    assert entry.confirmation is Confirmation.WAITING


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COMMISSION])
async def test_a_watched_post_that_is_left_waits_and_raises_an_alarm_when_it_is_confirmed(world, role):
    holder = await enter_officer(world.env, "holder", Posting(role))
    assert await roles_alarmed(world) == []

    await transferred(world.env, ADMIN, TransferOfficer(holder.person_id or "", "out"))

    assert await roles_alarmed(world) == [role.value]
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "OFFICER", holder.person_id or "")
    assert [line.action for line in lines] == [
        "staff.transfer_ordered",
        "staff.post_changed",
        "staff.transfer_confirmed",
    ]


async def test_an_auditor_s_substitute_raises_an_alarm_when_the_leave_begins(world, newcomer):
    auditor, today = await enter_officer(world.env, "auditor", Posting(Role.AUDITOR)), ist_date(world.clock.now())
    request = RecordLeave(auditor.person_id or "", today, today + timedelta(days=2), "leave", newcomer.person_id)
    await recorded_leave(world.env, ADMIN, request)

    assert await roles_alarmed(world) == ["AUDITOR"]


async def test_an_officer_s_post_raises_no_alarm(world, newcomer):
    request = TransferOfficer(world.registrar.person_id or "", "t", newcomer.person_id)

    await transferred(world.env, ADMIN, request)

    assert await roles_alarmed(world) == []


async def test_a_second_administrator_is_recovered_on_the_host_with_audit_line_and_alarm(alone, newcomer):
    await recover_administrator(alone.env, SYSTEM, newcomer.person_id or "", "gone")

    assert await posted_now(alone) == {"admin", newcomer.person_id}
    assert await roles_alarmed(alone) == ["ADMIN"]
    async with alone.env.store.read_transaction() as tx:
        first, *_ = await audit_lines_of(tx, "OFFICER", newcomer.person_id or "")
    assert (first.action, first.detail["reason"]) == ("admin.recovered", "gone")


async def test_a_lost_administrator_is_replaced_on_the_host(world, newcomer):
    await recover_administrator(world.env, SYSTEM, newcomer.person_id or "", "died", in_place_of="second-admin")

    assert await posted_now(world) == {"admin", newcomer.person_id}


async def test_nobody_is_recovered_where_two_administrators_are_there(world, newcomer):
    call = recover_administrator(world.env, SYSTEM, newcomer.person_id or "", "more")

    assert (await problem_of(call)).code is ErrorCode.STEP_NOT_ALLOWED

    assert await posted_now(world) == {"admin", "second-admin"}


async def test_an_officer_with_another_post_is_not_recovered_as_administrator(alone):
    call = recover_administrator(alone.env, SYSTEM, alone.registrar.person_id or "", "no")

    assert (await problem_of(call)).code is ErrorCode.POSTS_INCOMPATIBLE

    assert await posted_now(alone) == {"admin"}


async def test_a_command_of_the_host_waits_for_an_administrator(world, newcomer):
    request = TransferOfficer(world.registrar.person_id or "", "t", newcomer.person_id)

    (order, _), _ = await transfer_officer(world.env, SYSTEM, request)

    assert (order.confirmation, await held_by(world, newcomer)) == (Confirmation.WAITING, ())


async def test_two_removals_at_once_leave_two_administrators_on_each_store(peopled):
    world = peopled
    third, fourth = [await enter_officer(world.env, name, *ADMIN.postings) for name in ("third", "fourth")]
    orders = [
        (await transfer_officer(world.env, ADMIN, TransferOfficer(gone, gone)))[0][0]
        for gone in ("second-admin", third.person_id or "", fourth.person_id or "")
    ]

    async def outcome(order_id: str, by: Subject) -> str:
        try:
            await confirm_transfer(world.env, by, ConfirmTransfer(order_id, confirm=True, idempotency_key=order_id))
        except Problems as refused:
            return refused.code.value
        return "DONE"

    by = replace(ADMIN, person_id="fifth")
    told = await gather(*(outcome(order.id, by) for order in orders))

    assert sorted(told) == ["DONE", "DONE", "SECOND_ADMINISTRATOR_NEEDED"]
    assert len(await posted_now(world)) == 2
