"""The worker is killed with -9 at each step of its payment files, by the demo's own processes, over SFTP (C1, C2)."""

import json
import os
import random  # noqa: TID251 - the moments of the kills come from a seed that the test tells
import signal
import sqlite3
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from gateway import runfiles
from store import crash_points
from tests.support.bounds import rounds
from tests.support.crashing import HUNG_SECONDS, Processes
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("crash"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

MANY = rounds(0, ci=7, full=40)
POINTS = rounds((), ci=("payment.sealed", "payment.sent"), full=(*crash_points.PAYMENTS, "store.before_commit:9"))
RANDOM_KILLS = rounds(0, ci=2, full=12)
SEED = int(os.environ.get("APUNI_TEST_SEED", "20261126"))
TIMES = [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in range(30, 24 * 60, 30)]
SETTINGS = {
    "APUNI_CLOCK": "sandbox",
    "APUNI_PAYMENTS__LOOK_SECONDS": "0.5",
    "APUNI_PAYMENTS__LINES_PER_FILE": "3",
    "APUNI_PAYMENTS__TIMES": json.dumps(TIMES),
}
AT_ONCE: dict[str, Any] = {
    "pick_up_minutes": 0.02,
    "check_minutes": 0,
    "validation_hours": 0,
    "credit_hours": 0,
    "return_hours": 0,
    "bank_runs": [],
}


class Day:
    """The city's clock, which goes on to the next batch time once a run was made of the last; and PFMS at work."""

    def __init__(self, processes: Processes) -> None:
        self._city = f"http://127.0.0.1:{runfiles.ports(processes.home)['sandbox']}/_control"
        self._processes = processes
        self._at = 0
        self._move()

    def go_on(self) -> None:
        done = asked(self._processes, "SELECT slot FROM payment_runs WHERE finished_at IS NOT NULL")
        if (TIMES[self._at],) in done and self._at < len(TIMES) - 1:
            self._at += 1
            self._move()

    def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self._city}/pfms/act", json={"action": action, "arguments": arguments}, timeout=60)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _move(self) -> None:
        now = f"2026-11-24T{TIMES[self._at]}:30+05:30"
        moved = httpx.put(f"{self._city}/clock", json={"now": now}, timeout=30)
        assert moved.status_code == 200, moved.text


def asked(processes: Processes, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(processes.home / "store.db", timeout=30)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_pfms_holds_one_order_for_each_payment_however_often_the_worker_is_killed(processes: Processes) -> None:
    processes.settings = SETTINGS
    day = Day(processes)
    day.act("configure", **AT_ONCE)
    sown = processes.sow_payments(MANY)
    assert sown.returncode == 0, sown.stderr[-2000:]
    for point in POINTS:
        processes.start("worker", crash_at=point)
        assert ended(processes, day) == -signal.SIGKILL, point
    chance = random.Random(SEED)
    for _ in range(RANDOM_KILLS):
        processes.start("worker")
        time.sleep(chance.uniform(3.0, 6.0))  # another process works meanwhile: the moment of its death is the test
        day.go_on()
        processes.kill("worker")
    processes.start("worker")
    eventually(lambda: credited(processes, day), lambda many: many == MANY, seconds=HUNG_SECONDS)

    taken = Counter(order["end_to_end_id"] for order in day.act("orders")["orders"])
    assert Counter(taken.values()) == {1: MANY}
    processes.kill("worker")
    done = processes.run("verify")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def ended(processes: Processes, day: Day) -> int | None:
    """How the worker ended."""

    def look() -> int | None:
        day.go_on()
        return processes.running["worker"].poll()

    return eventually(look, lambda code: code is not None, seconds=HUNG_SECONDS)


def credited(processes: Processes, day: Day) -> int:
    day.go_on()
    found = asked(processes, "SELECT COUNT(*) FROM instalments WHERE rail = 'PFMS' AND status = 'CREDITED'")
    return int(found[0][0])
