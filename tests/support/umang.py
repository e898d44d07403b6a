"""UMANG's door over a small world, called by UMANG's own stand-in without a socket."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from actions.kernel import Environment
from domain.applications.applications import Channel
from domain.kernel import Assurance, PersonKind, Provider, SystemClock
from gateway.graphql.pipeline import Pipeline
from gateway.graphql.replays import StoredReplays
from gateway.http.edge import Edge
from gateway.operations.published import PublishedOperations
from gateway.umang.call_handler import UmangCallHandler
from gateway.umang.handoff import handoff_routes
from gateway.umang.running import APP, Caller
from integrations.umang import UmangEndpointSettings, endpoint_routes
from sandbox.city.kit import SandboxClock, SandboxHome
from sandbox.umang.caller import Callers
from sandbox.umang.server import create_sandbox
from schema.kernel import Context
from store.identity import identities
from tests.support.graph import ASHA, RAVI, World

URL = "http://gateway.test"
PEOPLE = [
    {"key": "asha", "mobile": "9800000001", "name_en": "Asha Negi"},
    {"key": "ravi", "mobile": "9800000002", "name_en": "Ravi Rawat"},
]
PERSONS = {"asha": ASHA, "ravi": RAVI}


def caller_home(folder: Path, clock: Any) -> SandboxHome:
    return SandboxHome(
        "umang", folder, folder / "given.json", SandboxClock(base=clock), {"people": PEOPLE}, URL, "http://umang.test"
    )


def make_keys(folder: Path, clock: Any) -> Path:
    """The keys of the stand-in, made once: they take time."""
    home = caller_home(folder, clock)
    Callers(home)
    home.state.close()
    return folder


def make_umang_keys(folder: Path) -> Path:
    """A home in which the whole sandbox has made its keys already."""
    home = caller_home(folder, SystemClock())
    create_sandbox(home).close()
    return folder


@dataclass
class Portal:
    """The door with the one who calls it. `seen` has the operation and code of each answer."""

    world: World
    callers: Callers
    settings: UmangEndpointSettings
    http: httpx.AsyncClient
    seen: list[tuple[str, str]] = field(default_factory=list)
    shut_for: int | None = None

    @property
    def env(self) -> Environment:
        return self.world.environment

    async def link(self, person: str = "asha") -> None:
        """Tie the person's account with UMANG to her record, as the page does."""
        user = self.callers.user_details({"person": person})
        async with self.env.store.write_transaction() as tx:
            now, strength = self.env.clock.now(), Assurance.SUBSTANTIAL.value
            await identities.add_identity(
                tx, Provider.UMANG, user["sub"], PersonKind.CITIZEN, PERSONS[person], now, strength
            )

    async def call(self, operation: str, person: str | None = "asha", /, **parameters: Any) -> dict[str, Any]:
        """Call as UMANG does for a person; keywords that begin with an underscore are about the call itself."""
        own = {name[1:]: value for name, value in parameters.items() if name.startswith("_")}
        given = {name: value for name, value in parameters.items() if not name.startswith("_")}
        asked: Mapping[str, Any] = {"operation": operation, "person": person, "parameters": given, **own}
        return await self.callers.call(asked)


@asynccontextmanager
async def a_portal(world: World, keys: Path, folder: Path, **changes: Any) -> AsyncIterator[Portal]:
    """The door over a world. `changes` are those of what onboarding hands over for it."""
    env = world.environment
    place = folder / "umang-caller"
    shutil.copytree(keys, place)
    home = caller_home(place, env.clock)
    app = Starlette()
    transport = httpx.ASGITransport(app=app)
    callers = Callers(home, transport)
    settings = UmangEndpointSettings.from_onboarding({"door": {**callers.onboarding_data(), **changes}})
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        portal = Portal(world, callers, settings, client)
        app.router.routes.extend(routes_of(portal))
        yield portal
    home.state.close()


def routes_of(portal: Portal) -> list[Route]:
    env = portal.env
    edge = Edge(env.clock, env.ids, replays=StoredReplays(env.store, env.clock))

    async def never(_: Any) -> Any:
        raise AssertionError("no request has a context here")

    def context(caller: Caller) -> Context:
        return Context("request-1", caller.subject, caller.language, env, portal.world.monitor, channel=Channel.UMANG)

    def shut() -> int | None:
        return portal.shut_for

    def observe(operation: str, code: str, _: float) -> None:
        portal.seen.append((operation, code))

    desk = UmangCallHandler(env, PublishedOperations(Pipeline(portal.world.graph, never, edge), APP), context)
    return [
        *endpoint_routes(desk, portal.settings, env.clock, shut=shut, observe=observe),
        *handoff_routes(env, portal.settings, session_seconds=600, shut=shut),
    ]
