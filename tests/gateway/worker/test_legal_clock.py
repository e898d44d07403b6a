"""The clock worker on both stores: one leader, a fence in each transaction, rounds at their time, nothing twice."""

import asyncio
from datetime import timedelta

import pytest

from actions.appeals.legal_sweep import Swept, sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import SubmitApplication, submit_application
from actions.kernel import Environment
from domain.appeals.appeals import AppealState
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.deadline import breaches_at
from domain.kernel import ManualClock, Problems
from gateway.runtime.leadership import LeadershipLost
from gateway.worker.legal_clock import LEASE, LegalClock
from gateway.worker.runner import Job, Runner
from store.appeals import appeals
from store.database import Keyrings, Store, StoreUnavailable, leases
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, Down, environment, seed


@pytest.fixture
async def env(store: Store, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path) -> Environment:
    """A small world on each kind of database."""
    made = environment(store, store_keyrings, store_clock, tmp_path / "objects", Down())
    await seed(made)
    return made


async def submitted(env: Environment, code: str, subject=CITIZEN) -> Application:
    request = SubmitApplication(
        service_code=code,
        district="49",
        tehsil="304",
        channel=Channel.WEB,
        delivery=DeliveryMode.PORTAL,
        form={"bank_account_number": "1234567890", "bank_ifsc": "SBIN0000001"},
        documents=(),
        idempotency_key=code,
    )
    return (await submit_application(env, subject, request))[0]


async def overdue(env: Environment, clock: ManualClock) -> list[Application]:
    made = [await submitted(env, "ES90"), await submitted(env, "ES90", NEIGHBOUR)]
    assert made[0].due_at is not None
    clock.set(breaches_at(made[0].due_at))
    return made


async def filed(env: Environment, found: list[Application]) -> list[int]:
    async with env.store.read_transaction() as tx:
        held = await appeals.of_applications(tx, [one.id for one in found])
    return [len(held.get(one.id, [])) for one in found]


async def test_rounds_at_once_without_any_lead_file_each_appeal_once(env: Environment, store_clock: ManualClock):
    found = await overdue(env, store_clock)
    rounds = await asyncio.gather(*(sweep(env) for _ in range(4)))
    assert sum(one.filed for one in rounds) == 2
    assert await filed(env, found) == [1, 1]


async def test_of_two_workers_one_leads_and_the_other_takes_over(env: Environment, store_clock: ManualClock):
    found = await overdue(env, store_clock)
    one, two = LegalClock(env), LegalClock(env)
    swept = [each for each in (await one.tick(), await two.tick()) if each]
    assert (one.leads, two.leads, [each.filed for each in swept]) == (True, False, [2])
    await one.resign()
    assert await two.tick() == Swept(0, 0, 0)
    assert two.leads
    assert await filed(env, found) == [1, 1]


async def test_a_worker_whose_lead_passed_on_writes_nothing(env: Environment, store_clock: ManualClock):
    found = await overdue(env, store_clock)
    worker = LegalClock(env)
    assert await worker.take()
    async with env.store.write_transaction() as tx:
        await leases.release(tx, worker.lease)
        assert await leases.acquire(tx, LEASE, "another", 30)
    with pytest.raises(LeadershipLost):
        await sweep(env, worker._fence)
    assert await filed(env, found) == [0, 0]
    assert await worker.tick() is None
    assert not worker.leads


async def test_it_goes_round_hourly_and_at_ten_past_midnight_also_when_the_clock_steps(
    env: Environment, store_clock: ManualClock
):
    worker = LegalClock(env)
    assert await worker.tick() is not None
    assert await worker.tick() is None
    store_clock.advance(timedelta(minutes=59))
    assert await worker.tick() is None
    store_clock.advance(timedelta(minutes=1))
    assert await worker.tick() is not None
    for step in (timedelta(days=2), timedelta(days=-3)):
        store_clock.set(store_clock.now() + step)
        assert await worker.tick() is not None
        assert await worker.tick() is None


async def test_verdicts_and_a_round_at_once_leave_either_order(env: Environment, store_clock: ManualClock):
    found = await overdue(env, store_clock)
    request = Decide(found[0].id, Verdict.APPROVE, "yes")
    outcomes = await asyncio.gather(decide_application(env, OFFICER, request), sweep(env), return_exceptions=True)
    assert [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, Problems)] == []
    async with env.store.read_transaction() as tx:
        held = (await appeals.of_applications(tx, [found[0].id])).get(found[0].id, [])
    assert [one.state for one in held] in ([], [AppealState.SERVICE_DELIVERED_LATE])


async def test_it_stops_when_told_and_gives_the_lead_back(env: Environment):
    stopping = asyncio.Event()
    worker = LegalClock(env)
    job = Job("legal_clock", 10.0, worker.tick, worker.resign)
    running = asyncio.create_task(Runner([job], stopping, lambda *_: None).run())
    while not worker.leads:
        await asyncio.sleep(0)
    stopping.set()
    await running
    assert not worker.leads
    other = LegalClock(env)
    assert await other.take()


async def test_a_leader_whose_round_fails_gives_the_lead_back_and_another_makes_the_round(
    env: Environment, store_clock: ManualClock, monkeypatch
):
    found = await overdue(env, store_clock)
    one, two = LegalClock(env), LegalClock(env)
    with monkeypatch.context() as broken:
        broken.setattr("gateway.worker.legal_clock.sweep", raising(ValueError("broken")))
        with pytest.raises(ValueError, match="broken"):
            await one.tick()
    assert not one.leads
    assert await two.tick() is not None
    assert await one.tick() is None
    assert await filed(env, found) == [1, 1]


async def test_a_leader_that_does_not_reach_the_store_for_a_moment_keeps_the_lead(env: Environment, monkeypatch):
    one = LegalClock(env)
    with monkeypatch.context() as broken:
        broken.setattr("gateway.worker.legal_clock.sweep", raising(StoreUnavailable()))
        with pytest.raises(StoreUnavailable):
            await one.tick()
    assert await LegalClock(env).tick() is None
    assert await one.tick() is not None


def raising(error: Exception):
    async def raises(*given: object) -> None:
        raise error

    return raises
