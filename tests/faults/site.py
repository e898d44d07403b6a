"""One outside system on this machine, over real sockets, with its faults; and the caller that asks it."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from domain.kernel import Source, SystemClock, SystemIds
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import Client, Transports
from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from sandbox.city.kit import load_demo
from sandbox.city.serving import City, Factory
from sandbox.server import sandbox_factories
from tests.support.remotes import shared_resilience

DEMO = Path(__file__).parents[2] / "demo"
GATEWAY = "http://127.0.0.1:1"
NO_SUCH_HOST = "http://no-such-host.invalid"


class FastClock(SystemClock):
    """The machine's clock; waits are skipped, not waited for, and count as if they had been."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        wakes_at = self.monotonic() + seconds
        await asyncio.sleep(0)
        self.skip(wakes_at - self.monotonic())

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._skipped += max(0.0, seconds)


class CountedRemote(Remote):
    """The caller as it is, with policies that a test may shorten, and what it was asked to send."""

    def __init__(self, *given: Any, tune: Callable[[CallPolicy], CallPolicy], **named: Any) -> None:
        super().__init__(*given, **named)
        self._tune = tune
        self.sends: list[CallPolicy] = []
        self.group = ""

    async def send(self, policy: CallPolicy, *given: Any, **named: Any) -> Any:
        return await super().send(self._noted(policy, named), *given, **named)

    async def stream(self, policy: CallPolicy, *given: Any, **named: Any) -> Any:
        return await super().stream(self._noted(policy, named), *given, **named)

    async def send_once(self, policy: CallPolicy, *given: Any, **named: Any) -> Any:
        return await super().send_once(self._noted(policy, named), *given, **named)

    def _noted(self, policy: CallPolicy, parts: Mapping[str, Any]) -> CallPolicy:
        """The policy in force. The breaker that is watched is that of the first call."""
        if not self.sends:
            self.group = str(parts.get("group") or ("" if policy.group_is_named else policy.breaker))
        self.sends.append(self._tune(policy))
        return self.sends[-1]


class CountingTransport(httpx.AsyncBaseTransport):
    """The gateway's own line, which notes every request that is handed to it."""

    def __init__(self, line: Client) -> None:
        self._line = line
        self.requests: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.method)
        return await self._line.send(request)

    async def aclose(self) -> None:
        await self._line.aclose()


@dataclass
class Site:
    """The city with one system in it."""

    city: City
    system: str
    onboarding: Mapping[str, Any]
    control: httpx.AsyncClient
    trust: ssl.SSLContext
    pools: dict[str, list[Any]] = field(default_factory=dict)
    http2: ssl.SSLContext | None = None
    """Whom TLS trusts, where the system speaks HTTP/2 alone."""

    @property
    def app(self) -> Any:
        """The sandbox without a socket, for what is prepared before a fault is set."""
        return self.city.sandboxes[self.system].app

    def url(self, way: str) -> str:
        """The system's base address: `plain`, `tls`, or under a name that is unknown or leads to our own network."""
        if way == "unknown_host":
            return f"{NO_SUCH_HOST}/{self.system}"
        if way == "private_address":
            return f"http://localhost:{self.city.ports['proxies'][self.system]}/{self.system}"
        if way == "tls":
            return f"https://localhost:{self.city.ports['tls'][self.system]}/{self.system}"
        return f"http://127.0.0.1:{self.city.ports['proxies'][self.system]}/{self.system}"

    async def set(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Set faults by the control route."""
        answer = await self.control.put(f"/_control/{self.system}/faults", json={"faults": list(faults)})
        assert answer.status_code == 204, answer.text

    async def heal(self) -> None:
        """Clear the faults by the control route."""
        assert (await self.control.delete(f"/_control/{self.system}/faults")).status_code == 204

    async def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """What the system received."""
        answer = await self.control.get(f"/_control/{self.system}/ledger", params={"after": after})
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    async def emptied(self) -> int:
        """How many connections to the system are left once callers have hung up."""
        ends_at = time.monotonic() + 3
        while (left := self.city.connections(self.system)) and time.monotonic() < ends_at:
            await asyncio.sleep(0.01)
        return left


@asynccontextmanager
async def open_site(
    home: Path,
    system: str,
    *,
    gateway_url: str = GATEWAY,
    registry: OutsideSystems = OUTSIDE_SYSTEMS,
    create: Factory | None = None,
) -> AsyncIterator[Site]:
    """Start the city with one system, and stop it. `gateway_url` is where a partner asks us.

    `create` makes a sandbox that is not the registry's.
    """
    create = create or sandbox_factories(registry)[system]
    city = City(home, load_demo(DEMO), port=0, gateway_url=gateway_url, factories={system: create})
    await city.start()
    onboarding = json.loads((home / "onboarding" / f"{system}.json").read_text())
    trust = ssl.create_default_context(cadata=city.authority)
    trust.load_cert_chain(home / "run" / "client.pem", home / "run" / "client.key")  # shown where it is demanded
    base = f"http://127.0.0.1:{city.ports['sandbox']}"
    try:
        fresh = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False, limits=fresh) as control:
            yield Site(city, system, onboarding, control, trust)
    finally:
        await city.stop()


@dataclass
class Line:
    """A way from a client to the system, with its own breakers and cache."""

    remote: CountedRemote
    client: Client
    clock: FastClock
    shared: Resilience
    requests: list[str]

    async def close(self) -> None:
        """Hang up."""
        await self.client.aclose()


def open_line(
    site: Site, source: Source, way: str, tune: Callable[[CallPolicy], CallPolicy], like: Line | None
) -> Line:
    """A caller over the gateway's own HTTP client; `like` shares its clock, breakers and cache."""
    clock = like.clock if like else FastClock()
    shared = like.shared if like else shared_resilience(clock)
    base = site.url(way)
    lines = Transports(clock, demo=way != "private_address", tls=site.trust)  # only the demo may call its own machine
    transport = CountingTransport(lines.client_for([base], http2=site.http2))
    client = Client(transport)
    remote = CountedRemote(source, base, client=client, shared=shared, tune=tune)
    return Line(remote, client, clock, shared, transport.requests)


@asynccontextmanager
async def a_line(site: Site, source: Source) -> AsyncIterator[Line]:
    """A line to the healthy system under the policies as they are."""
    line = open_line(site, source, "plain", lambda policy: policy, None)
    try:
        yield line
    finally:
        await line.close()


def ids() -> SystemIds:
    """Identifiers as in production."""
    return SystemIds(SystemClock())
