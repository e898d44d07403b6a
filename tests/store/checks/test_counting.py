import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.etaal.counting import CountingEvent, TransactionCount
from domain.etaal.counting import Transaction as ETransaction
from store.database import Store, TryAgain
from store.etaal import ledger, ledger_seal

DAY = date(2026, 11, 24)
DELIVERED = ETransaction("DELIVERED:a1", CountingEvent.DELIVERED, DAY, "ES09", "57", "WEB", "A", 1, "2026-1")


async def test_an_event_counts_once(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert await ledger.record(tx, DELIVERED)
        assert not await ledger.record(tx, replace(DELIVERED, day=DAY + timedelta(days=1)))
    await ledger_seal.seal(store)
    async with store.read_transaction() as tx:
        assert await ledger.counts_on(tx, DAY) == [TransactionCount(DAY, "ES09", "57", "WEB", "A", 1)]
        assert await ledger.counts_on(tx, DAY + timedelta(days=1)) == []
        assert await ledger.revision(tx, DAY) == 1
        assert await ledger.revision(tx, DAY + timedelta(days=1)) == 0


async def test_a_correction_counts_on_the_original_day_and_raises_its_revision(store: Store) -> None:
    async with store.write_transaction() as tx:
        await ledger.record(tx, DELIVERED)
        await ledger.record(tx, replace(DELIVERED, event_key="DELIVERED:a2"))
        await ledger.record(tx, replace(DELIVERED, event_key="DELIVERED:a3", district="58"))
    async with store.write_transaction() as tx:
        await ledger.record(tx, replace(DELIVERED, event_key="REVERSED:a1", count=-1))
        await ledger.record(tx, replace(DELIVERED, event_key="REVERSED:a3", district="58", count=-1))
    await ledger_seal.seal(store)
    async with store.read_transaction() as tx:
        assert await ledger.counts_on(tx, DAY) == [TransactionCount(DAY, "ES09", "57", "WEB", "A", 1)]
        assert await ledger.revision(tx, DAY) == 5


async def test_a_count_belongs_to_its_transaction(store: Store) -> None:
    async def fail() -> None:
        async with store.write_transaction() as tx:
            await ledger.record(tx, DELIVERED)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await ledger_seal.seal(store) == 0
    async with store.write_transaction() as tx:
        assert await ledger.revision(tx, DAY) == 0
        assert await ledger.record(tx, DELIVERED)


async def test_events_recorded_at_once_are_all_counted(store: Store) -> None:
    async def deliver(number: int) -> None:
        try:
            async with store.write_transaction() as tx:
                await ledger.record(tx, replace(DELIVERED, event_key=f"DELIVERED:{number}"))
        except TryAgain:
            await deliver(number)

    await asyncio.gather(*(deliver(number % 20) for number in range(40)))
    await ledger_seal.seal(store)
    async with store.read_transaction() as tx:
        (count,) = await ledger.counts_on(tx, DAY)
    assert count.count == 20
