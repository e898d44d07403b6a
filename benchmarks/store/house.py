"""The store of a benchmark with the environment that production's verbs need."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from actions.catalogue_import import import_catalogue
from actions.environment import Environment, Partners
from benchmarks.store.cases import NOW
from domain.clock import Clock, ManualClock
from domain.deadline import WorkCalendar
from domain.ids import SystemIds
from store.cipher import FieldCipher
from store.engine import Store
from store.keyring import Keyrings
from store.objects import LocalObjects
from store.vault import Vault
from tests.support.actions import FakeApiSetu, FakeDbt, FakeLocker, catalogue_rows


@dataclass(frozen=True)
class House:
    """An open store, its cipher and clock, and the environment over it."""

    store: Store
    cipher: FieldCipher
    clock: Clock
    env: Environment


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[House]:
    """Open a store whose schema is there; its clock stands where the last disposals are a day old."""
    keyrings = Keyrings(folder / "keys")
    keyrings.init()
    clock = ManualClock(NOW)
    cipher = FieldCipher(keyrings)
    store = await Store.open(url, cipher=cipher, clock=clock)
    ids = SystemIds(clock)
    vault = await Vault.open(f"sqlite:///{folder / 'vault.db'}", keyrings, clock, ids)
    partners = Partners(
        cast("Any", FakeLocker()), cast("Any", FakeApiSetu()), cast("Any", None), cast("Any", FakeDbt()), {}
    )
    try:
        yield House(
            store,
            cipher,
            clock,
            Environment(
                store=store,
                vault=vault,
                objects=LocalObjects(folder / "objects"),
                keyrings=keyrings,
                clock=clock,
                ids=ids,
                calendar=WorkCalendar("none"),
                partners=partners,
                public_url="http://gateway.test",
            ),
        )
    finally:
        await vault.close()
        await store.close()


async def with_calendar(env: Environment) -> Environment:
    """The environment with the calendar of the catalogue, which is there already."""
    return replace(env, calendar=(await import_catalogue(env, catalogue_rows())).calendar)
