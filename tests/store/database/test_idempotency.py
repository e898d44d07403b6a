import asyncio
from datetime import timedelta

import pytest

from store.database import InProgress, KeyReused, NotThere, Store, idempotency
from store.database.idempotency import Fresh, Replay
from tests.support.databases import NOW
from tests.support.plans import statements_of

SCOPE, KEY, BODY = "CITIZEN:c1 submitApplication", "key-1", "hash-1"


async def use(store: Store, *, scope: str = SCOPE, body: str = BODY, answer: object = "a1", **how: object) -> object:
    at = how.pop("at", NOW)
    async with store.write_transaction() as tx:
        begun = await idempotency.begin(tx, scope, KEY, body, at, **how)
        if isinstance(begun, Fresh):
            await idempotency.complete(tx, scope, KEY, {"application": answer})
        return begun


async def test_the_second_use_replays_the_answer(store: Store) -> None:
    assert await use(store) == Fresh()
    assert await use(store, answer="a2") == Replay({"application": "a1"})


async def test_another_body_is_refused(store: Store) -> None:
    await use(store)
    with pytest.raises(KeyReused):
        await use(store, body="hash-2")


async def test_another_caller_with_the_same_key_is_independent(store: Store) -> None:
    await use(store)
    assert await use(store, scope="CITIZEN:c2 submitApplication", body="hash-2") == Fresh()


async def test_fifty_twins_have_one_effect(store: Store) -> None:
    outcomes = await asyncio.gather(*(use(store, answer=f"a{n}") for n in range(50)), return_exceptions=True)
    answers = {str(outcome.answer) for outcome in outcomes if isinstance(outcome, Replay)}
    assert outcomes.count(Fresh()) == 1
    assert len(answers) == 1
    assert all(isinstance(outcome, Fresh | Replay) for outcome in outcomes)


async def test_a_use_that_failed_leaves_the_key_free(store: Store) -> None:
    async def fail() -> None:
        async with store.write_transaction() as tx:
            await idempotency.begin(tx, SCOPE, KEY, BODY, NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await use(store) == Fresh()


async def test_a_key_without_an_answer_is_in_progress(store: Store) -> None:
    async with store.write_transaction() as tx:
        await idempotency.begin(tx, SCOPE, KEY, BODY, NOW)
    with pytest.raises(InProgress):
        await use(store)


async def test_a_key_is_kept_seven_days_and_a_payments_for_ever(store: Store) -> None:
    week = timedelta(days=7)
    await use(store)
    await use(store, scope="payment", for_ever=True)
    assert await use(store, at=NOW + week - NOW.resolution) == Replay({"application": "a1"})
    assert await use(store, at=NOW + week, body="hash-2") == Fresh()
    assert await use(store, scope="payment", at=NOW + 100 * week) == Replay({"application": "a1"})
    async with store.write_transaction() as tx:
        await idempotency.forget_expired(tx, NOW + 100 * week)
        (left,) = (await tx.connection.execute(idempotency.idempotency_table.select())).all()
    assert left.scope == "payment"


async def test_neither_key_nor_answer_is_kept_in_clear(store: Store) -> None:
    await use(store, answer="Asha Negi")
    async with store.write_transaction() as tx:
        (row,) = (await tx.connection.execute(idempotency.idempotency_table.select())).all()
        with pytest.raises(NotThere):
            await idempotency.complete(tx, SCOPE, "key-9", {})
    assert KEY not in repr(row)
    assert "Asha Negi" not in repr(row)


@pytest.mark.integration
async def test_a_twin_that_takes_too_long_is_in_progress(postgres_store: Store) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def work_slowly() -> None:
        async with postgres_store.write_transaction() as tx:
            await idempotency.begin(tx, SCOPE, KEY, BODY, NOW)
            begun.set()
            await done.wait()

    async def begin_impatiently() -> None:
        async with postgres_store.write_transaction() as tx:
            await tx.connection.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            await idempotency.begin(tx, SCOPE, KEY, BODY, NOW)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work_slowly())
        await begun.wait()
        with pytest.raises(InProgress):
            await begin_impatiently()
        done.set()


async def test_a_key_is_claimed_by_one_statement(store: Store) -> None:
    with statements_of(store) as seen:
        async with store.write_transaction() as tx:
            assert await idempotency.begin(tx, "scope", "key", "hash", NOW) == idempotency.Fresh()

    assert len(seen) == 1
