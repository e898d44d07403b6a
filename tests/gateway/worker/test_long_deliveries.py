"""Deliveries that outlast a claim: kept by beats, alone, aside of all others, and taken over from a dead worker."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from actions.kernel import Environment
from gateway.worker import deliveries
from gateway.worker.claim_heartbeat import SHARE, ClaimHeartbeat, ClaimLost, Stopped
from gateway.worker.deliveries import CLAIM_LOST, STOPPED, Deliveries
from store.database import StoreUnavailable, database_now
from store.platform import outbox
from store.platform.outbox import OutboxMessage, OutboxState
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

TOPIC, SHORT = "large.file", "letter"
CLAIM = 3.0
"""Seconds of a claim in these tests: beats come each second, so that a busy machine misses none."""
BEATS = 4
"""Longer than a claim, whatever share of it a delivery had before."""


@pytest.fixture
def env(store, store_keyrings, store_clock) -> Environment:
    return environment(store, store_keyrings, store_clock, [])


@pytest.fixture(autouse=True)
def short_claims(monkeypatch) -> None:
    monkeypatch.setattr(deliveries, "LEASE_SECONDS", CLAIM)
    monkeypatch.setattr(deliveries, "LONGEST", {TOPIC: 600.0})
    monkeypatch.setattr(deliveries, "PATIENCE_SECONDS", 0.01)


class Sending:
    """A handler that is at it until it is let go; notes how often it began, ended and was broken off."""

    def __init__(self) -> None:
        self.begun, self.let_go, self.over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.began = self.done = self.broken = 0

    async def __call__(self, env: Environment, payload: Mapping[str, str]) -> None:
        self.began += 1
        self.begun.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.broken += 1
            raise
        finally:
            self.over.set()
        self.done += 1


class Letters:
    """A handler that is done at once."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def __call__(self, env: Environment, payload: Mapping[str, str]) -> None:
        self.got.append(payload["name"])


class Beats:
    """Counts the beats of every worker, through the store's own call."""

    def __init__(self, monkeypatch) -> None:
        self.heard: list[bool] = []
        self._each = asyncio.Condition()
        self._hold = outbox.extend_claim
        monkeypatch.setattr(outbox, "extend_claim", self)

    async def __call__(self, tx, message_id: int, worker_id: str, seconds: float) -> bool:
        held = await self._hold(tx, message_id, worker_id, seconds)
        async with self._each:
            self.heard.append(held)
            self._each.notify_all()
        return held

    async def come(self, many: int) -> None:
        async with self._each:
            await self._each.wait_for(lambda: len(self.heard) >= many)


async def post(env: Environment, name: str, topic: str = TOPIC) -> None:
    async with env.store.write_transaction() as tx:
        assert await outbox.add(tx, topic, name, {"name": name})


async def in_state(env: Environment, state: OutboxState) -> list[OutboxMessage]:
    async with env.store.read_transaction() as tx:
        return await outbox_listing(tx, state, 100)


async def pass_on(env: Environment, **values: object) -> None:
    """Change the claim of every message behind its worker's back."""
    async with env.store.write_transaction() as tx:
        await tx.connection.execute(update(outbox.outbox_table).values(**values))


async def ended(at_work: Deliveries) -> None:
    """Wait until what goes on aside has been noted."""
    await asyncio.gather(*at_work._aside)


@pytest.mark.long
async def test_a_delivery_that_outlasts_its_claim_is_kept_and_no_other_worker_begins_it(env, monkeypatch):
    sending, beats = Sending(), Beats(monkeypatch)
    await post(env, "one")
    at_work, other = (Deliveries(env, {TOPIC: sending}, asyncio.Event()) for _ in range(2))
    assert await at_work.deliver_due() == 1

    await beats.come(BEATS)
    assert await other.deliver_due() == 0
    sending.let_go.set()
    await ended(at_work)

    assert (sending.began, sending.done, all(beats.heard)) == (1, 1, True)
    [message] = await in_state(env, OutboxState.DELIVERED)
    assert message.attempts == 1


async def test_others_go_on_beside_it_and_of_its_topic_none_is_claimed_before_its_turn(env, monkeypatch):
    monkeypatch.setattr(deliveries, "BATCH", 2)
    sending, letters = Sending(), Letters()
    for number in range(3):
        await post(env, f"large-{number}")
    await post(env, "short", SHORT)
    at_work = Deliveries(env, {TOPIC: sending, SHORT: letters}, asyncio.Event())
    assert await at_work.deliver_due() == 2
    await post(env, "shorter", SHORT)
    assert await at_work.deliver_due() == 1
    assert (letters.got, sending.began) == (["short", "shorter"], 1)
    waiting = await in_state(env, OutboxState.PENDING)
    assert [message.attempts for message in waiting] == [1, 0, 0], "the time of none begins behind another"

    sending.let_go.set()
    await ended(at_work)
    monkeypatch.setattr(deliveries, "PATIENCE_SECONDS", 60.0)  # nothing goes on aside for a busy machine's sake
    assert await at_work.deliver_due() == 2
    await ended(at_work)
    assert {message.attempts for message in await in_state(env, OutboxState.DELIVERED)} == {1}


async def test_what_waits_behind_a_long_delivery_is_free_for_another_worker(env):
    sending, letters = Sending(), Letters()
    for number in range(2):
        await post(env, f"large-{number}")
    at_work, other = (Deliveries(env, {TOPIC: one}, asyncio.Event()) for one in (sending, letters))
    assert await at_work.deliver_due() == 1
    assert await other.deliver_due() == 1
    assert letters.got == ["large-1"]
    sending.let_go.set()
    await ended(at_work)
    assert sending.done == 1


async def test_a_dead_workers_message_is_taken_over_when_its_claim_ends(env):
    sending, letters = Sending(), Letters()
    await post(env, "one")
    dead = Deliveries(env, {TOPIC: sending}, asyncio.Event())
    await dead.deliver_due()
    [task] = dead._aside
    task.cancel()  # as kill -9: nothing is noted and nothing renewed any more
    await asyncio.wait([task])
    async with env.store.read_transaction() as tx:
        claimed = (await tx.connection.execute(select(outbox.outbox_table.c.lease_until))).scalar_one()
        assert claimed <= await database_now(tx) + timedelta(seconds=CLAIM)

    heir = Deliveries(env, {TOPIC: letters}, asyncio.Event())
    await pass_on(env, lease_until=claimed - timedelta(seconds=2 * CLAIM))
    assert await heir.deliver_due() == 1
    await ended(heir)
    assert letters.got == ["one"]
    assert len(await in_state(env, OutboxState.DELIVERED)) == 1


async def test_a_delivery_whose_claim_passed_to_another_is_broken_off(env):
    sending = Sending()
    await post(env, "one")
    at_work = Deliveries(env, {TOPIC: sending}, asyncio.Event())
    await at_work.deliver_due()
    await pass_on(env, leased_by="the second worker")
    await ended(at_work)

    assert (sending.done, sending.broken) == (0, 1)
    [message] = await in_state(env, OutboxState.PENDING)
    assert (message.attempts, message.error_code) == (1, None), f"{CLAIM_LOST} is the second worker's matter"


@pytest.mark.long
async def test_a_worker_that_stops_gives_a_long_delivery_back_without_an_attempt(env):
    sending, stopping = Sending(), asyncio.Event()
    await post(env, "one")
    at_work = Deliveries(env, {TOPIC: sending}, stopping)
    await at_work.deliver_due()
    stopping.set()
    await ended(at_work)

    assert sending.broken == 1
    [message] = await in_state(env, OutboxState.PENDING)
    assert (message.attempts, message.error_code) == (0, STOPPED)


@pytest.mark.long
async def test_the_time_of_a_topic_is_a_bound_whatever_the_beats_say(env, monkeypatch):
    monkeypatch.setattr(deliveries, "LONGEST", {TOPIC: CLAIM * SHARE + 0.1})
    sending = Sending()
    await post(env, "one")
    at_work = Deliveries(env, {TOPIC: sending}, asyncio.Event())
    await at_work.deliver_due()
    await ended(at_work)

    [message] = await in_state(env, OutboxState.PENDING)
    assert (message.attempts, message.error_code) == (1, "TIMED_OUT")


@pytest.mark.parametrize(("stops", "outcome"), [(False, TimeoutError), (True, Stopped)])
async def test_a_claim_that_cannot_be_renewed_ends_the_work_before_it_ends_itself(stops, outcome):
    stopping = asyncio.Event()

    async def away() -> bool:
        if stops:
            stopping.set()
        raise StoreUnavailable("the database does not answer")

    with pytest.raises(outcome):
        await ClaimHeartbeat(0.2, 600.0, away, stopping).run_work(asyncio.Event().wait())  # type: ignore[arg-type]


async def test_a_lost_claim_ends_the_work_at_the_next_beat():
    async def lost() -> bool:
        return False

    with pytest.raises(ClaimLost):
        await ClaimHeartbeat(0.2, 600.0, lost, asyncio.Event()).run_work(asyncio.Event().wait())  # type: ignore[arg-type]


async def test_what_the_work_raises_comes_through_as_it_is():
    async def fails() -> None:
        raise TimeoutError("its own")

    async def held() -> bool:
        return True

    with pytest.raises(TimeoutError, match="its own"):
        await ClaimHeartbeat(30.0, 600.0, held, asyncio.Event()).run_work(fails())
