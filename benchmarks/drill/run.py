"""The drill, `make drill`: writes build/drill.md and ends with another status than 0 where something is wrong.

BOUND=ci does three faults. FAULTS names others, by their numbers in the table, such as `FAULTS=2,5`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.drill.check import alarms, doubled, lost
from benchmarks.drill.cluster import a_cluster
from benchmarks.drill.faults import FAULTS, OF_CI, WRITE_SECONDS, World
from benchmarks.drill.house import House, a_house
from benchmarks.drill.load import Journal, Load, Person, a_line
from benchmarks.drill.operations import OPERATIONS, UPGRADE, last_release
from tests.support.crashing import ROOT, people_of

BEFORE, AFTER = 4.0, 8.0
"""Seconds of load before a fault, and after it is over."""
OFFICER = "dpo-dehradun"
EVERYTHING = {UPGRADE: OPERATIONS[UPGRADE], **FAULTS, **OPERATIONS}
"""By name, in the order of a whole run, which begins on the last release."""


@dataclass(frozen=True)
class Row:
    """What came of a fault."""

    name: str
    seconds: float
    """From the fault until the cluster was whole again."""
    write_errors: float
    read_errors: float
    codes: str
    acknowledged: int
    lost: list[str]
    doubled: list[str]
    wrong: list[str]
    noted: str

    @property
    def is_right(self) -> bool:
        bound = WRITE_SECONDS.get(self.name)
        return not (self.lost or self.doubled or self.wrong) and (bound is None or self.write_errors <= bound)

    def line(self) -> str:
        seconds = (f"{each:.1f}" for each in (self.write_errors, self.read_errors, self.seconds))
        counts = map(str, (self.acknowledged, len(self.lost), len(self.doubled)))
        rest = (self.codes or "none", self.noted or "–", "yes" if self.is_right else "NO")
        return f"| {' | '.join((self.name, *seconds, *counts, *rest))} |"


COLUMNS = (
    "fault",
    "writes failed for, s",
    "reads failed for, s",
    "all whole after, s",
    "acknowledged",
    "lost",
    "doubled",
)
HEAD = f"| {' | '.join(COLUMNS)} | failed attempts | noted | right |\n|{' --- |' * (len(COLUMNS) + 3)}"


def chosen() -> list[str]:
    """The faults of this run."""
    named = os.environ.get("FAULTS")
    if named:
        return [list(EVERYTHING)[int(number) - 1] for number in named.split(",")]
    return list(OF_CI) if os.environ.get("BOUND") == "ci" else list(EVERYTHING)


def main() -> int:
    """Run; the number of rows that are not right."""
    folder = Path(tempfile.mkdtemp(prefix="apuni-drill-"))
    rows: list[Row] = []
    try:
        names = chosen()
        release, tree = last_release(folder / "before") if UPGRADE in names else ("this release", ROOT)
        with a_cluster(folder) as cluster, a_house(cluster, tree) as house:
            tell(f"all is up on {release}; people begin")
            load = load_of(house)
            load.begin()
            for name in names:
                rows.append(befall(World(cluster, house, load), load, name))
                write_table(rows, {})
                tell(rows[-1].line())
                for wrong in rows[-1].wrong[:5]:
                    tell(f"  {wrong}")
            load.end()
            for failure in load.failures[:5]:
                tell(f"a client: {failure!r}")
            house.run("verify")
            held = alarms(cluster)
            write_table(rows, held)
            tell(f"apuni verify found nothing; alarms: {held}")
            return sum(not row.is_right for row in rows) + len(load.failures)
    finally:
        keep_logs(folder)
        shutil.rmtree(folder, ignore_errors=True)


def load_of(house: House) -> Load:
    """Three citizens and an officer, signed in."""
    journal = Journal()
    line = a_line(house.cluster.public_url, house.cluster.certificate)

    def signed_in(role: str, name: str) -> Person:
        return Person(line, role, name, house.token(role, name), journal)

    citizens = [signed_in("citizen", name) for name in people_of()[:3]]
    return Load(house.processes, journal, signed_in("officer", OFFICER), citizens)


def befall(world: World, load: Load, name: str) -> Row:
    """One fault under load, and what came of it."""
    time.sleep(BEFORE)
    journal = load.journal
    since, wrong = len(journal.attempts), len(journal.wrong)
    begun = time.monotonic()
    try:
        EVERYTHING[name](world)
        remade = world.cluster.wait_until_whole()
        world.noted += [f"{name} had to be made anew" for name in remade]
    except (AssertionError, TimeoutError, subprocess.CalledProcessError) as error:  # the other faults still come
        world.wrong.append(f"{type(error).__name__}: {str(error)[-600:]} {getattr(error, 'stderr', '')}")
    seconds = time.monotonic() - begun
    time.sleep(AFTER)
    load.pause()
    row = Row(
        name,
        seconds,
        journal.error_seconds(since, write=True),
        journal.error_seconds(since, write=False),
        ", ".join(f"{code} {times}" for code, times in sorted(journal.codes(since).items())),
        journal.acknowledged,
        lost(world.cluster, journal),
        doubled(world.cluster, world.house.processes, journal),
        [*journal.wrong[wrong:], *world.wrong],
        "; ".join(world.noted),
    )
    load.gate.set()
    return row


def write_table(rows: list[Row], held: dict[str, str]) -> None:
    """build/drill.md, anew after each fault."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    told = "\n".join(f"- {name}: {state}" for name, state in held.items())
    text = "\n".join(
        [HEAD, *(row.line() for row in rows), "", "Alarms that were raised, and how they stand:", "", told, ""]
    )
    (build / "drill.md").write_text(text, encoding="utf-8")


def keep_logs(folder: Path) -> None:
    """Copy the logs to build/drill, for whoever looks for a cause."""
    into = ROOT / "build" / "drill"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for log in folder.glob("*.log"):
        shutil.copy(log, into)
    for log in folder.glob("home/*.log"):
        shutil.copy(log, into)


def tell(line: str) -> None:
    """A line for the person who watches."""
    print(time.strftime("%H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
