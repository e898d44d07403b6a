"""Systems that join by files: where the files are, and their sandboxes without a network."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from domain.kernel import Clock
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome, load_demo

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("connectors/*.yaml"), *ROOT.glob("states/*/connectors/*.yaml")])
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
