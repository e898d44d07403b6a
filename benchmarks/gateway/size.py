"""What reads cost where the store is great, and for a citizen who has much: see the README of this folder."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from actions.kernel import Environment
from benchmarks.gateway.home import (
    POSTGRESQL,
    SQLITE,
    Home,
    folder,
    publish_rows,
    sandboxes,
    tokens_of,
    with_environment,
)
from benchmarks.gateway.loading import missing_programs
from benchmarks.gateway.measured import Measured
from benchmarks.gateway.processes import gateways
from benchmarks.gateway.rows import ROWS, Asker
from benchmarks.gateway.run import Bench
from benchmarks.store import bulk
from benchmarks.store.cases import citizen_id
from benchmarks.store.load import Plan, load, population_of, seal
from benchmarks.store.reads import OFFICE
from benchmarks.store.rows import Writer, officers_of
from benchmarks.store.server import KeptServer
from benchmarks.store.store_under_test import open_store
from domain.kernel import PersonKind
from store.database import FieldCipher, Transaction
from store.database.revisions import HEAD
from store.identity import people
from store.platform import seeds

APPLICANTS = 1500
EACH = (1, 50, 2000)
"""Applications of the citizens who ask."""

AUDITED = 10_000
"""The largest store that has its audit log too, and is complete."""

SIZES = "10000,1000000,6200000"
RESULT = Path("build/bench_gateway_size.json")


async def _load(plan: Plan) -> None:
    """Load a store, and citizens with so many applications as EACH says beside it, once."""
    await load(plan, lambda told: print(told, flush=True))
    async with open_store(plan.url, plan.folder) as house:
        population = await population_of(house.store, plan.size)
        posts = {
            (one.postings[0].department or "", one.postings[0].district or ""): one.id
            for one in officers_of(population)
        }
        writer = Writer(population, posts, house.cipher, house.clock, plan.audited)
        askers = [population.citizens + place for place in range(len(EACH))]
        whose = [asker for asker, many in zip(askers, EACH, strict=True) for _ in range(many)]
        cases = (
            replace(
                population.case(number),
                number=plan.size + number,
                id=house.env.ids.key(),
                citizen=asker,
                owner=citizen_id(asker),
            )
            for number, asker in enumerate(whose)
        )

        async def work(tx: Transaction) -> None:
            if await seeds.mark(tx, "bench-gateway-size"):
                await bulk.write(tx, writer.citizens(askers))
                await bulk.write(tx, writer.cases(cases))

        await house.store.carry_out(work)
        await bulk.count_on(house.store)
        if plan.audited:
            await seal(house.store, print)


async def _tokens(size: int, env: Environment) -> tuple[list[str], list[str], list[str]]:
    """Of the citizens in the order of EACH, of the officer of OFFICE, and of new citizens without applications."""
    await publish_rows(env)
    population = await population_of(env.store, size)
    async with env.store.read_transaction() as tx:
        first = (await tx.connection.execute(select(func.count()).select_from(people.citizens_table))).scalar_one()
    new = range(first, first + APPLICANTS)  # those of a run before have applied
    writer = Writer(population, {}, FieldCipher(env.keyrings), env.clock, audited=False)
    await env.store.carry_out(lambda tx: bulk.write(tx, writer.citizens(new)))
    citizens = [citizen_id(population.citizens + place) for place in range(len(EACH))]
    posted = {(one.postings[0].department, one.postings[0].district): one.id for one in officers_of(population)}
    officer = await tokens_of(env, PersonKind.OFFICER, [posted[OFFICE]])
    applicants = await tokens_of(env, PersonKind.CITIZEN, map(citizen_id, new))
    return await tokens_of(env, PersonKind.CITIZEN, citizens), officer, applicants


def _measured(kind: str, size: int, place: Path, url: str) -> Iterator[Measured]:
    place.mkdir(parents=True, exist_ok=True)
    # SQLite has one writer: a second process would wait for its lock, and at last not get it
    writers = 1 if kind == SQLITE else os.cpu_count() or 1
    asyncio.run(_load(Plan(url, place, size, size <= AUDITED, writers)))
    settings = {"APUNI_DATABASE_URL": url, "APUNI_KEYS_DIR": str(place / "keys")}
    rows = {row.name: row for row in ROWS}
    with sandboxes(settings, print) as processes:
        citizens, officers, applicants = asyncio.run(with_environment(processes, partial(_tokens, size)))
        with gateways(Home(kind, processes, {}), 1) as servers:
            for many, token in zip(EACH, citizens, strict=True):
                home = Home(f"{kind} {size:,}, {many:,} own", processes, {Asker.FIVE: [token]})
                yield Bench(home).measure(rows["own"], servers, 1, {})
            home = Home(f"{kind} {size:,}", processes, {Asker.OFFICER: officers, Asker.APPLICANT: applicants})
            for name in ("queue", "submission"):
                yield Bench(home).measure(rows[name], servers, 1, {})


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments name."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.gateway.size", description=__doc__)
    given.add_argument("--sizes", default=SIZES, help="numbers of applications, with commas between")
    given.add_argument("--store", default=SQLITE, choices=(SQLITE, POSTGRESQL))
    asked = given.parse_args(arguments)
    if missing_programs("wrk"):
        print("the benchmark needs Debian's package wrk", file=sys.stderr)
        return 1
    place, found = folder() / f"size-{asked.store}-{HEAD}", []
    with ExitStack() as stack:
        server = KeptServer(place / "server") if asked.store == POSTGRESQL else None
        if server is not None:
            stack.callback(server.stop)
        for size in map(int, asked.sizes.split(",")):
            own = place / str(size)
            url = f"sqlite+aiosqlite:///{own / 'store.db'}" if server is None else server.url(server.kept(f"of_{size}"))
            for one in _measured(asked.store, size, own, url):
                print(one.line(), flush=True)
                found.append(asdict(one))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
