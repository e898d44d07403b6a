"""Worlds that are filled once for a session and copied for each test.

What is copied was written by the same verbs at the same moment (NOW, where the clock of each test begins), so that
a test finds what it would find had it filled the store itself; tests/actions/catalogue/test_templates.py compares the
two.
"""

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import pytest

from actions.catalogue.catalogue_import import import_catalogue
from actions.catalogue.rows import read_catalogue
from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from domain.applications.deadline import WorkCalendar
from domain.kernel import Clock, Ids, ManualClock, SeededIds, Subject
from store.database import EncryptedObjects, FieldCipher, Keyrings, LocalBlobs, Store
from store.database.vault import Vault
from tests.support.actions import FakeApiSetu, FakeDbt, FakeLocker, World, catalogue_rows, people_of_the_world
from tests.support.databases import BOTH, NOW, PostgresServer, patient, run_apart
from tests.support.state import LAW, STATE

SEED = "world"
"""What the identifiers of a world are drawn from."""


@dataclass(frozen=True)
class Filled:
    """A SQLite file with the catalogue and `people`, who may be nobody; `drawn` identifiers were used for them."""

    path: Path
    people: Mapping[str, Subject]
    drawn: int

    def ids(self, clock: Clock) -> SeededIds:
        """Identifiers that go on where those of the people ended."""
        ids = SeededIds(clock, SEED)
        for _ in range(self.drawn):
            ids.key()
        return ids


class _Counted(SeededIds):
    """Counts what is drawn; anything but keys would have to be drawn again in the same way."""

    drawn = 0

    def key(self) -> str:
        self.drawn += 1
        return super().key()

    def digits(self, count: int) -> str:
        raise AssertionError(f"{count} digits were drawn for the people of the world")

    def token(self, octets: int = 32) -> str:
        raise AssertionError(f"a token of {octets} octets was drawn for the people of the world")


@cache
def calendar_of_the_catalogue() -> WorkCalendar:
    """The calendar that an import of the catalogue gives back."""
    return read_catalogue(catalogue_rows()).calendar


@asynccontextmanager
async def bare_environment(
    store: Store, keyrings: Keyrings, clock: Clock, folder: Path, ids: Ids
) -> AsyncIterator[Environment]:
    """An environment over a store, with a vault and files in the folder; its calendar is empty."""
    vault = await Vault.open(f"sqlite:///{folder / 'vault.db'}", keyrings, clock, ids)
    locker, apisetu, umang, dbt = cast("tuple[Any, ...]", (FakeLocker(), FakeApiSetu(), None, FakeDbt()))
    try:
        yield Environment(
            registry=REGISTRY,
            store=store,
            vault=vault,
            objects=EncryptedObjects(LocalBlobs(folder / "objects"), keyrings),
            keyrings=keyrings,
            clock=clock,
            ids=ids,
            rules=Rules(law=LAW, issuer_id=STATE.issuer_id, calendar=WorkCalendar("none")),
            partners=Partners(locker, apisetu, umang, dbt, {}),
            public_url="http://gateway.test",
        )
    finally:
        await vault.close()


@asynccontextmanager
async def a_copy(filled: Filled, keyrings: Keyrings, clock: Clock, folder: Path) -> AsyncIterator[Environment]:
    """An environment of its own on a copy of what was filled; the clock must stand at NOW."""
    async with copied(_copy_of(filled, folder), filled, keyrings, clock, folder) as env:
        yield env


@asynccontextmanager
async def copied(
    url: str, filled: Filled, keyrings: Keyrings, clock: Clock, folder: Path, ids: Ids | None = None
) -> AsyncIterator[Environment]:
    """An environment on the copy that lies at the address; the clock must stand at NOW."""
    assert clock.now() == NOW
    store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
    try:
        async with bare_environment(store, keyrings, clock, folder, ids or filled.ids(clock)) as env:
            yield replace(env, rules=replace(env.rules, calendar=calendar_of_the_catalogue()))
    finally:
        await store.close()


def inhabited(env: Environment, people: Mapping[str, Subject], clock: ManualClock) -> World:
    """The world of the people in whose store the environment is."""
    told: Any = env.partners
    them: Mapping[str, Any] = {**people, "locker": told.digilocker, "dbt": told.dbt, "apisetu": told.apisetu}
    return World(env=env, clock=clock, **them)


async def fill(url: str, folder: Path, keyrings: Keyrings, *, with_people: bool) -> tuple[dict[str, Subject], int]:
    """Fill a migrated database by the true verbs: who lives there now, and how many identifiers were used for them."""
    clock = ManualClock(NOW)
    ids = _Counted(clock, SEED)
    store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
    async with bare_environment(store, keyrings, clock, folder, ids) as env:
        await import_catalogue(env, catalogue_rows())
        people = await people_of_the_world(env) if with_people else {}
    await store.close()
    return people, ids.drawn


def _made(path: Path, migrated: Path, keyrings: Keyrings, *, with_people: bool) -> Filled:
    shutil.copy(migrated, path)
    people, drawn = run_apart(partial(fill, with_people=with_people), f"sqlite:///{path}", path.parent, keyrings)
    assert not path.with_name(f"{path.name}-wal").exists()
    return Filled(path, people, drawn)


def _copy_of(filled: Filled, folder: Path) -> str:
    path = folder / "store.db"
    shutil.copy(filled.path, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def catalogue_alone(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, store_keyrings: Keyrings
) -> Filled:
    """A SQLite file with the catalogue and nobody, to be copied."""
    path = tmp_path_factory.mktemp("catalogue") / "store.db"
    return _made(path, migrated_sqlite, store_keyrings, with_people=False)


@pytest.fixture(scope="session")
def catalogue_and_people(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, store_keyrings: Keyrings
) -> Filled:
    """A SQLite file with the catalogue and the people of the world, to be copied."""
    path = tmp_path_factory.mktemp("people") / "store.db"
    return _made(path, migrated_sqlite, store_keyrings, with_people=True)


@pytest.fixture(scope="session")
def peopled_postgres(
    postgres_server: PostgresServer,
    catalogue_and_people: Filled,
    store_keyrings: Keyrings,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A PostgreSQL database with the same catalogue and the same people, to be copied; gives its name."""
    name = postgres_server.migrated_database()
    folder = tmp_path_factory.mktemp("postgres")
    with patient():  # all need it, however busy the machine
        made = run_apart(partial(fill, with_people=True), postgres_server.url(name), folder, store_keyrings)
    assert made == (catalogue_and_people.people, catalogue_and_people.drawn)
    return name


@pytest.fixture(params=BOTH)
def peopled_url(request: pytest.FixtureRequest, catalogue_and_people: Filled, tmp_path: Path) -> Iterator[str]:
    """A database of each kind with the catalogue and the people of the world."""
    if request.param == "sqlite":
        yield _copy_of(catalogue_and_people, tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.database(request.getfixturevalue("peopled_postgres"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def peopled(
    peopled_url: str, catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> AsyncIterator[World]:
    """The world of the people on each database, as tests/support/worlds.py makes it on an empty one."""
    async with copied(peopled_url, catalogue_and_people, store_keyrings, store_clock, tmp_path) as env:
        yield inhabited(env, catalogue_and_people.people, store_clock)


@pytest.fixture
async def sqlite_peopled(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> AsyncIterator[World]:
    """The same on SQLite, for tests that need just one."""
    async with a_copy(catalogue_and_people, store_keyrings, store_clock, tmp_path) as env:
        yield inhabited(env, catalogue_and_people.people, store_clock)
