"""A small world, and a home of processes, in a database of each kind: made once, copied for each test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from store.database import Keyrings
from tests.support.bounds import whole
from tests.support.crashing import Processes
from tests.support.databases import BOTH, PostgresServer, patient, run_apart
from tests.support.prepared import prepare
from tests.support.sown import Bench, Sown


@pytest.fixture(scope="session", autouse=True)
def _a_slow_server_is_waited_for() -> Iterator[None]:
    """A statement may take longer than a worker waits for it: what is proved of a death is not how busy the machine is.

    Processes that are started keep their own bounds, and try again.
    """
    with patient():
        yield


@pytest.fixture(scope="session", params=BOTH)
def bench(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    migrated_sqlite: Path,
    store_keyrings: Keyrings,
) -> Bench:
    """The prepared world on each database."""
    folder = tmp_path_factory.mktemp("prepared")
    if request.param == "sqlite":
        path = folder / "store.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        return Bench(run_apart(prepare, f"sqlite:///{path}", folder, store_keyrings), None, None)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    template = server.migrated_database()
    return Bench(run_apart(prepare, server.url(template), folder, store_keyrings), server, template)


@pytest.fixture
def url(bench: Bench, tmp_path: Path) -> Iterator[str]:
    """A copy of the prepared database; vault and files lie in `tmp_path`."""
    path = bench.made.copy_to(tmp_path)
    if bench.server is None:
        yield f"sqlite:///{path}"
        return
    name = bench.server.database(bench.template or "")
    yield bench.server.url(name)
    bench.server.drop(name)


@pytest.fixture
def sown_url(sown: Sown, tmp_path: Path) -> Iterator[str]:
    """A copy of the database that a module's own fixture `sown` made; what partners keep of it lies in `tmp_path`."""
    with sown.copied(tmp_path) as address:
        yield address


@dataclass(frozen=True)
class Home:
    """A home at rest with the demo's people and catalogue; `template` is PostgreSQL's database, where it lies there."""

    folder: Path
    server: PostgresServer | None
    template: str | None


@pytest.fixture(scope="session", params=BOTH)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home on each database, to be copied."""
    if request.param == "sqlite" and not whole():
        return Home(request.getfixturevalue("seeded"), None, None)
    processes = Processes(tmp_path_factory.mktemp("home") / "var")
    server: PostgresServer | None = None
    template = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        template = server.database()
        processes.settings["APUNI_DATABASE_URL"] = server.url(template)
    try:
        processes.sandbox_up()
        done = processes.sow_people()
    finally:
        processes.stop()
    assert done.returncode == 0, done.stderr[-2000:]
    return Home(processes.home, server, template)


@pytest.fixture
def at_home(home: Home, tmp_path: Path) -> Iterator[Processes]:
    """The processes of a copy of the home, of which the sandboxes are up."""
    shutil.copytree(home.folder, tmp_path / "var")
    processes = Processes(tmp_path / "var")
    name = None
    if home.server is not None:
        name = home.server.database(home.template or "")
        processes.settings["APUNI_DATABASE_URL"] = home.server.url(name)
    try:
        processes.sandbox_up()
        yield processes
    finally:
        processes.stop()
        if home.server is not None and name is not None:
            home.server.drop(name)
