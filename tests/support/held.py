"""Asha's documents at real sandboxes of DigiLocker and API Setu, behind the graph and the door of documents."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import strawberry.federation
from starlette.applications import Starlette
from starlette.types import ASGIApp

from actions.kernel import Environment
from domain.kernel import ManualClock, Source, Subject, SystemClock
from gateway.http.document_downloads import document_routes
from integrations.apisetu import ApiSetu, ApiSetuSettings
from integrations.calling.monitor import SourceMonitor
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import Transports
from integrations.digilocker import DigiLocker, DigiLockerSettings
from sandbox.apisetu.server import create_sandbox as create_setu
from sandbox.city import Sandbox, SandboxClock, SandboxHome
from sandbox.digilocker.server import create_sandbox as create_locker
from store.database import Keyrings, Store
from store.database.vault import Vault
from store.identity import identities
from store.identity.identities import LockerTokens
from tests.integrations.digilocker.conftest import WIDE, Locker
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, NOW, RAVI, Down, World, environment, seed
from tests.support.remotes import remote_over, shared_resilience
from tests.support.served import Gate, served

DEMO = Path(__file__).parents[2] / "demo"
LOCKERS = {"asha-negi": "69a505ce-9548-5124-90b1-6282e2c95f5e", "ravi-rawat": "0a1b2c3d-9548-5124-90b1-6282e2c95f5e"}
PEOPLE_OF = {"asha-negi": (ASHA, "Asha Negi"), "ravi-rawat": (RAVI, "Ravi Rawat")}
PDF, XML = "application/pdf", "application/xml"


def issued(doctype: str, doc_id: str, *media_types: str, issuer_id: str = "in.gov.uk.board") -> dict[str, Any]:
    """A document in a locker."""
    return {
        "doctype": doctype,
        "name": f"Document {doctype}",
        "issuer": "Board, Uttarakhand",
        "issuer_id": issuer_id,
        "doc_id": doc_id,
        "issued_on": "2014-02-08",
        "media_types": list(media_types),
    }


def held(publisher: str, doctype: str, **parameters: str) -> dict[str, Any]:
    """A document at a department."""
    return {
        "publisher": publisher,
        "doctype": doctype,
        "name_en": f"Paper {doctype}",
        "name_hi": "काग़ज़",
        "parameters": parameters,
    }


AT_DEPARTMENTS = (
    held("edistrictuk", "INCER", ApplicationNo="UK1", CertificateID="INCER07"),
    held("edistrictuk", "CTCER", ApplicationNo="UK2", CertificateID="CTCER08"),
    held("edistrictuk", "DMCER", ApplicationNo="UK3", CertificateID="DMCER09"),
    held("edistrictuk", "BTCER", ApplicationNo="UK4", CertificateID="BTCER10"),
    held("transportuk", "DRVLC", dlno="UK07/2004/0182346", FullName="Asha Negi", DOB="14-03-1984"),
    held("cbse", "SSCER", year="1999", rollno="1234567", FullName="Asha Negi"),
    held("cbse", "HSCER", year="2001", rollno="7654321", FullName="Asha Negi"),
    held("ubseuk", "HSMGR", RROLL="R77", YEAR="2001", FullName="Asha Negi", DOB="14-03-1984"),
)
"""Income, caste, domicile, birth, driving licence, Class X and XII; the last one comes as PDF only."""


def _person(key: str, documents: list[dict[str, Any]], at_departments: list[dict[str, Any]]) -> dict[str, Any]:
    locker_id, name = LOCKERS[key], PEOPLE_OF[key][1]
    return {
        "key": key,
        "locker_id": locker_id,
        "user_sso_id": f"DL-{locker_id}",
        "name_en": name,
        "name_hi": "आशा नेगी" if key == "asha-negi" else "रवि रावत",
        "dob": "1984-03-14",
        "gender": "F" if key == "asha-negi" else "M",
        "mobile": "9800000001",
        "email": f"{key}@citizen.example",
        "locker_documents": documents,
        "department_documents": at_departments,
    }


PEOPLE = [
    _person(
        "asha-negi",
        [
            issued("SSCER", "AB12", PDF, XML),
            issued("ROR1B", "CD34", PDF),
            issued("INCER", "1", PDF, XML, issuer_id="in.gov.uk.apunisarkar"),
        ],
        list(AT_DEPARTMENTS),
    ),
    _person("ravi-rawat", [issued("PANCR", "ZZ99", PDF, XML)], []),
]


@dataclass
class Held:
    """The world, its sandboxes and its door."""

    world: World
    locker: Locker
    setu: Sandbox
    clock: ManualClock
    door: httpx.AsyncClient

    async def ask(self, query: str, subject: Subject = CITIZEN, **variables: Any) -> dict[str, Any]:
        """Ask the graph; fails on errors."""
        answer = await self.world.ask(query, subject, **variables)
        assert answer["errors"] == [], answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def mine(self, selection: str, subject: Subject = CITIZEN, **variables: Any) -> dict[str, Any]:
        """Fields of the citizen herself."""
        data = await self.ask(f"{{ viewer {{ ... on Citizen {{ {selection} }} }} }}", subject, **variables)
        viewer: dict[str, Any] = data["viewer"]
        return viewer

    def read(self, url: str) -> Any:
        """The answer of the door at an address that the graph gave, as a stream."""
        return self.door.stream("GET", url.removeprefix("http://gateway.test"))

    async def refused(self, selection: str, subject: Subject = CITIZEN) -> dict[str, Any]:
        """The one error of fields of the citizen herself."""
        answer = await self.world.ask(f"{{ viewer {{ ... on Citizen {{ {selection} }} }} }}", subject)
        [error] = answer["errors"]
        return dict(error)

    async def link(self, key: str = "asha-negi", scope: str = WIDE, **changes: str | None) -> None:
        """Let the person consent at DigiLocker, and keep the tokens as a sign-in does."""
        tokens = await self.locker.tokens(key, scope=scope, **changes)
        granted = LockerTokens(
            tokens["access_token"],
            tokens.get("refresh_token"),
            self.clock.now() + timedelta(seconds=tokens["expires_in"]),
            tokens["scope"],
            None,
            LOCKERS[key],
        )
        async with self.world.environment.store.write_transaction() as tx:
            await identities.save_locker_grant(tx, PEOPLE_OF[key][0], granted, self.clock.now())

    def act(self, action: str, **arguments: Any) -> Any:
        """Tell DigiLocker's sandbox what to do."""
        return self.locker.sandbox.actions[action](arguments)


@asynccontextmanager
async def held_world(
    graph: strawberry.federation.Schema,
    store: Store,
    keyrings: Keyrings,
    clock: ManualClock,
    folder: Path,
    keys: Path,
    gate: Gate | None = None,
) -> AsyncIterator[Held]:
    """Everything over one clock. `keys` keeps what is slow to make, the keys of the sandboxes.

    With a gate all parts speak over real sockets, DigiLocker through the gate.
    """
    env = environment(store, keyrings, clock, folder / "objects", Down())
    await seed(env)
    homes = {system: _home(system, keys, clock) for system in ("digilocker", "apisetu")}
    shared = shared_resilience(clock)
    async with AsyncExitStack() as stack:
        boxes = {"digilocker": create_locker(homes["digilocker"]), "apisetu": create_setu(homes["apisetu"])}
        for box in boxes.values():
            stack.callback(box.close)
        given = {system: json.loads(home.onboarding.read_text()) for system, home in homes.items()}
        lines = {system: await _line(stack, boxes[system], shared, gate) for system in boxes}
        vault = await Vault.open(f"sqlite:///{folder / 'vault.db'}", keyrings, clock, env.ids)
        stack.push_async_callback(vault.close)
        partners = replace(
            env.partners,
            digilocker=DigiLocker(lines["digilocker"], DigiLockerSettings.from_onboarding(given["digilocker"])),
            apisetu=ApiSetu(lines["apisetu"], ApiSetuSettings.from_onboarding(given["apisetu"]), clock),
            forget_citizen=shared.kept.forget_citizen,
        )
        env = replace(env, partners=partners, vault=vault)
        world = World(graph, env, SourceMonitor([Source.DIGILOCKER, Source.API_SETU]), Down())
        door = await stack.enter_async_context(await _door(stack, env, real=gate is not None))
        locker = Locker(boxes["digilocker"], homes["digilocker"], clock, given["digilocker"])
        yield Held(world, locker, boxes["apisetu"], clock, door)


async def _line(stack: AsyncExitStack, box: Sandbox, shared: Resilience, gate: Gate | None) -> Remote:
    """The gateway's line to a sandbox: without a port, or over real sockets with the transport that it runs with."""
    source = Source.DIGILOCKER if box.system == "digilocker" else Source.API_SETU
    if gate is None:
        return remote_over(box.app, source, shared=shared)
    app: ASGIApp = box.app
    if source is Source.DIGILOCKER:
        gate.app, app = box.app, gate
    url = await stack.enter_async_context(served(app))
    client = await stack.enter_async_context(Transports(SystemClock(), demo=True).client_for([url]))
    return Remote(source, url, client=client, shared=shared)


async def _door(stack: AsyncExitStack, env: Environment, *, real: bool) -> httpx.AsyncClient:
    app = Starlette(routes=document_routes(env))
    if real:
        return httpx.AsyncClient(base_url=await stack.enter_async_context(served(app)), timeout=30)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


def _home(system: str, folder: Path, clock: ManualClock) -> SandboxHome:
    demo = {"people": PEOPLE, "apisetu": json.loads((DEMO / "apisetu.json").read_text(encoding="utf-8"))}
    return SandboxHome(
        system=system,
        folder=folder / system,
        onboarding=folder / f"{system}.json",
        clock=SandboxClock(base=clock),
        demo=demo,
        gateway_url="http://gateway.test",
        public_url=f"http://{system}.test",
    )


def keys_of_sandboxes(folder: Path) -> Path:
    """Let both sandboxes make what they keep, once for all tests; each test takes a copy."""
    clock = ManualClock(NOW)
    for system, make in (("digilocker", create_locker), ("apisetu", create_setu)):
        make(_home(system, folder, clock)).close()
    return folder


def neighbours() -> Iterator[tuple[str, Subject]]:
    """The two citizens by their keys in the demo."""
    yield "asha-negi", CITIZEN
    yield "ravi-rawat", NEIGHBOUR
