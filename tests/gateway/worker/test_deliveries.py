"""The worker on a real store: every message once, retries on the schedule, and nobody waits for another's poison."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from actions.kernel import Environment
from domain.kernel import Source
from gateway.worker import deliveries, runner
from gateway.worker.deliveries import (
    HELD,
    HELD_SECONDS,
    LEASE_SECONDS,
    UNASKED,
    UNASKED_SECONDS,
    Deliveries,
)
from gateway.worker.runner import Job, Runner
from gateway.worker.topics import Handler
from integrations.calling.breakers import CircuitOpen
from integrations.calling.errors import Unavailable
from integrations.calling.kill_switch import SwitchedOff
from store.database import StoreUnavailable
from store.platform import outbox
from store.platform.outbox import RETRY_AFTER_SECONDS, OutboxMessage, OutboxState
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

TOPIC = "letter"
PRIVATE = "Asha Negi 9800000001"


class Recorder:
    """Stands in for the log and keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        self.lines.append((event, facts))

    warning = error = info

    def events(self) -> list[str]:
        return [event for event, _ in self.lines]


class Letters:
    """A handler that keeps what it was given and fails as told."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.failing: dict[str, Exception] = {}

    async def __call__(self, env: Environment, payload: Mapping[str, str]) -> None:
        self.got.append(payload["name"])
        if payload["name"] in self.failing:
            raise self.failing[payload["name"]]


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock) -> Environment:
    return environment(sqlite_store, store_keyrings, store_clock, [])


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture(autouse=True)
def log(monkeypatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(deliveries, "log", recorder)
    return recorder


def working(env: Environment, handler: Handler) -> Deliveries:
    return Deliveries(env, {TOPIC: handler}, asyncio.Event())


def run_until(stopping: asyncio.Event, env: Environment, handler: Handler) -> asyncio.Task[None]:
    """The job of the deliveries alone, as the worker runs it."""
    at_work = Deliveries(env, {TOPIC: handler}, stopping)
    job = Job("deliver_outbox", 0.001, at_work.deliver_due, at_work.finish)
    return asyncio.create_task(Runner([job], stopping, lambda *_: None).run())


async def post(env: Environment, name: str, *, application: str | None = None, topic: str = TOPIC) -> None:
    async with env.store.write_transaction() as tx:
        payload = {"name": name, "private": PRIVATE}
        assert await outbox.add(tx, topic, name, payload, application_id=application)


async def in_state(env: Environment, state: OutboxState) -> list[OutboxMessage]:
    async with env.store.read_transaction() as tx:
        return await outbox_listing(tx, state, 100)


async def names(env: Environment, state: OutboxState) -> list[str]:
    return [message.key for message in await in_state(env, state)]


async def test_a_message_is_delivered_once(env, letters):
    await post(env, "one")
    at_work = working(env, letters)

    assert await at_work.deliver_due() == 1
    assert await at_work.deliver_due() == 0

    assert letters.got == ["one"]
    assert await names(env, OutboxState.DELIVERED) == ["one"]


async def test_two_workers_share_the_messages_and_deliver_each_once(env, letters):
    for number in range(20):
        await post(env, f"letter-{number:02}")

    tried = await asyncio.gather(*(working(env, letters).deliver_due() for _ in range(2)))

    assert sum(tried) == 20
    assert sorted(letters.got) == [f"letter-{number:02}" for number in range(20)]


async def test_the_messages_of_one_application_are_delivered_in_their_order(env, letters):
    for name in ("first", "second", "third"):
        await post(env, name, application="a")

    assert await working(env, letters).deliver_due() == 3

    assert letters.got == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("stopped", "seconds", "attempts", "code"),
    [
        (SwitchedOff(Source.DBT_FINANCE, "switched_to_read_only"), HELD_SECONDS, 0, HELD),
        (CircuitOpen(Source.PFMS, UNASKED, retry_after=30), UNASKED_SECONDS, 1, UNASKED),
    ],
    ids=["switch", "breaker"],
)
async def test_a_message_that_was_stopped_before_it_went_stays_and_goes_as_soon_as_it_may(
    env, letters, store_clock, stopped, seconds, attempts, code
):
    letters.failing["one"] = stopped
    await post(env, "one")
    at_work = working(env, letters)
    for _ in range(3 * len(RETRY_AFTER_SECONDS)):
        assert await at_work.deliver_due() == 1
        store_clock.advance(timedelta(seconds=seconds))

    [waiting] = await in_state(env, OutboxState.PENDING)
    assert (waiting.attempts, waiting.error_code) == (attempts, code)
    del letters.failing["one"]
    assert await at_work.deliver_due() == 1
    assert await names(env, OutboxState.DELIVERED) == ["one"]


async def test_a_failing_handler_is_retried_on_the_schedule_and_dead_after_the_last(env, letters, store_clock, log):
    letters.failing["one"] = Unavailable(Source.DBT_FINANCE, "HTTP_503")
    await post(env, "one")
    at_work = working(env, letters)

    assert await at_work.deliver_due() == 1
    for seconds in RETRY_AFTER_SECONDS:
        store_clock.advance(timedelta(seconds=seconds - 1))
        assert await at_work.deliver_due() == 0
        store_clock.advance(timedelta(seconds=1))
        assert await at_work.deliver_due() == 1
    store_clock.advance(timedelta(days=30))
    assert await at_work.deliver_due() == 0

    [dead] = await in_state(env, OutboxState.DEAD)
    assert (dead.key, dead.error_code, dead.attempts) == ("one", "HTTP_503", len(RETRY_AFTER_SECONDS) + 1)
    assert log.events().count("outbox_message_dead") == 1


async def test_a_handler_that_recovers_delivers_at_the_next_attempt(env, letters, store_clock):
    letters.failing["one"] = Unavailable(Source.DBT_FINANCE, "HTTP_503")
    await post(env, "one")
    at_work = working(env, letters)
    await at_work.deliver_due()
    del letters.failing["one"]
    store_clock.advance(timedelta(seconds=RETRY_AFTER_SECONDS[0]))

    assert await at_work.deliver_due() == 1

    assert await names(env, OutboxState.DELIVERED) == ["one"]


async def test_a_poison_message_holds_back_its_own_application_only(env, letters):
    letters.failing["poison"] = Unavailable(Source.DBT_FINANCE, "HTTP_503")
    await post(env, "poison", application="a")
    await post(env, "behind", application="a")
    for number in range(12):
        await post(env, f"other-{number:02}", application=f"b-{number}")

    await working(env, letters).deliver_due()

    assert "behind" not in letters.got
    assert await names(env, OutboxState.PENDING) == ["poison", "behind"]
    assert len(await in_state(env, OutboxState.DELIVERED)) == 12


async def test_a_handler_that_breaks_in_an_unknown_way_does_not_stop_the_worker(env, letters, log):
    letters.failing["broken"] = RuntimeError(PRIVATE)
    await post(env, "broken", application="a")
    await post(env, "sound", application="b")

    assert await working(env, letters).deliver_due() == 2

    [waiting] = await in_state(env, OutboxState.PENDING)
    assert (waiting.key, waiting.error_code) == ("broken", "INTERNAL")
    assert await names(env, OutboxState.DELIVERED) == ["sound"]
    assert ("outbox_handler_failed", {"topic": TOPIC, "kind": "RuntimeError"}) in log.lines


async def test_a_topic_without_a_handler_waits_for_a_release_that_has_one(env, letters):
    await post(env, "strange", topic="not.known")

    assert await working(env, letters).deliver_due() == 1

    [waiting] = await in_state(env, OutboxState.PENDING)
    assert waiting.error_code == "NO_HANDLER"


async def test_a_handler_that_takes_longer_than_its_lease_is_broken_off(env, monkeypatch):
    monkeypatch.setattr(deliveries, "LEASE_SECONDS", 0.01)
    await post(env, "slow")

    async def never(env: Environment, payload: Mapping[str, str]) -> None:
        await asyncio.Event().wait()

    await working(env, never).deliver_due()

    [waiting] = await in_state(env, OutboxState.PENDING)
    assert waiting.error_code == "TIMED_OUT"


class Held:
    """A handler that waits in the middle of its work until it is let go."""

    def __init__(self, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.done = 0

    async def __call__(self, env: Environment, payload: Mapping[str, str]) -> None:
        self.begun.set()
        await self.let_go.wait()
        self.done += 1


async def test_stopping_finishes_what_is_under_way_and_takes_nothing_new(env):
    held, stopping = Held(), asyncio.Event()
    await post(env, "first", application="a")
    await post(env, "second", application="a")
    running = run_until(stopping, env, held)
    await held.begun.wait()

    stopping.set()
    await asyncio.sleep(0)
    assert not running.done()
    held.let_go.set()
    await asyncio.wait_for(running, 10)

    assert held.done == 1
    assert await names(env, OutboxState.DELIVERED) == ["first"]
    assert await names(env, OutboxState.PENDING) == ["second"]


async def test_an_expired_lease_is_taken_over_by_another_worker(env, letters):
    await post(env, "left behind")
    async with env.store.write_transaction() as tx:
        assert len(await outbox.claim(tx, "a worker that died", 8, -1.0)) == 1

    assert await working(env, letters).deliver_due() == 1

    [message] = await in_state(env, OutboxState.DELIVERED)
    assert message.attempts == 2


async def test_a_lease_that_holds_is_left_to_its_worker(env, letters):
    await post(env, "under way")
    async with env.store.write_transaction() as tx:
        await outbox.claim(tx, "another worker", 8, LEASE_SECONDS)

    assert await working(env, letters).deliver_due() == 0
    assert letters.got == []


async def test_a_failure_that_comes_after_the_lease_has_passed_on_changes_nothing(env):
    held = Held()
    await post(env, "passed on")

    async def fails(env: Environment, payload: Mapping[str, str]) -> None:
        await held(env, payload)
        raise Unavailable(Source.DBT_FINANCE, "HTTP_503")

    slow = asyncio.create_task(working(env, fails).deliver_due())
    await held.begun.wait()
    async with env.store.write_transaction() as tx:
        await tx.connection.execute(outbox.outbox_table.update().values(leased_by="the second worker"))
    held.let_go.set()
    await slow

    [message] = await in_state(env, OutboxState.PENDING)
    assert message.error_code is None


async def test_the_log_tells_topic_and_outcome_and_nothing_of_the_payload(env, letters, log):
    letters.failing["bad"] = RuntimeError(PRIVATE)
    await post(env, "good")
    await post(env, "bad")

    await working(env, letters).deliver_due()

    told = [facts for event, facts in log.lines if event == "outbox_message"]
    assert {"topic": TOPIC, "attempts": 1, "outcome": "delivered"} in told
    assert {"topic": TOPIC, "attempts": 1, "outcome": "INTERNAL"} in told
    assert PRIVATE not in str(log.lines)
    assert "good" not in str(log.lines)


async def test_a_store_that_is_away_for_a_moment_does_not_end_the_worker(env, letters, log, monkeypatch):
    claim, failures = outbox.claim, [StoreUnavailable("the database does not answer")]

    async def flaky(*arguments: Any, **named: Any) -> list[OutboxMessage]:
        if failures:
            raise failures.pop()
        return await claim(*arguments, **named)

    monkeypatch.setattr(outbox, "claim", flaky)
    monkeypatch.setattr(runner, "AFTER_FAILURE_SECONDS", 0.001)
    monkeypatch.setattr(runner, "log", log)
    await post(env, "one")
    held, stopping = Held(), asyncio.Event()
    held.let_go.set()
    running = run_until(stopping, env, held)

    await asyncio.wait_for(held.begun.wait(), 10)
    stopping.set()
    await asyncio.wait_for(running, 10)

    assert "store_unavailable" in log.events()
    assert await names(env, OutboxState.DELIVERED) == ["one"]


async def test_an_outcome_that_cannot_be_noted_leaves_the_others_of_the_batch_alone(env, letters, log, monkeypatch):
    delivered, first = outbox.mark_delivered, []

    async def flaky(tx, message_id, at):
        if not first:
            first.append(message_id)
            raise StoreUnavailable("the database does not answer")
        await delivered(tx, message_id, at)

    monkeypatch.setattr(outbox, "mark_delivered", flaky)
    for name in ("one", "two", "three"):
        await post(env, name)

    await working(env, letters).deliver_due()

    assert len(await in_state(env, OutboxState.DELIVERED)) == 2
    assert log.events().count("outbox_not_noted") == 1
