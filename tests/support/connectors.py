"""Connectors' files for tests, and a world in which systems that joined by files answer."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from actions.connectors.versions import answer, propose, read_file
from actions.kernel import Environment, UnitOfWork
from domain.kernel import SYSTEM, Posting, Role
from integrations.calling.errors import NeverSent
from integrations.calling.remote import Remote
from integrations.connectors import Connector, Connectors
from sandbox.server import connector_factories
from store.database import Transaction
from tests.support.actions import World
from tests.support.connecting import FILES, Partner, partner_of
from tests.support.remotes import remote_over, shared_resilience

CITY = """\
apuni: connector/1
name: {name}
version: {version}
source: SMART_CITY
label: {{hi: स्मार्ट सिटी, en: Smart City}}
wire: json
address: {{production: https://city.example.gov.in}}
calls:
  sensors:
    send: {{GET: /sensors}}
    success: {{has: sensors}}
    keep: {{scope: PUBLIC, fresh: 15m, stale: 1h}}
    gives: {{kind: sensor, each: "sensors[]"}}
    fields:
      number: {{from: id, as: id, needed: true}}
      place: {{from: place, as: text, label: {{hi: स्थान, en: Place}}}}
"""


def city_file(version: int = 1, name: str = "city", more: str = "", **words: Any) -> str:
    """The file of a Smart City's system that anybody may read."""
    text = CITY.format(name=name, version=version) + more
    for old, new in words.items():
        text = text.replace(old, new)
    return text


class LossyLine(httpx.ASGITransport):
    """A line to a sandbox that loses the answers of the next so many requests to a path, after it has answered.

    On its way to a path in `locked` a gateway refuses our key, and the sandbox hears nothing.
    """

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.losing: dict[str, int] = {}
        self.locked: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path in self.locked:
            return httpx.Response(403, stream=httpx.ByteStream(b"{}"), request=request)
        response = await super().handle_async_request(request)
        if self.losing.get(request.url.path, 0) > 0:
            self.losing[request.url.path] -= 1
            raise httpx.ReadError("lost", request=request)
        return response


class Connected:
    """A sandbox, and the line to it."""

    def __init__(self, partner: Partner) -> None:
        self.partner, self.line = partner, LossyLine(partner.sandbox.app)

    def effects(self) -> list[str | None]:
        """What its requests did, the oldest first."""
        return self.partner.effects()


def connect(world: World, folder: Path, *names: str) -> dict[str, Connected]:
    """Give a world the sandboxes of systems that joined by files, without a network; each by its name."""
    factories = connector_factories()
    found = {name: Connected(partner_of(factories[name], name, folder, world.clock)) for name in names}
    shared = shared_resilience(world.clock)

    def open_remote(connector: Connector) -> Remote:
        if connector.name not in found:
            raise NeverSent(connector.source, "connection_failed")
        lines = found[connector.name].line
        return remote_over(lines, connector.source, f"http://{connector.name}.test", clock=world.clock, shared=shared)

    def secrets_of(connector: Connector) -> Mapping[str, Any]:
        return found[connector.name].partner.given

    clients = Connectors(open_remote, secrets_of, world.env.ids)
    partners = replace(world.env.partners, others={**world.env.partners.others, "connectors": clients})
    world.env = replace(world.env, partners=partners)
    return found


async def put_in_force(world: World, *files: str) -> None:
    """Have files approved by two people."""
    for content in files:
        await world.env.store.carry_out(partial(_approve, world.env, content))


async def _approve(env: Environment, content: str, tx: Transaction) -> None:
    connector = read_file(content)
    postings = (Posting(Role.DEPARTMENT_ADMIN, department=connector.department),)
    first, second = (
        UnitOfWork(env, tx, replace(SYSTEM, postings=postings, account=one)) for one in ("first", "second")
    )
    version = await propose(first, content)
    await answer(second, version, version.sha256, approve=True)


def shipped(name: str) -> str:
    """The text of a file of the repository."""
    return next(file for file in FILES if file.stem == name).read_text(encoding="utf-8")
