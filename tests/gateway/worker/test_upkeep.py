"""What the worker does beside the messages: it folds figures and forgets what is past its time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from actions.kernel import Environment
from domain.kernel import PersonKind, Provider, ist_date
from domain.statistics.figures import figure_inputs, marks_of
from gateway.settings.settings import Retention
from gateway.worker.jobs import upkeep_jobs
from gateway.worker.runner import Job
from store.database import EncryptedObjects, LocalBlobs, idempotency
from store.identity import accesses, people, sessions
from store.identity.sessions import Session
from store.platform import manifests
from store.statistics import figures
from tests.store.builders import application, citizen
from tests.support.sign_in import environment


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, tmp_path) -> Environment:
    made = environment(sqlite_store, store_keyrings, store_clock, [])
    return replace(made, objects=EncryptedObjects(LocalBlobs(tmp_path / "objects"), store_keyrings))


async def all_of(jobs: Sequence[Job]) -> None:
    for job in jobs:
        await job.run()


async def test_the_upkeep_runs_on_an_empty_store_and_may_be_repeated(env):
    jobs = upkeep_jobs(env, Retention())

    await all_of(jobs)
    await all_of(jobs)


async def test_the_upkeep_folds_everything_and_forgets_what_is_past_its_time(env, store_clock, monkeypatch):
    monkeypatch.setattr(figures, "FOLD_BATCH", 5)
    now = store_clock.now()
    async with env.store.write_transaction() as tx:
        for _ in range(23):
            await figures.add(tx, marks_of(figure_inputs(application("a1", "c1", submitted_at=now))), "a1")
        await idempotency.begin(tx, "scope", "key", "hash", now)
        await people.add_citizen(tx, citizen("c1"))
        for days, session_id in ((1, "short"), (400, "long")):
            ends = now + timedelta(days=days)
            await sessions.add_session(
                tx, Session(session_id, PersonKind.CITIZEN, "c1", Provider.MERI_PEHCHAAN, "HIGH", None, now, ends)
            )
        await accesses.add_receipt(
            tx,
            accesses.AccessReceipt(
                subject="x",
                role="OFFICER",
                citizen_id="c1",
                object_kind="CITIZEN",
                object_id=None,
                purpose="VIEW",
                source=None,
                at=now,
            ),
        )
        for days in (0, 30, 190):
            await manifests.add_uses(tx, {("citizen_app", "1.0.0", ist_date(now) + timedelta(days=days)): 2})
        await manifests.add_uses(tx, {("citizen_app", "0.9.0", ist_date(now)): 5})
    kept = Retention(session_days=180, access_days=365, operation_use_days=30)
    jobs = upkeep_jobs(env, kept)

    store_clock.advance(timedelta(days=200))
    await all_of(jobs)

    async with env.store.write_transaction() as tx:
        assert await figures.fold(tx) == 0
        assert isinstance(await idempotency.begin(tx, "scope", "key", "other", store_clock.now()), idempotency.Fresh)
        assert await sessions.session(tx, "short") is None
        assert await sessions.session(tx, "long") is not None
        assert len(await accesses.of_citizen(tx, "c1", 9)) == 1
        used = [(use.version, (use.day - ist_date(now)).days) for use in await manifests.uses(tx, ist_date(now))]
        assert used == [("0.9.0", 0), ("1.0.0", 190)]  # the last day on which a version was used is always known
    store_clock.advance(timedelta(days=200))
    await all_of(jobs)
    async with env.store.read_transaction() as tx:
        assert await accesses.of_citizen(tx, "c1", 9) == []


async def test_old_consents_are_looked_at_once_a_day(env, store_clock, monkeypatch):
    looked = []

    async def look(environment):
        looked.append(ist_date(environment.clock.now()))

    monkeypatch.setattr("gateway.worker.jobs.delete_old_consents", look)
    jobs = upkeep_jobs(env, Retention())
    for hours in (0, 1, 23, 1):
        store_clock.advance(timedelta(hours=hours))
        await all_of(jobs)
    assert len(looked) == len(set(looked)) == 2


async def test_what_is_done_once_is_done_again_until_it_came_to_its_end(env, monkeypatch):
    endings, looked = [ValueError("broken"), None], []

    async def look(environment):
        looked.append(environment)
        if ending := endings.pop(0):
            raise ending
        return 0

    monkeypatch.setattr("gateway.worker.jobs.index_contacts", look)
    [job] = [one for one in upkeep_jobs(env, Retention()) if one.name == "index_contacts"]
    with pytest.raises(ValueError, match="broken"):
        await job.run()
    for _ in range(3):
        await job.run()
    assert len(looked) == 2


@pytest.mark.parametrize(("setting", "least"), [("session_days", 180), ("access_days", 365)])
def test_nothing_is_kept_shorter_than_its_rule(setting, least):
    assert getattr(Retention(**{setting: least}), setting) == least
    with pytest.raises(ValidationError):
        Retention(**{setting: least - 1})
    assert "20" in (Retention.model_fields[setting].description or "")
