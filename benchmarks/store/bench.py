"""The store at the state's size: loads synthetic applications, checks figures with known answers, measures.

    python -m benchmarks.store.bench [postgresql|sqlite ...]

SCALE is the greatest number of applications (6200000), DISK_GB what the data may take (60), STORE_DIR where they stay.
A load that was broken off goes on where it ended; what is loaded is measured again.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, select, text

import schema
from actions.statistics.figures import statistics
from benchmarks.store import bulk, memory, writes
from benchmarks.store.cases import AVERAGE_DAYS, ON_TIME, Population
from benchmarks.store.load import Plan, load, population_of
from benchmarks.store.reads import COMMISSION, Asking, all_months, measure
from benchmarks.store.server import KeptServer
from benchmarks.store.store_under_test import StoreUnderTest, open_store
from domain.statistics.figures import rate
from gateway.runtime import gc_tuning
from store.applications.application_rows import applications_table
from store.database import Transaction
from store.statistics import figure_recount

SIZES = {"sqlite": (10_000, 1_000_000), "postgresql": (10_000, 1_000_000, 6_200_000)}
WHOLE = 6_200_000
AUDITED_BYTES, BARE_BYTES = 14_000, 8_500
"""Room for one application with its audit lines, and without them, with what is written to build indexes."""

RECOUNTED = 100_000
"""Up to so many applications every counter is compared with what it must be."""


@dataclass(frozen=True)
class Site:
    """Where everything of the benchmark lies, and how much it may take."""

    folder: Path
    scale: int
    disk: int
    """Octets."""

    def sizes(self, kind: str) -> list[int]:
        """Numbers of applications, the smallest first."""
        return sorted({size for size in SIZES[kind] if size <= self.scale} | {min(self.scale, max(SIZES[kind]))})

    def home(self, kind: str, size: int) -> Path:
        """The keys, vault and results of one store, and its file where it is SQLite; a home for `apuni`."""
        home = self.folder / f"{kind}-{size}"
        home.mkdir(parents=True, exist_ok=True)
        return home

    def plan(self, kind: str, size: int, url: str) -> Plan | None:
        """With audit lines where there is room for them; None where there is none at all."""
        if size * BARE_BYTES > self.disk:
            return None
        processes = 1 if kind == "sqlite" else max(os.cpu_count() or 1, 1)
        return Plan(url, self.home(kind, size), size, size * AUDITED_BYTES <= self.disk, processes)


def site() -> Site:
    """As the environment says."""
    folder = os.environ.get("STORE_DIR") or str(Path(tempfile.gettempdir()) / "apuni-bench-store")
    scale, disk = os.environ.get("SCALE") or WHOLE, os.environ.get("DISK_GB") or 60
    return Site(Path(folder).resolve(), int(scale), int(float(disk) * 1e9))


async def main(kinds: list[str]) -> None:
    """Every kind of store, every size."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    where = site()
    for kind in kinds:
        for size, url in addresses(where, kind):
            plan = where.plan(kind, size, url)
            if plan is None:
                tell(f"{kind} {size}: left out, DISK_GB is too small")
                continue
            begun = time.monotonic()
            await load(plan, partial(tell_of, f"{kind} {size}"))
            tell(f"{kind} {size}: loaded after {time.monotonic() - begun:.0f} s")
            if "--load" not in sys.argv:
                await report(kind, plan)


def addresses(where: Site, kind: str) -> Iterator[tuple[int, str]]:
    """Sizes and the addresses of their databases, while a server runs where one is needed."""
    if kind == "sqlite":
        for size in where.sizes(kind):
            yield size, f"sqlite+aiosqlite:///{where.home(kind, size) / 'store.db'}"
        return
    server = KeptServer(where.folder / "server")
    try:
        for size in where.sizes(kind):
            yield size, server.url(server.kept(f"bench_{size}"))
    finally:
        server.stop()


async def report(kind: str, plan: Plan) -> None:
    """Measure a store and keep what was found in `results.json` of its home."""
    found: dict[str, Any] = {"kind": kind, "size": plan.size, "audited": plan.audited, "load": os.getloadavg()}
    async with open_store(plan.url, plan.folder) as tested:
        population = await population_of(tested.store, plan.size)
        found["bytes"] = await bytes_of(tested)
        found["figures"] = await known_answers(tested, population)
        tell(f"{kind} {plan.size}: {found['bytes'] / plan.size:.0f} bytes an application; {found['figures']}")
        asking = Asking.of(tested.env, schema.build(), population)
        gc_tuning.tune_for_serving()  # as the gateway does before it serves
        found["reads"] = []
        for one in asking.everything():
            measured = await measure(one)
            found["reads"].append(asdict(measured))
            times = f"p50 {measured.median:8.2f} ms  p99 {measured.ninety_ninth:8.2f} ms  CPU {measured.cpu:6.2f} ms"
            tell(f"{kind} {plan.size}: {measured.name:<44} {times}")
        found["writes"] = await measure_writes(tested, population, partial(tell_of, f"{kind} {plan.size}"))
    found["memory"] = await asyncio.to_thread(memory.measured, plan, tell)
    results = plan.folder / "results.json"
    await asyncio.to_thread(results.write_text, json.dumps(found, indent=1), "utf-8")


async def measure_writes(
    tested: StoreUnderTest, population: Population, say: Callable[[str], None]
) -> dict[str, float]:
    """Submissions and decisions a second."""
    owners = writes.owners_of(population)
    officer = await writes.registrar(tested.env)
    found = {"approvals/s, 8 at once": await writes.decisions(tested.env, owners, officer, 8, 200)}
    for writers in writes.WRITERS:
        found[f"submissions/s, {writers} at once"] = await writes.submissions(tested.env, owners, writers)
    for name, many in found.items():
        say(f"{name}: {many:.1f}")
    return found


async def bytes_of(tested: StoreUnderTest) -> int:
    """Octets of the database with its indexes."""
    words = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        "postgresql": "SELECT pg_database_size(current_database())",
    }
    async with tested.store.read_transaction() as tx:
        return int((await tx.connection.execute(text(words[tx.dialect]))).scalar_one())


async def known_answers(tested: StoreUnderTest, population: Population) -> str:
    """What the counters say of everything; raises AssertionError where that is not what was loaded."""
    async with tested.store.write_transaction() as tx:
        await bulk.unbound(tx)
        there = int((await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one())
        if there != population.size:
            return f"{there - population.size} applications were added since the load, so figures are not checked"
        if population.size <= RECOUNTED:
            await _recounted(tx)
    total = (await statistics(tested.env, COMMISSION, all_months())).total.figures
    if total is None:
        raise AssertionError("no figures")
    size, many = population.size, population.processed
    said = (total.received, total.disposed, total.processing_rate, total.on_time_rate, total.pending)
    wanted = (size, many, rate(many, size), rate(round(many * ON_TIME), many), size - many)
    # Days taken go round in a circle of 34, so that few applications miss the average by what is left of one.
    near = abs((total.average_tenths or 0) - AVERAGE_DAYS * 10) <= (0 if size >= SIZES["sqlite"][0] else 1)
    if said != wanted or not near:
        raise AssertionError(f"{said} are not {wanted}, or {total.average_tenths} tenths of a day not {AVERAGE_DAYS}")
    share = f"{(total.processing_rate or 0) / 100} % processed, {(total.on_time_rate or 0) / 100} % on time"
    return f"{share}, {(total.average_tenths or 0) / 10} days, {total.pending / size:.2%} pending, as calibrated"


async def _recounted(tx: Transaction) -> None:
    if await figure_recount.recount_cubes(tx) != await figure_recount.stored_cubes(tx):
        raise AssertionError("the counters are not what the applications say")


def tell_of(name: str, line: str) -> None:
    """Show progress of one store."""
    tell(f"{name}: {line}")


def tell(line: str) -> None:
    """Show progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if not word.startswith("--")]
    asyncio.run(main(asked or ["sqlite", "postgresql"]))
