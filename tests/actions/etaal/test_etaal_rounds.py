"""Days are closed and sent to e-Taal from the outbox: each revision once, whatever is lost on the way."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from actions.etaal.checks import Step, compare
from actions.etaal.etaal_rounds import PUSH, close_due, plan_pushes, send_counts
from actions.etaal.services import MapService, change_mapping
from domain.etaal.counting import Category, CorrectionReason, CountingEvent, Level, Transaction
from domain.kernel import Source
from integrations.calling.errors import Refused, Unavailable
from integrations.etaal import Batch, EtaalPushSettings, Receipt, RejectedRow
from store.etaal import etaal, ledger, ledger_seal
from store.platform.outbox import OutboxState
from tests.support.sign_in import environment
from tests.support.stored import audit_lines_of, outbox_listing

DAY = date(2026, 11, 24)
"""The day of the store's clock."""

ROW = Transaction("DELIVERED:0", CountingEvent.DELIVERED, DAY, "ES09", "57", "WEB", "A", 1, "2026-2")


class FakePush:
    """e-Taal as it takes batches; `fails` are raised first, one each time."""

    def __init__(self) -> None:
        self.settings = EtaalPushSettings("UKAPSK", "id", "secret", "signing", DAY)
        self.fails: list[Exception] = []
        self.batches: list[Batch] = []
        self.unknown = "LOCAL-"

    async def push(self, batch: Batch) -> Receipt:
        if self.fails:
            raise self.fails.pop(0)
        self.batches.append(batch)
        rejected = tuple(
            RejectedRow(number, "E10")
            for number, row in enumerate(batch.rows)
            if row.service_code.startswith(self.unknown)
        )
        return Receipt(f"B{len(self.batches)}", len(batch.rows) - len(rejected), rejected)


@pytest.fixture
def push() -> FakePush:
    return FakePush()


@pytest.fixture
async def env(sqlite_store: Any, store_keyrings: Any, store_clock: Any, push: FakePush) -> Any:
    made = environment(sqlite_store, store_keyrings, store_clock, ())
    await enter(made, "0", "1")
    return replace(made, partners=replace(made.partners, etaal=push))


async def enter(env: Any, *keys: str) -> None:
    async with env.store.write_transaction() as tx:
        for key in keys:
            await ledger.record(tx, replace(ROW, event_key=f"DELIVERED:{key}"))
    await ledger_seal.seal(env.store)


async def reverse(env: Any, key: str) -> None:
    async with env.store.write_transaction() as tx:
        assert await ledger.reverse(tx, f"DELIVERED:{key}", CorrectionReason.CERTIFICATE_REVOKED)
    await ledger_seal.seal(env.store)


async def planned(env: Any) -> list[str]:
    async with env.store.read_transaction() as tx:
        return [message.key for message in await outbox_listing(tx, OutboxState.PENDING, 50) if message.topic == PUSH]


async def test_a_day_is_sent_when_it_is_over_and_again_at_each_revision_once(env: Any, store_clock: Any):
    assert await plan_pushes(env) == 0
    store_clock.advance(timedelta(hours=12, minutes=29))  # 00:29 in India of the next day
    assert await plan_pushes(env) == 0
    store_clock.advance(timedelta(minutes=1))
    assert (await plan_pushes(env), await plan_pushes(env)) == (1, 0)
    await reverse(env, "0")
    await reverse(env, "1")
    assert (await plan_pushes(env), await plan_pushes(env)) == (1, 0)
    assert await planned(env) == ["UKAPSK:2026-11-24:2", "UKAPSK:2026-11-24:4"]


async def test_days_before_the_enrolment_are_not_sent(env: Any, store_clock: Any, push: FakePush):
    push.settings = replace(push.settings, pushes_from=DAY + timedelta(days=1))
    store_clock.advance(timedelta(days=2))
    assert await plan_pushes(env) == 0


async def test_without_an_enrolment_for_the_push_nothing_is_planned(env: Any, store_clock: Any):
    store_clock.advance(timedelta(days=2))
    assert await plan_pushes(replace(env, partners=replace(env.partners, etaal=None))) == 0


async def test_what_was_planned_is_sent_as_the_day_was_then(env: Any, store_clock: Any, push: FakePush):
    store_clock.advance(timedelta(days=1))
    await plan_pushes(env)
    await reverse(env, "0")
    push.fails = [Unavailable(Source.E_TAAL, "http_500")]
    with pytest.raises(Unavailable):
        await send_counts(env, DAY, 2)
    await send_counts(env, DAY, 2)
    await send_counts(env, DAY, 2)
    assert [(batch.revision, sum(row.count for row in batch.rows)) for batch in push.batches] == [(2, 2)]
    (day,) = await compare(env, DAY, DAY)
    assert (day.revision, day.pushed, day.pushed_revision, day.pulled) == (3, Step.BEHIND, 2, Step.NEVER)
    assert day.services == (("LOCAL-ES09", -1),)


async def test_a_later_revision_there_settles_an_earlier_one(env: Any, store_clock: Any, push: FakePush):
    store_clock.advance(timedelta(days=1))
    await plan_pushes(env)
    push.fails = [Refused(Source.E_TAAL, "E20")]
    await send_counts(env, DAY, 2)
    async with env.store.read_transaction() as tx:
        assert await etaal.push_state(tx, DAY, 2) == etaal.SUPERSEDED
    push.fails = [Refused(Source.E_TAAL, "E04")]
    await reverse(env, "0")
    await plan_pushes(env)
    with pytest.raises(Refused):
        await send_counts(env, DAY, 3)


async def test_what_e_taal_did_not_know_is_held_until_it_has_a_code_and_sent_then(
    env: Any, store_clock: Any, push: FakePush
):
    store_clock.advance(timedelta(days=1))
    await plan_pushes(env)
    await send_counts(env, DAY, 2)
    (day,) = await compare(env, DAY, DAY)
    assert day.pushed is Step.IN_PART
    async with env.store.write_transaction() as tx:
        wanted = MapService("ES09", "UK0517", Category.A, Level.DISTRICT, DAY)
        assert (await change_mapping(tx, wanted, by="test")).revised_days == 1
    await ledger_seal.seal(env.store)
    assert await plan_pushes(env) == 1
    await send_counts(env, DAY, 3)
    assert [(row.service_code, row.count) for row in push.batches[-1].rows] == [("UK0517", 2)]
    (day,) = await compare(env, DAY, DAY)
    assert (day.pushed, day.services) == (Step.IN_STEP, ())


async def test_a_day_is_closed_after_three_days_for_late_events_once(env: Any, store_clock: Any):
    assert await close_due(env) == []
    store_clock.advance(timedelta(days=3, hours=12, minutes=29))
    assert await close_due(env) == []
    assert await close_due(env, only=DAY) == []
    store_clock.advance(timedelta(minutes=1))
    (closed,) = await close_due(env)
    assert (closed.day, closed.revision) == (DAY, 2)
    assert await close_due(env) == []
    assert await close_due(env, only=DAY) == []
    await reverse(env, "0")
    async with env.store.read_transaction() as tx:
        day = await ledger.sealed_day(tx, DAY)
        (line,) = await audit_lines_of(tx, "COUNTS", DAY.isoformat())
        link = await ledger.link_at(tx, DAY, 2)
    assert day is not None
    assert (day.revision, day.closed_revision) == (3, 2)
    assert line.detail == {"revision": 2, "link": link}


async def test_a_day_with_rows_that_wait_is_not_closed(env: Any, store_clock: Any):
    store_clock.advance(timedelta(days=5))
    async with env.store.write_transaction() as tx:
        await ledger.record(tx, replace(ROW, event_key="DELIVERED:late"))
    assert await close_due(env) == []
    await ledger_seal.seal(env.store)
    assert [each.revision for each in await close_due(env)] == [3]


async def test_the_audit_line_keeps_the_link_of_the_revision_that_was_closed(
    env: Any, store_clock: Any, monkeypatch: pytest.MonkeyPatch
):
    store_clock.advance(timedelta(days=5))

    async def sealed_meanwhile(tx: Any, day: date) -> int:
        if day == DAY and await ledger.record(tx, replace(ROW, event_key="DELIVERED:late")):
            await ledger_seal.seal_batch(tx)
        return 0

    monkeypatch.setattr(ledger, "count_unsealed", sealed_meanwhile)
    assert [each.revision for each in await close_due(env)] == [3]
    async with env.store.read_transaction() as tx:
        (line,) = await audit_lines_of(tx, "COUNTS", DAY.isoformat())
        assert line.detail == {"revision": 3, "link": await ledger.link_at(tx, DAY, 3)}
