"""Single messages in the hands of those who run the gateway."""

from datetime import timedelta

from domain.platform.outbox import HIDDEN
from gateway.installation.outbox import message_fields
from store.database import Store
from store.platform import outbox, outbox_desk
from store.platform.outbox import OutboxState
from store.platform.outbox_desk import PARKED, OutboxFilter
from tests.support.databases import NOW
from tests.support.stored import audit_lines_of

KEY = "01a20c3f-3abb-711a-95a2-2bfee4ee0ffe"


async def post(store: Store, *keys: str, application_id: str | None = None, **payload: str) -> None:
    async with store.write_transaction() as tx:
        for key in keys:
            await outbox.add(tx, "letter", key, payload, application_id=application_id)


async def keys(store: Store, **wanted: object) -> list[str]:
    async with store.read_transaction() as tx:
        return [message.key for message in await outbox_desk.search(tx, OutboxFilter(**wanted), 50)]


async def claimed(store: Store) -> list[outbox.OutboxMessage]:
    async with store.write_transaction() as tx:
        return await outbox.claim(tx, "w", 10, 30)


async def test_messages_are_found_by_state_age_attempts_and_error(store: Store, store_clock) -> None:
    await post(store, "old")
    (old,) = await claimed(store)
    async with store.write_transaction() as tx:
        await outbox.record_failure(tx, old.id, NOW, "HTTP_503", final=True)
    store_clock.advance(timedelta(hours=1))
    await post(store, "new")

    assert await keys(store) == ["old", "new"]
    assert await keys(store, state=OutboxState.DEAD) == ["old"]
    assert await keys(store, state=OutboxState.PENDING) == ["new"]
    assert await keys(store, error_code="HTTP_503") == ["old"]
    assert await keys(store, attempts=1) == ["old"]
    assert await keys(store, created_before=NOW) == ["old"]
    assert await keys(store, topic="another") == []


async def test_a_parked_message_waits_with_those_after_it_until_it_is_retried(store: Store, store_clock) -> None:
    await post(store, "first", "second", application_id="a1")
    async with store.write_transaction() as tx:
        assert await outbox_desk.park(tx, 1)
        assert not await outbox_desk.park(tx, 1)
    assert await claimed(store) == []
    assert await keys(store, error_code=PARKED) == ["first"]

    async with store.write_transaction() as tx:
        assert await outbox_desk.retry(tx, 1, store_clock.now())
    assert [message.key for message in await claimed(store)] == ["first"]
    async with store.write_transaction() as tx:
        await outbox.mark_delivered(tx, 1, NOW)
        assert not await outbox_desk.retry(tx, 1, NOW)
        assert not await outbox_desk.park(tx, 1)
        assert not await outbox_desk.park(tx, 99)
    async with store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "OUTBOX", "1")
    assert [line.action for line in lines] == ["outbox.parked", "outbox.retried"]


async def test_a_dead_letter_is_given_up_with_a_reason_and_those_after_it_go_on(store: Store, store_clock) -> None:
    async def give_up(*topics: str) -> bool:
        async with store.write_transaction() as tx:
            return await outbox_desk.give_up(tx, 1, topics, store_clock.now(), reason="the locker is closed", by="ops")

    await post(store, "first", "second", application_id="a1")
    (one,) = await claimed(store)
    assert not await give_up("letter")  # it is not dead
    async with store.write_transaction() as tx:
        await outbox.record_failure(tx, one.id, NOW, "HTTP_404", final=True)
    assert await claimed(store) == []
    assert not await give_up("another")
    assert await give_up("letter")
    assert not await give_up("letter")
    assert [message.key for message in await claimed(store)] == ["second"]
    assert await keys(store, state=OutboxState.DELIVERED, error_code="HTTP_404") == ["first"]
    async with store.read_transaction() as tx:
        [line] = await audit_lines_of(tx, "OUTBOX", "1")
    assert (line.action, line.actor_label, line.detail) == (
        "outbox.given_up",
        "ops",
        {"topic": "letter", "reason": "the locker is closed"},
    )


async def test_a_message_that_waits_for_its_next_attempt_is_tried_now(store: Store, store_clock) -> None:
    await post(store, "one")
    (one,) = await claimed(store)
    async with store.write_transaction() as tx:
        await outbox.record_failure(tx, one.id, NOW, "HTTP_503")
    assert await claimed(store) == []
    async with store.write_transaction() as tx:
        assert await outbox_desk.retry(tx, one.id, store_clock.now())
    (again,) = await claimed(store)
    assert (again.attempts, again.error_code) == (1, None)


async def test_the_age_counts_what_is_due_or_was_tried_and_not_what_is_for_later(store: Store, store_clock) -> None:
    async def oldest() -> float:
        async with store.read_transaction() as tx:
            return (await outbox.counts(tx)).oldest_seconds

    async with store.write_transaction() as tx:
        await outbox.add(tx, "letter", "resting", {}, due_at=NOW + timedelta(days=30))
    store_clock.advance(timedelta(days=1))
    assert await oldest() == 0
    await post(store, "now")
    store_clock.advance(timedelta(seconds=5))
    assert await oldest() == 5
    (now,) = await claimed(store)
    async with store.write_transaction() as tx:
        await outbox.record_failure(tx, now.id, store_clock.now(), "HTTP_503")
    store_clock.advance(timedelta(seconds=5))
    assert await oldest() == 10
    async with store.write_transaction() as tx:
        await outbox.mark_delivered(tx, now.id, NOW)
    store_clock.advance(timedelta(days=30))
    assert await oldest() == timedelta(days=1, seconds=10).total_seconds()


async def test_a_message_is_shown_without_what_it_carries_of_a_person(store: Store) -> None:
    await post(store, "one", application_id=KEY, mobile="9800000001", instalment_id=KEY, note_id="Asha Negi")
    async with store.read_transaction() as tx:
        message = await outbox_desk.message_by_id(tx, 1)
        assert await outbox_desk.message_by_id(tx, 2) is None
    assert message is not None
    told = message_fields(message)
    assert told["payload.instalment_id"] == KEY
    assert told["payload.mobile"] == told["payload.note_id"] == HIDDEN
    assert "9800000001" not in str(told)
    assert "Asha" not in str(told)
