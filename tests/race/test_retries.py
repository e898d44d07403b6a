"""A transaction that loses a race in the database is done again as a whole, three times at most."""

import asyncio

import pytest
from sqlalchemy import text

from store.database import Store, Transaction, TryAgain
from store.database.engine import REPETITIONS
from store.identity import people
from tests.store.builders import citizen
from tests.support.bounds import rounds

ROUNDS = rounds(1, ci=2, full=10)


async def test_a_lost_race_is_repeated_three_times_and_then_told(store: Store):
    tried = 0

    async def lose(tx: Transaction) -> None:
        nonlocal tried
        tried += 1
        await people.add_citizen(tx, citizen(f"c{tried}"))
        raise TryAgain("lost")

    with pytest.raises(TryAgain):
        await store.carry_out(lose)
    assert tried == 1 + REPETITIONS
    async with store.read_transaction() as tx:
        assert await people.citizens(tx, ["c1", "c2", "c3", "c4"]) == {}


async def test_a_repetition_that_wins_is_the_only_one_that_counts(store: Store):
    tried = 0

    async def win_at_last(tx: Transaction) -> str:
        nonlocal tried
        tried += 1
        await people.add_citizen(tx, citizen(f"c{tried}"))
        if tried <= REPETITIONS:
            raise TryAgain("lost")
        return "won"

    assert await store.carry_out(win_at_last) == "won"
    async with store.read_transaction() as tx:
        assert set(await people.citizens(tx, ["c1", "c2", "c3", "c4"])) == {"c4"}


@pytest.mark.integration
async def test_of_two_transactions_in_a_deadlock_both_end_well(postgres_store: Store):
    async with postgres_store.write_transaction() as tx:
        for key in ("a", "b"):
            await people.add_citizen(tx, citizen(key))
    tried: list[str] = []

    async def change(first: str, second: str, tehsil: str) -> None:
        async def work(tx: Transaction) -> None:
            tried.append(tehsil)
            for key in (first, second):
                await tx.connection.execute(text(f"UPDATE citizens SET tehsil = '{tehsil}' WHERE citizen_id = '{key}'"))
                await asyncio.sleep(0.05)

        await postgres_store.carry_out(work)

    for _ in range(ROUNDS):
        tried.clear()
        await asyncio.gather(change("a", "b", "1"), change("b", "a", "2"))
        assert len(tried) >= 3, "the deadlock did not happen"
        async with postgres_store.read_transaction() as tx:
            held = await people.citizens(tx, ["a", "b"])
        assert held["a"].tehsil == held["b"].tehsil
