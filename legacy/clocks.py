"""Starts the legal clocks of old applications on an administrator's command, when the officers are ready.

An import holds every application that is open. While it is held the legal clock's round warns of nothing and files
nothing for it, and no certificate is made of it; officers may work on it like on any other. Due dates do not move by
it: an application that is late is late from the day on which it was, and its appeal is filed by the next round.
"""

from dataclasses import dataclass

from actions.applications.decide import ISSUE
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import Outcome
from domain.identity.policy import Purpose
from domain.kernel import Clock
from legacy import import_rows
from legacy.import_rows import HeldCounts
from store.applications import applications
from store.catalogue import catalogue
from store.database import Store, Transaction, audit
from store.platform import outbox

BATCH = 200
STARTED = "legacy.clocks_started"


@dataclass(frozen=True, slots=True)
class Started:
    """How many clocks were started, and how many certificates are being made because of it."""

    clocks: int
    certificates: int


async def count_waiting(store: Store, clock: Clock) -> HeldCounts:
    """How many open applications are held, and how many of them are beyond their due instant."""
    async with store.read_transaction() as tx:
        return await import_rows.count_held(tx, clock.now())


async def start_clocks(store: Store, by: str) -> Started:
    """Start the clock of every held application, batch by batch; may be interrupted and run again."""
    clocks = made = 0
    while True:
        done = await store.carry_out(lambda tx: _start_batch(tx, by))
        clocks, made = clocks + done.clocks, made + done.certificates
        if done.clocks < BATCH:
            return Started(clocks, made)


async def _start_batch(tx: Transaction, by: str) -> Started:
    ids = await import_rows.held_applications(tx, BATCH)
    if not ids:
        return Started(0, 0)
    cases = await applications.by_ids(tx, ids)
    services = await catalogue.services_by_codes(tx, {one.service_code for one in cases.values()})
    made = 0
    for case in cases.values():
        if case.status is Status.APPROVED and services[case.service_code].outcome is Outcome.CERTIFICATE:
            made += await outbox.add(tx, ISSUE, case.id, {"application_id": case.id}, application_id=case.id)
    await import_rows.release_held(tx, ids)
    detail = {"applications": len(ids), "certificates": made}
    await audit.append(tx, audit.AuditLine(by, STARTED, "LEGACY_IMPORT", None, Purpose.OPERATE.value, detail))
    return Started(len(ids), made)
