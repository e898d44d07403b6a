"""kill -9 at marked points and at random: nothing acknowledged is lost, nothing happens twice (RELIABILITY.md 5.3)."""

import os
import random  # noqa: TID251 - the moments of the kills come from a seed that the test tells
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from domain.global_ids import TypeCode, to_global_id
from tests.support.bounds import rounds
from tests.support.crashing import HUNG_SECONDS, READY_SECONDS, Client, Processes, people_of
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("crash"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

SECONDS = rounds(0, ci=10, full=60)
SEED = int(os.environ.get("APUNI_TEST_SEED", "20261125"))
OFFICER = "dpo-dehradun"

GATEWAY_POINTS = rounds((), ci=("verb.after_commit",), full=("verb.before_commit", "verb.after_commit"))
WORKER_POINTS = rounds(
    (), ci=("outbox.sent",), full=("outbox.claimed", "outbox.sent", "outbox.recorded", "store.before_commit:2")
)


def delivered(client: Client, case_id: str) -> None:
    eventually(
        lambda: client.case(case_id),
        lambda seen: seen is not None and seen["status"] == "DELIVERED",
        seconds=HUNG_SECONDS,
    )


def bound_of(processes: Processes) -> float:
    """How long a start after a death may take: seconds, or on a busy machine five times as long as a first start."""
    return max(READY_SECONDS, 5 * processes.ready_after[0])


def is_right(processes: Processes) -> None:
    done = processes.run("verify")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def orders(processes: Processes) -> Counter[str]:
    """How often DBT finance took each bill as a new one."""
    return Counter(entry["key"] for entry in processes.ledger("dbt_finance") if entry["route"].endswith("/PI"))


@pytest.mark.parametrize("point", GATEWAY_POINTS)
def test_a_submission_survives_the_death_of_the_gateway_at_a_marked_point(processes, service, point):
    person = people_of()[0]
    processes.serve()
    token = processes.token("citizen", person)
    processes.kill("serve")
    processes.serve(crash_at=point)
    client = Client(processes.url, token)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.submit, service, "marked")
        assert processes.died("serve"), asking.result()  # what it was answered instead says why
        took = processes.serve()
        answer = asking.result(HUNG_SECONDS)

    assert client.lost >= 1
    assert took < bound_of(processes)
    assert answer is not None
    case = client.case(answer["id"])
    assert case is not None
    assert case["number"] == answer["number"]
    assert client.submit(service, "marked") == {**answer, "status": case["status"], "version": case["version"]}
    is_right(processes)


def test_messages_survive_the_death_of_the_worker_at_each_marked_point(processes, service):
    processes.serve()
    officer = Client(processes.url, processes.token("officer", OFFICER))
    cases = []
    for person, point in zip(people_of(), WORKER_POINTS, strict=False):
        client = Client(processes.url, processes.token("citizen", person))
        case = client.submit(service, "for the worker")
        assert case is not None
        officer.approve(case["id"], f"approve-{person}")
        processes.start("worker", crash_at=point)
        assert processes.died("worker"), point
        cases.append((client, case["id"]))
    processes.start("worker")
    for client, case_id in cases:
        delivered(client, case_id)

    assert len(orders(processes)) >= len(cases)
    assert set(orders(processes).values()) == {1}
    is_right(processes)


@dataclass
class Load:
    """Citizens who apply and withdraw, or are approved, under kills; what was acknowledged to them."""

    officer: str
    service: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def live(self, client: Client, place: int) -> None:
        desk = Client(client.url, self.officer)
        number = 0
        try:
            while not self.stopping.is_set():
                number += 1
                self.one(client, desk, f"{place}-{number}", withdraw=bool((number + place) % 3))
        except BaseException as failure:  # noqa: BLE001 - told by the test
            self.failures.append(failure)

    def one(self, client: Client, desk: Client, name: str, *, withdraw: bool) -> None:
        case = client.submit(self.service, f"life-{name}")
        if case is None:  # the last one is not delivered yet
            time.sleep(0.2)
            return
        self.acknowledged[case["id"]] = case["number"]
        if withdraw:
            client.withdraw(case["id"], f"back-{name}")
        else:
            desk.approve(case["id"], f"approve-{name}")


def kill_at_random(processes: Processes) -> int:
    """Kill one of the processes every 0.5 to 2 seconds, start it again, and tell how many were killed."""
    chance = random.Random(SEED)
    ends_at, kills = time.monotonic() + SECONDS, 0
    while time.monotonic() < ends_at:
        time.sleep(chance.uniform(0.5, 2.0))
        victim = chance.choice(["serve", "serve", "worker-1", "worker-2"])
        processes.kill(victim)
        kills += 1
        if victim == "serve":
            processes.serve()
        else:
            processes.start(victim)
    return kills


def test_random_kills_under_load_lose_nothing_that_was_acknowledged(processes, service, record_property):
    processes.serve()
    for name in ("worker-1", "worker-2"):
        processes.start(name)
    load = Load(processes.token("officer", OFFICER), service)
    clients = [Client(processes.url, processes.token("citizen", person)) for person in people_of()]
    threads = [threading.Thread(target=load.live, args=(client, place)) for place, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    kills = kill_at_random(processes)
    load.stopping.set()
    for thread in threads:
        thread.join(HUNG_SECONDS)
    processes.stop()

    assert load.failures == []
    assert len(load.acknowledged) >= len(clients)
    kept = applications_of(processes)
    assert {key: kept.get(key) for key in load.acknowledged} == load.acknowledged
    assert len(set(load.acknowledged.values())) == len(load.acknowledged)
    assert max(processes.ready_after) < bound_of(processes)
    is_right(processes)
    processes.sandbox_up()
    processes.serve()
    processes.start("worker-1")
    settle(processes)
    assert set(orders(processes).values()) <= {1}
    is_right(processes)
    told = f"{len(load.acknowledged)} acknowledged, {kills} kills, ready within {max(processes.ready_after):.1f} s"
    record_property("crash", told)


def applications_of(processes: Processes) -> dict[str, str]:
    """Numbers by the graph's id."""
    connection = sqlite3.connect(processes.home / "store.db")
    rows = connection.execute("SELECT id, number FROM applications").fetchall()
    connection.close()
    return {to_global_id(TypeCode.APPLICATION, key): number for key, number in rows}


def settle(processes: Processes) -> None:
    """Wait until the worker has sent what the killed ones left, leases included."""

    def waiting() -> int:
        connection = sqlite3.connect(processes.home / "store.db")
        found = connection.execute("SELECT count(*) FROM outbox WHERE topic = 'dbt.instruct' AND state = 'PENDING'")
        many = int(found.fetchone()[0])
        connection.close()
        return many

    eventually(waiting, lambda many: many == 0, seconds=HUNG_SECONDS)
