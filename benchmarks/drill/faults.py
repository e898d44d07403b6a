"""What befalls the installation: each fault is done, and undone where somebody must, by those who run it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.drill.alerts import RAISED_WITHIN
from benchmarks.drill.cluster import Cluster, Node
from benchmarks.drill.house import House
from benchmarks.drill.load import Journal, Load

AWAY_SECONDS = 480.0
"""A breaker that is open for five minutes is an alarm; as long after its last failure it is over at the latest."""
STEADY = 15.0
"""Seconds in which a process tells of its health once at least."""
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
"""Of the package libfaketime of Debian."""
SECONDS = 30.0
"""How long what is counted in seconds lasts: a full disk, a cut cable."""


@dataclass
class World:
    """What faults happen to. `noted` is for the table."""

    cluster: Cluster
    house: House
    load: Load
    begun: float = field(default_factory=time.time)
    """When the fault comes, by the clock."""
    noted: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What must not be, of which clients were not told."""

    def revision(self) -> str:
        """That of the schema."""
        return self.cluster.answer_to("SELECT version_num FROM alembic_version", "apuni")

    def promised(self) -> set[str]:
        """The numbers that clients have been told so far."""
        return set(self.load.journal.numbers.values())

    def sign_in_anew(self) -> str:
        """Everybody signs in again; the officer's token of before."""
        before = self.load.officer.token
        for person in (*self.load.citizens, self.load.officer):
            person.token = self.house.token(person.role, person.name)
        return before

    def is_refused(self, token: str) -> bool:
        """Whether nothing is answered to who shows the token."""
        return bool(replace(self.load.officer, token=token, journal=Journal()).ask_once("{ __typename }", {}).code)

    def wait_for_alert(self, name: str, seconds: float = RAISED_WITHIN) -> None:
        """Until Prometheus calls somebody for what happens now: only then an operator does something."""
        self.cluster.alerts.wait_until_raised(name, self.begun, seconds)


def kill_primary(world: World) -> None:
    """Kill -9 of the primary's postgres; Patroni starts it again."""
    os.kill(world.cluster.primary().postmaster(), signal.SIGKILL)


def lose_primary_node(world: World) -> None:
    """Kill -9 of all processes of the primary's machine: etcd, Patroni, PostgreSQL, Valkey, Sentinel."""
    node = world.cluster.primary()
    world.cluster.lose_node(node)
    _wait_for_other_primary(world, node)
    world.wait_for_alert("ApuniPostgresqlAway")
    world.cluster.start_node(node)


def switch_over_paused(world: World) -> None:
    """The same as an operator should do it: PgBouncer lets whoever comes wait."""
    world.cluster.answer_to("CHECKPOINT")  # what the primary has to write before it stops is little then
    with world.cluster.paused():
        switch_over(world)


def switch_over(world: World) -> None:
    """A planned switchover to the synchronous standby."""
    members = world.cluster.members()
    leader = next(number for number, role in members.items() if role == "primary")
    standby = next(number for number, role in members.items() if role == "sync_standby")
    world.cluster.order(leader, "switchover", leader=f"node{leader}", candidate=f"node{standby}")


def fail_valkey_over(world: World) -> None:
    """Kill -9 of the Valkey that takes writes; the Sentinels name the other, whose replica the lost one becomes."""
    before = world.cluster.valkey_primary()
    node = next(one for one in world.cluster.nodes if one.address == before)
    valkey = node.started["valkey"]
    os.kill(valkey.pid, signal.SIGKILL)
    valkey.wait()
    _wait(lambda: world.cluster.valkey_primary() != before)
    world.wait_for_alert("ApuniCacheAway")
    world.cluster.start_valkey(node)


def kill_gateway(world: World) -> None:
    """Kill -9 of a gateway; it is started again once somebody was called."""
    world.house.processes.kill("gateway1")
    world.wait_for_alert("ApuniGatewayAway")
    world.house.start("gateway1")


def fill_disk(world: World) -> None:
    """The disk of the primary takes no more for half a minute."""
    node = world.cluster.primary()
    filler = node.folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65_536)
    time.sleep(SECONDS)  # so long the fault lasts, in real processes
    filler.unlink()
    if node.started["etcd"].poll() is not None:  # as on a full disk; Debian's unit leaves it so (runbook, DISK_LOW)
        world.cluster.start_etcd(node)
        world.noted.append(f"etcd of node{node.number} had ended")
    world.noted.append(f"node{node.number} led before, node{world.cluster.primary().number} afterwards")


def cut_primary_off(world: World) -> None:
    """The cable of the primary's machine is out for half a minute: nothing answers, and nothing says so."""
    node = world.cluster.primary()
    world.cluster.set_link(node, "down")
    try:
        _wait_for_other_primary(world, node)
        time.sleep(SECONDS)  # so long the fault lasts, in real processes
    finally:
        world.cluster.set_link(node, "up")


def set_clock_off(world: World) -> None:
    """The clock of one gateway jumps ten minutes ahead while it runs, and back half a minute later."""
    offset = world.cluster.folder / "clock"
    offset.write_text("+0\n", encoding="ascii")
    world.house.end("gateway2")
    faked = {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    world.house.start("gateway2", **faked)
    time.sleep(STEADY)  # load goes on meanwhile
    offset.write_text("+600\n", encoding="ascii")
    world.wait_for_alert("ApuniClockStepped")
    offset.write_text("+0\n", encoding="ascii")
    time.sleep(STEADY)  # load goes on meanwhile
    world.house.end("gateway2")
    world.house.start("gateway2")


def take_partner_away(world: World) -> None:
    """The treasury of benefits refuses every connection until its alarm stands: an hour, scaled down to minutes.

    Then all that waited goes there, and no time-limit of an application was moved by the absence.
    """
    cluster = world.cluster
    waiting = "SELECT id FROM outbox WHERE topic = 'dbt.instruct' AND state = 'PENDING'"
    world.house.processes.faults("dbt_finance", {"kind": "refuse", "route": "*", "calls": None, "params": {}})
    limits = _time_limits(cluster)
    world.wait_for_alert("ApuniBreakerOpen", AWAY_SECONDS)
    backlog, back = set(cluster.answer_to(waiting, "apuni").split()), time.monotonic()
    if not backlog:
        world.wrong.append("no order to pay waited for the partner")
    world.house.processes.faults("dbt_finance")
    _wait(lambda: not backlog & set(cluster.answer_to(waiting, "apuni").split()), AWAY_SECONDS)
    world.noted.append(f"{len(backlog)} bills waited, delivered {time.monotonic() - back:.0f} s after it was back")
    after = _time_limits(cluster)
    world.wrong += [
        f"the time-limit of {case} moved" for case in limits.keys() & after.keys() if after[case] != limits[case]
    ]


def _time_limits(cluster: Cluster) -> dict[str, str]:
    """The last moment for each application that has one."""
    rows = cluster.answer_to("SELECT id, due_at FROM applications WHERE due_at IS NOT NULL", "apuni")
    return {key: last for key, _, last in (line.partition("|") for line in rows.splitlines())}


FAULTS: Mapping[str, tuple[Callable[[World], None], str]] = {
    "a partner away": (take_partner_away, "ApuniBreakerOpen"),
    "the primary's postgres killed": (kill_primary, "ApuniPostgresqlRestarted"),
    "the primary's node lost": (lose_primary_node, "ApuniPostgresqlAway"),
    "the primary's disk full for 30 s": (fill_disk, "ApuniDiskLow"),
    "Valkey failed over": (fail_valkey_over, "ApuniCacheAway"),
    "a gateway killed": (kill_gateway, "ApuniGatewayAway"),
    "switchover": (switch_over, "ApuniPrimaryChanged"),
    "a gateway's clock set off by 10 minutes": (set_clock_off, "ApuniClockStepped"),
    "switchover with PgBouncer paused": (switch_over_paused, "ApuniPrimaryChanged"),
    "the primary's network cut": (cut_primary_off, "ApuniPostgresqlAway"),
}
"""Each with the alert that must come with it (docs/alarms.md)."""
OF_CI = ("the primary's postgres killed", "switchover", "a gateway killed")
WRITE_SECONDS = {
    "the primary's postgres killed": 5.0,
    "switchover": 5.0,
    "switchover with PgBouncer paused": 5.0,
    "the primary's node lost": 30.0,
    "Valkey failed over": 0.0,
    "a gateway killed": 0.0,
}
"""For how long writes may fail, where a bound was set."""


def _wait_for_other_primary(world: World, node: Node) -> None:
    _wait(lambda: any(role == "primary" and number != node.number for number, role in world.cluster.members().items()))


def _wait(look: Callable[[], bool], seconds: float = 180.0) -> None:
    ends_at = time.monotonic() + seconds
    while not look():
        if time.monotonic() > ends_at:
            raise TimeoutError("the cluster did not recover")
        time.sleep(0.2)  # between looks at another process
