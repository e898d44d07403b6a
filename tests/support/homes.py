"""A seeded home, made once and copied for each test that starts and kills the demo's processes."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bounds import whole
from tests.support.crashing import Processes


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is seeded and at rest, to be copied: with BOUND=full the whole demo, else its people only."""
    processes = Processes(tmp_path_factory.mktemp("crash") / "var")
    try:
        processes.sandbox_up()
        done = processes.run("seed") if whole() else processes.sow_people()
    finally:
        processes.stop()
    assert done.returncode == 0, done.stderr[-2000:]
    return processes.home


@pytest.fixture
def processes(seeded: Path, tmp_path: Path) -> Iterator[Processes]:
    shutil.copytree(seeded, tmp_path / "var")
    processes = Processes(tmp_path / "var")
    try:
        processes.sandbox_up()
        yield processes
    finally:
        processes.stop()


@pytest.fixture
def service(processes: Processes) -> str:
    """A benefit without papers or fee."""
    connection = sqlite3.connect(processes.home / "store.db")
    found = connection.execute("SELECT code FROM services WHERE name_en LIKE '%nanda%'").fetchone()
    connection.close()
    return str(found[0])
