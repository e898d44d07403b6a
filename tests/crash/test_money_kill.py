"""Money under load while gateway and worker are killed with -9 and partners cut answers: one order each, none missing.

Grants go to the state treasury by REST, pensions to PFMS by files, their fees come by e-Challan. Partners do the work
and lose the answer. Whoever was not answered asks again under the same key; nobody mends anything by hand.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from domain.kernel import TypeCode, to_global_id
from tests.support.bounds import rounds, whole
from tests.support.crashing import (
    GRANT,
    GRANT_SERVICE,
    HUNG_SECONDS,
    Client,
    Load,
    Processes,
    kill_at_random,
    people_of,
)
from tests.support.databases import BOTH
from tests.support.eventually import eventually
from tests.support.paying_day import EVENING, MIDNIGHT, Day

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

SECONDS = rounds(0, ci=12, full=60)
SEED = int(os.environ.get("APUNI_TEST_SEED", "20261127"))
AT_WORK, GOING_HOME, DRAINING = 5.0, 2.0, 0.5
"""Seconds between two batch times: slowly while processes are killed, so that a minute of it meets deaths."""

PENSION = "ES94"
"""The pension of farmers, which has a fee, as the grant has not."""

CUTS = {
    "dbt_finance": [{"kind": "status", "route": "/jit/PI", "params": {"status": 503, "after": True, "every": 3}}],
    "treasury": [{"kind": "status", "params": {"status": 503, "after": True, "every": 3}}],
    "pfms": [{"kind": "reset", "route": "/sftp/rename", "params": {"after": True, "every": 3}}],
}
"""Every third request is done and its answer lost."""


@dataclass
class Offices:
    """Whom citizens deal with: the officers by their tokens, and the treasury's counter behind `processes`."""

    processes: Processes
    grants: str
    pensions: str

    def one(self, load: Load, client: Client, name: str) -> None:
        """A grant or a pension, from the application to its approval; a pension's fee is paid in between."""
        grant = int(name.split("-", maxsplit=1)[0]) % 2 == 0
        service, form = (GRANT_SERVICE, GRANT) if grant else (PENSION, "farmer-pension")
        case = client.submit(service, f"money-{name}", form=form)
        if case is None:  # the last one is not delivered yet
            time.sleep(0.2)  # as a citizen who waits before she tries again, so as not to drown the processes
            return
        load.acknowledged[case["id"]] = case["number"]
        if not grant:
            self._pay(client, case["id"], name)
        desk = Client(client.url, self.grants if grant else self.pensions)
        desk.approve(case["id"], f"approve-{name}")

    def _pay(self, client: Client, case_id: str, name: str) -> None:
        """She pays; every second one closes the browser before it comes back."""
        fields = client.begin_to_pay(case_id, f"pay-{name}")
        assert fields is not None
        posted = self.processes.act("treasury", "pay", encdata=fields["encdata"], mode="NB", outcome="pay")
        if name.endswith(("1", "3", "5", "7", "9")):
            client.comes_back({"encdata": posted["encdata"]})
        eventually(
            lambda: client.case(case_id),
            lambda seen: seen is not None and seen["status"] == "IN_SCRUTINY",
            seconds=HUNG_SECONDS,
        )


@contextmanager
def passing(day: Day, every: float, *, before: str) -> Iterator[None]:
    """Let the day go on by itself up to a time of it, by one batch time each so many seconds at most."""
    over = threading.Event()

    def go() -> None:
        while not over.wait(every):
            day.go_on(before=before)

    clock = threading.Thread(target=go)
    clock.start()
    try:
        yield
    finally:
        over.set()
        clock.join(HUNG_SECONDS)


@pytest.mark.parametrize("home", BOTH if whole() else BOTH[1:], indirect=True)
def test_money_is_ordered_and_taken_once_whatever_is_killed_and_cut(at_home: Processes, record_property: Any) -> None:
    processes, day = at_home, Day(at_home)
    sown = processes.sow_payments(0)
    assert sown.returncode == 0, sown.stderr[-2000:]
    processes.serve()
    processes.start("worker")
    officers = [processes.token("officer", officer) for officer in ("dpo-dehradun", "dswo-dehradun")]
    citizens = [processes.token("citizen", person) for person in people_of()]
    clients = [Client(processes.url, token) for token in citizens for _ in ("grant", "pension")]
    load = Load(Offices(processes, *officers).one)
    with passing(day, AT_WORK, before=EVENING):
        for system, faults in CUTS.items():
            processes.faults(system, *faults)
        load.begin(clients)
        kills = kill_at_random(processes, SECONDS, SEED, ["serve", "worker"])
    with passing(day, GOING_HOME, before=EVENING):
        load.end(HUNG_SECONDS)
    assert load.failures == []
    with passing(day, DRAINING, before=MIDNIGHT):
        processes.kill("worker")
        processes.start("worker")
        eventually(lambda: processes.asked(OWED), lambda owed: owed == [], seconds=HUNG_SECONDS)

    assert len(load.acknowledged) >= len(clients)
    made = processes.asked(MADE)
    assert Counter(to_global_id(TypeCode.APPLICATION, row[0]) for row in made) == dict.fromkeys(load.acknowledged, 1)
    assert accepted(processes) == {bill: 1 for _, rail, bill, _ in made if rail == "IFMS"}
    assert taken(processes) == {end_to_end: 1 for _, rail, _, end_to_end in made if rail == "PFMS"}
    assert fees(processes) == {application: ["SUCCESS"] for application, rail, _, _ in made if rail == "PFMS"}
    assert processes.asked("SELECT topic, error_code FROM outbox WHERE state = 'DEAD'") == []
    for name in ("serve", "worker"):
        processes.kill(name)
    done = processes.run("verify")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    lost = sum(client.lost for client in clients)
    record_property("crash", f"{len(made)} orders, {kills} kills, {lost} answers lost to clients")


OWED = """
SELECT id, rail, status, hold FROM instalments
WHERE (rail = 'IFMS' AND status NOT IN ('INSTRUCTED', 'AT_BANK', 'CREDITED'))
   OR (rail = 'PFMS' AND status <> 'CREDITED')
"""
MADE = """
SELECT sanctions.application_id, instalments.rail, instalments.bill_number, instalments.end_to_end_id
FROM instalments JOIN sanctions ON sanctions.id = instalments.sanction_id
"""


def accepted(processes: Processes) -> Counter[str]:
    """How often the state treasury accepted each bill."""
    entries = processes.ledger("dbt_finance")
    return Counter(entry["key"] for entry in entries if "instruction accepted" in (entry["effect"] or ""))


def taken(processes: Processes) -> Counter[str]:
    """How often PFMS took each payment, by its books and by what it was sent."""
    books = Counter(order["end_to_end_id"] for order in processes.act("pfms", "orders")["orders"])
    sent = Counter(entry["key"] for entry in processes.ledger("pfms") if entry["effect"] == "order taken")
    assert books == sent
    return books


def fees(processes: Processes) -> dict[str, list[str]]:
    """How the orders of each application's fee stand; of what counts as paid the treasury says the same."""
    found: dict[str, list[str]] = {}
    for application, state, reference in processes.asked("SELECT application_id, state, reference FROM fee_orders"):
        found.setdefault(application, []).append(state)
        challan = processes.act("treasury", "challan", reference=reference)
        assert (state == "SUCCESS") == (challan["status"] == "S")
    return found
