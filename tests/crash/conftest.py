"""A small world in a database of each kind, made once, copied for each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from store.keyring import Keyrings
from tests.support.databases import BOTH, PostgresServer, run_apart
from tests.support.prepared import Prepared, prepare


@dataclass(frozen=True)
class Bench:
    """A database of one kind with what was prepared."""

    made: Prepared
    server: PostgresServer | None
    template: str | None


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
