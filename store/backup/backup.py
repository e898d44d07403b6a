"""Takes a consistent backup of store, vault and files, and restores one into an empty place.

A backup is a tar of a logical dump inside the envelope of store/backup/archive.py. The store is read in one
transaction; the vault is read after it, so that every reference of the store is in the vault's part; then
the files that the store names, which are written before they are named and never changed. The manifest is
the last member: rows by table, files, and the SHA-256 of each member. It holds no personal data.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import MetaData

from store.backup.archive import BackupKey, SealedReader, SealedWriter
from store.database import BackupDamaged, EncryptedObjects, NotEmpty, Store, Transaction
from store.database import vault as vaults
from store.database.dump import Batch, Part, batches, begin, finish_load, is_empty, load, present, revision_of
from store.database.revisions import GONE
from store.database.vault import Vault
from store.tables import metadata
from store.uploads.named_files import named_files

FORMAT = 1
MANIFEST = "manifest.json"
STORE, VAULT, OBJECTS, FILES = "store", "vault", "objects", "files"

Tell = Callable[[str, int], None]
"""Told the part that is worked on and how many rows or files of it are done."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is backed up or restored. `files` are small files of the home by name: keyrings, certificates."""

    store: Store
    vault: Vault
    objects: EncryptedObjects
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass
class Manifest:
    """The contents of a backup."""

    revision: str
    created_at: str
    rows: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    missing_objects: int = 0
    members: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The manifest as it is kept and shown."""
        return {
            "format": FORMAT,
            "revision": self.revision,
            "createdAt": self.created_at,
            "rows": self.rows,
            "objects": self.objects,
            "missingObjects": self.missing_objects,
            "members": self.members,
        }


class _Packer:
    """Puts members into the tar and notes their sums."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest, tell: Tell) -> None:
        self._tar, self.manifest, self._tell = tar, manifest, tell

    def add(self, name: str, content: bytes) -> None:
        if name != MANIFEST:
            self.manifest.members[name] = hashlib.sha256(content).hexdigest()
        head = tarfile.TarInfo(name)
        head.size = len(content)
        self._tar.addfile(head, io.BytesIO(content))

    async def add_tables(self, tx: Transaction, room: str, parts: list[Part]) -> None:
        for order, part in enumerate(parts):
            done = number = 0
            async for batch in batches(tx, part):
                number += 1
                self.add(f"{room}/{order:03}-{part.table.name}/{number:07}.jsonl", batch.lines().encode())
                done += len(batch.rows)
                self._tell(part.table.name, done)
            self.manifest.rows[f"{room}.{part.table.name}"] = done

    async def add_objects(self, tx: Transaction, objects: EncryptedObjects) -> None:
        packed: set[str] = set()
        async for sha256, _ in named_files(tx, metadata):
            content = None if sha256 in packed else await objects.get(sha256)
            if content is not None:
                packed.add(sha256)
                kind = await objects.media_type(sha256) or "application/octet-stream"
                self.add(f"{OBJECTS}/{sha256}.type", kind.encode())
                self.add(f"{OBJECTS}/{sha256}", content)
                self._tell("files", len(packed))
            elif sha256 not in packed:
                self.manifest.missing_objects += 1
        self.manifest.objects = len(packed)


async def write_backup(out: BinaryIO, key: BackupKey, place: Place, created_at: str, tell: Tell) -> Manifest:
    """Write a backup and give its manifest. Raises StoreError, ObjectDamaged, OSError."""
    with _sealed_tar(out, key) as tar:
        async with place.store.read_transaction() as tx:
            await begin(tx)
            packer = _Packer(tar, Manifest(await revision_of(tx), created_at), tell)
            await packer.add_tables(tx, STORE, await present(tx, metadata))
            async with place.vault.transaction() as vault_tx:
                await begin(vault_tx)
                await packer.add_tables(vault_tx, VAULT, await present(vault_tx, vaults.TABLES))
            await packer.add_objects(tx, place.objects)
        for name, path in sorted(place.files.items()):
            packer.add(f"{FILES}/{name}", path.read_bytes())
        packer.add(MANIFEST, json.dumps(packer.manifest.as_json(), sort_keys=True).encode())
    return packer.manifest


def read_manifest(file: BinaryIO, key: BackupKey) -> Manifest:
    """Read a backup to its end, compare every member with the manifest, and give the manifest.

    Raises BackupDamaged where anything was changed, is missing or is too much.
    """
    sums: dict[str, str] = {}
    told: dict[str, Any] | None = None
    for name, content in _members(file, key):
        if name == MANIFEST:
            told = json.loads(content)
        else:
            sums[name] = hashlib.sha256(content).hexdigest()
    if told is None or told.get("format") != FORMAT or told["members"] != sums:
        raise BackupDamaged("the backup is not whole, or it is of another format")
    return Manifest(
        told["revision"], told["createdAt"], told["rows"], told["objects"], told["missingObjects"], told["members"]
    )


def read_files(file: BinaryIO, key: BackupKey) -> dict[str, bytes]:
    """The small files of the home that the backup holds, by name."""
    head = f"{FILES}/"
    return {name.removeprefix(head): content for name, content in _members(file, key) if name.startswith(head)}


async def restore_backup(file: BinaryIO, key: BackupKey, place: Place, tell: Tell) -> None:
    """Put vault and files and then, in one transaction, the store where they belong.

    The store's schema must be that of the backup, and both databases empty: raises NotEmpty. The tables of GONE, which
    a backup of before 0.2.0 holds, are passed over.
    What was cut off may be repeated. Call `read_manifest` before.
    """
    async with place.store.write_transaction() as tx, place.vault.transaction() as vault_tx:
        await begin(tx)
        await begin(vault_tx)
        if not (await is_empty(tx, metadata) and await is_empty(vault_tx, vaults.TABLES)):
            raise NotEmpty("the store or the vault holds data; a backup is restored into an empty place")
        await _fill(file, key, place, (tx, vault_tx), tell)
        await finish_load(tx, metadata.sorted_tables)
        await finish_load(vault_tx, vaults.TABLES.sorted_tables)


async def _fill(
    file: BinaryIO, key: BackupKey, place: Place, both: tuple[Transaction, Transaction], tell: Tell
) -> None:
    rooms = {STORE: (both[0], _by_name(metadata)), VAULT: (both[1], _by_name(vaults.TABLES))}
    kinds: dict[str, str] = {}
    files = 0
    async for name, content in _slowly(_members(file, key)):
        room, _, rest = name.partition("/")
        if room in rooms:
            batch = Batch.of_lines(content.decode())
            tx, tables = rooms[room]
            if batch.table in GONE:
                continue
            await load(tx, tables, batch)
            tell(batch.table, len(batch.rows))
        elif room == OBJECTS and rest.endswith(".type"):
            kinds[rest.removesuffix(".type")] = content.decode()
        elif room == OBJECTS:
            if await place.objects.put(content, kinds.pop(rest, "application/octet-stream")) != rest:
                raise BackupDamaged("a file of the backup does not have the content that its name says")
            files += 1
            tell("files", files)


async def _slowly(members: Iterator[tuple[str, bytes]]) -> AsyncIterator[tuple[str, bytes]]:
    for member in members:
        yield member


def _by_name(tables: MetaData) -> dict[str, Any]:
    return {table.name: table for table in tables.sorted_tables}


@contextmanager
def _sealed_tar(out: BinaryIO, key: BackupKey) -> Iterator[tarfile.TarFile]:
    sealed = SealedWriter(out, key)
    with (
        gzip.GzipFile(fileobj=cast("BinaryIO", sealed), mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield tar
    sealed.close()


def _members(file: BinaryIO, key: BackupKey) -> Iterator[tuple[str, bytes]]:
    """The members in their order; the last pieces of the envelope are opened too, so that a cut is found."""
    file.seek(0)
    sealed = SealedReader(file, key)
    try:
        with gzip.GzipFile(fileobj=cast("BinaryIO", sealed), mode="rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                for head in tar:
                    content = tar.extractfile(head)
                    if content is None:
                        raise BackupDamaged("the backup holds something that is no file")
                    yield head.name, content.read()
            while packed.read(1_048_576):
                pass
    except (tarfile.TarError, OSError, EOFError, ValueError):
        raise BackupDamaged("the backup is not whole") from None
    if sealed.read(1):
        raise BackupDamaged("the backup holds more than it should")
