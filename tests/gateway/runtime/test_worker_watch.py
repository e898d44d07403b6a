"""The gateway notices that no worker runs, decides the alarms in its place, and says so itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.platform.alarms import tell
from domain.platform.alarms import AlarmCode, AlarmState, ProcessFacts
from gateway.runtime.alarms import AlarmNotSent, AlarmWatch
from gateway.runtime.worker_watch import MOST_SILENCE, WorkerWatch
from store.platform import alarms, outbox
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

WORKER = ProcessFacts("worker@one", {}, {}, 0, 50_000_000_000, None, None, sweep=1.0)
GATEWAY = replace(WORKER, process="gateway@one", sweep=None)


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock):
    return environment(sqlite_store, store_keyrings, store_clock, [])


class Posted:
    """The webhook, which may refuse."""

    def __init__(self):
        self.told, self.deaf = [], False

    async def __call__(self, environment, payload):
        if self.deaf:
            raise AlarmNotSent("status 503")
        self.told.append((payload["code"], payload["state"]))


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
def watch(env, posted) -> WorkerWatch:
    return WorkerWatch(env, AlarmWatch(env, notify=True), posted)


async def let_pass(env, watch, seconds, beat=None):
    """Time passes in steps of half a minute, as the gateway looks; the worker beats in each where one is given."""
    changes = []
    for _ in range(int(seconds // 30)):
        env.clock.advance(timedelta(seconds=30))
        if beat is not None:
            await tell(env, beat, WORKER)
        changes += await watch.look()
    return [(alarm.code, alarm.state) for alarm in changes]


RAISED = (AlarmCode.WORKER_AWAY, AlarmState.RAISED)


async def test_while_a_worker_beats_the_gateway_decides_nothing(env, watch):
    await tell(env, "p1", replace(GATEWAY, not_closed={"UMANG": 900.0}))

    assert await let_pass(env, watch, 1200, beat="w1") == []
    assert watch.silence == 0


async def test_silence_of_all_workers_is_an_alarm_that_the_gateway_raises_and_posts_once(env, watch, posted):
    await tell(env, "w1", WORKER)

    early = await let_pass(env, watch, MOST_SILENCE)
    late = await let_pass(env, watch, 600)

    assert (early, late) == ([], [RAISED])
    assert posted.told == [("WORKER_AWAY", "RAISED")]
    async with env.store.read_transaction() as tx:
        assert await alarms.counts(tx) == {AlarmCode.WORKER_AWAY: 1}
        [waiting] = await outbox_listing(tx, outbox.OutboxState.PENDING, 9)
    assert waiting.topic == "alarm.notify"


async def test_it_is_raised_too_where_no_worker_was_ever_seen(env, watch):
    await tell(env, "p1", GATEWAY)

    assert await let_pass(env, watch, MOST_SILENCE) == [RAISED]


async def test_two_gateways_raise_it_once(env, watch, posted):
    other = WorkerWatch(env, AlarmWatch(env, notify=True), posted)
    changes = []
    for _ in range(20):
        env.clock.advance(timedelta(seconds=30))
        changes += [*await watch.look(), *await other.look()]

    assert [alarm.code for alarm in changes] == [AlarmCode.WORKER_AWAY]
    assert len(posted.told) == 1


async def test_meanwhile_every_other_alarm_is_decided_too(env, watch):
    await tell(env, "p1", GATEWAY)
    await let_pass(env, watch, MOST_SILENCE)
    env.clock.advance(timedelta(seconds=30))
    await tell(env, "p1", replace(GATEWAY, not_closed={"UMANG": 900.0}))

    assert [(alarm.code, alarm.about) for alarm in await watch.look()] == [(AlarmCode.BREAKER_OPEN, "UMANG")]


async def test_a_worker_that_is_back_clears_it(env, watch):
    await let_pass(env, watch, MOST_SILENCE)
    assert await let_pass(env, watch, 120, beat="w2") == []

    [cleared] = await watch._watch.look()  # as a worker does, once the lease has passed to it

    assert (cleared.code, cleared.state) == (AlarmCode.WORKER_AWAY, AlarmState.CLEARED)


async def test_a_webhook_that_does_not_take_it_is_told_at_the_next_look(env, watch, posted):
    posted.deaf = True
    await let_pass(env, watch, MOST_SILENCE)
    posted.deaf = False

    await let_pass(env, watch, 60)

    assert posted.told == [("WORKER_AWAY", "RAISED")]


async def test_a_wall_clock_that_steps_ahead_raises_nothing(env, watch):
    await tell(env, "w1", WORKER)
    await watch.look()
    env.clock.set(env.clock.now() + timedelta(days=3))

    assert await watch.look() == []
