"""A gateway that is told to stop, and one whose disk is full (docs/reliability.md section 5.3, C3 and C4)."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.crashing import Client, Processes, filled_in, people_of
from tests.support.eventually import eventually
from tests.support.papers import SUBMIT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

DRAIN_SECONDS = 20.0
HELD_SECONDS = 2.5


@contextlib.contextmanager
def nobody_else_writes(path: Path) -> Iterator[None]:
    """Hold the write lock of the store, so that what the gateway writes is under way as long as this lasts."""
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("PRAGMA busy_timeout=5000")
    lock.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        lock.execute("ROLLBACK")
        lock.close()


def readiness(url: str) -> str:
    try:
        return str(httpx.get(f"{url}/health/ready", timeout=2).status_code)
    except httpx.HTTPError:
        return "closed"


def test_a_gateway_that_is_told_to_stop_says_so_first_and_finishes_what_is_under_way(processes, service):
    processes.serve()
    client = Client(processes.url, processes.token("citizen", people_of()[0]))
    answers: list[dict | None] = []
    with nobody_else_writes(processes.home / "store.db"):
        asking = threading.Thread(target=lambda: answers.append(client.submit(service, "under way")))
        asking.start()
        time.sleep(0.5)
        gateway = processes.running["serve"]
        begun = time.monotonic()
        gateway.send_signal(signal.SIGTERM)
        seen = [readiness(processes.url)]
        while time.monotonic() - begun < HELD_SECONDS:
            time.sleep(0.1)
            seen.append(readiness(processes.url))
    asking.join(60)
    gateway.wait(DRAIN_SECONDS)
    took = time.monotonic() - begun

    assert took < DRAIN_SECONDS
    changes = [state for place, state in enumerate(seen) if place == 0 or state != seen[place - 1]]
    assert changes in (["200", "503", "closed"], ["503", "closed"])
    assert client.lost == 0
    [answer] = answers
    assert answer is not None
    processes.serve()
    assert client.case(answer["id"])["number"] == answer["number"]


def test_a_worker_that_is_told_to_stop_notes_what_it_has_sent(processes, service):
    processes.serve()
    officer = Client(processes.url, processes.token("officer", "dpo-dehradun"))
    client = Client(processes.url, processes.token("citizen", people_of()[1]))
    case = client.submit(service, "for the worker")
    assert case is not None
    officer.approve(case["id"], "approve")
    processes.start("worker")
    sent = lambda: [entry for entry in processes.ledger("dbt_finance") if entry["route"].endswith("/PI")]  # noqa: E731
    eventually(sent, lambda entries: len(entries) == 1, seconds=60)
    worker = processes.running.pop("worker")
    worker.terminate()

    assert worker.wait(DRAIN_SECONDS) in {0, -signal.SIGTERM}
    connection = sqlite3.connect(processes.home / "store.db")
    states = dict(connection.execute("SELECT state, count(*) FROM outbox WHERE topic = 'dbt.instruct' GROUP BY state"))
    connection.close()
    assert "PENDING" not in states
    assert len(sent()) == 1


class FullDisk:
    """Room for the store that can be used up: a small tmpfs, or where mounting is not allowed a limit on file size."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.size = source.stat().st_size
        size = f"size={self.size * 2 + 8_000_000}"
        command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
        self.mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
        shutil.copy(source, folder / "store.db")

    def fill(self, process: subprocess.Popen[bytes]) -> None:
        if not self.mounted:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (self._largest() + 4096, resource.RLIM_INFINITY))
            return
        with (self.folder / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)

    def empty(self, process: subprocess.Popen[bytes]) -> None:
        if self.mounted:
            (self.folder / "filler").unlink()
        else:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", str(self.folder)], check=False)

    def _largest(self) -> int:
        return max(file.stat().st_size for file in self.folder.iterdir())


@pytest.fixture
def disk(processes: Processes, tmp_path: Path) -> Iterator[FullDisk]:
    disk = FullDisk(tmp_path / "disk", processes.home / "store.db")
    processes.settings["APUNI_DATABASE_URL"] = f"sqlite:///{disk.folder / 'store.db'}"
    yield disk
    processes.stop()
    disk.close()


def refused(client: Client, service: str) -> dict | None:
    """The error of a submission, or None where it was taken; without asking again."""
    answer = httpx.post(
        f"{client.url}/graphql",
        json={"query": SUBMIT, "variables": {"input": filled_in(service, "full")}},
        headers={"Authorization": f"Bearer {client.token}"},
        timeout=30,
    ).json()
    return answer["errors"][0]["extensions"] if "errors" in answer else None


def test_a_full_disk_refuses_writes_with_a_code_while_reads_go_on_and_recovers_by_itself(processes, service, disk):
    processes.serve()
    one, other = (Client(processes.url, processes.token("citizen", person)) for person in people_of()[:2])
    case = one.submit(service, "before")
    assert case is not None
    gateway = processes.running["serve"]
    disk.fill(gateway)
    told = [refused(other, service) for _ in range(3)]
    read = one.case(case["id"])
    ready = readiness(processes.url)
    disk.empty(gateway)
    again = eventually(lambda: refused(other, service), lambda error: error is None, seconds=20)

    assert all(error and (error["code"], error["retryable"]) == ("OVERLOADED", True) for error in told)
    assert read is not None
    assert read["number"] == case["number"]
    assert ready == "200"
    assert again is None
    assert gateway.poll() is None
    done = processes.run("verify")
    assert done.returncode == 0, done.stdout[-2000:]
