"""The command `apuni operations`; progress and results go to standard output, errors are raised."""

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from strawberry.schema import BaseSchema

import schema
from actions.platform.manifests import open_manifest, publish_manifest, retire_manifest, shelves, sign_manifest
from domain.kernel import IST
from domain.platform.manifests import InvalidManifest, Manifest, read_operations
from gateway.commands.opening import Storage, account, open_storage, out
from gateway.operations.checking import OperationsChecker
from gateway.operations.screens import OPERATIONS, manifests
from gateway.settings.limits import Limits
from gateway.settings.settings import Settings, read_settings
from store.database import Keyrings, Transaction
from store.platform.manifests import all_manifests

group = typer.Typer(no_args_is_help=True)


_FOLDER = Annotated[Path | None, typer.Option(help="the folder of the operations; the repository's where left out")]


_APP = Annotated[str | None, typer.Option(help="the application, such as citizen_app; all where left out")]


_OF_APP = Annotated[str | None, typer.Option("--app", help="the application that a manifest from elsewhere is of")]


_OF_VERSION = Annotated[str | None, typer.Option("--app-version", help="the version that it is of, such as 1.4.0")]


_FILE = Annotated[Path, typer.Argument(help="a manifest: Apollo's, Apollo Kotlin's operationOutput, or a signed one")]


@group.command("build")
def build(
    folder: _FOLDER = None,
    app: _APP = None,
    out: Annotated[Path, typer.Option(help="where the manifests are written")] = Path("build/operations"),
) -> None:
    """Check the operations of the folder and write a manifest for each application."""
    run_build(folder, app, out)


@group.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="manifests; the folder's operations where none")] = None,
    folder: _FOLDER = None,
    published: Annotated[bool, typer.Option(help="check every published version against this release's graph")] = False,
) -> None:
    """Check operations against the graph and the bounds; the exit status is 1 where any does not fit."""
    faults = asyncio.run(run_check_published(read_settings())) if published else run_check(files or [], folder)
    if faults:
        raise typer.Exit(1)


@group.command("sign")
def sign(
    file: _FILE,
    app: _OF_APP = None,
    app_version: _OF_VERSION = None,
    out: Annotated[Path | None, typer.Option(help="the signed file; beside the manifest where left out")] = None,
) -> None:
    """Check a manifest and sign it with the keyring `manifest`."""
    run_sign(read_settings(), file, app, app_version, out)


@group.command("publish")
def publish(
    files: Annotated[list[Path] | None, typer.Argument(help="manifests; those of the folder where none")] = None,
    app: _OF_APP = None,
    app_version: _OF_VERSION = None,
    folder: _FOLDER = None,
) -> None:
    """Check, sign and publish manifests; every process serves them within two seconds. It may be run again."""
    asyncio.run(run_publish(read_settings(), files or [], app, app_version, folder))


@group.command("list")
def list_published(days: Annotated[int, typer.Option(min=1, max=400, help="days whose uses are counted")] = 30) -> None:
    """List every version that was published, and how much it is used."""
    asyncio.run(run_list(read_settings(), days))


@group.command("retire")
def retire(
    app: Annotated[str, typer.Argument(help="the application")],
    app_version: Annotated[str, typer.Argument(help="its version")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
    days: Annotated[int, typer.Option(min=1, max=400, help="refuse where it was used within so many days")] = 30,
    force: Annotated[bool, typer.Option("--force", help="retire it although it is in use")] = False,
) -> None:
    """Retire a version that nobody uses any more; its ids are unknown within two seconds."""
    asyncio.run(run_retire(read_settings(), app, app_version, reason=reason, days=days, force=force))


SIGNED_SUFFIX = ".jws"
LARGEST_FILE = 20_000_000
"""Bytes of a manifest's file."""


def run_build(folder: Path | None, app: str | None, target: Path) -> list[Path]:
    """Write a manifest for each application of the folder. Raises InvalidManifest, and then writes none."""
    built = checked_folder(folder or OPERATIONS, app)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for manifest in built:
        path = target / f"{manifest.app}-{manifest.version}.json"
        path.write_text(_manifest_json(manifest), encoding="utf-8")
        _tell(f"{path}: {len(manifest.operations)} operations of {manifest.app} {manifest.version}")
        written.append(path)
    return written


def run_check(files: list[Path], folder: Path | None) -> bool:
    """Check manifests, or the folder; True where anything does not fit, reported line by line."""
    if not files:
        built = checked_folder(folder or OPERATIONS, None)
        _tell(f"{sum(len(one.operations) for one in built)} operations of {len(built)} applications fit")
        return False
    checker, bad = make_checker(), False
    for path in files:
        try:
            count = len(checker.manifest("checked", "0", read_operations(_read(path))).operations)
        except InvalidManifest as refused:
            bad = True
            for reason in refused.reasons:
                _tell(f"{path}: {reason}")
        else:
            _tell(f"{path}: {count} operations fit")
    return bad


async def run_check_published(settings: Settings) -> bool:
    """Check every published version against this release's graph, before it is rolled out; True where any fails."""
    checker, bad = make_checker(settings), False
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        published = await all_manifests(tx)
    for each in published:
        faults = checker.faults(open_manifest(_keyrings(settings), each.signed))
        bad = bad or bool(faults)
        for fault in faults:
            _tell(f"{each.app} {each.version}: {fault}")
        if not faults:
            _tell(f"{each.app} {each.version}: {each.operations} operations fit")
    return bad


def run_sign(settings: Settings, file: Path, app: str | None, version: str | None, target: Path | None) -> Path:
    """Check and sign one manifest. Raises InvalidManifest."""
    keyrings = _keyrings(settings)
    signed = sign_manifest(keyrings, _manifest(make_checker(settings), file, app, version))
    path = target or file.with_suffix(SIGNED_SUFFIX)
    path.write_text(signed + "\n", encoding="ascii")
    _tell(f"{path}: signed")
    return path


async def run_publish(
    settings: Settings, files: list[Path], app: str | None, version: str | None, folder: Path | None
) -> None:
    """Publish manifests, each in a transaction of its own. Raises InvalidManifest at the first that cannot be."""
    keyrings = _keyrings(settings)
    checker = make_checker(settings)
    if files:
        wanted = [_signed_text(keyrings, checker, path, app, version) for path in files]
    else:
        wanted = [sign_manifest(keyrings, one) for one in checked_folder(folder or OPERATIONS, app, checker)]
    async with open_storage(settings) as rooms:
        for number, signed in enumerate(wanted, 1):
            manifest = open_manifest(keyrings, signed)
            new = await _publish(rooms, keyrings, signed)
            what = "published" if new else "is there already, unchanged"
            name = f"{manifest.app} {manifest.version}"
            _tell(f"{number}/{len(wanted)} {name}: {len(manifest.operations)} operations, {what}")


async def run_list(settings: Settings, days: int) -> None:
    """Print every version that was published."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        found = await shelves(tx, rooms.clock.now(), days)
    for shelf in found:
        one = shelf.manifest
        at = one.published_at.astimezone(IST).date()
        state = f"retired {one.retired_at.astimezone(IST).date()}" if one.retired_at else "served"
        used = f"last used {shelf.last_use}, {shelf.used} in {days} days" if shelf.last_use else "never used"
        _tell(f"{one.app} {one.version}: {one.operations} operations, published {at}, {state}, {used}")
    _tell(f"{len(found)} versions")


async def run_retire(settings: Settings, app: str, version: str, *, reason: str, days: int, force: bool) -> None:
    """Retire one version. Raises InvalidManifest, also where it is still in use."""

    async def work(tx: Transaction) -> bool:
        return await retire_manifest(tx, app, version, reason=reason, by=account(), days=days, force=force)

    async with open_storage(settings) as rooms:
        done = await rooms.store.carry_out(work)
    _tell(f"{app} {version}: {'retired' if done else 'was retired before'}")


def checked_folder(folder: Path, app: str | None, checker: OperationsChecker | None = None) -> list[Manifest]:
    """The manifests of a folder. Raises InvalidManifest with a line for each operation that does not fit."""
    checker = checker or make_checker()
    built = manifests(folder, app)
    faults = [f"{one.app}: {fault}" for one in built for fault in checker.faults(one)]
    if faults:
        raise InvalidManifest(*faults)
    return built


def make_checker(settings: Settings | None = None) -> OperationsChecker:
    """What checks against this release's graph, with the limits of the settings or the usual ones."""
    return OperationsChecker(graph(), settings.limits if settings else Limits())


@cache
def graph() -> BaseSchema:
    """This release's graph, built once."""
    return schema.build()


async def _publish(rooms: Storage, keyrings: Keyrings, signed: str) -> bool:
    return await rooms.store.carry_out(lambda tx: publish_manifest(tx, keyrings, signed, by=account()))


def _signed_text(
    keyrings: Keyrings, checker: OperationsChecker, path: Path, app: str | None, version: str | None
) -> str:
    """The signed text of a file: as it is where it is signed, and its operations still fit; else signed now."""
    if path.suffix != SIGNED_SUFFIX:
        return sign_manifest(keyrings, _manifest(checker, path, app, version))
    signed = path.read_text(encoding="ascii").strip()
    faults = checker.faults(open_manifest(keyrings, signed))
    if faults:
        raise InvalidManifest(*(f"{path}: {fault}" for fault in faults))
    return signed


def _manifest(checker: OperationsChecker, path: Path, app: str | None, version: str | None) -> Manifest:
    content = _read(path)
    named = content if isinstance(content, dict) else {}
    app, version = app or named.get("app"), version or named.get("appVersion")
    if not (isinstance(app, str) and isinstance(version, str)):
        raise InvalidManifest(f"{path}: say of which application and version it is: --app and --app-version")
    try:
        return checker.manifest(app, version, read_operations(content))
    except InvalidManifest as refused:
        raise InvalidManifest(*(f"{path}: {reason}" for reason in refused.reasons)) from None


def _read(path: Path) -> Any:
    if path.stat().st_size > LARGEST_FILE:
        raise InvalidManifest(f"{path}: the file is larger than {LARGEST_FILE} bytes")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise InvalidManifest(f"{path}: the file is not JSON") from None


def _keyrings(settings: Settings) -> Keyrings:
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    return keyrings


def _manifest_json(manifest: Manifest) -> str:
    return json.dumps(manifest.content(), ensure_ascii=False, indent=2) + "\n"


def _tell(line: str) -> None:
    out.print(line, markup=False)
