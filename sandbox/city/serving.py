"""Runs the city: one server for all sandboxes and one fault proxy for each, in one event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn

from domain.kernel import SystemClock
from sandbox.city.clock import SandboxClock
from sandbox.city.control import Controls, city_app
from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.city.people import People, people_routes
from sandbox.city.ports import merge_ports, read_ports
from sandbox.city.proxy import Doors, FaultProxy, bind_loopback
from sandbox.city.records import State
from sandbox.city.telephone import telephone_routes
from sandbox.city.tls import Certificates, TlsFront, new_authority

Factory = Callable[[SandboxHome], Sandbox]

SHUTDOWN_SECONDS = 2
"""How long requests in progress may take when the city stops."""


class City:
    """All sandboxes over real sockets. `home` is $APUNI_HOME; `port` 0 takes the last port, or a free one."""

    def __init__(
        self, home: Path, demo: Mapping[str, Any], *, port: int, gateway_url: str, factories: Mapping[str, Factory]
    ) -> None:
        known = read_ports(home)
        last, last_tls = known.get("proxies", {}), known.get("tls", {})
        self._home = home
        self._socket = bind_loopback(port or int(known.get("sandbox", 0)), fallback=port == 0)
        self._memory = State(home / "sandbox" / "city")
        kept = self._memory.get("clock", "offset") or {"seconds": 0.0}
        self.clock = SandboxClock(timedelta(seconds=kept["seconds"]))
        self.people = People(demo.get("people") or (), self._memory, self.clock)
        demo = {**demo, "people": self.people.all}
        self._places = {system: bind_loopback(int(last.get(system, 0))) for system in factories}
        self._tls_places = {system: bind_loopback(int(last_tls.get(system, 0))) for system in factories}
        self.ports: dict[str, Any] = {
            "sandbox": _port(self._socket),
            "proxies": {system: _port(place) for system, place in self._places.items()},
            "tls": {system: _port(place) for system, place in self._tls_places.items()},
        }
        self.sandboxes = {
            system: create(self._sandbox_home(system, demo, gateway_url)) for system, create in factories.items()
        }
        doors: Doors = {}
        self._proxies = {
            system: FaultProxy(system, sandbox.faults, self.ports["sandbox"], doors)
            for system, sandbox in self.sandboxes.items()
        }
        authority = self._memory.get_or_create("tls", "authority", lambda: new_authority(SystemClock().now()))
        self.authority = str(authority["certificate"])
        now = SystemClock().now()
        certificates = Certificates(authority, now)
        self._caller = certificates.of_caller("caller", now - timedelta(days=1), now + timedelta(days=365))
        self._fronts = {
            system: TlsFront(
                sandbox.faults,
                certificates,
                self.ports["proxies"][system],
                demanding=sandbox.wants_certificate,
            )
            for system, sandbox in self.sandboxes.items()
        }
        controls = Controls(self.sandboxes, self.clock, self._refresh, self._keep_clock, self.people)
        pages = telephone_routes(self.sandboxes, self.people.all, self._memory, self.clock)
        pages += people_routes(self.people)
        self._server = _Server(city_app(controls, doors, pages))
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on all ports and write them to `run/ports.json`."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await self._server.listening.wait()
        if self._serving.done():
            await self._serving
        for system, proxy in self._proxies.items():
            await proxy.start(self._places[system])
            await self._fronts[system].start(self._tls_places[system])
        for sandbox in self.sandboxes.values():
            for service in sandbox.services:
                await service.start()
        merge_ports(self._home, self.ports)
        run = self._home / "run"
        (run / "ca.pem").write_text(self.authority)
        for name, text in zip(("client.pem", "client.key"), self._caller, strict=True):
            (run / name).touch(mode=0o600)
            (run / name).write_text(text)

    async def stop(self) -> None:
        """Close all ports and files."""
        for sandbox in self.sandboxes.values():
            for service in sandbox.services:
                await service.stop()
        for front in self._fronts.values():
            await front.stop()
        for proxy in self._proxies.values():
            await proxy.stop()
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        for place in (self._socket, *self._places.values(), *self._tls_places.values()):
            place.close()
        for sandbox in self.sandboxes.values():
            sandbox.close()
        self._memory.close()

    def connections(self, system: str) -> int:
        """How many callers of one system are connected now."""
        return self._proxies[system].connections + self._fronts[system].connections

    def _sandbox_home(self, system: str, demo: Mapping[str, Any], gateway_url: str) -> SandboxHome:
        return SandboxHome(
            system=system,
            folder=self._home / "sandbox" / system,
            onboarding=self._home / "onboarding" / f"{system}.json",
            clock=self.clock,
            demo=demo,
            gateway_url=gateway_url,
            public_url=f"http://127.0.0.1:{self.ports['proxies'][system]}/{system}",
        )

    async def _refresh(self, system: str) -> None:
        await self._fronts[system].cut()
        await self._proxies[system].refresh()

    def _keep_clock(self) -> None:
        self._memory.put("clock", "offset", {"seconds": self.clock.offset.total_seconds()})


class _Server(uvicorn.Server):
    """Uvicorn as a part of our event loop: it leaves the signals to us and says when it listens."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.listening.set()


def _port(place: socket.socket) -> int:
    return int(place.getsockname()[1])
