import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.counting import CountingEvent, TransactionCount
from domain.counting import Transaction as ETransaction
from store import counters, ledger, ledger_seal
from store.counters import CounterFilter
from store.engine import Store, Transaction
from store.errors import TryAgain

DAY = date(2026, 11, 24)
DELIVERED = ETransaction("DELIVERED:a1", CountingEvent.DELIVERED, DAY, "ES09", "57", "WEB", "A", 1, "2026-1")
EVERYTHING = CounterFilter(("RECEIVED", "DELIVERED"), DAY, DAY + timedelta(days=9))


async def add(tx: Transaction, kind: str = "RECEIVED", delta: int = 1, **place: object) -> None:
    values = {
        "department": "revenue-department",
        "service_code": "ES09",
        "district": "57",
        "channel": "WEB",
        "day": DAY,
    } | place
    await counters.add_delta(tx, kind=kind, delta=delta, **values)


async def test_totals_are_the_same_before_and_after_folding(store: Store) -> None:
    async with store.writing() as tx:
        await add(tx)
        await add(tx, "DELIVERED")
        await add(tx, district="58", department=None)
        await add(tx, day=DAY + timedelta(days=1), delta=3)
        await add(tx, day=DAY + timedelta(days=10))

    async def read() -> list[object]:
        async with store.reading() as tx:
            return [
                await counters.totals(tx, EVERYTHING),
                await counters.totals(tx, EVERYTHING, ("kind", "district")),
                await counters.totals(tx, replace(EVERYTHING, district="58"), ("department",)),
                await counters.totals(tx, replace(EVERYTHING, kinds=("RECEIVED",), last_day=DAY), ("day",)),
                await counters.totals(tx, replace(EVERYTHING, channel="CSC")),
            ]

    before = await read()
    assert before == [
        [counters.Total({}, 6)],
        [
            counters.Total({"kind": "DELIVERED", "district": "57"}, 1),
            counters.Total({"kind": "RECEIVED", "district": "57"}, 4),
            counters.Total({"kind": "RECEIVED", "district": "58"}, 1),
        ],
        [counters.Total({"department": ""}, 1)],
        [counters.Total({"day": DAY}, 2)],
        [],
    ]
    async with store.writing() as tx:
        assert await counters.fold(tx) == 5
        assert await counters.fold(tx) == 0
    assert await read() == before
    async with store.writing() as tx:
        await add(tx, delta=-1)
        await counters.fold(tx)
    async with store.reading() as tx:
        assert (await counters.totals(tx, EVERYTHING))[0].total == 5


async def test_folds_and_deltas_at_once_lose_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "FOLD_BATCH", 5)

    async def append() -> None:
        async with store.writing() as tx:
            await add(tx)

    async def fold() -> None:
        async with store.writing() as tx:
            await counters.fold(tx)

    await asyncio.gather(*(work() for _ in range(20) for work in (append, fold)))
    async with store.reading() as tx:
        assert (await counters.totals(tx, EVERYTHING))[0].total == 20


async def test_an_unknown_dimension_is_refused(store: Store) -> None:
    async with store.reading() as tx:
        with pytest.raises(ValueError, match="dimension"):
            await counters.totals(tx, EVERYTHING, ("citizen_id",))


async def test_an_event_counts_once(store: Store) -> None:
    async with store.writing() as tx:
        assert await ledger.record(tx, DELIVERED)
        assert not await ledger.record(tx, replace(DELIVERED, day=DAY + timedelta(days=1)))
    await ledger_seal.seal(store)
    async with store.reading() as tx:
        assert await ledger.counts_on(tx, DAY) == [TransactionCount(DAY, "ES09", "57", "WEB", "A", 1)]
        assert await ledger.counts_on(tx, DAY + timedelta(days=1)) == []
        assert await ledger.revision(tx, DAY) == 1
        assert await ledger.revision(tx, DAY + timedelta(days=1)) == 0


async def test_a_correction_counts_on_the_original_day_and_raises_its_revision(store: Store) -> None:
    async with store.writing() as tx:
        await ledger.record(tx, DELIVERED)
        await ledger.record(tx, replace(DELIVERED, event_key="DELIVERED:a2"))
        await ledger.record(tx, replace(DELIVERED, event_key="DELIVERED:a3", district="58"))
    async with store.writing() as tx:
        await ledger.record(tx, replace(DELIVERED, event_key="REVERSED:a1", count=-1))
        await ledger.record(tx, replace(DELIVERED, event_key="REVERSED:a3", district="58", count=-1))
    await ledger_seal.seal(store)
    async with store.reading() as tx:
        assert await ledger.counts_on(tx, DAY) == [TransactionCount(DAY, "ES09", "57", "WEB", "A", 1)]
        assert await ledger.revision(tx, DAY) == 5


async def test_a_count_belongs_to_its_transaction(store: Store) -> None:
    async def fail() -> None:
        async with store.writing() as tx:
            await ledger.record(tx, DELIVERED)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await ledger_seal.seal(store) == 0
    async with store.writing() as tx:
        assert await ledger.revision(tx, DAY) == 0
        assert await ledger.record(tx, DELIVERED)


async def test_events_recorded_at_once_are_all_counted(store: Store) -> None:
    async def deliver(number: int) -> None:
        try:
            async with store.writing() as tx:
                await ledger.record(tx, replace(DELIVERED, event_key=f"DELIVERED:{number}"))
        except TryAgain:
            await deliver(number)

    await asyncio.gather(*(deliver(number % 20) for number in range(40)))
    await ledger_seal.seal(store)
    async with store.reading() as tx:
        (count,) = await ledger.counts_on(tx, DAY)
    assert count.count == 20
