"""The whole demo as a user starts it: `apuni demo` in a folder of its own, spoken to over real sockets."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.runfiles import log_file
from demo.sign_in import demo_sign_in
from gateway.runtime import runfiles
from tests.support.databases import run_apart

SILENT_SECONDS = 240
"""A demo that says nothing for so long while it starts is taken to hang. How long it may take in all is not bounded:
seeding takes a minute of a processor, for which many may wait, and tells how far it is.
"""

STOP_SECONDS = 120
"""A demo that was told to stop kills after 25 s what does not drain; after so long it is taken to hang."""
READY = "Ctrl-C stops everything"
_HTTP = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)
"""One client with a connection for each request: to make a client takes 20 ms, for certificates that nobody needs."""

_BELOW_EPHEMERAL = range(10_000, 32_000)

FOLLOWING = {"APUNI_CLOCK": "sandbox"}
"""The clock of the demo is that of the city, so that a test can let days pass."""


@dataclass
class Running:
    """A running demo. `graphql` and `control` speak to its gateway and to its sandbox city."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    log: Path
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def at_first(self) -> Path:
        """A copy of the home as it was when the demo was ready, without its sandboxes."""
        return self.home.with_name("at-first")

    @property
    def events(self) -> str:
        """What the processes of the demo logged, warnings among the rest."""
        return log_file(self.home).read_text("utf-8")

    @property
    def city(self) -> str:
        return f"http://127.0.0.1:{runfiles.ports(self.home)['sandbox']}"

    def token(self, role: str = "citizen", person: str | None = None) -> str:
        name = f"{role}:{person}"
        if name not in self.tokens:
            self.tokens[name] = run_apart(demo_sign_in, self.url, role, person)
        return self.tokens[name]

    def graphql(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None, language: str = "hi"
    ) -> dict[str, Any]:
        headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {token}"} if token else {})
        answer = _HTTP.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables or {}}, headers=headers, timeout=30
        )
        answered: dict[str, Any] = answer.json()
        return answered

    def data(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        answer = self.graphql(query, variables, **options)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def fault(self, system: str, *kinds: str) -> None:
        body: dict[str, Any] = {"faults": [{"kind": kind, "route": "*", "calls": None, "params": {}} for kind in kinds]}
        assert _HTTP.put(f"{self.city}/_control/{system}/faults", json=body, timeout=10).status_code == 204

    def heal(self, system: str) -> None:
        assert _HTTP.delete(f"{self.city}/_control/{system}/faults", timeout=10).status_code == 204

    @contextlib.contextmanager
    def without(self, system: str) -> Iterator[None]:
        """While one outside system refuses connections."""
        self.fault(system, "refuse")
        try:
            yield
        finally:
            self.heal(system)

    def act(self, system: str, action: str, **arguments: Any) -> dict[str, Any]:
        body = {"action": action, "arguments": arguments}
        answer = _HTTP.post(f"{self.city}/_control/{system}/act", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def now(self) -> datetime:
        """The time of the city, and of all that follow it."""
        return datetime.fromisoformat(_HTTP.get(f"{self.city}/_control/clock", timeout=10).json()["now"])

    def let_pass(self, **span: float) -> None:
        """Move the clock of the city, and of all that follow it, ahead. Never turn it back."""
        later = (self.now() + timedelta(**span)).isoformat()
        assert _HTTP.put(f"{self.city}/_control/clock", json={"now": later}, timeout=10).status_code == 200
        time.sleep(1.5)  # in which gateway and worker read it again

    def ledger(self, system: str, after: int = 0) -> list[dict[str, Any]]:
        answer = _HTTP.get(f"{self.city}/_control/{system}/ledger", params={"after": after}, timeout=10)
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries


def free_port() -> int:
    """A port that nobody listens at and that the system gives to nobody by itself until it is used here.

    Where `bind` is left to choose, the system soon gives the same port to another process or to an outgoing
    connection, which then stands in the way of the one it was meant for.
    """
    for _ in range(1000):
        port = secrets.choice(_BELOW_EPHEMERAL)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise LookupError("no port is free")


def start_demo(home: Path, port: int, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "demo"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "APUNI_HOME": str(home), "APUNI_PORT": str(port), **FOLLOWING, **environment},
            start_new_session=True,
        )


def wait_until_ready(process: subprocess.Popen[bytes], log: Path, times: int = 1) -> None:
    """Wait until the demo has said so many times that it is up."""
    said, heard_at = "", time.monotonic()
    while said.count(READY) < times:
        before, said = said, log.read_text("utf-8", "replace")
        if said != before:
            heard_at = time.monotonic()
        if process.poll() is not None or time.monotonic() - heard_at > SILENT_SECONDS:
            give_up(process)
            raise AssertionError(f"the demo did not start:\n{log.read_text('utf-8', 'replace')[-4000:]}")
        time.sleep(0.1)


def copy_home(home: Path, into: Path) -> None:
    """Copy a home that is in use, but for its sandboxes."""
    shutil.copytree(home, into, ignore=shutil.ignore_patterns("sandbox", "*.db", "*.db-wal", "*.db-shm", "*.log"))
    for kept in home.glob("*.db"):
        with (
            contextlib.closing(sqlite3.connect(kept)) as used,
            contextlib.closing(sqlite3.connect(into / kept.name)) as copy,
        ):
            used.backup(copy)


def give_up(process: subprocess.Popen[bytes]) -> None:
    """End a demo that did not start, and what it has started so far: it stops its children itself when asked to."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def stop_demo(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGINT)
    return process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo, started once for all tests of the group `demo`."""
    folder = tmp_path_factory.mktemp("demo")
    port, log = free_port(), folder / "demo.log"
    demo = Running(f"http://127.0.0.1:{port}", folder / "var", start_demo(folder / "var", port, log), log)
    try:
        wait_until_ready(demo.process, log)
        copy_home(demo.home, demo.at_first)
        yield demo
    finally:
        if demo.process.poll() is None:
            stop_demo(demo.process)
