"""Gateway processes under test: started, measured from outside, stopped."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]

from benchmarks.gateway.home import Home
from tests.support.crashing import ROOT
from tests.support.eventually import eventually
from tests.support.running import free_port
from tests.support.site import listens_at

START_SECONDS = 120
SERVE = (sys.executable, "-m", "gateway.cli", "serve")
"""The command that production starts."""


@dataclass(frozen=True)
class Server:
    """One process under test, or a parent with its children."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """What it and its children used so far, in seconds of processors."""
        return float(sum(times.user + times.system for times in (each.cpu_times() for each in self._all())))

    def resident_mebibytes(self) -> float:
        """The memory that is resident."""
        return sum(float(each.memory_info().rss) for each in self._all()) / 2**20

    def listens(self) -> bool:
        """Whether it or one of its children listens at the port of the address."""
        return any(listens_at(each, httpx.URL(self.url).port or 80) for each in self._all())

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def database_seconds(postmaster: int | None) -> float:
    """What the processes of a PostgreSQL server used so far, in seconds of processors, with those that ended."""
    if postmaster is None:
        return 0.0
    parent = psutil.Process(postmaster)
    own = parent.cpu_times()
    living = [each.cpu_times() for each in parent.children(recursive=True)]
    ended = own.children_user + own.children_system
    return float(ended + sum(times.user + times.system for times in [own, *living]))


@contextmanager
def a_server(
    command: Sequence[str], url: str, ready: str, environment: Mapping[str, str], log: Path
) -> Iterator[Server]:
    """Start one and wait until `ready` below its address is answered. Raises RuntimeError where it is not."""
    with log.open("wb") as out:
        started = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=dict(environment))
    try:
        _wait(started, url + ready, log)
        yield Server(url, psutil.Process(started.pid))
    finally:
        started.terminate()
        try:
            started.wait(60)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(60)


@contextmanager
def gateways(home: Home, many: int, way: str | None = None, file: Path | None = None) -> Iterator[list[Server]]:
    """So many gateways over a home; `way` is one of benchmarks/gateway/served.py, which counts in `file`."""
    with ExitStack() as stack:
        servers = []
        for number in range(many):
            port = home.processes.port if number == 0 else free_port()
            url = f"http://127.0.0.1:{port}"
            told = {"APUNI_PORT": str(port), "METRICS_PORT": str(free_port())}
            environment = home.processes.environment(**told)
            command = SERVE if way is None else (sys.executable, "-m", "benchmarks.gateway.served", way, str(file))
            log = home.processes.home.parent / f"serve-{number}-{way}.log"
            servers.append(stack.enter_context(a_server(command, url, "/health/ready", environment, log)))
        yield servers


def answers(url: str) -> bool:
    """Whether a server answers at an address."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Wait until the process or a child of it answers: a stranger may have taken the port before it, and answer."""
    server = Server(url, psutil.Process(process.pid))
    with suppress(AssertionError, psutil.NoSuchProcess):
        eventually(
            lambda: process.poll() is not None or (server.listens() and answers(url)), bool, seconds=START_SECONDS
        )
        if process.poll() is None:
            return
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")
