"""What waits for an outside system goes soon after it is back, and not at its next turn."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from actions.kernel import Environment
from domain.kernel import Source
from gateway.worker.deliveries import Deliveries
from gateway.worker.recovered_systems import RecoveredSystems
from integrations.calling.breakers import LONGEST_OPEN_SECONDS, Breakers
from integrations.calling.errors import Unavailable
from store.platform import outbox
from store.platform.outbox import OutboxState
from tests.support.sign_in import environment
from tests.support.stored import outbox_listing

ORDERS = "dbt.instruct"


class Treasury:
    """A handler of orders that asks through a breaker, three times at most as a client does."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers
        self.away = True
        self.asked = 0

    async def __call__(self, env: Environment, payload: Mapping[str, str]) -> None:
        for _ in range(2):
            try:
                return await self._breakers.call(Source.DBT_FINANCE, "status", self._answer)
            except Unavailable:
                pass
        return await self._breakers.call(Source.DBT_FINANCE, "status", self._answer)

    async def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable(Source.DBT_FINANCE, "connection_failed")


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock) -> Environment:
    return environment(sqlite_store, store_keyrings, store_clock, [])


async def waiting(env: Environment) -> int:
    async with env.store.read_transaction() as tx:
        return len(await outbox_listing(tx, OutboxState.PENDING, 100))


async def test_orders_that_wait_for_their_next_turn_go_within_minutes_of_the_treasurys_return(env, store_clock):
    breakers = Breakers(store_clock)
    treasury, recovered = Treasury(breakers), RecoveredSystems(env, breakers)
    worker = Deliveries(env, {ORDERS: treasury}, asyncio.Event())
    async with env.store.write_transaction() as tx:
        for number in range(6):
            await outbox.add(tx, ORDERS, f"i{number}", {"instalment_id": f"i{number}"})
    for seconds in (0, 60, 300, 3_600, 21_600):  # the next turn comes after a day
        store_clock.advance(timedelta(seconds=seconds))
        for _ in range(3):
            await recovered.look()
            await worker.deliver_due()
    assert await waiting(env) == 6

    treasury.away = False
    store_clock.advance(timedelta(seconds=LONGEST_OPEN_SECONDS))
    for _ in range(6):
        await recovered.look()
        await worker.deliver_due()
        store_clock.advance(timedelta(seconds=5))

    assert await waiting(env) == 0


async def test_while_the_treasury_is_away_it_is_asked_as_seldom_as_its_breaker_allows(env, store_clock):
    breakers = Breakers(store_clock)
    treasury, recovered = Treasury(breakers), RecoveredSystems(env, breakers)
    worker = Deliveries(env, {ORDERS: treasury}, asyncio.Event())
    async with env.store.write_transaction() as tx:
        for number in range(6):
            await outbox.add(tx, ORDERS, f"i{number}", {"instalment_id": f"i{number}"})
    for _ in range(3):
        await worker.deliver_due()
        store_clock.advance(timedelta(seconds=60))
    before = treasury.asked

    for _ in range(720):  # an hour
        await recovered.look()
        await worker.deliver_due()
        store_clock.advance(timedelta(seconds=5))

    assert treasury.asked - before <= 3_600 / LONGEST_OPEN_SECONDS + 6
    async with env.store.read_transaction() as tx:
        assert await outbox_listing(tx, OutboxState.DEAD, 100) == []
