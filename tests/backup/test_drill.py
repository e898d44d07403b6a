"""The drill: a backup of the running demo under write load, restored elsewhere and verified.

Source: docs/reliability.md section 5.7.
"""

import json
import os
import shutil
import sqlite3
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from domain.kernel import SystemClock, SystemIds, TypeCode, to_global_id
from store.database import FieldCipher, Keyrings, Store
from store.identity import people
from tests.store import builders
from tests.support.crashing import Client, Processes, people_of
from tests.support.databases import run_apart
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make backup`"),
]

PASSPHRASE = "a passphrase of the drill, long enough"
LOCKED = {"APUNI_BACKUP_PASSPHRASE": PASSPHRASE}
CANARY = "CANARY-3f9c-mata"


class Load:
    """Citizens who apply and withdraw until they are told to stop; when each application was acknowledged."""

    def __init__(self, processes: Processes, service: str) -> None:
        self.acknowledged: dict[str, tuple[str, float]] = {}
        self.failures: list[BaseException] = []
        self._service = service
        self._stopping = threading.Event()
        clients = [Client(processes.url, processes.token("citizen", person)) for person in people_of()[:3]]
        self._threads = [threading.Thread(target=self._live, args=pair) for pair in enumerate(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def _live(self, place: int, client: Client) -> None:
        number = 0
        try:
            while not self._stopping.is_set():
                number += 1
                case = client.submit(self._service, f"load-{place}-{number}", note=CANARY)
                if case is not None:
                    self.acknowledged[case["id"]] = (case["number"], time.monotonic())
                    client.withdraw(case["id"], f"back-{place}-{number}")
        except BaseException as failure:  # noqa: BLE001 - told by the test
            self.failures.append(failure)


def numbers_in(home: Path) -> dict[str, str]:
    connection = sqlite3.connect(home / "store.db")
    rows = connection.execute("SELECT id, number FROM applications").fetchall()
    connection.close()
    return {to_global_id(TypeCode.APPLICATION, key): number for key, number in rows}


def elsewhere(processes: Processes, folder: Path) -> Processes:
    """Another, empty home for a restore."""
    return Processes(folder / "restored" / "var")


def test_a_backup_of_the_running_demo_under_load_restores_to_one_moment(processes, service, tmp_path, record_property):
    file = tmp_path / "drill.backup"
    processes.serve()
    processes.start("worker")
    with Load(processes, service) as load:
        eventually(lambda: len(load.acknowledged), lambda many: many >= 5, seconds=60)
        begun = time.monotonic()
        done = processes.run("backup", str(file), **LOCKED)
        eventually(lambda: len(load.acknowledged), lambda many: many >= 10, seconds=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert load.failures == []
    processes.stop()

    content = file.read_bytes()
    manifest = Path(f"{file}.manifest.json").read_text()
    for word in (CANARY, "Asha Negi", "Negi", "50100012345600"):
        assert word.encode() not in content
        assert word not in manifest
    there = elsewhere(processes, tmp_path)
    restoring = time.monotonic()
    done = there.run("restore", str(file), **LOCKED)
    took = time.monotonic() - restoring
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    done = there.run("verify", **LOCKED)
    assert done.returncode == 0, done.stdout[-2000:]
    kept = numbers_in(there.home)
    before = {key: number for key, (number, at) in load.acknowledged.items() if at <= begun}
    assert {key: kept.get(key) for key in before} == before
    assert set(kept) <= set(numbers_in(processes.home))
    record_property("restore", f"{len(content) / 1e6:.1f} MB in {took:.1f} s, {len(kept)} applications")


def test_one_flipped_octet_is_told_before_anything_is_written(processes, tmp_path):
    file = tmp_path / "drill.backup"
    assert processes.run("backup", str(file), **LOCKED).returncode == 0
    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 3] ^= 4
    file.write_bytes(spoilt)
    there = elsewhere(processes, tmp_path)
    done = there.run("restore", str(file), **LOCKED)
    assert done.returncode == 1
    assert "changed or cut off" in done.stderr
    assert not (there.home / "store.db").exists()
    assert not (there.home / "keys" / "field.json").exists()


async def a_newcomer(home: Path) -> str:
    """A citizen for whom nothing is under way: everybody of the whole demo waits for something."""
    cipher = FieldCipher(Keyrings(home / "keys"))
    store = await Store.open(f"sqlite:///{home / 'store.db'}", cipher=cipher, clock=SystemClock())
    newcomer = builders.citizen(SystemIds(SystemClock()).key(), aadhaar_last4=None, aadhaar_reference=None)
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, newcomer)
    await store.close()
    return newcomer.id


async def name_of(home: Path, citizen_id: str) -> str:
    cipher = FieldCipher(Keyrings(home / "keys"))
    store = await Store.open(f"sqlite:///{home / 'store.db'}", cipher=cipher, clock=SystemClock())
    async with store.read_transaction() as tx:
        found = (await people.citizens(tx, [citizen_id]))[citizen_id]
    await store.close()
    return found.name.en


def test_who_was_erased_after_a_backup_is_erased_again_when_it_is_restored(processes, tmp_path):
    file = tmp_path / "drill.backup"
    citizen = run_apart(a_newcomer, processes.home)
    assert processes.run("backup", str(file), **LOCKED).returncode == 0
    name = run_apart(name_of, processes.home, citizen)
    done = processes.run("person", "erase", citizen, "--yes")
    assert done.returncode == 0, done.stderr[-1000:] + done.stdout[-1000:]
    listed = processes.home / "erasures.jsonl"
    assert [json.loads(line)["citizen"] for line in listed.read_text().splitlines()] == [citizen]

    there = elsewhere(processes, tmp_path)
    there.home.mkdir(parents=True)
    shutil.copy(listed, tmp_path / "erasures.jsonl")  # as it would be kept apart from the store
    done = there.run("restore", str(file), "--erasures", str(tmp_path / "erasures.jsonl"), **LOCKED)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "erased again: 1" in done.stdout
    assert name != "Erased"
    assert run_apart(name_of, there.home, citizen) == "Erased"
    done = there.run("verify")
    assert done.returncode == 0, done.stdout[-2000:]
