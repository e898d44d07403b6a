"""The command `apuni upgrade --check`: what this release would meet where the release before serves.

It is run with the new release, beside the running one and with its settings, and changes nothing (docs/upgrade.md).
"""

import asyncio
import shutil
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from actions.platform.manifests import open_manifest, shelves
from domain.kernel import CommandFailed
from gateway.commands.operations import make_checker
from gateway.installation.checks import Finding, Look, State, run_checks
from gateway.installation.doctor import report
from gateway.installation.machine import check_settings
from gateway.installation.records import open_store
from gateway.installation.servers import missing_file
from gateway.runtime.composition import open_keyrings
from gateway.settings.settings import Settings, read_settings
from store.database import present_revision
from store.database.revisions import HEAD
from store.migrations.pending import pending_revisions

USED_DAYS = 30
_FEW = 5


def upgrade(
    check: Annotated[bool, typer.Option("--check", help="say what the upgrade would meet, and change nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="the most that one check may take")] = 60.0,
) -> None:
    """Say what this release would meet in the installation that runs: schema, settings, applications, space.

    The exit status is 1 where something stands in the way. The upgrade itself is docs/upgrade.md.
    """
    if not check:
        raise CommandFailed("`apuni upgrade --check` says what an upgrade would meet; docs/upgrade.md has its steps")
    settings = read_settings()
    found = asyncio.run(run_checks(upgrade_checks(settings), seconds))
    report(found, as_json=as_json)


def upgrade_checks(settings: Settings) -> list[tuple[str, Look]]:
    """Every check by its name, in the order in which it is told."""
    return [
        ("schema", partial(check_schema, settings.store_url)),
        ("settings", partial(check_settings, settings)),
        ("operations", partial(check_operations, settings)),
        ("space", partial(check_space, settings)),
    ]


async def check_schema(url: str) -> list[Finding]:
    """The revision of the store, and what each pending one does to the release before."""
    present = None if missing_file(url) else await present_revision(url)
    if present == HEAD:
        return [Finding("schema", State.OK, f"revision {present} is that of this release")]
    pending = pending_revisions(present)
    told = f"revision {present or 'none'}, and {len(pending)} are pending up to {HEAD}"
    found = [Finding("schema", State.OK, told, "run `apuni migrate`, then start the new processes")]
    for one in pending:
        name = f"{one.revision} ({one.subject})"
        if one.breaks:
            told = f"{name} is not safe beside the release before: {'; '.join(one.breaks)}"
            remedy = "stop every gateway and worker of the release before, then migrate"
            found.append(Finding("schema", State.WARNING, told, remedy))
        elif one.waits:
            told = f"{name} is safe beside the release before; writes wait meanwhile to {', '.join(one.waits)}"
            found.append(Finding("schema", State.WARNING, told, "run it in a quiet hour"))
        else:
            found.append(Finding("schema", State.OK, f"{name} is safe beside the release before"))
    return found


async def check_operations(settings: Settings) -> list[Finding]:
    """Whether each version of an application that is used still works, and which asks for what goes."""
    checker, found = make_checker(settings.limits), []
    async with open_store(settings) as store:
        known = await store.read(lambda tx: shelves(tx, store.clock.now(), USED_DAYS))
        keyrings = open_keyrings(settings)
    for shelf in known:
        one = shelf.manifest
        if one.retired_at is not None:
            continue
        used = f"used {shelf.used} times in {USED_DAYS} days, last on {shelf.last_use}" if shelf.last_use else "unused"
        name, manifest = f"{one.app} {one.version}, {used}", open_manifest(keyrings, one.signed)
        if faults := checker.faults(manifest):
            told = f"{name}: {len(faults)} operations fail, such as {'; '.join(faults[:_FEW])}"
            found.append(Finding("operations", State.FAULT if shelf.used else State.WARNING, told, "publish another"))
        elif parts := checker.deprecated_parts(manifest):
            told = f"{name}: it asks for what goes: {'; '.join(parts[:_FEW])}"
            found.append(Finding("operations", State.WARNING, told, "release another version before that day"))
        else:
            found.append(Finding("operations", State.OK, f"{name}: every operation works"))
    return found or [Finding("operations", State.WARNING, "none is published", "run `apuni operations publish`")]


async def check_space(settings: Settings) -> list[Finding]:
    """How large the database is, and whether this machine could hold as much again, as a backup and SQLite need."""
    async with open_store(settings) as store, store.read_transaction() as tx:
        if tx.dialect == "postgresql":
            size = (await tx.connection.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
        else:
            pages = (await tx.connection.execute(text("PRAGMA page_count"))).scalar_one()
            size = pages * (await tx.connection.execute(text("PRAGMA page_size"))).scalar_one()
    free = shutil.disk_usage(Path(settings.home)).free
    told = f"the database has {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {settings.home}"
    if free < size:
        return [Finding("space", State.WARNING, told, "make room for a backup before you migrate")]
    return [Finding("space", State.OK, told, "see that the server of the database has room for its indexes too")]
