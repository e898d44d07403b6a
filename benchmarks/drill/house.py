"""The product in the drill: sandboxes, two gateways and two workers, of this release or of an earlier one."""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.drill.cluster import PATIENCE, Cluster
from demo.sign_in import demo_sign_in
from tests.support.crashing import ROOT, Processes
from tests.support.eventually import eventually

GATEWAYS, WORKERS = ("gateway1", "gateway2"), ("worker1", "worker2")


@dataclass
class House:
    """`tree` is the checkout that the processes run from."""

    cluster: Cluster
    processes: Processes
    tree: Path = ROOT

    def start(self, name: str, **more: str) -> None:
        """Start a gateway and wait until it is ready, or a worker; `more` of its environment."""
        gateway = name in GATEWAYS
        ports = self.cluster.ports
        own = {"APUNI_PORT": ports[name], "METRICS_PORT": ports[f"metrics{name[-1]}"]} if gateway else {}
        told = {**{key: str(port) for key, port in own.items()}, **more}
        with (self.cluster.folder / f"{name}.log").open("ab") as log:
            self.processes.running[name] = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve" if gateway else "worker"],
                cwd=self.tree,
                stdout=log,
                stderr=log,
                env=self.processes.environment(**told),
            )
        if gateway:
            eventually(lambda: self._is_ready(name), bool, seconds=PATIENCE)

    def end(self, name: str) -> None:
        """Stop a process in good order."""
        process = self.processes.running.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)

    def run(self, *arguments: str) -> str:
        """A command of the product, straight to the primary; what it printed. AssertionError where it failed."""
        urls = {
            "APUNI_DATABASE_URL": self.cluster.url("apuni", "haproxy"),
            "APUNI_VAULT_URL": self.cluster.url("vault", "haproxy"),
        }
        done = self.processes.run(*arguments, **urls)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def token(self, role: str, person: str) -> str:
        """Sign a person in, by nginx."""
        line = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=str(self.cluster.certificate)))
        return asyncio.run(demo_sign_in(self.cluster.public_url, role, person, transport=line))

    def _is_ready(self, name: str) -> bool:
        process = self.processes.running[name]
        log = self.cluster.folder / f"{name}.log"
        assert process.poll() is None, log.read_text("utf-8", "replace")[-3000:]
        with contextlib.suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{self.cluster.ports[name]}/health/ready"
            return httpx.get(url, timeout=2, trust_env=False).status_code == 200
        return False


@contextlib.contextmanager
def a_house(cluster: Cluster, tree: Path = ROOT) -> Iterator[House]:
    """The demo's people and catalogue over the cluster, with everything that serves them."""
    processes = Processes(cluster.folder / "home" / "var", cluster.ports["gateway1"])
    processes.home.mkdir(parents=True)
    processes.settings.update(
        APUNI_PUBLIC_URL=cluster.public_url,
        APUNI_DATABASE_URL=cluster.url("apuni"),
        APUNI_VAULT_URL=cluster.url("vault"),
        APUNI_CACHE_URL=cluster.cache_url,
        APUNI_SESSION_SECONDS="86400",
        APUNI_SERVER__TRUSTED_PROXIES='["127.0.0.1"]',
    )
    house = House(cluster, processes, tree)
    try:
        processes.sandbox_up()
        _sow(house)
        for name in (*GATEWAYS, *WORKERS):
            house.start(name)
        yield house
    finally:
        processes.stop()


def _sow(house: House) -> None:
    """Migrate and seed by the tree that the processes run from."""
    at = (str(house.processes.home), str(house.processes.port))
    for module in (("tests.support.small_home", *at), ("tests.support.paying_home", *at, "0")):
        done = subprocess.run(
            [sys.executable, "-m", *module],
            cwd=house.tree,
            env=_straight(house),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]


def _straight(house: House) -> dict[str, str]:
    cluster = house.cluster
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("APUNI_")},
        **house.processes.environment(),
        "APUNI_DATABASE_URL": cluster.url("apuni", "haproxy"),
        "APUNI_VAULT_URL": cluster.url("vault", "haproxy"),
    }
