"""Officers beside each other: a second officer confirms while the citizen withdraws; leaves begin while cases move."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from actions.officers.administrators import administrators
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from actions.officers.staffing import RecordLeave, TransferOfficer, record_leave, transfer_officer
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, OfficerLevel, Posting, Role, Subject, ist_date
from domain.officers.desk import OpinionState
from domain.officers.staff import Confirmation
from store.applications import applications
from store.benefits import benefits
from store.identity import people
from store.officers import desk
from tests.race.test_decisions import both_have_read, outcomes
from tests.support.actions import FREE
from tests.support.bounds import rounds
from tests.support.desk import DISABILITY_PENSION, colleagues_of
from tests.support.law import enter_officer, present
from tests.support.staffing import ADMIN, OURS, reassigned
from tests.support.stored import audit_lines_of
from tests.support.twins import Twins
from tests.support.worlds import deliver_all, wrong

CONFIRMATIONS = rounds(2, ci=10, full=300)
LEAVES = rounds(1, ci=3, full=150)
DAY = timedelta(days=1)


async def test_a_citizen_withdraws_while_a_second_officer_confirms(twins: Twins, monkeypatch: pytest.MonkeyPatch):
    world, others = twins.world, await colleagues_of(twins.world)
    for number in range(CONFIRMATIONS):
        case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare, idempotency_key=f"c{number}")
        await decide_application(twins.one, world.welfare, Decide(case.id, Verdict.APPROVE, f"p{number}"))
        with both_have_read(twins, monkeypatch):
            won, lost = await outcomes(
                confirm_decision(twins.one, others.welfare, ConfirmDecision(case.id, f"k{number}")),
                withdraw_application(twins.other, world.asha, Withdraw(case.id, f"w{number}")),
            )
        assert (len(won), len(lost)) == (1, 1)
        assert lost[0].code in {ErrorCode.CONFLICT, ErrorCode.TRANSITION_NOT_ALLOWED}
        async with twins.one.store.read_transaction() as tx:
            now = await applications.get(tx, case.id)
            opinion = (await desk.proposals(tx, [case.id]))[case.id]
            sanction = (await benefits.sanction_of_applications(tx, [case.id])).get(case.id)
            told = [line.action for line in await audit_lines_of(tx, "APPLICATION", case.id)]
        assert now is not None
        confirmed = now.status is Status.BENEFIT_SANCTIONED
        assert confirmed or now.status is Status.WITHDRAWN
        assert (opinion.state is OpinionState.CONFIRMED) == confirmed
        assert ("desk.confirm" in told, sanction is not None) == (confirmed, confirmed)
        await deliver_all(world)
    assert await wrong(twins.one) == []


async def test_two_rounds_of_the_clock_and_an_officer_meet_at_the_first_day_of_a_leave(twins: Twins):
    """Without any lease: what keeps a case from moving twice is the store alone."""
    world = twins.world
    post = Posting(Role.OFFICER, "elsewhere", level=OfficerLevel.DESIGNATED)
    stand_in: Subject = await enter_officer(twins.one, "stand-in", post)
    for number in range(LEAVES):
        cases = [
            await world.in_scrutiny(citizen, FREE, world.registrar, idempotency_key=f"{number}")
            for citizen in (world.asha, world.sunil)
        ]
        first = ist_date(world.clock.now()) + DAY
        leave = RecordLeave(world.registrar.person_id or "", first, first, f"l{number}", stand_in.person_id)
        await record_leave(twins.one, OURS, leave)
        for expected in (stand_in, world.registrar):
            world.clock.advance(DAY)
            await asyncio.gather(sweep(twins.one), sweep(twins.other))
            assert {(await present(twins.one, case.id)).officer_id for case in cases} == {expected.person_id}
        assert [await reassigned(world, case) for case in cases] == [2, 2]
        decision = Decide(cases[0].id, Verdict.APPROVE, f"d{number}")
        later = RecordLeave(leave.officer_id, first + 9 * DAY, first + 9 * DAY, f"m{number}", stand_in.person_id)
        await record_leave(twins.one, OURS, later)
        world.clock.advance(8 * DAY)
        _, won = await asyncio.gather(
            sweep(twins.other), outcomes(decide_application(twins.one, world.registrar, decision))
        )
        now = await present(twins.one, cases[0].id)
        assert (now.status is Status.APPROVED) == bool(won[0])
        await decide_application(twins.one, world.registrar, Decide(cases[1].id, Verdict.APPROVE, f"e{number}"))
        if not won[0]:
            await decide_application(twins.one, world.registrar, decision)
        await deliver_all(world)
        world.clock.advance(2 * DAY)
        await sweep(twins.one)
    assert await wrong(twins.one) == []


async def test_of_two_orders_of_the_only_administrator_at_once_one_makes_the_second_and_the_other_waits(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
):
    async with twins.one.store.write_transaction() as tx:
        second = (await people.officers(tx, ["second-admin"]))["second-admin"]
        await people.update_officer(tx, replace(second, postings=()))
    makings = [
        TransferOfficer((await enter_officer(twins.one, name)).person_id or "", name, postings=ADMIN.postings)
        for name in ("first-friend", "second-friend")
    ]

    with both_have_counted(twins, monkeypatch):
        orders = await asyncio.gather(
            transfer_officer(twins.one, ADMIN, makings[0]), transfer_officer(twins.other, ADMIN, makings[1])
        )

    states = [order.confirmation for (order, _), _ in orders]
    assert sorted(states, key=str) == [None, Confirmation.WAITING]
    async with twins.one.store.read_transaction() as tx:
        assert len(await administrators(tx)) == 2


@contextmanager
def both_have_counted(twins: Twins, monkeypatch: pytest.MonkeyPatch):
    """On PostgreSQL both count administrators before either posts one, where nothing keeps the second from it."""
    barrier, posted_ids = asyncio.Barrier(2), people.posted_ids

    async def read(tx: Any, **post: Any) -> list[str]:
        found = await posted_ids(tx, **post)
        if twins.on_postgresql and tx.writable and post["role"] is Role.ADMIN and not barrier.broken:
            try:
                async with asyncio.timeout(0.5):
                    await barrier.wait()
            except (TimeoutError, asyncio.BrokenBarrierError):
                await barrier.abort()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(people, "posted_ids", read)
        yield
