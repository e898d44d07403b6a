"""A small running site for the proofs that are make targets: sandboxes, gateway, people; or one that runs already.

`APUNI_SITE="<port> <home>"` names one that runs already; the log of its gateway is in `<home>.log`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil  # type: ignore[import-untyped]

from tests.support.crashing import Processes
from tests.support.running import free_port

CITIZEN, OFFICER = "asha-negi", "officer-dehradun-sadar"


@dataclass
class Site:
    """A site under test. `log` is what its gateway writes."""

    port: int
    home: Path
    log: Path
    process: psutil.Process
    citizen: str = field(default="", repr=False)
    officer: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told_by_strangers(self) -> tuple[int, ...]:
        """How much is kept of what came by the doors of messages: notices, conversations, consents, stopped mails."""
        tables = ("whatsapp_notices", "conversations", "whatsapp_consents")
        counts = [f"SELECT count(*) FROM {table}" for table in tables]
        counts.append("SELECT count(*) FROM audit_lines WHERE action = 'email.stopped'")
        return tuple(Processes(self.home, self.port).asked(each)[0][0] for each in counts)

    def resident_mebibytes(self) -> float:
        """The memory that the gateway holds: the least of a few readings, so that a moment's peak does not count."""
        least = float("inf")
        for _ in range(5):
            least = min(least, float(self.process.memory_info().rss) / 2**20)
            time.sleep(0.1)
        return least


@contextmanager
def a_site(**environment: str) -> Iterator[Site]:
    """A site with these settings of the environment, and its people, and two of them signed in."""
    given = os.environ.get("APUNI_SITE")
    if given:
        port, home = given.split(" ", 1)
        yield _signed_in(_found(int(port), Path(home)))
        return
    with TemporaryDirectory(prefix="apuni-site-") as folder:
        processes = Processes(Path(folder) / "var", free_port(), settings=environment)
        processes.home.mkdir()
        try:
            processes.sandbox_up()
            seeded = processes.sow_people()
            assert seeded.returncode == 0, seeded.stderr[-3000:]
            processes.serve()
            process = psutil.Process(processes.running["serve"].pid)
            yield _signed_in(Site(processes.port, processes.home, Path(folder) / "serve.log", process))
        finally:
            processes.stop()


def _signed_in(site: Site) -> Site:
    processes = Processes(site.home, site.port)
    site.citizen, site.officer = processes.token("citizen", CITIZEN), processes.token("officer", OFFICER)
    return site


def _found(port: int, home: Path) -> Site:
    for each in psutil.process_iter(["cmdline"]):
        if "serve" in (each.info["cmdline"] or []) and listens_at(each, port):
            return Site(port, home, home.with_name(home.name + ".log"), each)
    raise LookupError(f"no gateway at port {port}")


def listens_at(process: psutil.Process, port: int) -> bool:
    """Whether a process listens at a port."""
    try:
        return any(each.status == "LISTEN" and each.laddr.port == port for each in process.net_connections("tcp"))
    except psutil.Error:
        return False
