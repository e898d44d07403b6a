"""Memory and time of what reads or writes a whole store, each in a process of its own."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.old_data.bench import SOME_LEFT_OUT, importing_of
from benchmarks.store.cases import citizen_id
from benchmarks.store.load import Plan
from benchmarks.store.reads import COMMISSION, a_year
from benchmarks.store.store_under_test import StoreUnderTest, open_store
from benchmarks.watching import watched
from domain.kernel import PersonKind, Role, Subject
from store.identity.aliases import aliases_table

RESTORED = 100_000
"""Up to so many applications the backup is restored too."""

EXPORTED = 1_000_000
"""Up to so many applications there is a backup at all: its time depends on them, what it holds in memory does not."""

IMPORTED = 10_000
"""So many old applications are taken over into the store, with their certificates."""

IMPORT = f"apuni import-applications, {IMPORTED:,} rows"

PARTS = ("idle", "export of a citizen", "figures as CSV")


def measured(plan: Plan, tell: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Seconds and mebibytes at most, by what was done."""
    found: dict[str, dict[str, float]] = {}
    backup, other = plan.folder / "backup.apuni", plan.folder / "restored"
    backup.unlink(missing_ok=True)
    shutil.rmtree(other, ignore_errors=True)
    apuni = [sys.executable, "-m", "gateway.cli"]
    if plan.size <= EXPORTED:
        found["apuni backup"] = watched([*apuni, "backup", str(backup), "--no-keys"], plan.folder, plan.url)
    if plan.size <= RESTORED and backup.exists():
        shutil.copytree(plan.folder / "keys", other / "keys")
        found["apuni restore (SQLite)"] = watched([*apuni, "restore", str(backup)], other, None)
    with tempfile.TemporaryDirectory() as old:
        words = [*apuni, *importing_of(Path(old), IMPORTED, asyncio.run(_unused(plan)))]
        found[IMPORT] = watched(words, plan.folder, plan.url, status=SOME_LEFT_OUT)
    found["apuni figures rebuild"] = watched([*apuni, "figures", "rebuild"], plan.folder, plan.url)
    for part in PARTS:
        child = [sys.executable, "-m", "benchmarks.store.memory", part, plan.url, str(plan.folder)]
        found[part] = watched(child, plan.folder, plan.url)
    for name, one in found.items():
        tell(f"  {name}: {one['seconds']:.1f} s, {one['CPU']:.1f} s of CPU, {one['MiB']:.0f} MiB at most")
    backup.unlink(missing_ok=True)
    shutil.rmtree(other, ignore_errors=True)
    return found


async def _unused(plan: Plan) -> int:
    """The number of an old application from which on none was taken over: each leaves one alias or more."""
    async with open_store(plan.url, plan.folder) as tested, tested.store.read_transaction() as tx:
        there = (await tx.connection.execute(select(func.count()).select_from(aliases_table))).scalar_one()
    return -(-int(there) // IMPORTED) * IMPORTED


async def _part(name: str, url: str, folder: Path) -> None:
    async with open_store(url, folder) as tested:
        if name == PARTS[1]:
            await _export(tested)
        elif name == PARTS[2]:
            await _figures(tested)


async def _export(tested: StoreUnderTest) -> None:
    """Everything of one citizen, as the app fetches it."""
    from actions.privacy.personal_data import export_part, parts

    key = citizen_id(1)
    her = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, key)
    for part in parts():
        await export_part(tested.env, her, key, part)


async def _figures(tested: StoreUnderTest) -> None:
    """The lines of a year by every dimension, one after the other."""
    from dataclasses import replace

    from actions.statistics.figures import statistics
    from actions.statistics.names import read_names
    from domain.kernel import Language
    from domain.officers.dashboards import Dimension
    from gateway.pages.downloads.figures_csv import _statistics_lines
    from gateway.pages.downloads.spreadsheets import encode_lines

    by = (Dimension.DISTRICT, Dimension.SERVICE, Dimension.MONTH)
    answer = await statistics(tested.env, COMMISSION, replace(a_year(), group_by=by))
    lines = _statistics_lines(answer.rows, by, await read_names(tested.env), Language.HI)
    if not sum([len(piece) async for piece in encode_lines(lines)]):
        raise RuntimeError("no figures")


if __name__ == "__main__":
    asyncio.run(_part(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
