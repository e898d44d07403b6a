"""The counting door over a list of counts, and e-Taal's puller at its other side."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from domain.kernel import ManualClock, TemporarilyUnavailable
from integrations.etaal import EtaalSettings, ServiceCount, etaal_routes
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.etaal.server import create_sandbox

NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)


@dataclass
class ListedCounts:
    """Counts kept in memory, a revision for each change. `reads` counts how often rows were read."""

    days: dict[date, list[ServiceCount]] = field(default_factory=dict)
    revisions: dict[date, int] = field(default_factory=dict)
    reads: int = 0
    down: bool = False

    def add(self, day: date, *counts: ServiceCount) -> None:
        self.days.setdefault(day, []).extend(counts)
        self.revisions[day] = self.revisions.get(day, 0) + 1

    async def counts_on(self, day: date) -> list[ServiceCount]:
        self.reads += 1
        return list(self.days.get(day, []))

    async def revision(self, day: date) -> int:
        if self.down:
            raise TemporarilyUnavailable
        return self.revisions.get(day, 0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def counts() -> ListedCounts:
    listed = ListedCounts()
    listed.add(TODAY, ServiceCount("UK0517", "53", "A", "SELF", 300), ServiceCount("UK0517", "53", "A", "ASSISTED", 42))
    listed.add(TODAY, ServiceCount("UK0517", "54", "A", "SELF", 118), ServiceCount("UK0601", "53", "A", "SELF", 0))
    return listed


@pytest.fixture
def settings() -> EtaalSettings:
    return EtaalSettings("etaal-user", "etaal-password", "etaal-bearer", public_url="https://apuni.test")


@pytest.fixture
async def client(counts: ListedCounts, settings: EtaalSettings, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=etaal_routes(counts, settings, clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as client:
        yield client


@dataclass
class Puller:
    """The sandbox and the clock that both sides read."""

    sandbox: Sandbox
    clock: ManualClock


@pytest.fixture
def puller(tmp_path: Path, counts: ListedCounts, clock: ManualClock) -> Puller:
    home = SandboxHome(
        system="etaal",
        folder=tmp_path / "sandbox",
        onboarding=tmp_path / "etaal.json",
        clock=SandboxClock(base=clock),
        demo={},
        gateway_url="http://gateway.test",
        public_url="http://etaal.test/etaal",
    )
    account = {"username": "etaal-user", "password": "etaal-Password", "bearer": "etaal-bearer"}
    home.state.put("account", "apuni", account)
    settings = EtaalSettings.from_onboarding(account, public_url="https://apuni.test", times=1000)
    app = Starlette(routes=etaal_routes(counts, settings, clock))
    return Puller(create_sandbox(home, transport=httpx.ASGITransport(app=app)), clock)
