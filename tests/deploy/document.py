"""docs/deployment.md, section 1: its script runs as it stands on a bare Debian 13, and others ask what it promises.

Run by `make deployment`.
"""

import re
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.operations.screens import manifests
from tests.support.bare_machine import BareMachine, bare_machine
from tests.support.eventually import eventually
from tests.support.installation import PATIENCE, PORTAL, Browser, Proxy
from tests.support.operations import snippets

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8").partition("\n## 2.")[0]
BLOCKS = [body for kind, _, body in snippets(SECTION) if kind == "sh"]
(FUNCTION,) = re.findall(r"^apuni\(\) .*$", SECTION, re.MULTILINE)
(NAMED,) = re.findall(r"^systemctl enable --now (.+)$", SECTION, re.MULTILINE)
UNITS = NAMED.split()
MINUTES = 30
"""How long a bare machine may take to a portal that answers."""
MOST_EXPOSED = 1.5
"""The most that `systemd-analyze security` may say of a unit, of 10."""
pytestmark = pytest.mark.integration


@dataclass
class Installed:
    """The machine after the script, and how long it took."""

    machine: BareMachine
    told: str
    seconds: list[int]
    """When each block began, and the last ended."""

    def browser(self) -> Browser:
        """A browser that trusts the certificate of the document, on the machine's network."""
        trust = ssl.create_default_context(cafile=str(self.machine.root / "etc/apuni/tls/fullchain.pem"))
        return Browser(Proxy("https://127.0.0.1", trust))

    def show(self, unit: str, name: str) -> str:
        """A property of a unit, as systemd tells it."""
        return self.machine.run(f"systemctl show --value -p {name} {unit}").strip()

    def wait(self) -> None:
        """Until the gateway is ready."""
        ready = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8000/health/ready"
        eventually(lambda: self.machine.try_script(ready).stdout, lambda said: said == "200", seconds=PATIENCE, every=1)


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    with bare_machine() as machine:
        timed = "".join(f'echo "@ $SECONDS"\n{block}' for block in BLOCKS)
        told = machine.run(f'SECONDS=0\n{timed}\necho "@ $SECONDS"')
        yield Installed(machine, told, [int(said) for said in re.findall(r"^@ (\d+)$", told, re.MULTILINE)])


@pytest.fixture(autouse=True)
def in_its_network(installed: Installed) -> Iterator[None]:
    with installed.machine.network():
        yield


def test_a_bare_machine_answers_as_a_specimen_in_thirty_minutes(installed: Installed, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\nSeconds at which the blocks began, and the last ended: {installed.seconds}\n")

    assert re.search(r"^HTTP/2 200", installed.told, re.MULTILINE)
    assert "specimen" in installed.told.rpartition("HTTP/2 200")[2]
    assert installed.seconds[-1] <= MINUTES * 60


def test_the_portal_answers_by_its_certificate_alone(installed: Installed):
    with installed.browser() as browser:
        assert "Uttarakhand" in browser.open("/services").text
        assert browser.client.get("/health/ready").status_code == 404  # not for the internet

    plain = httpx.get("http://127.0.0.1/services", trust_env=False)
    assert plain.headers["location"] == f"{PORTAL}/services"
    with pytest.raises(httpx.ConnectError):
        httpx.get("https://127.0.0.1/", verify=False, trust_env=False)


def test_a_citizen_signs_in_and_asks_the_graph(installed: Installed):
    (operation,) = [one for one in manifests(app="citizen_app")[0].operations if one.name == "CitizenHome"]
    with installed.browser() as asha:
        asha.sign_in("/sign-in/start/meri-pehchaan", "asha-negi")

        asked = {"documentId": operation.id, "variables": {"language": "EN"}}
        answer = asha.client.post("/graphql", json=asked, headers={"origin": PORTAL, "accept": "application/json"})

    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    assert told["viewer"]["__typename"] == "Citizen"
    assert told["viewer"]["name"] == "Asha Negi"
    assert told["services"]["totalCount"] > 0


def test_doctor_finds_no_fault_but_those_that_the_document_leaves_to_the_state(installed: Installed):
    said = installed.machine.try_script(f"{FUNCTION}\napuni doctor").stdout

    faults = {
        line.split(":")[0].removeprefix("fault").strip() for line in said.splitlines() if line.startswith("fault")
    }
    (left,) = re.findall(r"`apuni doctor` then has faults of (.+?) alone", SECTION, re.DOTALL)
    assert faults <= set(re.findall(r"`([a-z ]+)`", left)), said  # of a calendar only where it lacks a year
    assert "officers" in faults


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_as_its_account_behind_what_hardens_it(installed: Installed, unit: str):
    assert [installed.show(unit, name) for name in ("ActiveState", "UnitFileState", "NRestarts")] == [
        "active",
        "enabled",
        "0",
    ]
    pid = installed.show(unit, "MainPID")
    status = dict(re.findall(r"^(\w+):\t(.+)$", installed.machine.run(f"cat /proc/{pid}/status"), re.MULTILINE))
    account = installed.machine.run("id --user apuni").strip()
    assert (status["Uid"].split()[0], status["CapBnd"], status["NoNewPrivs"], status["Seccomp"]) == (
        account,
        "0" * 16,
        "1",
        "2",
    )
    writes = installed.machine.try_script(f"nsenter --target {pid} --mount touch /usr/written /etc/written")
    assert writes.stdout.count("Read-only file system") == 2
    (score,) = re.findall(
        r"Overall exposure level for \S+: ([0-9.]+)",
        installed.machine.run(f"systemd-analyze security {unit} --no-pager"),
    )
    assert float(score) <= MOST_EXPOSED


def test_a_gateway_that_is_restarted_knows_who_is_signed_in(installed: Installed):
    with installed.browser() as asha:
        asha.sign_in("/sign-in/start/meri-pehchaan", "asha-negi")
        before = installed.show("apuni-gateway", "MainPID")

        installed.machine.run("systemctl restart apuni-gateway")
        installed.wait()

        assert installed.show("apuni-gateway", "MainPID") != before
        assert "Asha Negi" in asha.open("/my").text


def test_units_that_are_stopped_end_by_themselves_and_start_again(installed: Installed):
    installed.machine.run(f"systemctl stop {' '.join(reversed(UNITS))}")
    ends = {unit: installed.show(unit, "Result") for unit in UNITS}
    with installed.browser() as browser:
        stopped = browser.client.get("/services").status_code
    installed.machine.run(f"systemctl start {' '.join(UNITS)}")
    installed.wait()

    assert ends == dict.fromkeys(UNITS, "success")
    assert stopped == 502
    with installed.browser() as browser:
        browser.open("/services")


def test_the_units_find_each_other_after_a_start_of_the_machine(installed: Installed):
    installed.machine.stop()

    installed.machine.start()
    installed.wait()

    with installed.browser() as asha:
        asha.sign_in("/sign-in/start/meri-pehchaan", "asha-negi")
        assert "Asha Negi" in asha.open("/my").text
