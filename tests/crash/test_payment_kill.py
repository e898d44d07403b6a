"""The worker is killed with -9 at each step of its payment files, over SFTP, on each database (C1, C2)."""

import os
import random  # noqa: TID251 - the moments of the kills come from a seed that the test tells
import signal
import time
from collections import Counter

import pytest

from store.database import crash_points
from tests.support.bounds import rounds
from tests.support.crashing import HUNG_SECONDS, Processes
from tests.support.eventually import eventually
from tests.support.paying_day import Day

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

MANY = rounds(0, ci=7, full=40)
POINTS = rounds((), ci=("payment.sent",), full=(*crash_points.PAYMENTS, "store.before_commit:9"))
RANDOM_KILLS = rounds(0, ci=1, full=12)
SEED = int(os.environ.get("APUNI_TEST_SEED", "20261126"))


def test_pfms_holds_one_order_for_each_payment_however_often_the_worker_is_killed(at_home: Processes) -> None:
    processes, day = at_home, Day(at_home)
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

    taken = Counter(order["end_to_end_id"] for order in processes.act("pfms", "orders")["orders"])
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
    found = processes.asked("SELECT COUNT(*) FROM instalments WHERE rail = 'PFMS' AND status = 'CREDITED'")
    return int(found[0][0])
