"""kill -9 at marked points and at random: nothing acknowledged is lost, nothing happens twice.

Source: docs/reliability.md section 5.3.
"""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from domain.kernel import TypeCode, to_global_id
from tests.support.bounds import rounds
from tests.support.crashing import (
    GRANT_SERVICE,
    HUNG_SECONDS,
    READY_SECONDS,
    Client,
    Load,
    Processes,
    kill_at_random,
    people_of,
)
from tests.support.databases import BOTH
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1200),
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
    """How often DBT finance took each bill as a new one; one that is sent again it refuses."""
    return Counter(
        entry["key"] for entry in processes.ledger("dbt_finance") if entry["effect"] == "instruction accepted"
    )


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
class Desk:
    """Citizens apply for a service and withdraw, or are approved by the officer whose token it is."""

    officer: str
    service: str

    def one(self, load: Load, client: Client, name: str) -> None:
        case = client.submit(self.service, f"life-{name}")
        if case is None:  # the last one is not delivered yet
            time.sleep(0.2)  # as a citizen who waits before she tries again, so as not to drown the processes
            return
        load.acknowledged[case["id"]] = case["number"]
        place, number = map(int, name.split("-"))
        if (number + place) % 3:
            client.withdraw(case["id"], f"back-{name}")
        else:
            Client(client.url, self.officer).approve(case["id"], f"approve-{name}")


@pytest.mark.parametrize("home", rounds(BOTH[:1], ci=BOTH[:1], full=BOTH), indirect=True)
def test_random_kills_under_load_lose_nothing_that_was_acknowledged(at_home, record_property):
    record_property("crash", outlived(at_home))


def outlived(processes: Processes) -> str:
    """Let people work while processes are killed, and tell how it went; whatever was promised is there afterwards."""
    processes.serve()
    for name in ("worker-1", "worker-2"):
        processes.start(name)
    load = Load(Desk(processes.token("officer", OFFICER), GRANT_SERVICE).one)
    clients = [Client(processes.url, processes.token("citizen", person)) for person in people_of()]
    load.begin(clients)
    kills = kill_at_random(processes, SECONDS, SEED, ["serve", "serve", "worker-1", "worker-2"])
    load.end(HUNG_SECONDS)
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
    return f"{len(load.acknowledged)} acknowledged, {kills} kills, ready within {max(processes.ready_after):.1f} s"


def applications_of(processes: Processes) -> dict[str, str]:
    """Numbers by the graph's id."""
    rows = processes.asked("SELECT id, number FROM applications")
    return {to_global_id(TypeCode.APPLICATION, key): number for key, number in rows}


def settle(processes: Processes) -> None:
    """Wait until the worker has sent what the killed ones left, leases included."""
    waiting = "SELECT count(*) FROM outbox WHERE topic = 'dbt.instruct' AND state = 'PENDING'"
    eventually(lambda: processes.asked(waiting), lambda found: found == [(0,)], seconds=HUNG_SECONDS)
