"""The commands of `apuni operations`; progress and results go to standard output, errors are raised."""

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from strawberry.schema import BaseSchema

import schema
from actions.kernel import Environment
from actions.platform.manifests import open_manifest, publish_manifest, retire_manifest, shelves, sign_manifest
from domain.kernel import IST
from domain.platform.manifests import InvalidManifest, Manifest, read_operations
from gateway.commands.kernel import CommandGroup, Reason, account, out
from gateway.operations.checking import OperationsChecker
from gateway.operations.screens import OPERATIONS, manifests
from gateway.runtime.composition import open_keyrings, open_storage
from gateway.settings.limits import Limits
from gateway.settings.settings import read_settings
from store.database import Keyrings
from store.platform.manifests import all_manifests

group = CommandGroup()
"""Manifests of the GraphQL operations that applications may call by id."""

SIGNED_SUFFIX = ".jws"
LARGEST_FILE = 20_000_000
"""Bytes of a manifest's file."""

_Folder = Annotated[
    Path, typer.Option(show_default=False, help="the folder of the operations; without it, the repository's")
]
_App = Annotated[str | None, typer.Option(help="the application, such as citizen_app; without it, all")]
_OfApp = Annotated[str | None, typer.Option("--app", help="the application of a manifest made elsewhere")]
_OfVersion = Annotated[str | None, typer.Option("--app-version", help="its version, such as 1.4.0")]
_File = Annotated[Path, typer.Argument(help="a manifest: Apollo's, Apollo Kotlin's operationOutput, or a signed one")]


@group.command("build")
def build(
    folder: _Folder = OPERATIONS,
    app: _App = None,
    target: Annotated[Path, typer.Option("--out", help="where the manifests are written")] = Path("build/operations"),
) -> None:
    """Check the operations of the folder and write a manifest for each application; if one is refused, write none."""
    built = checked_folder(folder, app)
    target.mkdir(parents=True, exist_ok=True)
    for manifest in built:
        path = target / f"{manifest.app}-{manifest.version}.json"
        path.write_text(json.dumps(manifest.content(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        out.print(f"{path}: {len(manifest.operations)} operations of {manifest.app} {manifest.version}")


@group.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="manifests; without any, the folder's operations")] = None,
    folder: _Folder = OPERATIONS,
    published: Annotated[bool, typer.Option(help="check every published version against this release's graph")] = False,
) -> None:
    """Check operations against the graph and the limits; the exit status is 1 where any is refused."""
    if not (asyncio.run(_check_published()) if published else check_files(files or [], folder)):
        raise typer.Exit(1)


async def _check_published() -> bool:
    settings = read_settings()
    async with open_storage(settings) as env:
        return await check_published(env, make_checker(settings.limits))


@group.command("sign")
def sign(
    file: _File,
    app: _OfApp = None,
    app_version: _OfVersion = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="the signed file; without it, a file beside the manifest")
    ] = None,
) -> None:
    """Check a manifest and sign it with the keyring `manifest`."""
    settings = read_settings()
    keyrings = open_keyrings(settings)
    keyrings.init()
    signed = sign_file(keyrings, make_checker(settings.limits), file, app, app_version)
    path = target or file.with_suffix(SIGNED_SUFFIX)
    path.write_text(signed + "\n", encoding="ascii")
    out.print(f"{path}: signed")


@group.storage_command("publish")
async def publish(
    env: Environment,
    files: Annotated[list[Path] | None, typer.Argument(help="manifests; without any, those of the folder")] = None,
    app: _OfApp = None,
    app_version: _OfVersion = None,
    folder: _Folder = OPERATIONS,
) -> None:
    """Check, sign and publish manifests; every process serves them within two seconds. It may be run again.

    Each is published in a transaction of its own, up to the first that is refused.
    """
    checker = make_checker(read_settings().limits)
    if files:
        wanted = [sign_file(env.keyrings, checker, path, app, app_version) for path in files]
    else:
        wanted = [sign_manifest(env.keyrings, one) for one in checked_folder(folder, app, checker)]
    for number, signed in enumerate(wanted, 1):
        manifest = open_manifest(env.keyrings, signed)
        new = await _publish(env, signed)
        what = "published" if new else "is there already, unchanged"
        name = f"{manifest.app} {manifest.version}"
        out.print(f"{number}/{len(wanted)} {name}: {len(manifest.operations)} operations, {what}")


@group.storage_command("list")
async def list_published(
    env: Environment, days: Annotated[int, typer.Option(min=1, max=400, help="count the uses of so many days")] = 30
) -> None:
    """List every published version, and how much it is used."""
    found = await env.store.read(lambda tx: shelves(tx, env.clock.now(), days))
    for shelf in found:
        one = shelf.manifest
        at = one.published_at.astimezone(IST).date()
        state = f"retired {one.retired_at.astimezone(IST).date()}" if one.retired_at else "served"
        used = f"last used {shelf.last_use}, {shelf.used} in {days} days" if shelf.last_use else "never used"
        out.print(f"{one.app} {one.version}: {one.operations} operations, published {at}, {state}, {used}")
    out.print(f"{len(found)} versions")


@group.storage_command("retire")
async def retire(
    env: Environment,
    app: Annotated[str, typer.Argument(help="the application")],
    app_version: Annotated[str, typer.Argument(help="its version")],
    reason: Reason,
    days: Annotated[int, typer.Option(min=1, max=400, help="refuse where it was used within so many days")] = 30,
    force: Annotated[bool, typer.Option("--force", help="retire it although it is in use")] = False,
) -> None:
    """Retire a version that is not used any more; its ids are unknown within two seconds."""
    done = await env.store.carry_out(
        lambda tx: retire_manifest(tx, app, app_version, reason=reason, by=account(), days=days, force=force)
    )
    out.print(f"{app} {app_version}: {'retired' if done else 'was retired before'}")


def check_files(files: list[Path], folder: Path) -> bool:
    """Check manifests, or the folder; False where one is refused, reported line by line."""
    if not files:
        built = checked_folder(folder, None)
        out.print(f"{sum(len(one.operations) for one in built)} operations of {len(built)} applications fit")
        return True
    checker, good = make_checker(), True
    for path in files:
        try:
            count = len(checker.manifest("checked", "0", read_operations(_read(path))).operations)
        except InvalidManifest as refused:
            good = False
            for reason in refused.reasons:
                out.print(f"{path}: {reason}")
        else:
            out.print(f"{path}: {count} operations fit")
    return good


async def check_published(env: Environment, checker: OperationsChecker) -> bool:
    """Check every published version against this release's graph, before it is rolled out; False where any fails."""
    good = True
    published = await env.store.read(all_manifests)
    for each in published:
        faults = checker.faults(open_manifest(env.keyrings, each.signed))
        good = good and not faults
        for line in faults or [f"{each.operations} operations fit"]:
            out.print(f"{each.app} {each.version}: {line}")
    return good


def checked_folder(folder: Path, app: str | None, checker: OperationsChecker | None = None) -> list[Manifest]:
    """The manifests of a folder. Raises InvalidManifest with a line for each operation that does not fit."""
    checker = checker or make_checker()
    built = manifests(folder, app)
    faults = [f"{one.app}: {fault}" for one in built for fault in checker.faults(one)]
    if faults:
        raise InvalidManifest(*faults)
    return built


def make_checker(limits: Limits | None = None) -> OperationsChecker:
    """What checks against this release's graph, with these limits or the default ones."""
    return OperationsChecker(graph(), limits or Limits())


@cache
def graph() -> BaseSchema:
    """This release's graph, built once."""
    return schema.build()


async def _publish(env: Environment, signed: str) -> bool:
    return await env.store.carry_out(lambda tx: publish_manifest(tx, env.keyrings, signed, by=account()))


def sign_file(keyrings: Keyrings, checker: OperationsChecker, path: Path, app: str | None, version: str | None) -> str:
    """The signed text of a manifest: as it is where it is signed, and its operations still fit; else signed now."""
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
