"""Databases with many rows, filled once for each kind and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import FieldCipher, Keyrings, migrate
from tests.support.databases import BOTH, run_apart
from tests.support.filled import FEWER, ROWS, Databases, Filled, of_before


@pytest.fixture(scope="session", params=BOTH)
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, store_keyrings: Keyrings
) -> Iterator[Filled]:
    """What is copied, of each kind."""
    server = None if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    databases = Databases(tmp_path_factory.mktemp("filled"), server)
    urls = []
    for rows in (ROWS, FEWER):
        urls.append(databases.new())
        run_apart(of_before, urls[-1], FieldCipher(store_keyrings), rows)
    yield Filled(urls[0], urls[1], server)
    databases.clear()


@pytest.fixture
def databases(templates: Filled, tmp_path: Path) -> Iterator[Databases]:
    """Databases of the kind of the templates, for one test."""
    databases = Databases(tmp_path, templates.server)
    yield databases
    databases.clear()


@pytest.fixture
def before(templates: Filled, databases: Databases) -> str:
    """A database of before 0.2.0 with many rows."""
    return databases.new(templates.many)


@pytest.fixture
def filled(before: str) -> str:
    """A database of this release with many rows."""
    run_apart(migrate, before)
    return before


@pytest.fixture
def fewer(templates: Filled, databases: Databases) -> str:
    """A database of this release with fewer rows."""
    url = databases.new(templates.fewer)
    run_apart(migrate, url)
    return url
