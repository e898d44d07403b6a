"""The drill, `make drill`: writes build/drill.md and ends with another status than 0 where something is wrong.

BOUND=ci does three faults. FAULTS names others, by their numbers in the order of EVERYTHING, such as `FAULTS=2,5`.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from benchmarks.drill.alerts import GAP, Alerts, Episode
from benchmarks.drill.check import doubled, lost
from benchmarks.drill.cluster import a_cluster
from benchmarks.drill.faults import AWAY_SECONDS, FAKETIME, FAULTS, OF_CI, WRITE_SECONDS, World
from benchmarks.drill.house import WORKERS, House, a_house
from benchmarks.drill.load import Journal, Load, Person, a_line
from benchmarks.drill.operations import OPERATIONS, UPGRADE, last_release
from tests.support.crashing import ROOT, people_of

BEFORE, AFTER = 4.0, 8.0
"""Seconds of load before a fault, and after it is over."""
OFFICER = "dpo-dehradun"
OVER_WITHIN = 720.0
"""Seconds after everything in which each alert is over: one of an event stands for two minutes, DISK_LOW for ten."""
EVERYTHING = {UPGRADE: OPERATIONS[UPGRADE], **OPERATIONS, **FAULTS}
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
    begun: float
    """When the fault came, by the clock."""
    alarm: Episode | None = None
    """The time that the alert of the fault stood."""

    @property
    def alert(self) -> str | None:
        """The alert that must come with it."""
        return EVERYTHING[self.name][1]

    @property
    def is_right(self) -> bool:
        bound = WRITE_SECONDS.get(self.name)
        alarmed = self.alert is None or (self.alarm is not None and self.alarm.over is not None)
        kept = not (self.lost or self.doubled or self.wrong)
        return kept and alarmed and (bound is None or self.write_errors <= bound)

    def alarm_cells(self) -> tuple[str, str, str]:
        """The alert, and the seconds after the fault until it was raised and over."""
        if self.alert is None:
            return "–", "–", "–"
        ends = (self.alarm.began, self.alarm.over) if self.alarm else (None, None)
        raised, over = ("no" if end is None else f"{end - self.begun:.0f}" for end in ends)
        return f"`{self.alert}`", raised, over

    def line(self) -> str:
        seconds = (f"{each:.1f}" for each in (self.write_errors, self.read_errors, self.seconds))
        counts = map(str, (self.acknowledged, len(self.lost), len(self.doubled)))
        rest = (self.codes or "none", *self.alarm_cells(), self.noted or "–", "yes" if self.is_right else "NO")
        return f"| {' | '.join((self.name, *seconds, *counts, *rest))} |"


COLUMNS = (
    *("fault", "writes failed for, s", "reads failed for, s", "all whole after, s", "acknowledged", "lost", "doubled"),
    *("failed attempts", "alarm", "raised after, s", "over after, s", "noted", "right"),
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"


def chosen() -> list[str]:
    """The faults of this run."""
    named = os.environ.get("FAULTS")
    if named:
        return [list(EVERYTHING)[int(number) - 1] for number in named.split(",")]
    return list(OF_CI) if os.environ.get("BOUND") == "ci" else list(EVERYTHING)


def main() -> int:
    """Run; the number of rows that are not right."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was started is ended too
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
                rows = with_alarms(cluster.alerts, rows)
                write_table(rows)
                tell(rows[-1].line())
                for wrong in rows[-1].wrong[:5]:
                    tell(f"  {wrong}")
            load.end()
            for failure in load.failures[:5]:
                tell(f"a client: {failure!r}")
            house.run("verify")
            rows = see_alarms_over(house, rows)
            write_table(rows)
            for row in rows:
                tell(row.line())
            tell("apuni verify found nothing")
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
    befalls, alert = EVERYTHING[name]
    if alert:
        try:
            world.cluster.alerts.wait_until_over(alert, OVER_WITHIN)
        except AssertionError:
            world.wrong.append(f"{alert} stood before the fault")
    time.sleep(BEFORE)
    journal = load.journal
    since, wrong = len(journal.attempts), len(journal.wrong)
    world.begun, begun = time.time(), time.monotonic()
    seconds = 0.0
    try:
        befalls(world)
        remade = world.cluster.wait_until_whole()
        world.noted += [f"{name} had to be made anew" for name in remade]
        seconds = time.monotonic() - begun
        if alert:
            world.wait_for_alert(alert)
    except (
        AssertionError,
        OSError,
        subprocess.CalledProcessError,
        httpx.HTTPError,
    ) as error:  # the other faults still come
        world.wrong.append(f"{type(error).__name__}: {str(error)[-600:]} {getattr(error, 'stderr', '')}")
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
        world.begun,
    )
    keep_failures(world.cluster.folder / "failed-attempts.log", journal, since, begun, name)
    load.gate.set()
    return row


def see_alarms_over(house: House, rows: list[Row]) -> list[Row]:
    """Wait until no alert of a fault stands; the rows with the time of each.

    Some stand for an hour or a week by their rules. The one worker that is left is therefore given a clock eight days
    ahead, after everything was compared: the product's own rules end them.
    """
    alerts = house.cluster.alerts
    with contextlib.suppress(AssertionError):  # that of the partner ends by itself
        alerts.wait_until_over("ApuniBreakerOpen", AWAY_SECONDS)
    for name in WORKERS:
        house.end(name)
    house.start(WORKERS[0], LD_PRELOAD=FAKETIME, FAKETIME="+8d", FAKETIME_DONT_FAKE_MONOTONIC="1")
    for alert in {row.alert for row in rows} - {None}:
        with contextlib.suppress(AssertionError):  # its row says so
            alerts.wait_until_over(str(alert), OVER_WITHIN)
    time.sleep(GAP)  # an alert that came back meanwhile would be seen
    return with_alarms(alerts, rows)


def with_alarms(alerts: Alerts, rows: list[Row]) -> list[Row]:
    """The rows with what Prometheus says of the alert of each by now."""
    return [replace(row, alarm=alerts.episode(row.alert, row.begun) if row.alert else None) for row in rows]


def keep_failures(file: Path, journal: Journal, since: int, begun: float, name: str) -> None:
    """Add the attempts that failed, in seconds after the fault."""
    with file.open("a", encoding="utf-8") as lines:
        for one in journal.attempts[since:]:
            if one.code:
                kind = "write" if one.write else "read"
                lines.write(f"{name}: {kind} {one.began - begun:.1f} to {one.ended - begun:.1f} {one.code}\n")


def write_table(rows: list[Row]) -> None:
    """build/drill.md, anew after each fault."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    text = "\n".join([HEAD, *(row.line() for row in rows), ""])
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
