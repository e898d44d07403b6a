"""The watch over alarms, and the webhook against a receiver that listens on a real socket."""

import asyncio
import hashlib
import hmac
import json
import resource
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.kernel import Environment
from actions.platform.alarms import NOTIFY, tell
from domain.platform.alarms import AlarmCode, ProcessFacts
from domain.platform.switches import Switchboard
from gateway.runtime.alarms import (
    UNKEPT_SECONDS,
    AlarmNotSent,
    AlarmWatch,
    AlarmWebhook,
    UnkeptAlarms,
    discard_notification,
)
from gateway.runtime.heartbeat import Heartbeat
from gateway.runtime.process_health import ProcessHealth
from gateway.worker.deliveries import Deliveries
from integrations.calling.transport import open_client
from store.database import FieldCipher, Store, StoreUnavailable
from store.identity import people
from store.platform import alarms
from store.platform.outbox import RETRY_AFTER_SECONDS, OutboxState
from tests.store.builders import citizen
from tests.support.running import free_port
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

SECRET = "a secret of thirty-two characters"
ILL = ProcessFacts("gateway@one", {"DBT_FINANCE": 301.0}, {}, 0, 50_000_000_000, None, None)


@dataclass
class Receiver:
    """A receiver as docs/alarms.md asks for: checks the signature, takes each delivery once."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    effects: dict[str, dict] = field(default_factory=dict)
    now: float = 0.0

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.posts.append((dict(request.headers), body))
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return RedirectResponse("/elsewhere", status) if status == 302 else Response(status_code=status)
        if not self.genuine(request.headers["x-apuni-signature"], body):
            return Response(status_code=401)
        self.effects.setdefault(request.headers["x-apuni-delivery"], json.loads(body))
        return Response(status_code=204)

    def genuine(self, header: str, body: bytes) -> bool:
        parts = dict(part.split("=", 1) for part in header.split(","))
        expected = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(parts["v1"], expected) and abs(int(parts["t"]) - self.now) <= 300


@pytest.fixture
async def receiver(store_clock) -> AsyncIterator[Receiver]:
    port, made = free_port(), Receiver(now=store_clock.now().timestamp())
    routes = [Route("/alarms", made.take, methods=["POST"]), Route("/elsewhere", made.take, methods=["GET", "POST"])]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    made.url = f"http://127.0.0.1:{port}/alarms"
    yield made
    server.should_exit = True
    await serving


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock) -> Environment:
    return environment(sqlite_store, store_keyrings, store_clock, [])


async def telling(env: Environment, url: str, secret: str = SECRET) -> Deliveries:
    webhook = AlarmWebhook(url, secret, open_client(), env.clock)
    return Deliveries(env, {NOTIFY: webhook}, asyncio.Event())


async def raise_alarm(env: Environment) -> None:
    await tell(env, "p1", ILL)
    changes = await AlarmWatch(env, notify=True).look()
    assert [change.about for change in changes] == ["DBT_FINANCE"]


async def waiting(env: Environment) -> list[str | None]:
    async with env.store.read_transaction() as tx:
        return [message.error_code for message in await outbox_listing(tx, OutboxState.PENDING, 10)]


@pytest.mark.integration
async def test_a_change_is_posted_signed_and_has_one_effect_though_it_comes_twice(env, receiver):
    await raise_alarm(env)
    at_work = await telling(env, receiver.url)
    await at_work.deliver_due()
    [(headers, body)] = receiver.posts
    webhook = AlarmWebhook(receiver.url, SECRET, open_client(), env.clock)
    await webhook(env, json.loads(body))  # as after the death of a worker that had posted already

    assert headers["content-type"] == "application/json"
    assert len(receiver.posts) == 2
    assert list(receiver.effects) == ["BREAKER_OPEN:DBT_FINANCE:1"]
    assert receiver.effects["BREAKER_OPEN:DBT_FINANCE:1"]["state"] == "RAISED"
    assert await waiting(env) == []


@pytest.mark.integration
async def test_a_receiver_with_another_secret_refuses_and_the_message_waits(env, receiver):
    await raise_alarm(env)
    await (await telling(env, receiver.url, "another secret of thirty-two letters")).deliver_due()

    assert receiver.effects == {}
    assert await waiting(env) == ["AlarmNotSent"]


@pytest.mark.integration
@pytest.mark.parametrize("status", [302, 500])
async def test_what_the_receiver_does_not_take_is_posted_again_on_the_schedule(env, receiver, store_clock, status):
    receiver.statuses = [status]
    await raise_alarm(env)
    at_work = await telling(env, receiver.url)
    await at_work.deliver_due()
    assert (len(receiver.posts), receiver.effects) == (1, {})

    store_clock.advance(timedelta(seconds=RETRY_AFTER_SECONDS[0]))
    await at_work.deliver_due()

    assert len(receiver.effects) == 1


@pytest.mark.integration
async def test_a_receiver_that_is_down_is_not_told(env):
    webhook = AlarmWebhook(f"http://127.0.0.1:{free_port()}/alarms", SECRET, open_client(), env.clock)

    with pytest.raises(AlarmNotSent):
        await webhook(env, {"id": "x"})


async def test_only_one_of_two_workers_watches_and_it_goes_on_watching(env):
    await tell(env, "p1", ILL)
    first, second = AlarmWatch(env, notify=False), AlarmWatch(env, notify=False)

    assert len(await first.look()) == 1
    async with env.store.write_transaction() as tx:
        await alarms.save_facts(tx, "p1", ProcessFacts("gateway@one", {}, {}, 0, 50_000_000_000, None, None))
    assert await second.look() == []
    assert len(await first.look()) == 1


async def test_without_a_webhook_an_old_message_is_dropped(env):
    await discard_notification(env, {"code": "BREAKER_OPEN", "state": "RAISED"})


@contextmanager
def full_disk(database: Path) -> Iterator[None]:
    """As if the disk of this database were full: this process may write no file longer than its log is now."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{database}-wal").stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.integration
async def test_while_the_disk_of_the_store_is_full_a_refused_write_of_a_person_is_posted(
    migrated_sqlite, tmp_path, store_keyrings, store_clock, receiver
):
    database = Path(shutil.copy(migrated_sqlite, tmp_path / "store.db"))
    store = await Store.open(f"sqlite:///{database}", cipher=FieldCipher(store_keyrings), clock=store_clock)
    env, health = environment(store, store_keyrings, store_clock, []), ProcessHealth("gateway@one", store_clock, Path())
    store.disk_refused = health.disk_refused
    pulse = Heartbeat(env, Switchboard(), health)
    webhook = AlarmWebhook(receiver.url, SECRET, open_client(), store_clock)
    unkept = UnkeptAlarms(env, pulse, webhook, health.label)
    await store.carry_out(lambda tx: people.add_citizen(tx, citizen("before")))
    with full_disk(database):
        with pytest.raises(StoreUnavailable):
            await store.carry_out(lambda tx: people.add_citizen(tx, citizen("refused")))
        with pytest.raises(StoreUnavailable):
            await AlarmWatch(env, notify=True).look()
        await unkept.look()
        early = dict(receiver.effects)
        for _ in range(3):
            store_clock.advance(timedelta(seconds=UNKEPT_SECONDS))
            receiver.now = store_clock.now().timestamp()
            await unkept.look()
    await pulse.beat()
    [later] = await AlarmWatch(env, notify=True).look()
    await store.close()

    assert early == {}
    [posted] = receiver.effects.values()
    assert (posted["code"], posted["about"], posted["state"]) == ("DISK_LOW", "gateway@one", "RAISED")
    assert len(receiver.posts) == 1
    assert later.code is AlarmCode.DISK_LOW


async def test_what_the_store_knows_is_posted_by_the_outbox_alone(env, store_clock, tmp_path):
    health = ProcessHealth("gateway@one", store_clock, tmp_path)
    health.disk_refused()
    pulse = Heartbeat(env, Switchboard(), health)
    await pulse.beat()
    await AlarmWatch(env, notify=True).look()
    await pulse.beat()

    assert pulse.unkept_alarms() == {}
