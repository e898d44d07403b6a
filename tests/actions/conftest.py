"""The small world that tests of verbs share."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import event

from actions.catalogue_import import import_catalogue
from actions.environment import Environment, Partners
from domain.clock import ManualClock
from domain.deadline import WorkCalendar
from domain.ids import SeededIds
from store.engine import Store
from store.keyring import Keyrings
from store.objects import LocalObjects
from store.vault import Vault
from tests.support.actions import FakeApiSetu, FakeDbt, FakeLocker, World, catalogue_rows, people_of_the_world


@pytest.fixture
async def catalogued(
    sqlite_store: Store, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Environment]:
    """An environment whose store holds the catalogue and nobody."""
    ids = SeededIds(store_clock, "world")
    vault = await Vault.open(f"sqlite:///{tmp_path / 'vault.db'}", store_keyrings, store_clock, ids)
    partners = Partners(
        digilocker=cast("Any", FakeLocker()),
        apisetu=cast("Any", FakeApiSetu()),
        umang=cast("Any", None),
        dbt=cast("Any", FakeDbt()),
        identity={},
    )
    env = Environment(
        store=sqlite_store,
        vault=vault,
        objects=LocalObjects(tmp_path / "objects"),
        keyrings=store_keyrings,
        clock=store_clock,
        ids=ids,
        calendar=WorkCalendar("none"),
        partners=partners,
        public_url="http://gateway.test",
    )
    loaded = await import_catalogue(env, catalogue_rows())
    yield replace(env, calendar=loaded.calendar)
    await vault.close()


@pytest.fixture
async def world(catalogued: Environment, store_clock: ManualClock) -> World:
    """The same with a few people, and partners that answer as told."""
    partners: Any = catalogued.partners
    return World(
        env=catalogued,
        clock=store_clock,
        locker=partners.digilocker,
        dbt=partners.dbt,
        apisetu=partners.apisetu,
        **await people_of_the_world(catalogued),
    )


@pytest.fixture
def statements() -> Callable[[Environment], AbstractContextManager[list[str]]]:
    """Collects the SQL statements of a store, begins and commits left out."""

    @contextmanager
    def collect(env: Environment) -> Iterator[list[str]]:
        seen: list[str] = []
        store: Any = env.store

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
                seen.append(statement)

        engines = [store._reader.sync_engine, store._writer.sync_engine]
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    return collect
