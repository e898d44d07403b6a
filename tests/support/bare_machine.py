"""A bare Debian 13 with systemd as its first process and a network of its own, in a container of systemd-nspawn.

Its processes are bound by what its units say, but for memory and number of tasks: those need controllers of cgroup2,
which the machine below may not have.
"""

import ctypes
import hashlib
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import program
from tests.support.eventually import eventually

ROOT = Path(__file__).parents[2]
PACKAGES = "systemd-sysv,dbus"
_CACHE = ROOT / "build" / "machine"
_RELEASE = "usr/src/apuni"
_OF_THE_NETWORK = ("etc/pip.conf", "usr/local/share/ca-certificates")
"""What an administrator lays down where packages come from an index and by an authority of the house."""
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
_NEEDED = {"systemd-nspawn": "systemd-container", "pasta": "passt", "ip": "iproute2"}
_SECONDS, _HALT_SECONDS = 3600, 300


class BareMachine:
    """A machine that runs, below `root`."""

    def __init__(self, root: Path, name: str, nspawn: str) -> None:
        options = ["--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=replace-host"]
        places = [f"--directory={root}", f"--machine={name}", f"--network-namespace-path=/run/netns/{name}"]
        self.root, self.name, self._command = root, name, _with_one_hierarchy([nspawn, *options, *places])

    def start(self) -> None:
        """Boot it, and wait until all that it starts by itself is up."""
        quiet = subprocess.DEVNULL
        self._nspawn = subprocess.Popen(self._command, stdin=quiet, stdout=quiet, stderr=quiet)
        eventually(self._state, lambda said: said == "running", seconds=600, every=1)

    def _state(self) -> str:
        return self.try_script("systemctl is-system-running").stdout.strip() if self.first_process else ""

    def stop(self) -> None:
        """Halt it, as its switch does."""
        self._nspawn.send_signal(signal.SIGTERM)
        try:
            self._nspawn.wait(_HALT_SECONDS)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()

    @property
    def first_process(self) -> str:
        """The number that its systemd has outside; empty while it does not run."""
        pid = self._nspawn.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").strip()

    def run(self, script: str) -> str:
        """What a script of its root's shell printed; an error ends it, and is shown with all that it printed."""
        ran = self.try_script(script)
        assert ran.returncode == 0, ran.stdout[-20_000:]
        return ran.stdout

    def try_script(self, script: str) -> "subprocess.CompletedProcess[str]":
        """The same where the script may fail."""
        return subprocess.run(
            ["nsenter", "--target", self.first_process, "--all", "bash", "-c", f"cd; set -euo pipefail\n{script}"],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    @contextmanager
    def network(self) -> Iterator[None]:
        """Be in its network, as a browser on it is, and outside of everything else: this thread and what it starts."""
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _enter(there)
            yield
        finally:
            _enter(here)
            os.close(here)
            os.close(there)


def _with_one_hierarchy(command: Sequence[str]) -> list[str]:
    """A command that sees nothing but cgroup2: systemd refuses a machine that has other hierarchies too."""
    first = 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "--cgroup", "sh", "-c", first, "sh", *command]


def _enter(network: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(network, 0):  # os.setns comes with Python 3.12
        raise OSError(ctypes.get_errno(), "setns")


def _root() -> Path:
    """The archive of Debian's own packages; made once for each list of them."""
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={PACKAGES}", "trixie"]
    archive = _CACHE / f"{hashlib.sha256(' '.join(command).encode()).hexdigest()[:16]}.tar"
    if not archive.exists():
        program("mmdebstrap", "mmdebstrap")
        _CACHE.mkdir(parents=True, exist_ok=True)
        made = archive.with_suffix(f".{os.getpid()}.tar")
        subprocess.run([*command, made], check=True, capture_output=True, timeout=_SECONDS)
        made.rename(archive)
    return archive


def _furnish(root: Path) -> None:
    """Lay down the release, as it is in this checkout, and what the network of this machine asks of a new one."""
    (root / _RELEASE).mkdir(parents=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    archive = subprocess.run(
        ["tar", "-c", "--null", "--no-recursion", "-T", "-"], cwd=ROOT, input=files, check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "--no-same-owner", "-C", root / _RELEASE], input=archive.stdout, check=True)
    for name in _OF_THE_NETWORK:
        if Path("/", name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-rT", f"/{name}", root / name], check=True)


@contextmanager
def bare_machine() -> Iterator[BareMachine]:
    """Boot one, as root; it is stopped at the end, and nothing stays of it. Fails where this process may not mount."""
    programs = {name: program(name, package) for name, package in _NEEDED.items()}
    subprocess.run(_with_one_hierarchy(["true"]), check=True)
    name = f"apuni{secrets.token_hex(3)}"
    with ExitStack() as ends:
        root = Path(ends.enter_context(TemporaryDirectory(dir="/var/tmp")), "root")  # on a disk, since it is large
        root.mkdir()
        subprocess.run(["tar", "-xf", _root(), "-C", root], check=True)
        _furnish(root)
        subprocess.run([programs["ip"], "netns", "add", name], check=True)
        ends.callback(subprocess.run, [programs["ip"], "netns", "del", name], check=False)
        network = ["--config-net", "--runas", "0", "--netns", f"/run/netns/{name}"]
        subprocess.run([programs["pasta"], "--quiet", *network], check=True)  # it ends with the network
        machine = BareMachine(root, name, programs["systemd-nspawn"])
        ends.callback(machine.stop)
        machine.start()
        yield machine
