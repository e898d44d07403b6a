"""How long the legal clock's round takes over many open cases, on SQLite and PostgreSQL.

    python -m benchmarks.legal_sweep.bench [cases] [sqlite|postgresql]

The cases are synthetic and lie in a store of its own, which is deleted afterwards.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert, text

from actions.appeals.legal_sweep import Swept, sweep
from domain.applications.applications import Application
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import Status
from domain.kernel import Citizen, ManualClock, NumberKind, ist_date, make_number
from store.applications.application_rows import APPLICATIONS, applications_table
from store.database import FieldCipher, Keyrings, Store, Transaction, migrate
from store.identity import people
from tests.support.actions import World
from tests.support.databases import NOW, PostgresServer
from tests.support.law import authorities
from tests.support.worlds import a_world

CASES = 100_000
CITIZENS = 2_000
CHUNK = 2_000
BACKLOG = 2_000
"""Cases that breach while no worker runs, for the round after an outage."""

UNDECIDED = 60
"""Days after which everything that was filed has lapsed: more than thirty working days."""

SOON, THIN = 5, 3
"""Of the cases that are due within so many days a third is left: about 300 breaches a night of 100,000 cases."""

STATUSES = (Status.IN_SCRUTINY,) * 14 + (Status.IN_VERIFICATION,) * 3 + (Status.QUERY_RAISED,) * 2 + (Status.APPROVED,)


@dataclass(frozen=True)
class Measured:
    """One round."""

    name: str
    seconds: float
    cpu: float
    """Of this process; that of PostgreSQL's is not in it."""
    swept: Swept


async def main(cases: int, kinds: list[str]) -> None:
    """Measure every kind of store and print a table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="apuni-bench-") as folder:
            await _measure(kind, Path(folder), cases)


async def _measure(kind: str, folder: Path, cases: int) -> None:
    async with AsyncExitStack() as stack:
        url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
        if kind == "postgresql":
            server = PostgresServer()
            stack.callback(server.stop)
            url = server.url(server.database())
        await migrate(url)
        keyrings = Keyrings(folder / "keys")
        keyrings.init()
        clock = ManualClock(NOW)
        store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        world = await stack.enter_async_context(a_world(store, keyrings, clock, folder))
        await authorities(world)
        print(f"\n{kind}: {cases} open cases", flush=True)
        await _populate(world, cases)
        async for measured in _rounds(world, cases):
            done = measured.swept
            found = f"filed {done.filed}, went up {done.raised}, warned {done.warned}"
            spent = f"{measured.seconds:7.2f} s {measured.cpu:7.2f} s of CPU"
            print(f"  {measured.name:<48} {spent}   {found}", flush=True)


async def _rounds(world: World, cases: int) -> Any:
    """The rounds of some days, each after what lies before it."""
    clock = world.clock
    clock.advance(timedelta(days=1))
    yield await _timed("first round over a store that was never swept", lambda: sweep(world.env))
    yield await _timed("the next one, an hour later: nothing to do", lambda: sweep(world.env))
    clock.advance(timedelta(days=1))
    yield await _timed("the round of the next night", lambda: sweep(world.env))
    await _breach_together(world, min(BACKLOG, cases // 4))
    await _analyse(world)
    yield await _timed("after an outage in which many breached", lambda: sweep(world.env))
    yield await _timed("the next one, an hour later: nothing to do", lambda: sweep(world.env))
    clock.advance(timedelta(days=UNDECIDED))
    yield await _timed("much later: appeals that nobody decided go up", lambda: sweep(world.env))


async def _timed(name: str, work: Callable[[], Awaitable[Swept]]) -> Measured:
    before, cpu = time.perf_counter(), time.process_time()
    swept = await work()
    return Measured(name, time.perf_counter() - before, time.process_time() - cpu, swept)


async def _populate(world: World, cases: int) -> None:
    """Rows like that of a real submission, with due dates over the next weeks."""
    pattern = await world.submit(world.asha)
    owners = await _citizens(world)
    begun = time.perf_counter()
    for start in range(0, cases, CHUNK):
        size = min(CHUNK, cases - start)
        async with world.env.store.write_transaction() as tx:
            rows = [
                APPLICATIONS.values(tx, case) for case in _cases(world, pattern, owners, range(start, start + size))
            ]
            await tx.connection.execute(insert(applications_table), rows)
    await _analyse(world)
    print(f"  {cases} rows in {time.perf_counter() - begun:.1f} s", flush=True)


async def _analyse(world: World) -> None:
    """What autovacuum does by itself within a minute or so; it is off in the server of the tests."""
    if world.env.store.dialect == "postgresql":
        async with world.env.store.write_transaction() as tx:
            await tx.connection.execute(text("ANALYZE"))


async def _citizens(world: World) -> list[str]:
    async with world.env.store.write_transaction() as tx:
        asha: Citizen = (await people.citizens(tx, [world.asha.person_id or ""]))[world.asha.person_id or ""]
        ids = [world.env.ids.key() for _ in range(CITIZENS)]
        for key in ids:
            await people.add_citizen(tx, replace(asha, id=key))
    return ids


def _cases(world: World, pattern: Application, owners: list[str], numbers: range) -> Iterator[Application]:
    today = ist_date(world.clock.now())
    for number in numbers:
        status = STATUSES[number % len(STATUSES)]
        # Every day of the next sixteen weeks alike, but officers have dealt with most of what is due at once.
        days = (number * 7919) % 110
        if days < SOON and number % THIN:
            days += SOON * THIN
        yield replace(
            pattern,
            id=world.env.ids.key(),
            number=make_number(NumberKind.APPLICATION, 2026, f"{number:010d}"),
            acknowledgement=make_number(NumberKind.ACKNOWLEDGEMENT, 2026, f"{number:010d}"),
            citizen_id=owners[number % len(owners)],
            status=status,
            paused_since=world.clock.now() if status is Status.QUERY_RAISED else None,
            due_at=end_of_day(today + timedelta(days=days)),
        )


async def _breach_together(world: World, many: int) -> None:
    """Let so many running cases be past their due date at once."""
    past = end_of_day(ist_date(world.clock.now()) - timedelta(days=1))
    async with world.env.store.write_transaction() as tx:
        await _put_past(tx, past, world.clock.now(), many)


async def _put_past(tx: Transaction, past: Any, now: Any, many: int) -> None:
    table = applications_table
    later = (
        table.select()
        .with_only_columns(table.c.id)
        .where(table.c.status == Status.IN_SCRUTINY.value, table.c.due_at > now + timedelta(days=20))
        .order_by(table.c.id)
        .limit(many)
    )
    await tx.connection.execute(table.update().where(table.c.id.in_(later)).values(due_at=past))


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    asyncio.run(main(asked, sys.argv[2:] or ["sqlite", "postgresql"]))
