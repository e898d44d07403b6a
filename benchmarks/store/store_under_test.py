"""The store of a benchmark with the environment that production's verbs need."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from actions.kernel import Environment
from benchmarks.store.cases import NOW
from domain.kernel import Clock, ManualClock, SystemIds
from store.database import FieldCipher, Keyrings, Store
from tests.support.catalogued import bare_environment


@dataclass(frozen=True)
class StoreUnderTest:
    """An open store, its cipher and clock, and the environment over it."""

    store: Store
    cipher: FieldCipher
    clock: Clock
    env: Environment


@asynccontextmanager
async def open_store(url: str, folder: Path) -> AsyncIterator[StoreUnderTest]:
    """Open a store whose schema is there; its clock stands where the last disposals are a day old."""
    keyrings = Keyrings(folder / "keys")
    keyrings.init()
    clock = ManualClock(NOW)
    cipher = FieldCipher(keyrings)
    store = await Store.open(url, cipher=cipher, clock=clock)
    try:
        async with bare_environment(store, keyrings, clock, folder, SystemIds(clock)) as env:
            yield StoreUnderTest(store, cipher, clock, env)
    finally:
        await store.close()
