"""The commands `apuni backup` and `apuni restore`."""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from actions.privacy.erasures import settle_erasures
from gateway.commands.kernel import out
from gateway.runtime.composition import open_storage
from gateway.settings.settings import Settings, read_settings
from store.backup.archive import BackupKey
from store.backup.backup import Place, read_files, read_manifest, restore_backup, write_backup
from store.database import Keyrings, NotEmpty, migrate, schema_is_current
from store.database.revisions import schema_of_backup
from store.privacy.erasures import ErasureList

_File = Annotated[Path, typer.Argument(help="the file of the backup")]

TOLD_EVERY = 10_000
"""Rows between two lines of progress."""


def backup(
    file: _File,
    keys: Annotated[bool, typer.Option(help="whether a backup under a passphrase holds the keyrings too")] = True,
) -> None:
    """Write store, vault and files as of one moment to an encrypted file; the gateway may run."""
    asyncio.run(_backup(read_settings(), file, keys=keys))


def restore(
    file: _File,
    erasures: Annotated[
        Path | None, typer.Option(help="the list of erasures; without it the one of APUNI_ERASURES_FILE")
    ] = None,
) -> None:
    """Restore a backup into an empty home, and erase again all persons erased since.

    A damaged backup is refused before anything is written.
    """
    asyncio.run(_restore(read_settings(), file, erasures))


async def _backup(settings: Settings, file: Path, *, keys: bool) -> None:
    """Write a backup and, in the same folder, its manifest. Raises StoreError, OSError."""
    key = _backup_key(settings)
    with_keys = keys and settings.backup_passphrase is not None
    files = _small_files(settings) if with_keys else {}
    async with open_storage(settings, any_revision=True) as env:
        created_at = env.clock.now().isoformat(timespec="seconds")
        with _write_atomically(file) as handle:
            place = Place(env.store, env.vault, env.objects, files)
            manifest = await write_backup(handle, key, place, created_at, _progress("backup"))
    shown = {**manifest.as_json(), "keysIncluded": with_keys}
    file.with_name(file.name + ".manifest.json").write_text(json.dumps(shown, indent=2, sort_keys=True), "utf-8")
    out.print(f"apuni: {sum(manifest.rows.values())} rows and {manifest.objects} files are in {file}")
    if manifest.missing_objects:
        out.print(f"apuni: {manifest.missing_objects} files that the store names were not there")
    if not with_keys:
        out.print("apuni: the keyrings are not in it; without those of today it cannot be read")


def _backup_key(settings: Settings) -> BackupKey:
    secret = settings.backup_passphrase
    return BackupKey(secret.get_secret_value() if secret else None, Keyrings(settings.keys_folder))


def _folders(settings: Settings) -> dict[str, Path]:
    """The folders of the home whose small files belong to a backup locked with a passphrase."""
    return {"keys": settings.keys_folder, "certificates": settings.home / "certificates"}


def _small_files(settings: Settings) -> dict[str, Path]:
    return {
        f"{name}/{path.name}": path
        for name, folder in _folders(settings).items()
        for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
        if path.is_file() and path.suffix in {".json", ".pem", ".crt"}
    }


@contextmanager
def _write_atomically(file: Path) -> Iterator[BinaryIO]:
    """Write to a temporary file, sync it and rename it into place."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=file.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    finally:
        Path(temporary).unlink(missing_ok=True)


async def _restore(settings: Settings, file: Path, erasures: Path | None) -> None:
    """Restore a backup into an empty home, and erase again who was erased after it was made.

    Raises BackupDamaged, NotEmpty, KeyMissing, SchemaTooNew, SchemaTooOld.
    """
    key = _backup_key(settings)
    with file.open("rb") as handle:
        out.print("apuni: reading the whole backup ...")
        manifest = read_manifest(handle, key)
        revision = schema_of_backup(manifest.revision)
        await schema_is_current(settings.store_url)  # raises where a store is there that this release cannot touch
        _put_files(settings, read_files(handle, key))
        await migrate(settings.store_url, revision)
        async with open_storage(settings, any_revision=True) as env:
            await restore_backup(handle, key, Place(env.store, env.vault, env.objects), _progress("restore"))
    await migrate(settings.store_url)
    await _erase_again(settings, ErasureList(erasures or settings.erasure_list))
    out.print(f"apuni: the state of {manifest.created_at} is restored; run `apuni verify`")


async def _erase_again(settings: Settings, listed: ErasureList) -> None:
    """Nobody of the list may be read again because of the restore."""
    async with open_storage(settings) as env:
        done = await settle_erasures(env, listed)
    if done.erased or done.waiting:
        out.print(f"apuni: erased again: {done.erased} persons of the list of erasures")
    for citizen_id in done.waiting:
        out.print(f"apuni: still to be erased, a case is under way: {citizen_id}")


def _put_files(settings: Settings, files: dict[str, bytes]) -> None:
    """Put keyrings and certificates where they belong; another one that is there is never replaced."""
    folders = _folders(settings)
    places = {folders[name.partition("/")[0]] / Path(name).name: content for name, content in files.items()}
    for path, content in places.items():
        if path.exists() and path.read_bytes() != content:
            raise NotEmpty(f"{path} is there already and is another one; a backup is restored into an empty home")
    for path, content in places.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(content)


def _progress(doing: str) -> Callable[[str, int], None]:
    last: dict[str, int] = {}

    def tell(part: str, done: int) -> None:
        if done // TOLD_EVERY > last.get(part, 0) // TOLD_EVERY:
            out.print(f"apuni: {doing}: {part} {done}")
        last[part] = done

    return tell
