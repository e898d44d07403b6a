"""A backup is one moment, opens only with its key, shows every change, and restores into either database."""

import asyncio
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from stdnum import verhoeff

from actions.applications.respond import Withdraw, withdraw_application
from domain.kernel import Citizen
from store.backup.archive import PIECE, BackupKey
from store.backup.backup import Place, read_files, read_manifest, restore_backup, write_backup
from store.database import BackupDamaged, EncryptedObjects, KeyMissing, Keyrings, LocalBlobs, NotEmpty, Store
from store.database.vault import Vault
from store.identity import people
from store.platform import outbox
from store.tables import metadata
from tests.store.builders import citizen
from tests.support.actions import FREE
from tests.support.databases import BOTH
from tests.support.stored import digest
from tests.support.worlds import AADHAAR, deliver_all, lives, wrong


def quiet(part: str, done: int) -> None:
    """Nobody is told."""


@pytest.fixture
async def lived(peopled):
    await lives(peopled)
    return peopled


@pytest.fixture
def key(store_keyrings) -> BackupKey:
    """A passphrase, but a guess of it is cheap: what one costs is proved where it is said what opens a backup."""
    return BackupKey("a long passphrase", store_keyrings, cost=2**10)


@pytest.fixture(params=BOTH)
def other_url(request, bare_url) -> Iterator[str]:
    """A database of each kind without rows, to restore into."""
    if request.param == "sqlite":
        yield bare_url("other")
        return
    server = request.getfixturevalue("postgres_server")
    name = server.migrated_database()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def bare_url(migrated_sqlite, tmp_path_factory) -> Callable[[str], str]:
    """Makes SQLite databases without rows, to restore into."""

    def make(name: str) -> str:
        return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path_factory.mktemp(name) / 'store.db')}"

    return make


def place_of(world) -> Place:
    return Place(world.env.store, world.env.vault, world.env.objects)


async def packed(world, key: BackupKey, **files: Path) -> io.BytesIO:
    out = io.BytesIO()
    place = replace(place_of(world), files=files)
    await write_backup(out, key, place, "2026-11-24T06:30:00+00:00", quiet)
    return out


async def store_digest(store: Store) -> str:
    async with store.read_transaction() as tx:
        return await digest(tx, metadata)


async def restored(world, url: str, folder: Path, file: io.BytesIO, key: BackupKey):
    """The same world on the restored place."""
    env = world.env
    store = await Store.open(url, cipher=env.store._cipher, clock=env.clock)
    vault = await Vault.open(f"sqlite:///{folder / 'vault.db'}", env.keyrings, env.clock, env.ids)
    place = Place(store, vault, EncryptedObjects(LocalBlobs(folder / "objects"), env.keyrings))
    await restore_backup(file, key, place, quiet)
    return replace(world, env=replace(env, store=store, vault=vault, objects=place.objects))


async def closed(world) -> None:
    await world.env.store.close()
    await world.env.vault.close()


async def test_a_backup_restores_into_either_database_with_an_equal_dump(lived, key, other_url, tmp_path_factory):
    file = await packed(lived, key)
    there = await restored(lived, other_url, tmp_path_factory.mktemp("there"), file, key)

    assert await store_digest(there.env.store) == await store_digest(lived.env.store)
    assert await wrong(there.env) == []
    async with there.env.store.write_transaction() as tx:  # what the database counts up goes on after what was restored
        await outbox.add(tx, "letter", "one", {})
    await closed(there)


async def test_after_a_restore_the_outbox_sends_again_without_a_second_effect(lived, key, bare_url, tmp_path_factory):
    url = bare_url("restored")
    async with lived.env.store.write_transaction() as tx:
        await tx.connection.execute(text("UPDATE outbox SET state = 'PENDING', delivered_at = NULL, attempts = 0"))
    file = await packed(lived, key)
    there = await restored(lived, url, tmp_path_factory.mktemp("there"), file, key)
    sent = len(lived.dbt.instructed)

    assert await deliver_all(there) >= 2

    assert len(lived.dbt.instructed) == sent == 1
    assert await wrong(there.env) == []
    await closed(there)


@pytest.mark.long
async def test_a_backup_under_write_load_is_one_moment(lived, key, bare_url, tmp_path_factory):
    stopping = asyncio.Event()

    async def write() -> int:
        many = 0
        while not stopping.is_set():
            held = await lived.submit(lived.asha, FREE, idempotency_key=f"load-{many}")
            await number_for_asha(lived, many)
            await withdraw_application(lived.env, lived.asha, Withdraw(held.id, f"back-{many}"))
            many += 1
        return many

    writing = asyncio.create_task(write())
    await asyncio.sleep(0)
    files = [await packed(lived, key) for _ in range(3)]
    stopping.set()
    assert await writing >= 1
    for number, file in enumerate(files):
        folder = tmp_path_factory.mktemp(f"there{number}")
        there = await restored(lived, bare_url("store"), folder, file, key)
        assert await wrong(there.env) == []
        await closed(there)


async def number_for_asha(world, number: int) -> None:
    """First to the vault, then to the store, as every verb does."""
    body = f"9999{number:07d}"
    reference = await world.env.vault.put(body + verhoeff.calc_check_digit(body))
    async with world.env.store.write_transaction() as tx:
        held = (await people.citizens(tx, [world.asha.person_id]))[world.asha.person_id]
        changed = replace(held, aadhaar_last4=reference.last4, aadhaar_reference=reference.reference)
        await people.update_citizen(tx, changed)


@pytest.fixture
async def sqlite_lived(sqlite_peopled):
    await lives(sqlite_peopled)
    return sqlite_peopled


async def test_every_changed_octet_is_found(sqlite_lived, key):
    whole = (await packed(sqlite_lived, key)).getvalue()
    for place in [0, 20, *range(300, len(whole), max(len(whole) // 12, 1)), len(whole) - 1]:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        with pytest.raises((BackupDamaged, KeyMissing)):
            read_manifest(io.BytesIO(bytes(spoilt)), key)


async def test_a_backup_that_is_cut_or_grown_is_found(sqlite_lived, key):
    whole = (await packed(sqlite_lived, key)).getvalue()
    for spoilt in (whole[:-1], whole[: -(PIECE // 2)], whole[:200], b"", whole + b"\x00", whole + whole):
        with pytest.raises(BackupDamaged):
            read_manifest(io.BytesIO(spoilt), key)


async def test_another_passphrase_or_none_does_not_open_it(sqlite_lived, store_keyrings):
    key = BackupKey("a long passphrase", store_keyrings)
    assert key.head()["n"] >= 2**16, "a guess takes 64 MiB"
    file = await packed(sqlite_lived, key)
    with pytest.raises(BackupDamaged):
        read_manifest(file, BackupKey("another", store_keyrings))
    with pytest.raises(KeyMissing):
        read_manifest(file, BackupKey(None, store_keyrings))


async def test_the_keyring_opens_it_also_after_a_rotation(sqlite_lived, tmp_path):
    keyrings = Keyrings(tmp_path / "own")
    keyrings.init()
    key = BackupKey(None, keyrings)
    file = await packed(sqlite_lived, key)
    keyrings.rotate("backup")
    assert read_manifest(file, key).rows["store.applications"] > 5
    others = Keyrings(tmp_path / "others")
    others.init()
    with pytest.raises(KeyMissing):
        read_manifest(file, BackupKey(None, others))


async def test_nothing_of_a_person_can_be_read_from_file_or_manifest(sqlite_lived, key, tmp_path):
    name, mobile = "Canary-Devi", "9419419419"
    person: Citizen = citizen("canary", mobile=mobile, email="canary@example.test")
    async with sqlite_lived.env.store.write_transaction() as tx:
        await people.add_citizen(tx, replace(person, name=replace(person.name, en=name)))
    (tmp_path / "small").write_text(name)
    file = await packed(sqlite_lived, key, small=tmp_path / "small")
    manifest = str(read_manifest(file, key).as_json())
    for canary in (name, mobile, "canary@example.test", AADHAAR, "Asha Negi"):
        assert canary.encode() not in file.getvalue()
        assert canary not in manifest
    assert read_files(file, key) == {"small": name.encode()}


async def test_a_place_that_holds_anything_is_not_restored_into(sqlite_lived, key, tmp_path):
    file = await packed(sqlite_lived, key)
    before = await store_digest(sqlite_lived.env.store)
    with pytest.raises(NotEmpty):
        await restore_backup(file, key, place_of(sqlite_lived), quiet)
    assert await store_digest(sqlite_lived.env.store) == before
