"""Loads a store with synthetic applications, in chunks that several processes write and that are written once each."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from actions.catalogue.catalogue_import import import_catalogue
from benchmarks.store import bulk
from benchmarks.store.cases import DAYS, NOW, SHARES, Population
from benchmarks.store.rows import SHEET, Writer, officers_of
from benchmarks.store.store_under_test import StoreUnderTest, open_store
from store.applications import application_rows
from store.applications import timeline as kept_timeline
from store.catalogue import catalogue
from store.certificates import certificates
from store.database import Store, Transaction, audit, migrate
from store.etaal import ledger
from store.feedback import notices
from store.identity import contacts, people
from store.platform import outbox, seeds
from store.statistics.figure_state import MARKS
from tests.support.actions import catalogue_rows

LOADED = (
    people.citizens_table,
    contacts.contacts_table,
    application_rows.applications_table,
    kept_timeline.timeline_table,
    audit.audit_lines_table,
    audit.audit_chain_table,
    notices.notices_table,
    ledger.ledger_table,
    outbox.outbox_table,
    certificates.certificates_table,
)
"""The tables that are filled row by row; sums are added to."""

KINDS = ("citizens", "applications", "days")
"""What chunks are of, in the order of foreign keys."""

LINKS = 50_000
DONE = "bench-loaded"


@dataclass(frozen=True)
class Plan:
    """What is loaded where."""

    url: str
    folder: Path
    size: int
    audited: bool
    processes: int

    @property
    def taken_away(self) -> bulk.TakenAway:
        """Where it is noted which indexes were taken away."""
        return bulk.TakenAway(self.folder / "indexes.json")


async def load(plan: Plan, tell: Callable[[str], None]) -> None:
    """Load what is not loaded yet; may be broken off and called again."""
    await migrate(plan.url)
    async with open_store(plan.url, plan.folder) as tested:
        async with tested.store.read_transaction() as tx:
            if await seeds.is_seeded(tx, DONE):
                return
        await tested.env.objects.put(SHEET, "application/pdf")
        await import_catalogue(tested.env, catalogue_rows())
        await audit.seal(tested.store)
        population = await population_of(tested.store, plan.size)
        await _officers(tested.store, population)
        await bulk.without_indexes(tested.store, plan.taken_away, LOADED)
        left = await _left(tested.store, population)
    await asyncio.to_thread(_in_processes, plan, left, tell)
    async with open_store(plan.url, plan.folder) as tested:
        if plan.audited:
            await seal(tested.store, tell)
        await bulk.with_indexes(tested.store, plan.taken_away, tell)
        async with tested.store.write_transaction() as tx:
            for mark in (*MARKS, DONE):
                await seeds.mark(tx, mark)


async def population_of(store: Store, size: int) -> Population:
    """The population over the catalogue of a store: services that have a department, certificates of revenue first."""
    async with store.read_transaction() as tx:
        services = [one for one in await catalogue.all_services(tx) if one.department and one.open]
        by_district = await catalogue.tehsils_of(tx, SHARES)
    tehsils = [one for listed in by_district.values() for one in listed]
    services.sort(key=lambda one: (one.department != "revenue-department", one.code))
    return Population(size, tuple(services), tuple(sorted(tehsils, key=lambda one: one.code)))


async def _officers(store: Store, population: Population) -> None:
    async with store.write_transaction() as tx:
        for officer in officers_of(population):
            if not await people.officers(tx, [officer.id]):
                await people.add_officer(tx, officer)


async def _left(store: Store, population: Population) -> list[tuple[str, int, int]]:
    """The chunks that are not written yet: kind, first number, and the number after the last."""
    many = {"citizens": population.citizens, "applications": population.size, "days": DAYS}
    chunks = [chunk for kind in KINDS for chunk in _chunks(kind, many[kind], _size_of(kind, population))]
    async with store.read_transaction() as tx:
        done = set((await tx.connection.execute(select(seeds.seeds_table.c.id))).scalars())
    return [chunk for chunk in chunks if _name(chunk) not in done]


def _size_of(kind: str, population: Population) -> int:
    """How many of a kind are written in one transaction: some ten thousands of rows."""
    if kind == "days":
        return min(max(20_000 * DAYS // population.size, 1), DAYS)
    return 20_000 if kind == "citizens" else 5_000


def _chunks(kind: str, many: int, size: int) -> Iterator[tuple[str, int, int]]:
    for first in range(0, many, size):
        yield kind, first, min(first + size, many)


def _name(chunk: tuple[str, int, int]) -> str:
    return f"bench-{chunk[0]}-{chunk[1]}"


def _in_processes(plan: Plan, left: list[tuple[str, int, int]], tell: Callable[[str], None]) -> None:
    """Write chunks, citizens before applications because of foreign keys."""
    begun, rows, done = time.monotonic(), 0, 0
    with ProcessPoolExecutor(plan.processes, mp_context=get_context("spawn")) as pool:
        for kind in KINDS:
            futures = [pool.submit(_write, plan, chunk) for chunk in left if chunk[0] == kind]
            for future in as_completed(futures):
                rows, done = rows + future.result(), done + 1
                spent = time.monotonic() - begun
                many = f"{done} of {len(left)} chunks, {rows} rows, {rows / spent:.0f} rows/s"
                tell(f"{many}, {spent * (len(left) - done) / done:.0f} s left")


_KEPT: dict[str, Any] = {}
"""The loop, tested and writer of this process."""


def _write(plan: Plan, chunk: tuple[str, int, int]) -> int:
    if "loop" not in _KEPT:
        gc.disable()  # looking for circular rubbish among the rows of a chunk took half of the time
        _KEPT["loop"] = asyncio.new_event_loop()
    return int(_KEPT["loop"].run_until_complete(_write_chunk(plan, chunk)))


async def _write_chunk(plan: Plan, chunk: tuple[str, int, int]) -> int:
    if "writer" not in _KEPT:
        tested: StoreUnderTest = await open_store(plan.url, plan.folder).__aenter__()
        population = await population_of(tested.store, plan.size)
        posts = {
            (one.postings[0].department or "", one.postings[0].district or ""): one.id
            for one in officers_of(population)
        }
        _KEPT["tested"] = tested
        _KEPT["writer"] = Writer(population, posts, tested.cipher, tested.clock, plan.audited)
    kind, first, end = chunk
    store: Store = _KEPT["tested"].store

    async def work(tx: Transaction) -> int:
        await bulk.unbound(tx)
        if not await seeds.mark(tx, _name(chunk)):
            return 0
        return await bulk.write(tx, getattr(_KEPT["writer"], kind)(range(first, end)))

    return await store.carry_out(work)  # on SQLite one process waits for the other, and not for ever


async def seal(store: Store, tell: Callable[[str], None]) -> None:
    """Chain the lines in the order of their numbers, as the sealer does."""
    lines, links = audit.audit_lines_table.c, audit.audit_chain_table.c
    total = 0
    while True:
        async with store.write_transaction() as tx:
            await bulk.unbound(tx)
            head = await audit.head(tx)
            last = (await tx.connection.execute(select(func.max(links.line_id)))).scalar_one_or_none() or 0
            unlinked = select(lines.id, lines.line_hash).where(lines.id > last, lines.sealed)
            rows = (await tx.connection.execute(unlinked.order_by(lines.id).limit(LINKS))).all()
            link, made = head.link, []
            for sequence, row in enumerate(rows, start=head.sequence + 1):
                link = audit.next_link(tx.cipher.keyrings, link, row.line_hash)
                made.append({"sequence": sequence, "line_id": row.id, "link": link, "sealed_at": NOW})
            await bulk.chain(tx, made)
        total += len(rows)
        tell(f"{total} audit lines linked")
        if len(rows) < LINKS:
            return
