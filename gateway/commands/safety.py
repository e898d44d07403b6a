"""The commands `apuni backup`, `apuni restore`, `apuni verify` and `apuni verify-certificate`."""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from actions.platform.audit_head import unkept_heads
from actions.platform.manifests import damaged_manifests
from actions.platform.rewrapping import count_older
from actions.privacy.erasures import settle_erasures
from domain.kernel import SystemClock
from gateway.commands.kernel import account, out, readable
from gateway.runtime.composition import open_storage
from gateway.runtime.partners import is_connected, read_onboarding
from gateway.runtime.runfiles import NotUp
from gateway.settings.settings import Settings, read_settings
from integrations.registry import OUTSIDE_SYSTEMS
from integrations.trust_services import TrustSettings
from store.backup.archive import BackupKey
from store.backup.backup import Place, read_files, read_manifest, restore_backup, write_backup
from store.checks.verify import Checked
from store.checks.verify import verify as verify_store
from store.database import Keyrings, NotEmpty, migrate, schema_is_current
from store.database.keyring import REWRAPPED
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


def verify(
    heads: Annotated[
        Path | None, typer.Option("--audit-heads", help="heads of /.well-known/audit-head that were kept, one a line")
    ] = None,
) -> None:
    """Check the whole store; the exit status is 1 where anything is not as it must be."""
    if not run_verify(read_settings(), heads):
        raise typer.Exit(1)


def verify_certificate(
    file: Annotated[Path, typer.Argument(help="a certificate's PDF or XML")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Hold PDF, XML, QR code, register and status against each other; the exit status is 1 where one does not agree."""
    with readable(file):
        content = file.read_bytes()
    codes = asyncio.run(_check_certificate(read_settings(), content))
    if as_json:
        typer.echo(json.dumps(codes))
    else:
        for name, code in codes.items():
            out.print(f"{name}: {'agrees' if code == 'OK' else code}")
    if set(codes.values()) != {"OK"}:
        raise typer.Exit(1)


async def _check_certificate(settings: Settings, content: bytes) -> dict[str, str]:
    from gateway.documents.certificate_checks import check_certificate

    trust = None
    if is_connected(settings, OUTSIDE_SYSTEMS["trust_services"]):
        with suppress(NotUp):
            trust = read_onboarding(settings, "trust_services", TrustSettings.from_onboarding)
    async with open_storage(settings) as env:
        return {check.name: check.code for check in await check_certificate(env, content, trust)}


def run_verify(settings: Settings, heads: Path | None = None) -> bool:
    """Check the whole store, report the findings, and return whether there are none. Raises CommandFailed."""
    signed: list[str] = []
    if heads is not None:
        with readable(heads):
            signed = heads.read_text(encoding="ascii").split()
    checked = asyncio.run(_verify(settings, signed))
    wrong = sum(check.many for check in checked)
    for check in checked:
        for finding in check.findings:
            out.print(f"apuni: {check.name}: {finding.code} {finding.where}")
    out.print(f"apuni: {wrong} findings" if wrong else "apuni: the store is as it must be")
    return not wrong


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


async def _verify(settings: Settings, heads: list[str]) -> list[Checked]:
    def tell(name: str, many: int) -> None:
        out.print(f"apuni: {name}: {'good' if not many else f'{many} findings'}")

    clock = SystemClock()
    begun = clock.monotonic()
    async with open_storage(settings) as env:
        signed = [
            ("manifests of operations", partial(damaged_manifests, keyrings=env.keyrings)),
            ("heads of the audit log", partial(unkept_heads, keyrings=env.keyrings, signed=heads)),
        ]
        checked = await verify_store(env.store, env.vault, env.objects, tell=tell, more=signed)
        older = {purpose: await count_older(env, purpose, by=account()) for purpose in REWRAPPED}
    for purpose, many in older.items():
        if many:
            out.print(f"apuni: {purpose}: {many} stand under older keys; `apuni keys rewrap {purpose}` changes that")
    out.print(f"apuni: checked in {clock.monotonic() - begun:.1f} s")
    return checked


def _progress(doing: str) -> Callable[[str, int], None]:
    last: dict[str, int] = {}

    def tell(part: str, done: int) -> None:
        if done // TOLD_EVERY > last.get(part, 0) // TOLD_EVERY:
            out.print(f"apuni: {doing}: {part} {done}")
        last[part] = done

    return tell
