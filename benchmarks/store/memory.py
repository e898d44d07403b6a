"""Memory and time of what reads or writes a whole store, each in a process of its own."""

import asyncio
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.store.cases import citizen_id
from benchmarks.store.house import House, opened
from benchmarks.store.load import Plan
from benchmarks.store.reads import COMMISSION, a_year
from domain.people import PersonKind, Role, Subject

RESTORED = 100_000
"""Up to so many applications the backup is restored too."""

EXPORTED = 1_000_000
"""Up to so many applications there is a backup at all: its time depends on them, what it holds in memory does not."""

LOOK_SECONDS = 0.05
"""How often a process is asked for its memory."""

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
    found["apuni figures rebuild"] = watched([*apuni, "figures", "rebuild"], plan.folder, plan.url)
    for part in PARTS:
        child = [sys.executable, "-m", "benchmarks.store.memory", part, plan.url, str(plan.folder)]
        found[part] = watched(child, plan.folder, plan.url)
    for name, one in found.items():
        tell(f"  {name}: {one['seconds']:.1f} s, {one['CPU']:.1f} s of CPU, {one['MiB']:.0f} MiB at most")
    backup.unlink(missing_ok=True)
    shutil.rmtree(other, ignore_errors=True)
    return found


def watched(command: list[str], home: Path, url: str | None, *, status: int = 0) -> dict[str, float]:
    """Seconds, CPU and mebibytes at most of a command; raises RuntimeError where it ends with another status."""
    environment = {**os.environ, "APUNI_HOME": str(home)}
    if url is not None:
        environment["APUNI_DATABASE_URL"] = url
    begun, most = time.monotonic(), 0.0
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        handle = os.pidfd_open(process.pid)
        # What the kernel tells of an ended child includes its parent's memory, so it is asked while it runs.
        while not select.select([handle], [], [], LOOK_SECONDS)[0]:
            most = max(most, _peak(process.pid))
        os.close(handle)
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        told.seek(0)
        if process.returncode != status:
            raise RuntimeError(f"{command[2:]}: {told.read().decode()[-2000:]}")
    return {"seconds": time.monotonic() - begun, "CPU": used.ru_utime + used.ru_stime, "MiB": most}


def _peak(pid: int) -> float:
    """The most memory that a process has held so far, in mebibytes; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


async def _part(name: str, url: str, folder: Path) -> None:
    async with opened(url, folder) as house:
        if name == PARTS[1]:
            await _export(house)
        elif name == PARTS[2]:
            await _figures(house)


async def _export(house: House) -> None:
    """Everything of one citizen, as the app fetches it."""
    from actions.personal_data import export_part, parts

    key = citizen_id(1)
    her = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, key)
    for part in parts():
        await export_part(house.env, her, key, part)


async def _figures(house: House) -> None:
    """The lines of a year by every dimension, one after the other."""
    from dataclasses import replace

    from actions.figure_names import read_names
    from actions.figures import statistics
    from domain.dashboards import Dimension
    from domain.text import Language
    from gateway.http.figures_csv import _statistics_lines, _written

    by = (Dimension.DISTRICT, Dimension.SERVICE, Dimension.MONTH)
    answer = await statistics(house.env, COMMISSION, replace(a_year(), group_by=by))
    lines = _statistics_lines(answer.rows, by, await read_names(house.env), Language.HI)
    if not sum([len(piece) async for piece in _written(lines, marked=False)]):
        raise RuntimeError("no figures")


if __name__ == "__main__":
    asyncio.run(_part(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
