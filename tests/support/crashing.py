"""The demo's processes, each started and killed by itself, and clients that ask again under the same key."""

import asyncio
import json
import os
import random  # noqa: TID251 - the moments of the kills come from a seed that the test tells
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from demo.sign_in import demo_sign_in
from gateway.runtime import runfiles
from tests.support.forms import answers_of
from tests.support.papers import DECIDE, SUBMIT
from tests.support.running import free_port

ROOT = Path(__file__).resolve().parents[2]
WITHDRAW = """
mutation($input: WithdrawApplicationInput!) { withdrawApplication(input: $input) {
  application { id status } userErrors { code } } }
"""
PAY = """
mutation($input: StartFeePaymentInput!) { startFeePayment(input: $input) {
  redirect { fields { name value } } userErrors { code } } }
"""
CASE = "query($id: ID!) { node(id: $id) { ... on Application { number status version } } }"
READY_SECONDS = 15.0
"""Five times the three seconds of docs/reliability.md section 5.3: a shared machine may be slow, the ratio is kept."""

HUNG_SECONDS = 240.0
"""After so long a start is taken to hang; how long it may take is asserted beside it, as a ratio within the run."""


_HTTP = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)
"""One client for all askers, with a connection for each request: what is set up for each client, as the certificates
that nobody needs here, would take the processor from the process that is to start.
"""


@dataclass
class Processes:
    """Sandbox, gateway and workers of one home. `ready_after` holds how long each start of the gateway took."""

    home: Path
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ready_after: list[float] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    """More of the environment of every process."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def city(self) -> str:
        """Where the sandboxes are steered."""
        return f"http://127.0.0.1:{runfiles.ports(self.home)['sandbox']}/_control"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("APUNI_")}
        return {**kept, "APUNI_HOME": str(self.home), "APUNI_PORT": str(self.port), **self.settings, **more}

    def start(self, name: str, crash_at: str | None = None) -> None:
        """Start `sandbox`, `serve`, or a worker whose name begins with `worker`."""
        more = {"APUNI_CRASH_AT": crash_at} if crash_at else {}
        with (self.home.parent / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "worker" if name.startswith("worker") else name],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=self.environment(**more),
            )

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return self._done([sys.executable, "-m", "gateway.cli", *arguments], **more)

    def sow_people(self) -> subprocess.CompletedProcess[str]:
        """Seed the catalogue and the demo's people, and none of their applications."""
        small = ["-m", "tests.support.small_home", str(self.home), str(self.port)]
        return self._done([sys.executable, *small])

    def sow_payments(self, many: int) -> subprocess.CompletedProcess[str]:
        """Add so many sanctions whose pensions go by files."""
        more = ["-m", "tests.support.paying_home", str(self.home), str(self.port), str(many)]
        return self._done([sys.executable, *more])

    def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        process = self.running.pop(name)
        process.kill()
        process.wait(30)

    def died(self, name: str, seconds: float = 60.0) -> bool:
        """Whether the process ended by SIGKILL within the time."""
        try:
            return self.running[name].wait(seconds) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def sandbox_up(self) -> None:
        """Start the sandboxes and wait for their ports."""
        (self.home / "run" / "ports.json").unlink(missing_ok=True)
        self.start("sandbox")
        self._until(self._ports, HUNG_SECONDS, "sandbox")

    def serve(self, crash_at: str | None = None) -> float:
        """Start the gateway and wait until it is ready; tells how long that took."""
        begun = time.monotonic()
        self.start("serve", crash_at)
        self._until(self._ready, HUNG_SECONDS, "serve")
        self.ready_after.append(time.monotonic() - begun)
        return self.ready_after[-1]

    def stop(self) -> None:
        """End everything, gently first; the sandboxes last, as a message that finds them gone waits for minutes."""
        sandbox = self.running.pop("sandbox", None)
        for ending in (list(self.running.values()), [sandbox] if sandbox else []):
            for process in ending:
                process.terminate()
            for process in ending:
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(30)
        self.running.clear()

    def token(self, role: str, person: str) -> str:
        return asyncio.run(demo_sign_in(self.url, role, person))

    def ledger(self, system: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.city}/{system}/ledger", params={"after": 0}, timeout=30)
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    def act(self, system: str, action: str, **arguments: Any) -> dict[str, Any]:
        """Let a partner do what it starts itself; gives its view."""
        answer = _HTTP.post(
            f"{self.city}/{system}/act", json={"action": action, "arguments": arguments}, timeout=HUNG_SECONDS
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def faults(self, system: str, *faults: Mapping[str, Any]) -> None:
        """Set the faults of a partner over those of before."""
        answer = _HTTP.put(f"{self.city}/{system}/faults", json={"faults": list(faults)}, timeout=30)
        assert answer.status_code == 204, answer.text

    def asked(self, statement: str) -> list[tuple[Any, ...]]:
        """What the store answers, read beside the processes."""
        url = self.settings.get("APUNI_DATABASE_URL", "")
        if url.startswith("postgresql"):
            return asyncio.run(_rows(url, statement))
        with closing(sqlite3.connect(self.home / "store.db", timeout=30)) as connection:
            return connection.execute(statement).fetchall()

    def _done(self, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def _ready(self) -> bool:
        return _HTTP.get(f"{self.url}/health/ready", timeout=2).status_code == 200

    def _ports(self) -> bool:
        port = runfiles.ports(self.home)["sandbox"]
        return _HTTP.get(f"http://127.0.0.1:{port}/_control/clock", timeout=2).status_code == 200

    def _until(self, look: Any, seconds: float, name: str) -> None:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and self.running[name].poll() is None:
            try:
                if look():
                    return
            except (httpx.HTTPError, runfiles.NotUp, KeyError, ValueError):
                pass
            time.sleep(0.1)  # another process comes up: there is nothing of ours to wait on
        log = (self.home.parent / f"{name}.log").read_text("utf-8", "replace")
        raise AssertionError(f"{name} did not come up:\n{log[-2000:]}")


async def _rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in (await connection.execute(text(statement))).all()]
    finally:
        await engine.dispose()


def kill_at_random(processes: Processes, seconds: float, seed: int, victims: Sequence[str]) -> int:
    """Kill one of the processes every 0.5 to 2 seconds, start it again, and tell how many were killed."""
    chance = random.Random(seed)
    ends_at, kills = time.monotonic() + seconds, 0
    while time.monotonic() < ends_at:
        time.sleep(chance.uniform(0.5, 2.0))  # the others work meanwhile: the moment of a death is the test
        victim = chance.choice(victims)
        processes.kill(victim)
        kills += 1
        if victim == "serve":
            processes.serve()
        else:
            processes.start(victim)
    return kills


@dataclass
class Load:
    """People at work under kills. `acknowledged` holds, by the graph's id, the number of each application they had."""

    one: Callable[["Load", "Client", str], None]
    """A life of a client, of which the name is used once."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, clients: Sequence["Client"]) -> None:
        """Let every client live, one life after the other."""
        threads = [threading.Thread(target=self._live, args=each) for each in enumerate(clients)]
        self._threads.extend(threads)
        for thread in threads:
            thread.start()

    def end(self, seconds: float) -> None:
        """Let the lives that were begun come to their end; one that does not is a failure."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(seconds)
        self.failures.extend(TimeoutError(f"{each.name} is not over") for each in self._threads if each.is_alive())

    def _live(self, place: int, client: "Client") -> None:
        number = 0
        try:
            while not self.stopping.is_set():
                number += 1
                self.one(self, client, f"{place}-{number}")
        except BaseException as failure:  # noqa: BLE001 - told by the test
            self.failures.append(failure)


def people_of() -> list[str]:
    """Citizens of Dehradun among the demo's people, by key."""
    people = json.loads((ROOT / "demo" / "people.json").read_text(encoding="utf-8"))
    return [person["key"] for person in people if person["district"] == "49"][:5]


GRANT, GRANT_SERVICE = "nanda-gaura-scheme-application", "UKX-VPSGTP"
"""The form of the Nanda Gaura grant, which asks for neither papers nor a fee, and its service."""


def filled_in(service: str, key: str, note: str | None = None, *, form: str = GRANT) -> dict[str, Any]:
    """What is handed in for the benefit of `homes.service`: the whole form, which a home of the whole demo asks for."""
    changes = {"husband_name": note} if note else {}
    return {
        "serviceCode": service,
        "district": "49",
        "tehsil": "303",
        "form": answers_of(form, bank_account_number="50100012345600", bank_ifsc="SBIN0000630", **changes),
        "idempotencyKey": key,
    }


@dataclass
class Client:
    """Somebody who sends a request again, under the same key, until it is answered. `lost` counts lost answers."""

    url: str
    token: str
    lost: int = 0

    def ask(self, query: str, variables: dict[str, Any], *, seconds: float = HUNG_SECONDS) -> dict[str, Any]:
        """The data of the answer; an error that says `retryable` is asked again too."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            try:
                answer = _HTTP.post(
                    f"{self.url}/graphql",
                    json={"query": query, "variables": variables},
                    headers={"Authorization": f"Bearer {self.token}"},
                    timeout=20,
                ).json()
            except (httpx.HTTPError, ValueError):
                self.lost += 1
                time.sleep(0.3)  # the gateway was killed; a client of the field waits and sends again
                continue
            if "errors" not in answer:
                data: dict[str, Any] = answer["data"]
                return data
            if not all(error["extensions"].get("retryable") for error in answer["errors"]):
                raise AssertionError(answer["errors"])
            time.sleep(0.1)
        raise AssertionError("no answer within the time")

    def submit(self, service: str, key: str, note: str | None = None, *, form: str = GRANT) -> dict[str, Any] | None:
        """The application, or None where one for the service is open already; `note` goes into its form."""
        payload = self.ask(SUBMIT, {"input": filled_in(service, key, note, form=form)})["submitApplication"]
        codes = {error["code"] for error in payload["userErrors"]}
        if codes:
            assert codes <= {"ALREADY_APPLIED", "IN_PROGRESS"}, payload
            return None
        application: dict[str, Any] = payload["application"]
        return application

    def withdraw(self, application_id: str, key: str) -> None:
        request = {"applicationId": application_id, "idempotencyKey": key}
        self.ask(WITHDRAW, {"input": request})

    def begin_to_pay(self, application_id: str, key: str) -> dict[str, str] | None:
        """The fields of the form that goes to the treasury; None where the fee was paid meanwhile."""
        request = {"applicationId": application_id, "idempotencyKey": key}
        payload = self.ask(PAY, {"input": request})["startFeePayment"]
        assert payload["userErrors"] == []
        redirect = payload["redirect"]
        return redirect and {field["name"]: field["value"] for field in redirect["fields"]}

    def comes_back(self, fields: Mapping[str, str]) -> None:
        """The browser posts what the treasury gave it; whether anybody is there does not matter."""
        try:
            _HTTP.post(f"{self.url}/hooks/treasury", data=dict(fields), timeout=20)
        except httpx.HTTPError:
            self.lost += 1

    def approve(self, application_id: str, key: str) -> None:
        request = {"applicationId": application_id, "verdict": "APPROVE", "idempotencyKey": key}
        self.ask(DECIDE, {"input": request})

    def case(self, application_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.ask(CASE, {"id": application_id})["node"]
        return found
