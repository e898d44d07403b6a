import asyncio
from datetime import timedelta

from domain.platform.switches import Switch, SwitchKind, SwitchState
from store.database import Store
from store.platform import switches
from tests.support.databases import NOW


def switch(name: str, state: SwitchState = SwitchState.OFF) -> Switch:
    return Switch(SwitchKind.SYSTEM, name, state, "रखरखाव", "CLI:root", NOW, NOW + timedelta(hours=1))


async def save(store: Store, one: Switch) -> int:
    async with store.write_transaction() as tx:
        return await switches.save(tx, one)


async def test_a_store_without_switches_is_at_number_zero(store: Store) -> None:
    async with store.read_transaction() as tx:
        assert await switches.version(tx) == 0
        assert await switches.all_switches(tx) == []
        assert await switches.find_switch(tx, SwitchKind.SYSTEM, "UMANG") is None


async def test_a_switch_comes_back_as_it_was_set_and_the_number_grows_with_every_change(store: Store) -> None:
    assert await save(store, switch("UMANG")) == 1
    assert await save(store, switch("CSC")) == 2
    assert await save(store, switch("UMANG", SwitchState.ON)) == 3
    async with store.read_transaction() as tx:
        assert await switches.version(tx) == 3
        assert await switches.all_switches(tx) == [switch("CSC"), switch("UMANG", SwitchState.ON)]


async def test_changes_at_the_same_time_get_different_numbers(store: Store) -> None:
    numbers = await asyncio.gather(*(save(store, switch(f"S{number}")) for number in range(6)))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


async def test_a_change_that_is_rolled_back_leaves_the_number(store: Store) -> None:
    try:
        async with store.write_transaction() as tx:
            await switches.save(tx, switch("UMANG"))
            raise LookupError
    except LookupError:
        pass
    async with store.read_transaction() as tx:
        assert await switches.version(tx) == 0
