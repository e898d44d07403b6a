"""The engines of the drill as plain processes: three nodes in network namespaces, and what stands before them.

A node has etcd, PostgreSQL under Patroni and a Sentinel; the first two have a Valkey each. HAProxy, PgBouncer, nginx
and Prometheus run beside the gateways. Their files are made from deploy/drill. It needs root: namespaces, a tmpfs for
each node.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.drill.alerts import Alerts
from tests.support.debian import find_or_install
from tests.support.eventually import eventually
from tests.support.running import free_port

PACKAGES = (
    "patroni etcd-server haproxy pgbouncer valkey-server valkey-sentinel nginx-light postgresql prometheus"
    " prometheus-redis-exporter libfaketime curl iproute2"
)
TEMPLATES = Path(__file__).resolve().parents[2] / "deploy" / "drill"
PATIENCE = 180
"""Seconds for an engine to come up on a machine that is full."""
BY_ITSELF = 90
"""Seconds in which a node comes back by itself; Patroni starts a lost one, and rewinds one that went another way."""
NODES = (1, 2, 3)
NODE_SIZE = "size=900m"
NICE = -5
"""The engines stand for machines of their own: what else runs on this one should not make them lose an election."""
OURS = f"apuni{os.getpid()}"
"""Begins the names of namespaces and cables, which the kernel lets go of some time after they were deleted."""
ROLE = "apuni"


def binary(name: str) -> str:
    """Where a program is, with all PACKAGES installed where it is missing; SystemExit where that is not possible."""
    found = find_or_install(name, PACKAGES)
    if found is None:
        raise SystemExit(f"{name} is not installed; deploy/drill/README.md names the packages of Debian")
    return found


@dataclass
class Node:
    """One machine of the cluster: a namespace with an address, a disk of its own, and its processes."""

    number: int
    address: str
    folder: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return f"{OURS}-{self.number}"

    @property
    def link(self) -> str:
        """The end of its cable that is on this machine."""
        return f"{OURS}-l{self.number}"

    def postmaster(self) -> int:
        """The process of PostgreSQL."""
        return int((self.folder / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])


@dataclass
class Cluster:
    """All of it. `password` is that of every role, made for this run."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    beside: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    password: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    network: str = ""
    archive: Path = Path()

    def start(self) -> None:
        """Bring everything but the gateways up; roles and databases are there then."""
        self._lay_cables()
        self.archive = self.folder / "archive"
        self.archive.mkdir()
        shutil.chown(self.archive, "postgres", "postgres")
        for name in (
            "haproxy",
            "pgbouncer",
            "nginx",
            "gateway1",
            "gateway2",
            "metrics1",
            "metrics2",
            "prometheus",
            "exporter",
        ):
            self.ports[name] = free_port()
        for node in self.nodes:
            self.start_node(node)
        self._start_haproxy()
        eventually(self.asks_primary, bool, seconds=PATIENCE, every=0.5)
        self.wait_until_whole()
        self._make_databases()
        self._start_pgbouncer()
        self._start_nginx()
        self._start_prometheus()

    def start_node(self, node: Node) -> None:
        """Start the processes of a node; those of a node that was lost come back on the disk that it had."""
        words = self._words(node)
        patroni = self._written(node.folder / "patroni.yml", "patroni.yml", words)
        self.start_etcd(node)
        self._run_inside(node, "patroni", [binary("patroni"), str(patroni)])
        self.start_valkey(node)
        sentinel = node.folder / "sentinel.conf"
        if not sentinel.exists():
            self._written(sentinel, "sentinel.conf", words)
        self._run_inside(node, "sentinel", [binary("valkey-server"), str(sentinel), "--sentinel"])

    def start_etcd(self, node: Node) -> None:
        """Start the etcd of a node on the disk that it had."""
        etcd = [
            *("--name", f"node{node.number}", "--data-dir", str(node.folder / "etcd")),
            *(
                "--listen-client-urls",
                f"http://{node.address}:2379",
                "--advertise-client-urls",
                f"http://{node.address}:2379",
            ),
            *("--listen-peer-urls", f"http://{node.address}:2380"),
            *("--initial-advertise-peer-urls", f"http://{node.address}:2380"),
            *("--initial-cluster", ",".join(f"node{one.number}=http://{one.address}:2380" for one in self.nodes)),
            *("--heartbeat-interval", "200", "--election-timeout", "2000", "--log-level", "error"),
        ]
        self._run_inside(node, "etcd", [binary("etcd"), *etcd])

    def start_valkey(self, node: Node) -> None:
        """Start the Valkey of a node that has one, as a replica where the Sentinels name another."""
        if node.number == NODES[-1]:
            return
        primary = self.valkey_primary()
        address = ("--bind", node.address, "--port", "6379", "--protected-mode", "no")
        replica = ("--replicaof", primary, "6379") if primary != node.address else ()
        command = [binary("valkey-server"), *address, "--dir", str(node.folder), "--save", "", *replica]
        self._run_inside(node, "valkey", command)

    def lose_node(self, node: Node) -> None:
        """Kill -9 of every process of a node."""
        told = subprocess.run(
            [binary("ip"), "netns", "pids", node.namespace], check=True, capture_output=True, text=True
        ).stdout
        for pid in map(int, told.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in node.started.values():
            process.wait(PATIENCE)
        node.started.clear()

    def set_link(self, node: Node, state: str) -> None:
        """Take the cable of a node out (`down`), or put it in again (`up`)."""
        _ip("link", "set", node.link, state)

    def members(self) -> dict[int, str]:
        """The role of each node of PostgreSQL that answers and runs: `primary`, `replica`, `sync_standby`."""
        found = {}
        for node in self.nodes:
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                told = httpx.get(f"http://{node.address}:8008/patroni", timeout=2, trust_env=False).json()
                if told["state"] in {"running", "streaming"}:
                    found[node.number] = "sync_standby" if told.get("sync_standby") else told["role"]
        return found

    def primary(self) -> Node:
        """The node that leads; waits until there is one."""
        seen = eventually(self.members, lambda told: "primary" in told.values(), seconds=PATIENCE, every=0.2)
        return self.nodes[next(number for number, role in seen.items() if role == "primary") - 1]

    def wait_until_whole(self) -> list[str]:
        """Until all nodes run and one is the synchronous standby; the nodes that did not come back by themselves.

        Such a node is made anew from the primary after a while, as an operator would do by `patronictl reinit`.
        """
        with contextlib.suppress(AssertionError):
            eventually(self.members, self._is_whole, seconds=BY_ITSELF, every=0.5)
            return []
        remade = [node.number for node in self.nodes if node.number not in self.members()]
        for number in remade:
            self.order(number, "reinitialize", force=True)
        eventually(self.members, self._is_whole, seconds=PATIENCE, every=0.5)
        return [f"node{number}" for number in remade]

    @staticmethod
    def _is_whole(members: Mapping[int, str]) -> bool:
        return len(members) == len(NODES) and {"primary", "sync_standby"} <= set(members.values())

    def valkey_primary(self) -> str:
        """The address of the Valkey that takes writes, as the Sentinels say; at first that of the first node."""
        asked = ("sentinel", "get-master-addr-by-name", "apuni")
        for node in self.nodes:
            if "sentinel" in node.started:
                told = subprocess.run(
                    [binary("valkey-cli"), "-h", node.address, "-p", "26379", "-t", "2", *asked],
                    check=False,
                    capture_output=True,
                    text=True,
                ).stdout.split()
                if len(told) == 2:
                    return told[0]
        return self.nodes[0].address

    def order(self, number: int, what: str, **details: str | bool) -> None:
        """Give the Patroni of a node an order by its REST interface, and wait until it is done; httpx.HTTPError.

        `patronictl` does the same, but takes seconds to start.
        """
        url = f"http://{self.nodes[number - 1].address}:8008/{what}"
        httpx.post(url, json=details, timeout=PATIENCE, trust_env=False).raise_for_status()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """PgBouncer lets transactions end and new ones wait, until the primary answers afterwards."""
        self._psql("pgbouncer", "-c", "PAUSE", port="pgbouncer", user=ROLE)
        try:
            yield
            eventually(self.asks_primary, bool, seconds=PATIENCE)
        finally:
            self._psql("pgbouncer", "-c", "RESUME", port="pgbouncer", user=ROLE)

    def url(self, database: str, port: str = "pgbouncer") -> str:
        """The address of a database by PgBouncer, or by `haproxy` straight to the primary."""
        return f"postgresql+asyncpg://{ROLE}:{self.password}@127.0.0.1:{self.ports[port]}/{database}"

    @property
    def alerts(self) -> Alerts:
        """What Prometheus says."""
        return Alerts(f"http://127.0.0.1:{self.ports['prometheus']}")

    @property
    def cache_url(self) -> str:
        sentinels = ",".join(f"{node.address}:26379" for node in self.nodes)
        return f"redis+sentinel://{sentinels}/apuni/0"

    @property
    def public_url(self) -> str:
        return f"https://127.0.0.1:{self.ports['nginx']}"

    @property
    def certificate(self) -> Path:
        """That of nginx, which nobody else signed."""
        return self.folder / "certificate.pem"

    def stop(self) -> None:
        """End everything and take away what was made."""
        for process in self.beside.values():
            process.terminate()
            process.wait(PATIENCE)
        for node in self.nodes:
            with contextlib.suppress(subprocess.CalledProcessError):
                self.lose_node(node)
            subprocess.run([binary("ip"), "netns", "del", node.namespace], check=False, capture_output=True)
            subprocess.run([binary("umount"), "-l", str(node.folder)], check=False, capture_output=True)
        subprocess.run([binary("ip"), "link", "del", OURS], check=False, capture_output=True)

    def _lay_cables(self) -> None:
        prefix = _free_network()
        self.network = f"{prefix}.0/24"
        _ip("link", "add", OURS, "type", "bridge")
        _ip("addr", "add", f"{prefix}.254/24", "dev", OURS)
        _ip("link", "set", OURS, "up")
        for number in NODES:
            node = Node(number, f"{prefix}.{number}", self.folder / f"node{number}")
            self.nodes.append(node)
            node.folder.mkdir()
            subprocess.run([binary("mount"), "-t", "tmpfs", "-o", NODE_SIZE, "tmpfs", str(node.folder)], check=True)
            shutil.chown(node.folder, "postgres", "postgres")
            node.folder.chmod(0o750)
            _ip("netns", "add", node.namespace)
            _ip("link", "add", node.link, "type", "veth", "peer", "name", "eth0", "netns", node.namespace)
            _ip("link", "set", node.link, "master", OURS, "up")
            for command in (
                ("addr", "add", f"{node.address}/24", "dev", "eth0"),
                ("link", "set", "eth0", "up"),
                ("link", "set", "lo", "up"),
            ):
                _ip("-n", node.namespace, *command)

    def _make_databases(self) -> None:
        self.answer_to(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password}'")
        self._psql("postgres", "-v", f"role={ROLE}", "-f", str(TEMPLATES.parent / "proxy" / "roles.sql"))
        for database in ("apuni", "vault"):
            self.answer_to(f"CREATE DATABASE {database} OWNER {ROLE}")

    def answer_to(self, statement: str, database: str = "postgres") -> str:
        """What the primary answers to an administrator, straight by HAProxy; raises CalledProcessError."""
        return self._psql(database, "-c", statement)

    def _psql(self, database: str, *arguments: str, port: str = "haproxy", user: str = "postgres") -> str:
        address = f"postgresql://{user}@127.0.0.1:{self.ports[port]}/{database}?connect_timeout=3"
        return subprocess.run(
            [binary("psql"), address, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PGPASSWORD": self.password},
        ).stdout.strip()

    def asks_primary(self) -> bool:
        """Whether HAProxy leads to a server that takes writes."""
        with contextlib.suppress(subprocess.CalledProcessError):
            return self.answer_to("SELECT pg_is_in_recovery()") == "f"
        return False

    def _start_haproxy(self) -> None:
        file = self._written(self.folder / "haproxy.cfg", "haproxy.cfg", self._words())
        self.beside["haproxy"] = self._run([binary("haproxy"), "-db", "-f", str(file)], self.folder / "haproxy.log")

    def _start_pgbouncer(self) -> None:
        (self.folder / "userlist.txt").write_text(f'"{ROLE}" "{self.password}"\n', encoding="ascii")
        file = self._written(self.folder / "pgbouncer.ini", "pgbouncer.ini", self._words())
        command = [*self.as_postgres(), binary("pgbouncer"), str(file)]
        self.beside["pgbouncer"] = self._run(command, self.folder / "pgbouncer.log")

    def _start_nginx(self) -> None:
        made = (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -addext subjectAltName=IP:127.0.0.1"
        )
        files = ("-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate))
        command = [binary("openssl"), *made.split(), "-subj", "/CN=apuni drill", *files]
        subprocess.run(command, check=True, capture_output=True)
        file = self._written(self.folder / "nginx.conf", "nginx.conf", self._words() | {"user": "root"})
        command = [binary("nginx"), "-c", str(file), "-g", "daemon off;"]
        self.beside["nginx"] = self._run(command, self.folder / "nginx.log")

    def _start_prometheus(self) -> None:
        file = self._written(self.folder / "prometheus.yml", "prometheus.yml", self._words())
        options = {
            "config.file": file,
            "storage.tsdb.path": self.folder / "prometheus",
            "web.listen-address": f"127.0.0.1:{self.ports['prometheus']}",
        }
        command = [binary("prometheus"), *(f"--{name}={value}" for name, value in options.items())]
        listens = f"--web.listen-address=127.0.0.1:{self.ports['exporter']}"
        exporter = [binary("prometheus-redis-exporter"), "--redis.addr=", listens]
        self.beside["exporter"] = self._run(exporter, self.folder / "exporter.log")
        self.beside["prometheus"] = self._run(command, self.folder / "prometheus.log")

    def _words(self, node: Node | None = None) -> dict[str, str]:
        words = {
            "folder": str(node.folder if node else self.folder),
            "password": self.password,
            "network": self.network,
            "archive": str(self.archive),
            "rules": str(TEMPLATES.parent / "observability" / "alarms.rules.yml"),
            "binaries": postgresql(),
            "valkey": self.nodes[0].address,
            "etcd": ", ".join(f"'{one.address}:2379'" for one in self.nodes),
            **{f"node{one.number}": one.address for one in self.nodes},
            **{name: str(port) for name, port in self.ports.items()},
        }
        return words | ({"number": str(node.number), "address": node.address} if node else {})

    def _written(self, file: Path, template: str, words: Mapping[str, str]) -> Path:
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        file.write_text(re.sub(r"@(\w*)@", lambda found: words[found[1]] if found[1] else "@", text), encoding="utf-8")
        shutil.chown(file, "postgres", "postgres")
        return file

    @staticmethod
    def as_postgres() -> list[str]:
        """PostgreSQL and PgBouncer do not run as root."""
        return [binary("setpriv"), "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]

    def _run_inside(self, node: Node, name: str, command: list[str]) -> None:
        inside = [binary("ip"), "netns", "exec", node.namespace, *self.as_postgres(), *command]
        node.started[name] = self._run(inside, self.folder / f"node{node.number}-{name}.log")

    @staticmethod
    def _run(command: list[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                [binary("nice"), "-n", str(NICE), *command], stdout=out, stderr=out, cwd="/", start_new_session=True,
                env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            )  # fmt: skip


@contextlib.contextmanager
def a_cluster(folder: Path) -> Iterator[Cluster]:
    """Everything but the gateways; nothing is left of it at the end."""
    if os.geteuid():
        raise SystemExit("make drill needs root: it makes network namespaces and small disks")
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def measured(look: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Seconds until it is so."""
    begun = time.monotonic()
    eventually(look, bool, seconds=seconds, every=0.1)
    return time.monotonic() - begun


def postgresql() -> str:
    """The folder of the newest PostgreSQL of Debian."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    if not found:
        raise SystemExit("PostgreSQL is not installed; deploy/drill/README.md names the packages of Debian")
    return str(found[-1])


def _free_network() -> str:
    told = subprocess.run([binary("ip"), "-4", "addr"], check=True, capture_output=True, text=True).stdout
    return next(f"10.77.{part}" for part in range(1, 255) if f"10.77.{part}." not in told)


def _ip(*arguments: str) -> None:
    subprocess.run([binary("ip"), *arguments], check=True)
