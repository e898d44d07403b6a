"""Systems that join by files: where the files are, and their sandboxes without a network."""

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from domain.kernel import Clock, SystemIds
from integrations.calling.guarded_calls import Resilience
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.connectors import Connector, ConnectorClient, read_connector
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome, load_demo
from sandbox.city.serving import City, Factory
from tests.support.remotes import shared_resilience

ROOT = Path(__file__).parents[2]
FILE = {path.stem: path for path in (*ROOT.glob("connectors/*.yaml"), *ROOT.glob("states/*/connectors/*.yaml"))}
FILES = [FILE[name] for name in sorted(FILE)]
NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
SPECIMEN = ROOT / "docs" / "examples" / "connector" / "agriculture.yaml"


@dataclass
class Partner:
    """A sandbox, what it handed over, and a client at its root."""

    sandbox: Sandbox
    given: dict[str, Any]
    client: httpx.AsyncClient

    def effects(self) -> list[str | None]:
        """What its requests did, the oldest first."""
        return [entry["effect"] for entry in self.sandbox.ledger.entries()]

    async def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Let it do something."""
        return await self.sandbox.act(action, arguments)

    async def bearer(self) -> Mapping[str, str]:
        """The header with a token for the client that was handed over."""
        client = self.given["client"]
        pair = (client["client_id"], client["client_secret"])
        answer = await self.client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=pair)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def partner_of(create: Callable[..., Sandbox], name: str, folder: Path, clock: Clock, **more: Any) -> Partner:
    """A system of the city without a network; `more` goes to what makes it."""
    home = SandboxHome(
        system=name,
        folder=folder / name,
        onboarding=folder / f"{name}.json",
        clock=SandboxClock(base=clock),
        demo=load_demo(ROOT / "demo"),
        gateway_url="http://gateway.test",
        public_url=f"http://{name}.test",
    )
    sandbox = create(home, **more)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url=home.public_url)
    return Partner(sandbox, json.loads(home.onboarding.read_text()), client)


@dataclass
class ConnectedCity:
    """The city with systems that join by files, over real sockets, and our clients of them."""

    city: City
    home: Path
    clock: Clock
    shared: Resilience

    def client(
        self, file: Path, *, over_tls: bool = False, certificate: bool = True
    ) -> tuple[Connector, ConnectorClient]:
        """The connector of a file, and a client with what its sandbox handed over; `over_tls` with our certificate."""
        connector = read_connector(file.read_bytes())
        remote = self.remote(connector, over_tls=over_tls, certificate=certificate)
        return connector, ConnectorClient(connector, remote, self.given(connector), SystemIds(self.clock))

    def remote(self, connector: Connector, *, over_tls: bool = False, certificate: bool = True) -> Remote:
        """A line to a system."""
        base = f"http://127.0.0.1:{self.city.ports['proxies'][connector.name]}/{connector.name}"
        own: dict[str, ssl.SSLContext] = {}
        if over_tls:
            base = f"https://localhost:{self.city.ports['tls'][connector.name]}/{connector.name}"
            own[base] = ssl.create_default_context(cadata=self.city.authority)
            if certificate:
                own[base].load_cert_chain(self.home / "run" / "client.pem", self.home / "run" / "client.key")
        line = Transports(self.clock, demo=True, own_tls=own).client_for([base])
        return Remote(connector.source, base, client=line, shared=self.shared)

    def given(self, connector: Connector) -> dict[str, Any]:
        """What a system handed over."""
        found: dict[str, Any] = json.loads((self.home / "onboarding" / f"{connector.name}.json").read_text())
        return found

    def effects(self, name: str) -> list[str | None]:
        """What the requests to a system did, the oldest first."""
        return [entry["effect"] for entry in self.city.sandboxes[name].ledger.entries()]

    async def act(self, name: str, action: str, **arguments: Any) -> dict[str, Any]:
        """Let a system do something."""
        return await self.city.sandboxes[name].act(action, arguments)

    def forget(self) -> None:
        """Forget every kept answer."""
        self.shared = shared_resilience(self.clock)

    async def stop(self) -> None:
        """Close all ports."""
        await self.city.stop()


async def a_city(home: Path, factories: Mapping[str, Factory], clock: Clock | None = None) -> ConnectedCity:
    """Start sandboxes of systems that join by files; `clock` is that of our clients, or the city's own."""
    city = City(home, load_demo(ROOT / "demo"), port=0, gateway_url="", factories=factories)
    await city.start()
    clock = clock or city.clock
    return ConnectedCity(city, home, clock, shared_resilience(clock))
