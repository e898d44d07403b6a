"""The home of the gateway under test: the whole demo, synthetic citizens beside it, and tokens of them all.

It is seeded once for each revision of the store and kept in BENCH_DIR. A run works on a copy, with sessions of its own.
"""

import asyncio
import fcntl
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from actions.identity.sessions import mint_session_token
from actions.kernel import Environment
from actions.platform.manifests import content_hash, publish_manifest, sign_manifest
from benchmarks.gateway.loading import Sent
from benchmarks.gateway.rows import CODES, ROWS, Asker, Row, operation_of
from benchmarks.store import bulk
from benchmarks.store.cases import NOW, Case, Population, citizen_id
from benchmarks.store.load import population_of
from benchmarks.store.rows import Writer, officers_of
from benchmarks.store.server import KeptServer
from domain.applications.lifecycle import Status
from domain.kernel import PersonKind, Provider
from domain.platform.manifests import Manifest
from gateway.runtime.composition import open_runtime
from gateway.runtime.logs import configure_logging
from gateway.settings.settings import Settings
from store.database import FieldCipher, Transaction
from store.database.revisions import HEAD
from store.identity import people, sessions
from store.identity.identities import locker_grants_table
from store.identity.sessions import Session
from tests.support.caches import ValkeyServer
from tests.support.crashing import ROOT, Processes

OFFICER = "officer-dehradun-sadar@officer.example"
READERS, APPLICANTS = 50, 6000
"""Synthetic citizens with applications, and such as have none yet."""

APPLICATIONS_EACH = 5
FIRST = 10_000_000
"""The number of the first synthetic application; those of the demo are below."""

HOURS = 4
"""How long the sessions hold."""

SQLITE, POSTGRESQL = "sqlite", "postgresql"
PRODUCTION = {"APUNI_GRAPHIQL": "0", "APUNI_DOCUMENTS": "developers", "APUNI_SERVER__NOTICE_SECONDS": "0"}
"""What production has other than the demo, whose profile is kept for its sandboxes."""

T = TypeVar("T")

Say = Callable[[str], object]


@dataclass(frozen=True)
class Home:
    """A home at work: its processes, and the tokens of those who ask."""

    kind: str
    processes: Processes
    tokens: Mapping[Asker, Sequence[str]]
    database: int | None = None
    """The process that started all others of PostgreSQL."""

    def requests(self, row: Row) -> list[Sent]:
        """What is posted for a row, in turn."""
        tokens = self.tokens[row.asker]
        if row.asker is Asker.APPLICANT:
            return [Sent(token, row.body(number)) for number, token in enumerate(tokens)]
        return [Sent(token, row.body(0)) for token in tokens]


def folder() -> Path:
    """Where homes are kept between runs."""
    return Path(os.environ.get("BENCH_DIR", Path(tempfile.gettempdir()) / "apuni-bench-gateway"))


@contextmanager
def a_home(kind: str, askers: Collection[Asker], say: Say) -> Iterator[Home]:
    """A home over a kind of store, on PostgreSQL with Valkey beside it; its sandboxes run."""
    kept = folder() / f"{kind}-{HEAD}"
    with tempfile.TemporaryDirectory(prefix="apuni-bench-") as place:
        if kind == SQLITE:
            _make(kept, {}, say)
            with _at_work(kind, kept / "home", Path(place), {}, askers) as home:
                yield home
            return
        server, cache = KeptServer(kept / "server"), ValkeyServer()
        try:
            _make(kept, {"APUNI_DATABASE_URL": server.url(server.kept("seeded"))}, say)
            name = server.copy("seeded")
            told = {"APUNI_DATABASE_URL": server.url(name), "APUNI_CACHE_URL": cache.url()}
            with _at_work(kind, kept / "home", Path(place), told, askers) as home:
                yield replace(home, database=server.pid)
            server.drop(name)
        finally:
            cache.stop()
            server.stop()


def _make(kept: Path, settings: Mapping[str, str], say: Say) -> None:
    """Seed a home that is not there yet; who else wants it waits."""
    done = kept / "sown"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _seed(kept, settings, say)
            done.touch()


def _seed(kept: Path, settings: Mapping[str, str], say: Say) -> None:
    say(f"seeding {kept}; once, a minute or two")
    shutil.rmtree(kept / "home", ignore_errors=True)
    (kept / "home").mkdir(parents=True)
    processes = Processes(kept / "home", settings=dict(settings))
    try:
        processes.sandbox_up()
        seeded = processes.run("seed")
        if seeded.returncode:
            raise RuntimeError(seeded.stderr[-3000:])
        asyncio.run(with_environment(processes, _sow))
        processes.serve()
        for person in json.loads((ROOT / "demo" / "people.json").read_text(encoding="utf-8")):
            processes.token("citizen", person["key"])  # by signing in she consents to her locker being read
    finally:
        processes.stop()


@contextmanager
def _at_work(
    kind: str, seeded: Path, place: Path, settings: Mapping[str, str], askers: Collection[Asker]
) -> Iterator[Home]:
    """A copy of a seeded home."""
    with _sandboxes_of(seeded, place, settings) as processes:
        yield Home(kind, processes, asyncio.run(with_environment(processes, partial(_tokens, askers))))


@contextmanager
def sandboxes(settings: Mapping[str, str], say: Say) -> Iterator[Processes]:
    """The processes of a copy of the demo's home over another store; its sandboxes run."""
    kept = folder() / f"{SQLITE}-{HEAD}"
    _make(kept, {}, say)
    with (
        tempfile.TemporaryDirectory(prefix="apuni-bench-") as place,
        _sandboxes_of(kept / "home", Path(place), settings) as processes,
    ):
        yield processes


@contextmanager
def _sandboxes_of(seeded: Path, place: Path, settings: Mapping[str, str]) -> Iterator[Processes]:
    shutil.copytree(seeded, place / "home")
    processes = Processes(place / "home", settings={**PRODUCTION, **settings})
    processes.settings["APUNI_PUBLIC_URL"] = processes.url
    try:
        processes.sandbox_up()
        yield processes
    finally:
        processes.stop()


async def with_environment(processes: Processes, work: Callable[[Environment], Awaitable[T]]) -> T:
    """Do work with the environment of a command over a home."""
    configure_logging(level=logging.WARNING)
    names = {name: f"APUNI_{name.upper()}" for name in ("public_url", "database_url", "keys_dir")}
    given = {field: processes.settings.get(name) for field, name in names.items()}
    settings = Settings.model_validate({"home": processes.home, "port": processes.port, **given})
    async with open_runtime(settings) as runtime:
        return await work(runtime.environment)


async def _sow(env: Environment) -> None:
    """Add the synthetic citizens."""
    population = replace(await population_of(env.store, 100), size=READERS * APPLICATIONS_EACH)
    officers = officers_of(population)
    posts = {(one.postings[0].department or "", one.postings[0].district or ""): one.id for one in officers}
    writer = Writer(population, posts, FieldCipher(env.keyrings), env.clock, audited=False)

    async def work(tx: Transaction) -> None:
        for officer in officers:
            await people.add_officer(tx, officer)
        await bulk.write(tx, writer.citizens(range(READERS + APPLICANTS)))
        await bulk.write(tx, writer.cases(_cases(population)))

    await env.store.carry_out(work)
    await bulk.analysed(env.store)


def _cases(population: Population) -> Iterator[Case]:
    """The applications of the readers: of each one is open, the others have ended."""
    for number in range(READERS * APPLICATIONS_EACH):
        reader, place = divmod(number, APPLICATIONS_EACH)
        case = replace(population.case(number), number=FIRST + number, citizen=reader, owner=citizen_id(reader))
        if place == 0:
            at = NOW - timedelta(days=3, seconds=number)
            case = replace(case, status=Status.IN_SCRUTINY, submitted_at=at, acted_at=at, ended_at=None)
        yield case


async def _tokens(asking: Collection[Asker], env: Environment) -> dict[Asker, list[str]]:
    """Tokens of those who ask, for whom the operations of the rows are published."""
    async with env.store.read_transaction() as tx:
        linked = list((await tx.connection.execute(select(locker_grants_table.c.citizen_id))).scalars())
        officer = await people.officer_by_email(tx, OFFICER)
    if officer is None:
        raise LookupError(OFFICER)
    made = [citizen_id(number) for number in range(READERS + APPLICANTS)]
    persons = {
        Asker.FIVE: (PersonKind.CITIZEN, made[:READERS]),
        Asker.APPLICANT: (PersonKind.CITIZEN, made[READERS:]),
        Asker.DEMO: (PersonKind.CITIZEN, sorted(linked)),
        Asker.OFFICER: (PersonKind.OFFICER, [officer.id]),
    }
    await publish_rows(env)
    return {asker: await tokens_of(env, *persons[asker]) for asker in asking}


async def publish_rows(env: Environment) -> None:
    """Publish the operations of the rows."""
    operations = {one.id: one for one in (*(row.operation for row in ROWS), operation_of(CODES))}
    manifest = Manifest("bench_gateway", "1.0.0", tuple(operations.values()))
    manifest = replace(manifest, version=f"1.0.0+{content_hash(manifest)[:8]}")
    signed = sign_manifest(env.keyrings, manifest)
    await env.store.carry_out(lambda tx: publish_manifest(tx, env.keyrings, signed, by="bench"))


async def tokens_of(env: Environment, kind: PersonKind, persons: Iterable[str]) -> list[str]:
    """Tokens of new sessions of these persons."""
    now = env.clock.now()
    ends = now + timedelta(hours=HOURS)
    new = [Session(env.ids.key(), kind, person, Provider.MERI_PEHCHAAN, "HIGH", None, now, ends) for person in persons]

    async def open_sessions(tx: Transaction) -> None:
        for each in new:
            await sessions.add_session(tx, each)

    await env.store.carry_out(open_sessions)
    return [mint_session_token(env, each) for each in new]
