"""While the audit log cannot be sealed nothing that must be audited is done; reads and the alarm go on."""

from datetime import timedelta

import pytest

from actions.kernel import of_citizen, read_at_sources
from actions.platform.alarms import evaluate
from domain.kernel import ErrorCode, Source, Subject
from domain.platform.alarms import AlarmCode, AlarmState
from gateway.runtime.sealing import SEEN_SECONDS, SealWatch
from schema.kernel.errors import problem_of
from store.applications import applications
from store.database import WritesStopped, audit, leases
from tests.support.actions import FREE, World

LIMIT = 14_400.0
LATER = timedelta(seconds=SEEN_SECONDS)


@pytest.fixture
def world(peopled):
    return peopled


async def stopped(world: World) -> SealWatch:
    """An application is handed in, nothing is sealed for four hours, and the process has seen it for long enough."""
    watch = SealWatch(world.env.store, world.clock, LIMIT)
    await world.submit(world.asha, FREE)
    assert not await watch.look()
    world.clock.advance(timedelta(seconds=LIMIT))
    assert not await watch.look()
    world.clock.advance(LATER)
    assert await watch.look()
    return watch


async def test_after_the_limit_writes_are_refused_with_a_code_while_reads_go_on(world):
    await stopped(world)

    with pytest.raises(WritesStopped) as refused:
        await world.submit(world.sunil, FREE, idempotency_key="while stopped")
    problem = problem_of(refused.value)
    assert (problem.code, problem.retryable, problem.retry_after) == (ErrorCode.WRITES_STOPPED, True, 60.0)
    async with world.env.store.read_transaction() as tx:
        assert await applications.count_of_citizen(tx, world.asha.person_id, None) == 1
        assert await applications.count_of_citizen(tx, world.sunil.person_id, None) == 0


async def test_a_read_still_leaves_its_receipt_and_the_alarm_still_gets_out(world):
    await stopped(world)
    asha: Subject = world.asha
    await read_at_sources(world.env, asha, of_citizen(asha.person_id), [Source.DIGILOCKER])
    lease = await world.env.store.carry_out(lambda tx: leases.acquire(tx, "alarms", "me", 90.0))
    changes = await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)
    assert (AlarmCode.AUDIT_UNSEALED, AlarmState.RAISED) in [(alarm.code, alarm.state) for alarm in changes]


async def test_once_the_log_is_sealed_everything_goes_on_by_itself(world):
    watch = await stopped(world)

    assert await audit.seal(world.env.store) > 0
    assert not await watch.look()
    assert await world.submit(world.sunil, FREE, idempotency_key="again")


async def test_a_clock_that_steps_ahead_stops_nothing_where_the_sealer_is_at_work(world):
    watch = SealWatch(world.env.store, world.clock, LIMIT)
    await world.submit(world.asha, FREE)
    world.clock.set(world.clock.now() + timedelta(days=40))  # steps; the steady clock does not
    assert not await watch.look()
    await audit.seal(world.env.store)
    world.clock.advance(LATER)
    assert not await watch.look()
