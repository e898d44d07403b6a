"""The whole table of the worker's jobs on a real store, one of them broken."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from actions.kernel import Environment
from domain.platform.alarms import JobOutcome
from gateway.settings.settings import Retention
from gateway.worker import jobs
from gateway.worker.deliveries import Deliveries
from gateway.worker.runner import Job, Runner
from integrations.calling.breakers import Breakers
from store.database import EncryptedObjects, LocalBlobs
from store.platform import outbox
from store.platform.outbox import OutboxState
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

BROKEN = "release_instalments"
PRIVATE = "Asha Negi 9800000001"


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, tmp_path) -> Environment:
    made = environment(sqlite_store, store_keyrings, store_clock, [])
    return replace(made, objects=EncryptedObjects(LocalBlobs(tmp_path / "objects"), store_keyrings))


async def deliver(env: Environment, payload: Mapping[str, str]) -> None:
    assert payload == {}


async def fails(env: Environment) -> None:
    raise ValueError(PRIVATE)


async def _no_values(*_: object) -> None:
    """No message is read here."""


def table(env: Environment, stopping: asyncio.Event, swept=lambda: None) -> tuple[Job, ...]:
    deliveries = Deliveries(env, {"letter": deliver}, stopping)
    return (
        *jobs.service_jobs(env, deliveries, stopping, swept, 60.0, Breakers(env.clock), _no_values),
        *jobs.upkeep_jobs(env, Retention()),
    )


async def test_a_job_that_raises_ends_neither_the_worker_nor_any_other_job(env, monkeypatch):
    monkeypatch.setattr(jobs, "release_due", fails)
    stopping, everything, swept = asyncio.Event(), asyncio.Event(), []
    made = table(env, stopping, lambda: swept.append(True))
    ended: dict[str, JobOutcome] = {}

    def note(name: str, outcome: JobOutcome) -> None:
        ended.setdefault(name, outcome)
        if len(ended) == len(made):
            everything.set()

    async with env.store.write_transaction() as tx:
        await outbox.add(tx, "letter", "one", {})
    running = asyncio.create_task(Runner(made, stopping, note, at_once=8).run())
    await asyncio.wait_for(everything.wait(), 60)
    stopping.set()
    await asyncio.wait_for(running, 60)

    assert {name: ending for name, ending in ended.items() if ending is not JobOutcome.DONE} == {
        BROKEN: JobOutcome.FAILED
    }
    async with env.store.read_transaction() as tx:
        assert [one.key for one in await outbox_listing(tx, OutboxState.DELIVERED, 9)] == ["one"]
    assert swept == [True]


def test_no_two_jobs_have_the_same_name(env):
    names = [job.name for job in table(env, asyncio.Event())]
    assert len(names) == len(set(names)) > 30
