"""API Setu's stand-in with a client before it, for tests of both sides."""

import copy
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from domain.kernel import ManualClock, Source
from integrations.apisetu import ApiSetu, ApiSetuSettings, CertificateRequest
from integrations.calling.monitor import SourceMonitor
from sandbox.apisetu.server import create_sandbox
from sandbox.city import Sandbox, SandboxClock, SandboxHome
from tests.support.remotes import remote_over, shared_resilience

PAYLOADS = Path(__file__).parents[1] / "payloads" / "apisetu"
DEMO = Path(__file__).parents[2] / "demo"
ARTEFACT: dict[str, Any] = json.loads((PAYLOADS / "consent_artefact.json").read_text())
ERROR_ROWS: list[dict[str, Any]] = json.loads((PAYLOADS / "errors.json").read_text())
TXN = "f7f1469c-29b0-4325-9dfc-c567200a70f7"
NOW = datetime(2026, 4, 1, 5, 30, tzinfo=UTC)


def demo() -> dict[str, Any]:
    """The demo's publishers and people."""
    return {name: json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8")) for name in ("apisetu", "people")}


@dataclass
class Market:
    """A sandbox, what it handed over, and the clock of both sides."""

    sandbox: Sandbox
    clock: ManualClock
    onboarding: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def client(self, **settings: Any) -> ApiSetu:
        """A client as onboarding says, or with other settings."""
        known = replace(ApiSetuSettings.from_onboarding(self.onboarding), **settings)
        monitor = SourceMonitor(Source, lambda _, call, outcome, __: self.heard.append((call, outcome)))
        shared = replace(shared_resilience(self.clock), monitor=monitor)
        remote = remote_over(self.sandbox.app, Source.API_SETU, clock=self.clock, shared=shared)
        return ApiSetu(remote, known, self.clock)

    def alarms(self) -> list[tuple[str, str]]:
        """What the clients told that somebody must look at."""
        return [told for told in self.heard if told[1] in ("integrity", "not_let_in")]

    def effects(self) -> list[str]:
        """What the sandbox answered so far."""
        return [entry["effect"] for entry in self.sandbox.ledger.entries()]


@contextmanager
def market_of(
    folder: Path,
    given: Mapping[str, Any],
    transport: httpx.AsyncBaseTransport | None = None,
    *,
    keys: Path | None = None,
) -> Iterator[Market]:
    """A sandbox with this demo data; the keys of the earlier one in the folder `keys` are taken over: they are slow."""
    if keys is not None:
        shutil.copytree(keys / "sandbox", folder / "sandbox")
    clock = ManualClock(NOW)
    onboarding = folder / "onboarding.json"
    home = SandboxHome(
        system="apisetu",
        folder=folder / "sandbox",
        onboarding=onboarding,
        clock=SandboxClock(base=clock),
        demo=given,
        gateway_url="http://gateway.test",
        public_url="http://apisetu.test",
    )
    sandbox = create_sandbox(home, transport)
    try:
        yield Market(sandbox, clock, json.loads(onboarding.read_text()))
    finally:
        sandbox.close()


def asked_of(publisher: str, doctype: str, parameters: Mapping[str, str], **changes: Any) -> CertificateRequest:
    """A call for one document under a consent for it."""
    artefact = copy.deepcopy(ARTEFACT)
    artefact["consent"]["dataProvider"]["id"] = publisher
    artefact["consent"]["data"]["id"] = doctype
    plain = CertificateRequest("citizen-1", publisher, doctype, parameters, artefact, TXN)
    return replace(plain, **changes)
