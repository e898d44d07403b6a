"""What tests copy is what the true verbs write: every table, row by row, and the identifiers that follow."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from actions.catalogue.catalogue_import import import_catalogue
from domain.kernel import ManualClock, SeededIds
from store.database import FieldCipher, Keyrings, Store
from store.identity import people
from tests.support.actions import World, catalogue_rows, people_of_the_world
from tests.support.catalogued import SEED, bare_environment, calendar_of_the_catalogue

SEALED = {"citizens": {"personal"}}
"""Columns under a cipher, which are other octets each time."""


def order_of(connection: sqlite3.Connection, name: str) -> str:
    """The order in which the rows of a table were written; that of its key where it keeps no row numbers."""
    listed = connection.execute("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (name,))
    if not listed.fetchone()["wr"]:
        return "rowid"
    columns = connection.execute("SELECT name, pk FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (name,))
    return ", ".join(f'"{column["name"]}"' for column in columns)


def content(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table of a SQLite file, sealed values left out."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    rows = {
        name: [
            {key: row[key] for key in row.keys() if key not in SEALED.get(name, ())}  # noqa: SIM118
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY {order_of(connection, name)}')
        ]
        for name in names
    }
    connection.close()
    return rows


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


async def test_a_copied_world_is_the_world_that_the_verbs_make(
    world: World, elsewhere: Path, migrated_sqlite: Path, store_keyrings: Keyrings, store_clock: ManualClock
) -> None:
    path = elsewhere / "store.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = await Store.open(f"sqlite:///{path}", cipher=FieldCipher(store_keyrings), clock=store_clock)
    ids = SeededIds(store_clock, SEED)
    async with bare_environment(store, store_keyrings, store_clock, elsewhere, ids) as env:
        loaded = await import_catalogue(env, catalogue_rows())
        entered = await people_of_the_world(env)
    ids_of_citizens = [entered[name].person_id or "" for name in ("asha", "sunil")]
    async with store.read_transaction() as theirs, world.env.store.read_transaction() as ours:
        assert await people.citizens(ours, ids_of_citizens) == await people.citizens(theirs, ids_of_citizens)
    await store.close()
    assert content(Path(world.env.store.url.removeprefix("sqlite+aiosqlite:///"))) == content(path)
    assert {name: getattr(world, name) for name in entered} == entered
    assert world.env.rules.calendar == loaded.calendar == calendar_of_the_catalogue()
    assert world.env.ids.key() == ids.key()
