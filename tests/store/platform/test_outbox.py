import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from domain.kernel import ManualClock
from store.database import Store
from store.platform import outbox, outbox_desk
from store.platform.outbox import ABANDONED, RETRY_AFTER_SECONDS, UNREADABLE, OutboxMessage, OutboxState, retry_wait
from tests.support.databases import NOW
from tests.support.stored import outbox_listing


async def add(store: Store, *keys: str, application_id: str | None = None) -> None:
    async with store.write_transaction() as tx:
        for key in keys:
            await outbox.add(tx, "certificate.issue", key, {"application_id": key}, application_id=application_id)


async def claim(store: Store, limit: int = 10, lease: float = 30, worker: str = "w1") -> list[OutboxMessage]:
    async with store.write_transaction() as tx:
        return await outbox.claim(tx, worker, limit, lease)


async def fail(store: Store, message: OutboxMessage, clock: ManualClock, **how: object) -> OutboxState:
    async with store.write_transaction() as tx:
        return await outbox.record_failure(tx, message.id, clock.now(), "UNAVAILABLE", **how)


async def deliver(store: Store, message: OutboxMessage) -> None:
    async with store.write_transaction() as tx:
        await outbox.mark_delivered(tx, message.id, NOW)


def keys(messages: list[OutboxMessage]) -> list[str]:
    return [message.key for message in messages]


async def test_a_message_is_added_once_for_each_topic_and_key(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert await outbox.add(tx, "dbt.instruct", "i1", {"n": 1})
        assert not await outbox.add(tx, "dbt.instruct", "i1", {"n": 2})
        assert await outbox.add(tx, "certificate.issue", "i1", {"n": 3})
    first, second = await claim(store)
    assert (first.topic, first.payload, first.attempts, first.created_at) == ("dbt.instruct", {"n": 1}, 1, NOW)
    assert second.payload == {"n": 3}


async def test_a_message_of_a_transaction_that_failed_does_not_exist(store: Store) -> None:
    async def fail() -> None:
        async with store.write_transaction() as tx:
            await outbox.add(tx, "dbt.instruct", "i1", {})
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await claim(store) == []


async def test_a_claimed_message_is_not_claimed_again_while_the_lease_lasts(store: Store) -> None:
    await add(store, "a1", "a2", "a3")
    assert keys(await claim(store, 2)) == ["a1", "a2"]
    assert keys(await claim(store)) == ["a3"]
    assert await claim(store) == []


async def test_a_message_whose_worker_died_is_claimed_again(store: Store) -> None:
    await add(store, "a1")
    await claim(store, lease=-1)
    (again,) = await claim(store)
    assert again.attempts == 2


async def test_workers_at_once_share_the_messages_without_overlap(store: Store) -> None:
    await add(store, *(f"a{number}" for number in range(60)))

    async def work(worker: str) -> list[str]:
        taken: list[str] = []
        while batch := await claim(store, 7, worker=worker):
            taken += keys(batch)
        return taken

    shares = await asyncio.gather(*(work(f"w{number}") for number in range(4)))
    taken = [key for share in shares for key in share]
    assert len(taken) == 60
    assert len(set(taken)) == 60


async def test_of_an_application_only_the_oldest_undelivered_is_claimed(store: Store) -> None:
    await add(store, "a1-first", "a1-second", application_id="a1")
    await add(store, "a2-first", application_id="a2")
    await add(store, "free-1", "free-2")
    batch = await claim(store)
    assert keys(batch) == ["a1-first", "a2-first", "free-1", "free-2"]
    assert await claim(store) == []
    await deliver(store, batch[0])
    assert keys(await claim(store)) == ["a1-second"]


async def order(store: Store, *instalments: str) -> None:
    async with store.write_transaction() as tx:
        for one in instalments:
            await outbox.add(tx, "dbt.instruct", one, {"instalment_id": one}, application_id="app-1")


async def test_a_dead_order_to_pay_stops_its_own_instalment_and_not_the_later_ones(
    store: Store, store_clock: ManualClock
) -> None:
    await order(store, "i1", "i2")
    first, second = await claim(store)
    assert await fail(store, first, store_clock, final=True) is OutboxState.DEAD
    await deliver(store, second)
    await order(store, "i3")
    assert keys(await claim(store)) == ["i3"]


async def test_a_dead_order_to_pay_holds_back_nothing_else_of_its_application(
    store: Store, store_clock: ManualClock
) -> None:
    await order(store, "i1")
    assert await fail(store, (await claim(store))[0], store_clock, final=True) is OutboxState.DEAD
    await add(store, "a", application_id="app-1")
    assert keys(await claim(store)) == ["a"]


async def test_an_order_to_pay_does_not_wait_for_a_dead_message_of_its_application(
    store: Store, store_clock: ManualClock
) -> None:
    await add(store, "a", application_id="app-1")
    assert await fail(store, (await claim(store))[0], store_clock, final=True) is OutboxState.DEAD
    await order(store, "i1")
    assert keys(await claim(store)) == ["i1"]


async def test_an_order_to_pay_that_is_under_way_is_not_taken_by_another_worker(store: Store) -> None:
    await order(store, "i1")
    assert keys(await claim(store)) == ["i1"]
    await order(store, "i1")
    assert await claim(store, worker="w2") == []


async def test_a_message_that_waits_for_its_retry_holds_back_its_application_only(
    store: Store, store_clock: ManualClock
) -> None:
    await add(store, "a1-first", "a1-second", application_id="a1")
    (poison,) = await claim(store)
    assert await fail(store, poison, store_clock) is OutboxState.PENDING
    await add(store, "a2-first", application_id="a2")
    assert keys(await claim(store)) == ["a2-first"]


async def test_retries_follow_the_schedule_and_end_in_a_dead_letter(store: Store, store_clock: ManualClock) -> None:
    await add(store, "poison", "next", application_id="a1")
    for wait in RETRY_AFTER_SECONDS:
        (message,) = await claim(store)
        assert await fail(store, message, store_clock) is OutboxState.PENDING
        store_clock.advance(timedelta(seconds=wait - 1))
        assert await claim(store) == []
        store_clock.advance(timedelta(seconds=1))
    (message,) = await claim(store)
    assert await fail(store, message, store_clock) is OutboxState.DEAD
    assert await claim(store) == []
    async with store.read_transaction() as tx:
        (dead,) = await outbox_listing(tx, OutboxState.DEAD, 10)
        counts = await outbox.counts(tx)
    assert (dead.key, dead.attempts, dead.error_code) == ("poison", 7, "UNAVAILABLE")
    assert (counts.pending, counts.dead, counts.oldest_seconds) == (1, 1, sum(RETRY_AFTER_SECONDS))


def test_the_schedule_is_that_of_the_reliability_numbers() -> None:
    waits = [retry_wait(attempts) for attempts in range(8)]
    assert [wait.total_seconds() if wait else None for wait in waits] == [
        60, 60, 300, 3_600, 21_600, 86_400, 172_800, None,
    ]  # fmt: skip


async def test_a_refusal_for_good_is_dead_at_once_and_holds_up_its_application(
    store: Store, store_clock: ManualClock
) -> None:
    await add(store, "first", "second", application_id="a1")
    (first,) = await claim(store)
    assert await fail(store, first, store_clock, final=True) is OutboxState.DEAD
    assert await claim(store) == []
    async with store.write_transaction() as tx:
        assert await outbox_desk.retry(tx, first.id, NOW)
    (again,) = await claim(store)
    assert (again.key, again.attempts) == ("first", 1)
    await deliver(store, again)
    assert keys(await claim(store)) == ["second"]


async def test_a_worker_that_lost_its_lease_cannot_put_the_message_back(store: Store, store_clock: ManualClock) -> None:
    await add(store, "a1")
    await claim(store, lease=-1, worker="slow")
    (message,) = await claim(store, worker="quick")
    assert await fail(store, message, store_clock, worker_id="slow") is OutboxState.PENDING
    store_clock.advance(timedelta(days=1))
    assert await claim(store) == []
    await deliver(store, message)
    assert await fail(store, message, store_clock) is OutboxState.DELIVERED


async def test_a_message_that_kills_every_worker_ends_as_a_dead_letter(store: Store) -> None:
    await add(store, "deadly")
    for _ in range(len(RETRY_AFTER_SECONDS) + 1):
        assert keys(await claim(store, lease=-1)) == ["deadly"]
    assert await claim(store) == []
    async with store.read_transaction() as tx:
        (dead,) = await outbox_listing(tx, OutboxState.DEAD, 10)
    assert dead.error_code == ABANDONED


async def test_failed_messages_of_a_system_that_is_back_are_due_at_once_and_the_failure_does_not_count(
    store: Store, store_clock: ManualClock
) -> None:
    await order(store, "i1", "i2")
    await add(store, "a")
    for wait in (*RETRY_AFTER_SECONDS[:2], 0):
        for message in await claim(store):
            await fail(store, message, store_clock)
        store_clock.advance(timedelta(seconds=wait))
    async with store.write_transaction() as tx:
        assert await outbox.bring_forward(tx, ["dbt.instruct"], 1) == 1
        assert await outbox.bring_forward(tx, ["dbt.instruct"], 10) == 1
        assert await outbox.bring_forward(tx, ["dbt.instruct"], 10) == 0
    brought = await claim(store)
    assert [(message.key, message.attempts) for message in brought] == [("i1", 3), ("i2", 3)]


async def test_a_message_that_was_not_tried_yet_is_not_brought_forward(store: Store, store_clock: ManualClock) -> None:
    async with store.write_transaction() as tx:
        later = store_clock.now() + timedelta(hours=1)
        await outbox.add(tx, "dbt.instruct", "i1", {}, due_at=later)
        assert await outbox.bring_forward(tx, ["dbt.instruct"], 10) == 0


async def test_a_message_for_later_waits(store: Store, store_clock: ManualClock) -> None:
    async with store.write_transaction() as tx:
        await outbox.add(tx, "appeal.file", "a1", {}, due_at=NOW + timedelta(hours=1))
        assert (await outbox.counts(tx)).oldest_seconds == 0
    assert await claim(store) == []
    store_clock.advance(timedelta(hours=1))
    assert keys(await claim(store)) == ["a1"]


async def test_a_look_without_a_lock_tells_when_claiming_may_make_sense(store: Store, store_clock: ManualClock) -> None:
    async def may_be_due() -> bool:
        async with store.read_transaction() as tx:
            return await outbox.may_be_due(tx)

    assert not await may_be_due()
    async with store.write_transaction() as tx:
        await outbox.add(tx, "appeal.file", "a1", {}, due_at=NOW + timedelta(hours=1))
    assert not await may_be_due()
    store_clock.advance(timedelta(hours=1))
    assert await may_be_due()
    [message] = await claim(store)
    await deliver(store, message)
    assert not await may_be_due()


async def test_an_empty_outbox_counts_nothing(store: Store) -> None:
    async with store.read_transaction() as tx:
        assert await outbox.counts(tx) == outbox.OutboxCounts(0, 0, 0.0)
        assert await outbox_listing(tx, OutboxState.PENDING, 5) == []


async def test_a_message_that_does_not_open_is_dead_and_holds_back_nobody_else(store: Store) -> None:
    await add(store, "spoilt", application_id="a1")
    await add(store, "whole", application_id="a2")
    async with store.write_transaction() as tx:
        spoil = update(outbox.outbox_table).where(outbox.outbox_table.c.key == "spoilt").values(payload=b"x" * 40)
        await tx.connection.execute(spoil)

    assert keys(await claim(store)) == ["whole"]

    async with store.read_transaction() as tx:
        (dead,) = await outbox_listing(tx, OutboxState.DEAD, 10)
    assert (dead.key, dead.error_code, dead.payload) == ("spoilt", UNREADABLE, {})
