"""A store of its own for the samples of docs/partners/umang: catalogue, two people, a clock that stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from starlette.routing import Route

from actions.applications.decide import Decide, Verdict, decide_application
from actions.catalogue.catalogue_import import import_catalogue
from actions.catalogue.form_import import import_forms
from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from demo.seeding import catalogue_rows
from domain.applications.applications import Channel, RejectionGround
from domain.applications.deadline import WorkCalendar
from domain.kernel import (
    Bilingual,
    Citizen,
    Language,
    ManualClock,
    Officer,
    OfficerLevel,
    PersonKind,
    Posting,
    Provider,
    Role,
    SeededIds,
    Source,
    Subject,
)
from gateway.graphql.pipeline import Pipeline
from gateway.graphql.replays import StoredReplays
from gateway.http.edge import Edge
from gateway.operations.published import PublishedOperations
from gateway.umang.call_handler import UmangCallHandler
from gateway.umang.running import APP, Caller
from integrations.calling.monitor import SourceMonitor
from integrations.umang import UmangEndpointSettings, endpoint_routes
from schema import build
from schema.kernel import Context
from states.packages import form_files, read_package
from store.applications import applications
from store.catalogue import catalogue
from store.database import EncryptedObjects, FieldCipher, Keyrings, LocalBlobs, Store, Transaction, migrate
from store.identity import identities, people
from tools.reference.umang_sample_calls import LINKED, SERVICE

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
URL = "https://gateway.example"
_CITIZEN = "01930000-0000-7000-8000-000000000001"
_OFFICER = "01930000-0000-7000-8000-000000000002"


@dataclass(frozen=True)
class SampleWorld:
    """The door and the store behind it."""

    env: Environment
    routes: list[Route]
    department: str

    async def decide(self) -> None:
        """Let the officer refuse the one application, so that it can be rated and appealed."""
        async with self.env.store.read_transaction() as tx:
            [held] = await applications.page_of_citizen(tx, _CITIZEN, limit=1)
        postings = (_posting(self.department),)
        officer = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, _OFFICER, postings)
        ground, reason = RejectionGround.FACTS_NOT_CONFIRMED, "The register has no such entry."
        await decide_application(
            self.env, officer, Decide(held.id, Verdict.REJECT, "sample-refusal", ground=ground, reason=reason)
        )


@asynccontextmanager
async def sample_world(folder: Path, settings: UmangEndpointSettings) -> AsyncIterator[SampleWorld]:
    """A world in an empty folder, with the linked account of the samples."""
    clock, url = ManualClock(NOW), f"sqlite+aiosqlite:///{folder / 'store.db'}"
    await migrate(url)
    keyrings = Keyrings(folder / "keys")
    keyrings.init()
    store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
    try:
        env = _environment(store, keyrings, clock, folder)
        env = replace(
            env,
            rules=replace(
                env.rules, calendar=(await import_catalogue(env, catalogue_rows(read_package().folder))).calendar
            ),
        )
        await import_forms(store, form_files(read_package().folder / "forms"))
        env = replace(env, ids=SeededIds(clock, "umang-samples"))  # so that a longer catalogue draws no others
        department = await _add_people(env)
        yield SampleWorld(env, _routes(env, settings), department)
    finally:
        await store.close()


def _environment(store: Store, keyrings: Keyrings, clock: ManualClock, folder: Path) -> Environment:
    nobody: Any = None  # no sample asks an outside system
    return Environment(
        registry=REGISTRY,
        store=store,
        vault=nobody,
        objects=EncryptedObjects(LocalBlobs(folder / "objects"), keyrings),
        keyrings=keyrings,
        clock=clock,
        ids=SeededIds(clock, "umang-samples"),
        rules=Rules(law=read_package().law, issuer_id=read_package().state.issuer_id, calendar=WorkCalendar("none")),
        partners=Partners(nobody, nobody, nobody, nobody, {}),
        public_url=URL,
    )


async def _add_people(env: Environment) -> str:
    """Enter a citizen, her linked account and the officer; gives the department of the sample service."""

    async def work(tx: Transaction) -> str:
        service = await catalogue.service(tx, SERVICE)
        department = service.department if service else None
        if department is None:
            raise LookupError(f"the catalogue has no {SERVICE} with a department")
        name, now = Bilingual("आशा नेगी", LINKED["name"]), env.clock.now()
        born, mobile = date(1984, 3, 14), LINKED["mobile"]
        citizen = Citizen(
            id=_CITIZEN,
            name=name,
            born_on=born,
            gender="F",
            mobile=mobile,
            district="49",
            tehsil="304",
            language=Language.HI,
            created_at=now,
        )
        await people.add_citizen(tx, citizen)
        office = Bilingual("पंजीयक", "Registrar")
        officer = Officer(_OFFICER, Bilingual(None, "Officer"), office, "o@officer.example", (_posting(department),))
        await people.add_officer(tx, officer)
        citizens = PersonKind.CITIZEN
        await identities.add_identity(tx, Provider.UMANG, LINKED["sub"], citizens, _CITIZEN, now, "SUBSTANTIAL")
        return department

    return await env.store.carry_out(work)


def _posting(department: str) -> Posting:
    return Posting(Role.OFFICER, department, "49", None, OfficerLevel.DESIGNATED)


def _routes(env: Environment, settings: UmangEndpointSettings) -> list[Route]:
    monitor = SourceMonitor([Source.UMANG])

    async def refuse_context(facts: Any) -> Any:
        raise LookupError(f"no request has a context here: {facts}")

    def context(caller: Caller) -> Context:
        return Context("sample", caller.subject, caller.language, env, monitor, channel=Channel.UMANG)

    edge = Edge(env.clock, env.ids, replays=StoredReplays(env.store, env.clock))
    desk = UmangCallHandler(env, PublishedOperations(Pipeline(build(), refuse_context, edge), APP), context)
    return endpoint_routes(desk, settings, env.clock)
