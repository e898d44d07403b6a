"""Homes and backups of before 0.2.0, as the commands meet them."""

import io
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from store.backup.archive import BackupKey
from store.backup.backup import Place, write_backup
from store.database import EncryptedObjects, FieldCipher, Keyrings, LocalBlobs, Store
from store.database.vault import Vault
from tests.gateway.test_cli import apuni, told
from tests.support.before import BACKUP, PASSPHRASE, make_schema
from tests.support.databases import run_apart
from tests.support.filled import closed_at_the_end

TOLD = "apuni: the store was made before 0.2.0; move APUNI_HOME away"
LOCKED = {"APUNI_BACKUP_PASSPHRASE": PASSPHRASE}


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("before") / "store.db"
    run_apart(make_schema, f"sqlite:///{path}")
    return path


def home_of(schema: Path, folder: Path, revision: str) -> Path:
    """A home with the schema of before, said to be of a revision, at rest."""
    folder.mkdir()
    shutil.copy(schema, folder / "store.db")
    with sqlite3.connect(folder / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")  # as every home has it
    connection.close()
    return folder


def content_of(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [("migrate",), ("serve",), ("worker",), ("demo",), ("seed",), ("verify",), ("backup", "{folder}/file")],
    ids=" ".join,
)
def test_an_older_home_is_told_so_in_one_line_and_not_touched(schema, tmp_path, command):
    home = home_of(schema, tmp_path / "home", "0045")
    before = content_of(home)

    done = apuni(home, *(word.format(folder=tmp_path) for word in command))

    assert told(done) == [TOLD]
    assert content_of(home) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_the_last_home_is_migrated_once_and_is_then_one_of_today(schema, tmp_path):
    home = home_of(schema, tmp_path / "home", "0046")

    assert told(apuni(home, "verify")) == ["apuni: the store is not migrated to this release; run `apuni migrate`"]
    for _ in range(2):
        assert apuni(home, "migrate").returncode == 0
    assert apuni(home, "verify").stdout.splitlines()[-1] == "apuni: the store is as it must be"


def test_a_backup_that_the_last_release_of_before_made_restores_and_is_as_it_must_be(tmp_path):
    home = tmp_path / "home"

    done = apuni(home, "restore", str(BACKUP), **LOCKED)

    assert done.returncode == 0, done.stderr
    done = apuni(home, "verify", **LOCKED)
    assert done.stdout.splitlines()[-1] == "apuni: the store is as it must be"


async def _backed_up_as_older(url: str, folder: Path) -> bytes:
    """A backup of a home of an older revision; the release that had it would have let itself open the store."""
    keyrings = Keyrings(folder / "keys")
    keyrings.init()
    store = Store(url, cipher=FieldCipher(keyrings), clock=None)
    vault = await Vault.open(f"sqlite:///{folder / 'vault.db'}", keyrings, None, None)
    out = io.BytesIO()
    place = Place(store, vault, EncryptedObjects(LocalBlobs(folder / "objects"), keyrings))
    async with closed_at_the_end(store):
        await write_backup(out, BackupKey(PASSPHRASE, keyrings), place, "2026-11-24T06:30:00+00:00", lambda *_: None)
    await vault.close()
    return out.getvalue()


def test_a_backup_of_an_older_home_is_told_so_in_one_line_and_writes_nothing(schema, tmp_path):
    old = home_of(schema, tmp_path / "old", "0045")
    file = tmp_path / "backup"
    file.write_bytes(run_apart(_backed_up_as_older, f"sqlite:///{old / 'store.db'}", old))

    done = apuni(tmp_path / "new", "restore", str(file), **LOCKED)

    assert told(done) == ["apuni: the backup was made before 0.2.0; only the release that made it restores it"]
    assert not os.path.lexists(tmp_path / "new" / "store.db")
    assert not os.path.lexists(tmp_path / "new" / "keys")


def test_no_backup_is_restored_into_an_older_home(schema, tmp_path):
    home = home_of(schema, tmp_path / "home", "0045")
    before = content_of(home)

    assert told(apuni(home, "restore", str(BACKUP), **LOCKED)) == [TOLD]
    assert content_of(home) == before
