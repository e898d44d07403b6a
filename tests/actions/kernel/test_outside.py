"""How far the outside effect of a mutation has come, from the outbox and what is known of the system."""

from datetime import timedelta

import pytest

from actions.benefits.sanction import INSTRUCT
from actions.kernel import SourceOutage, SubmissionState
from actions.kernel.submission_progress import SubmissionProgress, submission_progress
from actions.registry import REGISTRY
from domain.kernel import Source
from store.platform import outbox
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

ACCEPTED, DELIVERED = SubmissionProgress(SubmissionState.ACCEPTED), SubmissionProgress(SubmissionState.DELIVERED)
DBT = Source.DBT_FINANCE


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock):
    return environment(sqlite_store, store_keyrings, store_clock, [])


@pytest.fixture
def application() -> str:
    return "01930000-0000-7000-8000-00000000000a"


async def order(env, application, key="p1"):
    async with env.store.write_transaction() as tx:
        await outbox.add(tx, INSTRUCT, key, {"instalment_id": key}, application_id=application)
        return (await outbox_listing(tx, outbox.OutboxState.PENDING, 9))[-1].id


async def test_nothing_outside_is_accepted(env, application):
    assert await submission_progress(env, application, {}) == ACCEPTED
    await order(env, "another")
    assert await submission_progress(env, application, {}) == ACCEPTED


async def test_what_is_about_to_go_to_a_system_that_is_well_is_accepted(env, application):
    await order(env, application)

    assert await submission_progress(env, application, {Source.DIGILOCKER: SourceOutage()}) == ACCEPTED


async def test_what_goes_to_a_system_that_is_away_is_queued_until_it_is_tried_next(env, application):
    await order(env, application)
    now = env.clock.now()

    soon = await submission_progress(env, application, {DBT: SourceOutage(now + timedelta(seconds=5))})
    late = await submission_progress(env, application, {DBT: SourceOutage(now + timedelta(hours=2))})
    without_end = await submission_progress(env, application, {DBT: SourceOutage()})

    assert soon == SubmissionProgress(SubmissionState.QUEUED, now + timedelta(seconds=60))
    assert late == SubmissionProgress(SubmissionState.QUEUED, now + timedelta(hours=2))
    assert without_end == SubmissionProgress(SubmissionState.QUEUED, None)


async def test_a_message_that_failed_is_queued_until_its_next_attempt_whatever_we_know(env, application):
    message, now = await order(env, application), env.clock.now()
    async with env.store.write_transaction() as tx:
        await outbox.claim(tx, "w", 9, 30)
        await outbox.record_failure(tx, message, now, "UNAVAILABLE")

    assert await submission_progress(env, application, {}) == SubmissionProgress(
        SubmissionState.QUEUED, now + timedelta(seconds=60)
    )


async def test_a_dead_letter_is_queued_and_nobody_knows_until_when(env, application):
    message = await order(env, application)
    async with env.store.write_transaction() as tx:
        await outbox.record_failure(tx, message, env.clock.now(), "REFUSED", final=True)

    assert await submission_progress(env, application, {}) == SubmissionProgress(SubmissionState.QUEUED, None)


async def test_what_arrived_is_delivered_once_all_of_it_has(env, application):
    one, other = await order(env, application), await order(env, application, "p2")
    now = env.clock.now()
    async with env.store.write_transaction() as tx:
        await outbox.mark_delivered(tx, one, now)
    half = await submission_progress(env, application, {})
    async with env.store.write_transaction() as tx:
        await outbox.mark_delivered(tx, other, now)

    assert half == ACCEPTED
    assert await submission_progress(env, application, {DBT: SourceOutage()}) == DELIVERED


async def test_an_instalment_of_a_later_month_does_not_hold_up_the_first(env, application):
    first, now = await order(env, application), env.clock.now()
    async with env.store.write_transaction() as tx:
        await outbox.mark_delivered(tx, first, now)
        await outbox.add(tx, INSTRUCT, "p2", {}, application_id=application, due_at=now + timedelta(days=30))

    assert await submission_progress(env, application, {DBT: SourceOutage()}) == DELIVERED


def test_every_topic_names_an_outside_system():
    assert Source.STORE not in REGISTRY.outside_topics.values()
